"""What is stored is compared with what was sent, down to each member."""

from __future__ import annotations

import base64
import gzip
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import contenders, load, measure, verify
from benchmarks.load import Event
from benchmarks.measure import Bench
from benchmarks.scenarios import QUICK_SIZES, Maker
from benchmarks.stand_in import Taken, Write

SALT = b"salt"
EVENT = Event(
    {
        "bucket": "shop-analytics",
        "eventId": "0123456789abcdef",
        "eventType": "add_to_cart",
        "timestamp": "2026-01-31T12:00:00.000Z",
        "page": "/p/1001",
        "sessionId": "5e55101",
        "viewport": {"width": 390, "height": 664},
        "metadata": {"price": 49.0},
    },
    {"User-Agent": "Mozilla/5.0"},
)
RECORD = {
    "eventId": "0123456789abcdef",
    "eventType": "add_to_cart",
    "timestamp": "2026-01-31T12:00:00+00:00",
    "page": "/p/1001",
    "sessionId": "5e55101",
    "ip": hmac.digest(SALT, load.ADDRESS.encode(), "sha256").hex()[:16],
    "device": {"is_bot": False},
    "viewport": {"width": 390, "height": 664},
    "referrer": None,
    "userAgent": "Mozilla/5.0",
    "metadata": '{"price":49}',
}
FOLDER = "/shop-analytics/analytics/year=2026/month=01/day=31"


def taken(*records: dict[str, Any], folder: str = FOLDER) -> Taken:
    objects = [
        Write(f"{folder}/0123456789abcdef.json", json.dumps(record).encode())
        for record in records
    ]
    return Taken(objects, [], [SALT], {})


def test_accepts_what_was_sent() -> None:
    verify.stored(taken(RECORD), [EVENT])


def test_reads_gzipped_objects_of_many_lines() -> None:
    line = json.dumps(RECORD).encode() + b"\n"
    path = f"{FOLDER}/fedcba9876543210.json.gz"
    found = Taken([Write(path, gzip.compress(line * 2))], [], [SALT], {})

    verify.stored(found, [EVENT, EVENT])


@pytest.mark.parametrize("form", ["text", "base64", "gzip"])
def test_reads_messages(form: str) -> None:
    head = {"bucket": "shop-analytics", "day": "2026-01-31", "form": form}
    line = json.dumps(RECORD).encode() + b"\n"
    text = {
        "text": line,
        "base64": base64.b64encode(line),
        "gzip": base64.b64encode(gzip.compress(line)),
    }[form].decode()
    message = f"{json.dumps(head)}\n0123456789abcdef 00000000\n{text}"

    verify.queued(Taken([], [message], [SALT], {}), [EVENT])


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(taken(), id="nothing"),
        pytest.param(taken(RECORD, RECORD), id="twice"),
        pytest.param(taken({**RECORD, "page": "/"}), id="another page"),
        pytest.param(taken({**RECORD, "eventId": "f" * 16}), id="another id"),
        pytest.param(taken({**RECORD, "ip": load.ADDRESS}), id="the bare address"),
        pytest.param(taken({**RECORD, "metadata": None}), id="no metadata"),
        pytest.param(taken({**RECORD, "device": {"is_bot": None}}), id="no device"),
        pytest.param(
            taken(RECORD, folder=FOLDER.replace("31", "30")), id="another day"
        ),
        pytest.param(
            taken(RECORD, folder=FOLDER.replace("shop", "blog")), id="another bucket"
        ),
        pytest.param(taken(RECORD, folder="/shop-analytics/elsewhere"), id="elsewhere"),
    ],
)
def test_refuses_anything_else(found: Taken) -> None:
    with pytest.raises(verify.WrongError):
        verify.stored(found, [EVENT])


def test_a_private_event_must_be_stored_without_its_sender() -> None:
    private = EVENT._replace(headers={**EVENT.headers, "Sec-GPC": "1"})
    bare = {**RECORD, "ip": None, "sessionId": None, "userAgent": None}

    verify.stored(taken(bare), [private])
    with pytest.raises(verify.WrongError):
        verify.stored(taken(RECORD), [private])


@pytest.mark.parametrize(
    "run",
    [
        lambda bench, scenario: measure.warm(bench, [scenario], 1),
        lambda bench, scenario: measure.cold(bench, [scenario], 1),
    ],
    ids=["warm", "cold"],
)
def test_a_fast_handler_that_stores_nothing_fails(
    bench: Bench, tmp_path: Path, run: Callable[[Bench, object], object]
) -> None:
    empty = contenders.peers(tmp_path)[0]
    scenario = Maker(tmp_path, QUICK_SIZES).requests(empty, 1)
    claims = scenario._replace(
        contender=contenders.Contender("claims", "", empty.target, empty.folders)
    )

    with pytest.raises(verify.WrongError, match="0 are stored"):
        run(bench, claims)

"""`analytics-tracker erase` finds with the engine what it then erases itself."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from analytics_tracker_construct._sql import tables
from analytics_tracker_construct.cli._selection import Selection

from ..cli.running import run
from .bed import Bed
from .deployment import DATABASE
from .stored import keys_in

_TENANT = "my-site"
_FOLDER = "analytics/year=2026/month=03/day=21"
_NAME = 'user "id\\'
#: Metadata as it is stored, and as whom it is found.
_METADATA = [
    ('{"user \\"id\\\\": "42"}', "42"),
    ('{"user \\"id\\\\": 42}', "42"),
    ('{"user \\"id\\\\":4.20}', "4.20"),
    ('{"user \\"id\\\\":1e3}', "1e3"),
    ('{"user \\"id\\\\":true}', "true"),
    ('{"user \\"id\\\\":"\\u00e9\'"}', "é'"),
    ('{"user \\"id\\\\":null}', "null"),
    ('{"user \\"id\\\\":{"a":"42"}}', "a"),
    ('{"user": "42"}', "42"),
    ("no JSON", "no"),
    (None, "42"),
]


def _line(number: int, metadata: str | None) -> bytes:
    event = {
        "eventId": f"erase-{number:04}",
        "eventType": "page_view",
        "sessionId": f"session-{number % 2}",
        "serverTimestamp": "2026-03-21T00:00:00.000Z",
        "metadata": metadata,
    }
    return json.dumps(event).encode() + b"\n"


_LINES = [_line(number, each) for number, (each, _) in enumerate(_METADATA)]


@pytest.fixture
def stored(bed: Bed) -> Iterator[None]:
    """All in one object, and each in one of its own."""
    names = [f"{_FOLDER}/each-{number}.json" for number in range(len(_LINES))]
    every = f"{_FOLDER}/all.json.gz"
    try:
        for name, line in zip(names, _LINES, strict=True):
            bed.put_raw(_TENANT, name, line)
        bed.put_raw(_TENANT, every, gzip.compress(b"".join(_LINES)))
        yield
    finally:
        for name in (*names, every):
            bed.s3.delete_object(Bucket=_TENANT, Key=name)


def _erase(bed: Bed, *arguments: str) -> dict[str, Any]:
    done = run(
        *("erase", "--database", DATABASE, "--tenant", _TENANT, "--format", "json"),
        *("--workgroup", tables.workgroup_of(DATABASE, _TENANT), *arguments),
        **bed.environment,
    )
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("value", sorted({value for _, value in _METADATA}))
def test_the_engine_finds_the_lines_that_are_erased(bed: Bed, value: str) -> None:
    selection = Selection(metadata=((_NAME, value),))
    meant = sum(map(selection.holds, _LINES))

    found = _erase(bed, "--metadata", f"{_NAME}={value}", "--to", "2026-03-31")["found"]

    assert found["events"] == 2 * meant


@pytest.mark.usefixtures("stored")
def test_what_is_erased_is_in_no_answer_any_more(bed: Bed) -> None:
    given = ("--session-id", "session-1", "--from", "2026-03-21", "--to", "2026-03-21")

    erased = _erase(bed, *given, "--yes")

    assert erased["erased"] == erased["found"] == {"events": 10, "objects": 6}
    assert erased["failed"] == []
    kept = [line for line in _LINES if b"session-1" not in line]
    keys = keys_in(bed.s3, _TENANT, _FOLDER)
    assert len(keys) == 1 + len(kept)
    every = bed.s3.get_object(Bucket=_TENANT, Key=f"{_FOLDER}/all.json.gz")
    assert gzip.decompress(every["Body"].read()) == b"".join(kept)
    assert _erase(bed, *given)["found"] == {"events": 0, "objects": 0}

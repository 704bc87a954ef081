"""What is told of a sender, on every path that an event can take: nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from handler.storage import Fault

from .conftest import SETTINGS, Tracker
from .fakes import ADDRESS, USER_AGENT, event_of, http, rest

BUCKET = "website-analytics"
BODY = "canary-body"
SESSION = "canary-session"
CANARIES = (ADDRESS, USER_AGENT, BODY, SESSION)

Gateway = Callable[..., dict[str, Any]]


def alone(gateway: Gateway, **headers: str) -> dict[str, Any]:
    """Return one event by POST."""
    return gateway(event_of(page=BODY, sessionId=SESSION), headers=headers)


def batch(gateway: Gateway, **headers: str) -> dict[str, Any]:
    """Return events of which some are bad."""
    bad = [event_of(bucket=BODY), event_of(timestamp=BODY), event_of(x="\ud800"), BODY]
    good = event_of(page=BODY, sessionId=SESSION)
    return gateway({"events": [good, event_of(), *bad]}, headers=headers)


def pixel(gateway: Gateway, **headers: str) -> dict[str, Any]:
    """Return one event by GET."""
    query = event_of(page=BODY, sessionId=SESSION)
    return gateway(method="GET", path="/pixel.gif", query=query, headers=headers)


def bad_pixel(gateway: Gateway, **headers: str) -> dict[str, Any]:
    """Return an event by GET that is refused."""
    query = event_of(metadata=BODY)
    return gateway(method="GET", path="/pixel.gif", query=query, headers=headers)


def bad_body(gateway: Gateway, **headers: str) -> dict[str, Any]:
    """Return what is no JSON."""
    return gateway(f'{{"{BODY}', headers=headers)


def strange(gateway: Gateway, **headers: str) -> dict[str, Any]:
    """Return an event for a bucket that is not ours."""
    return gateway(event_of(bucket=BODY, page=BODY), headers=headers)


def preflight(gateway: Gateway, **headers: str) -> dict[str, Any]:
    """Return a browser's question."""
    return gateway(method="OPTIONS", headers={**headers, "Origin": f"https://{BODY}"})


def nowhere(gateway: Gateway, **headers: str) -> dict[str, Any]:
    """Return a request for a route that is not there."""
    return gateway(event_of(page=BODY), path=f"/{BODY}", headers=headers)


def wrong_method(gateway: Gateway, **headers: str) -> dict[str, Any]:
    """Return a request with another method."""
    return gateway(event_of(page=BODY), method="PUT", headers=headers)


STORED = (alone, batch, pixel)
REFUSED = (bad_pixel, bad_body, strange, preflight, nowhere, wrong_method)


def _store(fault: Fault) -> Callable[[Tracker, Any], None]:
    def trouble(tracker: Tracker, _: Any) -> None:
        tracker.store.faults = {BUCKET: fault}

    return trouble


def _salts(verb: str) -> Callable[[Tracker, Any], None]:
    def trouble(tracker: Tracker, _: Any) -> None:
        # Another instance has made it, so that it is read.
        tracker.store.objects["salts", "salts/2026-03-04"] = b"x" * 32
        tracker.store.faults = {f"{verb} salts": Fault.UNAVAILABLE}

    return trouble


def _broken(where: str) -> Callable[[Tracker, Any], None]:
    """Have something raise what quotes all that it should not."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError(" ".join(CANARIES))

    def trouble(tracker: Tracker, monkeypatch: Any) -> None:
        if where in ("put", "get", "delete"):
            monkeypatch.setattr(tracker.store, where, fail)
        elif where == "send":
            monkeypatch.setattr(tracker.queue, where, fail)
        else:
            monkeypatch.setattr(where, fail)

    return trouble


TROUBLES: dict[str, Callable[[Tracker, Any], None]] = {
    "none": lambda *_: None,
    "store unavailable": _store(Fault.UNAVAILABLE),
    "store refuses": _store(Fault.REFUSED),
    "no bucket": _store(Fault.MISSING),
    "salt not written": _salts("put"),
    "salt not read": _salts("get"),
    "old salts stay": _salts("delete"),
    "store broken": _broken("put"),
    "salt broken": _broken("get"),
    "queue broken": _broken("send"),
    "reading broken": _broken("handler.batch.read"),
    "pixel broken": _broken("handler.pixel.read"),
    "device broken": _broken("handler.enrich.device_of"),
    "lines broken": _broken("handler.lake.line_of"),
    "hash broken": _broken("handler.privacy.hash_address"),
    "answer broken": _broken("handler.replies.single"),
}


@pytest.mark.parametrize("gateway", [rest, http])
@pytest.mark.parametrize("request_of", [*STORED, *REFUSED])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(
    "setting",
    list(itertools.product([False, True], [False, True], [None, Fault.UNAVAILABLE])),
)
def test_no_line_answer_or_message_tells_who_sent_an_event(
    gateway: Gateway,
    request_of: Callable[..., dict[str, Any]],
    trouble: str,
    setting: tuple[bool, bool, Fault | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is the address stored, or anything of who asks not to be known."""
    asks, buffered, queue = setting
    tracker = Tracker(SETTINGS._replace(buffered=buffered), queued=True)
    tracker.queue.faults = [queue]
    TROUBLES[trouble](tracker, monkeypatch)
    headers = {"Sec-GPC": "1"} if asks else {}

    reply = tracker.send(request_of(gateway, **headers, **{"X-Forwarded-For": ADDRESS}))
    tracker.write()
    monkeypatch.undo()
    tracker.store.faults = {}
    tracker.write([*tracker.queue.bodies, "{}", BODY])

    told = "\n".join([*tracker.lines, str(reply)])
    for canary in CANARIES:
        assert canary not in told
    kept = [*tracker.queue.events(), *tracker.store.events()]
    assert ADDRESS not in json.dumps(kept)
    if asks:
        assert USER_AGENT not in json.dumps(kept)
        assert SESSION not in json.dumps(kept)
        assert {event["ip"] for event in kept} <= {None}
    if request_of in STORED and trouble == "none":
        assert kept
    if request_of in REFUSED:
        assert not kept


def test_a_queued_event_holds_the_hash_of_the_day_it_was_received(
    buffered: Tracker,
) -> None:
    """By the time it is written the address is long gone."""
    direct = Tracker()
    direct.send(alone(rest))
    buffered.send(alone(rest))

    (event,) = buffered.queue.events()

    assert event["ip"] == direct.store.events()[0]["ip"]
    assert len(event["ip"]) == 16

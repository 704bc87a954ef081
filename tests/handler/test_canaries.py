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


def alone(**headers: str) -> dict[str, Any]:
    """Return one event by POST."""
    return rest(event_of(page=BODY), headers=headers)


def batch(**headers: str) -> dict[str, Any]:
    """Return events of which some are bad."""
    bad = [event_of(bucket=BODY), event_of(timestamp=BODY), event_of(x="\ud800"), BODY]
    return http({"events": [event_of(page=BODY), event_of(), *bad]}, headers=headers)


def pixel(**headers: str) -> dict[str, Any]:
    """Return one event by GET."""
    query = event_of(page=BODY)
    return rest(method="GET", path="/pixel.gif", query=query, headers=headers)


def bad_pixel(**headers: str) -> dict[str, Any]:
    """Return an event by GET that is refused."""
    query = event_of(metadata=BODY)
    return http(method="GET", path="/pixel.gif", query=query, headers=headers)


@pytest.mark.parametrize("request_of", [alone, batch, pixel, bad_pixel])
@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize(
    "weather",
    list(
        itertools.product(
            [False, True],
            [None, Fault.UNAVAILABLE, Fault.REFUSED, "error"],
            [None, Fault.UNAVAILABLE],
        )
    ),
)
def test_no_line_answer_or_message_tells_who_sent_an_event(
    request_of: Callable[..., dict[str, Any]],
    asks: bool,
    weather: tuple[bool, Fault | str | None, Fault | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is the address stored, or anything of who asks not to be known."""
    buffered, store, queue = weather
    tracker = Tracker(SETTINGS._replace(buffered=buffered), queued=True)
    tracker.queue.faults = [queue]
    if isinstance(store, Fault):
        tracker.store.faults = {BUCKET: store, "put salts": store}
    elif store:

        def fail(*_: object, **__: object) -> None:
            raise ValueError(f"{ADDRESS} {USER_AGENT} {BODY}")

        monkeypatch.setattr(tracker.store, "put", fail)
    headers = {"Sec-GPC": "1"} if asks else {}

    reply = tracker.send(request_of(**headers, **{"X-Forwarded-For": ADDRESS}))
    monkeypatch.undo()
    tracker.write()
    tracker.store.faults = {}
    tracker.write([*tracker.queue.bodies, "{}", BODY])

    told = "\n".join([*tracker.lines, str(reply)])
    assert ADDRESS not in told
    assert USER_AGENT not in told
    assert BODY not in told
    kept = [*tracker.queue.events(), *tracker.store.events()]
    assert ADDRESS not in json.dumps(kept)
    if asks:
        assert USER_AGENT not in json.dumps(kept)
        assert {event["ip"] for event in kept} <= {None}
    if request_of is not bad_pixel and store is None:
        assert kept


def test_a_queued_event_holds_the_hash_of_the_day_it_was_received(
    buffered: Tracker,
) -> None:
    """By the time it is written the address is long gone."""
    direct = Tracker()
    direct.send(alone())
    buffered.send(alone())

    (event,) = buffered.queue.events()

    assert event["ip"] == direct.store.events()[0]["ip"]
    assert len(event["ip"]) == 16

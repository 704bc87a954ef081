"""Clients whose clocks are wrong: times corrected, keys as they were."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import times

from .conftest import Tracker
from .fakes import NOON, event_of, rest

FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)
INSTANTS = st.datetimes(FIRST, LAST, timezones=st.just(timezone.utc))


def _ago(**units: float) -> str:
    """Return the time, by the server's clock, that is so long ago."""
    return times.stamp(NOON - timedelta(**units))


@pytest.mark.parametrize(
    ("created", "sent", "timestamp", "client"),
    [
        # Right, or nearly: nothing is corrected.
        (_ago(seconds=5), _ago(), _ago(seconds=5), None),
        (_ago(seconds=65), _ago(seconds=60), _ago(seconds=65), None),
        (_ago(seconds=-55), _ago(seconds=-60), _ago(seconds=-55), None),
        # An hour slow, an hour and a second fast, and a clock that never was set.
        (_ago(hours=1, seconds=5), _ago(hours=1), _ago(seconds=5), True),
        (_ago(seconds=-3596), _ago(seconds=-3601), _ago(seconds=5), True),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:05Z", _ago(seconds=5), True),
        # One that waited for two days in a browser whose clock is right.
        (_ago(days=2), _ago(), _ago(days=2), None),
        # The same, a minute and a bit off.
        (_ago(days=2, seconds=61), _ago(seconds=61), _ago(days=2), True),
    ],
)
def test_times_are_corrected_by_how_wrong_the_clock_is(
    tracker: Tracker, created: str, sent: str, timestamp: str, client: bool | None
) -> None:
    """More than a minute; what was sent is kept."""
    answer = tracker.answer(rest(event_of(timestamp=created, sentAt=sent)))

    assert answer[0] == 200
    (event,) = tracker.store.events()
    assert event["timestamp"] == timestamp
    as_sent = times.stamp(times.parse(created))
    assert event["clientTimestamp"] == (as_sent if client else None)
    assert event["metadata"] is None


def test_a_retry_finds_what_a_wrong_clock_stored(tracker: Tracker) -> None:
    """Its key comes from the time as sent, whenever it is sent again."""
    sent = event_of(eventId="retried-01", timestamp=_ago(days=3))
    _, first = tracker.answer(rest({**sent, "sentAt": _ago(days=3)}))
    tracker.clock.advance(86_400)

    _, second = tracker.answer(rest({**sent, "sentAt": _ago(days=2)}))

    assert "/day=01/" in first["key"]
    assert (second["key"], second["duplicate"]) == (first["key"], True)
    (event,) = tracker.store.events()
    assert (event["timestamp"], event["clientTimestamp"]) == (_ago(), _ago(days=3))


@pytest.mark.parametrize(
    ("slow", "later"),
    [
        # Never set, or set to the past: no time as sent is near the server's.
        (timedelta(days=400), timedelta(days=1)),
        # Near the first time, and no more when it is sent again.
        (timedelta(days=6.9), timedelta(days=1)),
        # Ahead by more than is taken, until the true time comes near it.
        (timedelta(hours=-3), timedelta(hours=13)),
        (timedelta(days=-2), timedelta(days=1)),
    ],
)
def test_a_retry_finds_what_a_very_wrong_clock_stored(
    tracker: Tracker, slow: timedelta, later: timedelta
) -> None:
    """Its times are not near the server's, or not for long: the corrected one is."""
    clock = NOON - slow
    sent = event_of(eventId="retried-02", timestamp=times.stamp(clock))
    _, first = tracker.answer(rest({**sent, "sentAt": times.stamp(clock)}))
    tracker.clock.advance(later.total_seconds())

    _, second = tracker.answer(rest({**sent, "sentAt": times.stamp(clock + later)}))

    assert "/day=04/" in first["key"]
    assert (second["key"], second["duplicate"]) == (first["key"], True)


def test_a_batch_says_once_when_it_was_sent(tracker: Tracker) -> None:
    events = [event_of(timestamp=_ago(hours=2, seconds=n)) for n in (3, 2, 1)]

    status, answer = tracker.send_events(events, sentAt=_ago(hours=2))

    assert (status, answer["accepted"]) == (200, 3)
    stored = [event["timestamp"] for event in tracker.store.events()]
    assert stored == [_ago(seconds=n) for n in (3, 2, 1)]


@pytest.mark.parametrize(
    "sent_at",
    [
        "now",
        "",
        1772625600,
        # As far back as there are years, so that the event would be before the first.
        "9999-12-31T00:00:00Z",
    ],
)
def test_refuses_a_time_that_is_none(tracker: Tracker, sent_at: Any) -> None:
    status, answer = tracker.answer(rest(event_of(sentAt=sent_at)))

    assert (status, answer["error"]) == (400, "Invalid field: sentAt")
    assert tracker.store.events() == []


@given(created=INSTANTS, sent=INSTANTS)
def test_the_server_answers_whatever_two_times_it_is_told(
    created: datetime, sent: datetime
) -> None:
    """What it stores is a time, and the time between the two is what it was."""
    tracker = Tracker()
    told = event_of(timestamp=times.stamp(created), sentAt=times.stamp(sent))

    status, _ = tracker.answer(rest(told))

    assert status in (200, 400)
    for event in tracker.store.events():
        stored = times.parse(event["timestamp"])
        if event["clientTimestamp"] is None:
            assert stored == times.parse(told["timestamp"])
        else:
            asked = times.parse(told["sentAt"]) - times.parse(told["timestamp"])
            assert NOON - stored == asked


@pytest.mark.parametrize(
    ("query", "timestamp"),
    [
        ({"timestamp": _ago(hours=2), "sentAt": _ago(hours=1)}, _ago(hours=1)),
        # Both with a plus sign that was not encoded.
        (
            {"timestamp": "2026-03-04T11:00:00 01:00", "sentAt": "2026-03-04T12:00 01"},
            _ago(hours=1),
        ),
        # The time is the server's own.
        ({"timestamp": None, "sentAt": _ago(hours=1)}, _ago()),
    ],
)
def test_an_image_may_say_when_it_was_asked_for(
    tracker: Tracker, query: dict[str, Any], timestamp: str
) -> None:
    tracker.send(rest(method="GET", path="/pixel.gif", query=event_of(**query)))

    (event,) = tracker.store.events()
    assert event["timestamp"] == timestamp

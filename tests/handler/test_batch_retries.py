"""Batches: what a retry finds, the ids made for them, and the objects they become."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from .conftest import Tracker
from .fakes import IDS, event_of, events_of, rest

BUCKET = "website-analytics"


def test_an_event_that_stands_twice_is_stored_as_it_was_sent_first(
    tracker: Tracker,
) -> None:
    events = [
        event_of(eventId=IDS[0], page="/first"),
        event_of(eventId=IDS[1]),
        event_of(eventId=IDS[0], page="/second"),
    ]

    status, answer = tracker.send_events(events)

    assert (status, answer["accepted"]) == (200, 3)
    assert [(event["eventId"], event["page"]) for event in tracker.store.events()] == [
        (IDS[0], "/first"),
        (IDS[1], None),
    ]


@pytest.mark.parametrize("buffers", [False, True])
def test_an_event_that_stands_twice_counts_once(
    direct: Tracker, buffered: Tracker, buffers: bool
) -> None:
    tracker = buffered if buffers else direct
    events = [*events_of(2), *events_of(1)]

    for _ in range(2):
        tracker.send_events(events)

    if buffers:
        assert tracker.counted("QueuedEvents") == 4
        tracker.write(tracker.queue.bodies[:1])
        tracker.write(tracker.queue.bodies[1:])
    assert tracker.counted("StoredEvents") == 2
    assert tracker.counted("DuplicateEvents") == 2


@pytest.mark.parametrize("change", [list, lambda events: events[::-1]])
def test_a_retry_finds_the_same_object_in_any_order_and_after_midnight(
    tracker: Tracker, change: Callable[[list[Any]], list[Any]]
) -> None:
    events = [
        *events_of(3, timestamp="2026-03-04T23:59:50Z"),
        event_of(eventId=IDS[9], timestamp="2026-03-05T00:00:01Z"),
    ]
    tracker.clock.at = datetime(2026, 3, 4, 23, 59, 59, tzinfo=timezone.utc).timestamp()
    tracker.send_events(events)
    before = dict(tracker.store.objects)
    tracker.clock.advance(5)

    status, answer = tracker.send_events(change(events))

    assert (status, answer["status"], answer["duplicates"]) == (200, "ok", 4)
    assert tracker.counted("StoredEvents") == 4
    assert tracker.counted("DuplicateEvents") == 4
    assert {k: v for k, v in tracker.store.objects.items() if k[0] == BUCKET} == {
        k: v for k, v in before.items() if k[0] == BUCKET
    }
    assert len(tracker.store.keys_of()) == 2


def test_a_batch_of_one_and_the_event_alone_find_the_same_key(tracker: Tracker) -> None:
    event = event_of(eventId=IDS[0])
    _, alone = tracker.answer(rest(event))

    _, answer = tracker.send_events([event])

    assert answer["duplicates"] == 1
    assert tracker.store.keys_of() == [alone["key"]]


def test_ids_made_in_a_batch_are_longer_and_its_object_is_gzip(
    tracker: Tracker,
) -> None:
    """No two of a second may be the same, as S3 cannot tell: they are not its key."""
    _, answer = tracker.send_events([event_of(), event_of()])

    assert [
        bool(re.fullmatch(r"1772625600-[0-9a-f]{16}", each))
        for each in answer["eventIds"]
    ] == [True, True]
    (key,) = tracker.store.keys_of()
    assert re.fullmatch(
        r"analytics/year=2026/month=03/day=04/[0-9a-f]{32}\.json\.gz", key
    )
    assert [options["content_encoding"] for options in tracker.store.puts()] == ["gzip"]


def test_a_made_id_that_is_taken_is_drawn_again_for_a_batch_too(
    tracker: Tracker,
) -> None:
    """A batch of one has the id as its key."""
    taken = f"analytics/year=2026/month=03/day=04/1772625600-{1:016x}.json"
    tracker.store.objects[BUCKET, taken] = b"{}\n"

    _, answer = tracker.send_events([event_of()])

    (made,) = answer["eventIds"]
    assert re.fullmatch(r"1772625600-[0-9a-f]{16}", made)
    assert f"analytics/year=2026/month=03/day=04/{made}.json" in tracker.store.keys_of()


def test_a_request_may_become_ten_objects(tracker: Tracker) -> None:
    events = [
        event_of(eventId=IDS[number], bucket=f"b{number}-lake") for number in range(11)
    ]
    same_place = event_of(eventId=IDS[20], bucket="b0-lake")

    status, answer = tracker.send_events([*events, same_place])

    assert (status, answer["eventIds"]) == (200, [*IDS[:10], IDS[20]])
    assert answer["rejected"] == [
        {
            "index": 10,
            "status": 413,
            "error": "Too many buckets and days",
            "message": "The events of a request may go to at most 10 pairs of a bucket "
            "and a day; send the rest in another",
        }
    ]

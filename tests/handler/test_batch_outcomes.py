"""Batches that the store, the queue or neither takes, in whole or in part."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from handler import limits
from handler.storage import Fault

from .conftest import Tracker
from .fakes import ADDRESS, event_of, rest

NAMED = "website-analytics"
PATTERN = "data-lake"
BLOG = {"bucket": None, "tenant": "blog"}


def large_events(count: int, size: int = 8_000, **changes: Any) -> list[dict[str, Any]]:
    """Return events that hardly compress, with ids of their own."""
    chance = random.Random(11)
    return [
        event_of(
            eventId=f"event-{number:04}",
            metadata={"x": chance.randbytes(size // 2).hex()},
            **changes,
        )
        for number in range(count)
    ]


def test_a_batch_too_large_for_one_message_is_several(buffered: Tracker) -> None:
    events = large_events(60)

    status, answer = buffered.send_events(events)

    assert (status, answer["queued"]) == (202, 60)
    assert len(buffered.queue.bodies) > 1
    ids = [event["eventId"] for event in buffered.queue.events()]
    assert ids == [event["eventId"] for event in events]
    assert len({message.id for message in buffered.queue.messages}) == len(
        buffered.queue.bodies
    )
    assert buffered.counted("QueuedEvents") == 60


@pytest.mark.parametrize(("spare", "messages"), [(0, 1), (-1, 2)])
def test_a_message_may_have_all_the_bytes_that_the_queue_takes(
    buffered: Tracker, spare: int, messages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffered.send_events(large_events(2))
    (body,) = buffered.queue.bodies
    buffered.queue.bodies.clear()
    monkeypatch.setattr(limits, "MESSAGE_BYTES", len(body) + spare)

    buffered.send_events(large_events(2))

    assert len(buffered.queue.bodies) == messages


def test_an_event_that_stands_twice_is_in_one_of_several_messages(
    buffered: Tracker,
) -> None:
    """As it was sent first, though its halves would be in different messages."""
    events = large_events(60)
    again = event_of(eventId="event-0000", page="/second")

    status, answer = buffered.send_events([*events, again])

    assert (status, answer["queued"]) == (202, 61)
    found = [event for event in buffered.queue.events() if event["page"]]
    assert found == []
    assert len(buffered.queue.events()) == 60


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_what_the_queue_did_not_take_of_a_batch_is_stored(
    buffered: Tracker, taken: int
) -> None:
    """Each event is in one place, and nothing twice."""
    events = large_events(120)
    buffered.queue.faults = [*[None] * taken, Fault.UNAVAILABLE]

    status, answer = buffered.send_events(events)

    queued = [event["eventId"] for event in buffered.queue.events()]
    stored = [event["eventId"] for event in buffered.store.events()]
    assert (status, answer["status"], answer["accepted"]) == (202, "queued", 120)
    assert answer["queued"] == len(queued)
    assert queued + stored == answer["eventIds"]
    assert queued + stored == [event["eventId"] for event in events]
    assert len(buffered.queue.bodies) == taken


def test_what_neither_took_of_a_batch_is_refused(direct: Tracker) -> None:
    events = large_events(60)
    direct.store.faults[NAMED] = Fault.UNAVAILABLE
    direct.queue.faults = [None, Fault.UNAVAILABLE]

    reply = direct.send(rest({"events": events}))

    answer = json.loads(reply["body"])
    assert (reply["statusCode"], answer["status"]) == (202, "partial")
    assert reply["headers"]["Retry-After"] == "5"
    queued = [event["eventId"] for event in direct.queue.events()]
    assert 0 < len(queued) < 60
    assert answer["eventIds"] == queued
    assert [refusal["status"] for refusal in answer["rejected"]] == [503] * (
        60 - len(queued)
    )


def test_a_failure_of_our_own_leaves_what_was_acknowledged_acknowledged(
    direct: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError(ADDRESS)

    direct.store.faults[PATTERN] = Fault.UNAVAILABLE
    monkeypatch.setattr(direct.queue, "send", fail)
    events = [
        event_of(eventId="event-0001"),
        event_of(eventId="event-0002", bucket=PATTERN),
        event_of(eventId="event-0003", bucket="b-lake"),
    ]

    status, answer = direct.send_events(events)

    assert (status, answer["eventIds"]) == (200, ["event-0001"])
    assert [(e["index"], e["status"]) for e in answer["rejected"]] == [
        (1, 500),
        (2, 500),
    ]
    assert [line["type"] for line in direct.log if line["message"] == "failure"] == [
        "KeyError"
    ]
    assert ADDRESS not in str(direct.lines)


def test_an_event_that_fails_the_pipeline_takes_no_other_with_it(
    direct: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handler.fields._pixels", lambda *_: 1 / 0)

    reply = direct.send(rest({"events": [event_of(), event_of(viewport={"width": 1})]}))

    answer = json.loads(reply["body"])
    assert (reply["statusCode"], answer["accepted"]) == (200, 1)
    assert [(e["index"], e["status"]) for e in answer["rejected"]] == [(1, 500)]
    assert reply["headers"]["Retry-After"] == "5"


MIXED = [
    event_of(eventId="event-0001"),
    event_of(eventId="event-0002", bucket=PATTERN),
    event_of(eventId="event-0003", **BLOG),
    event_of(eventId="event-0004", bucket="evil-bucket"),
    event_of(eventId="event-0005", bucket="other-lake"),
]


def test_each_event_of_a_batch_has_its_own_end(direct: Tracker) -> None:
    """Stored before, queued, refused, refused, stored."""
    direct.send(rest(MIXED[0]))
    direct.store.faults["blog-private"] = Fault.MISSING
    direct.store.faults[PATTERN] = Fault.MISSING

    reply = direct.send(rest({"events": MIXED}))

    assert reply["statusCode"] == 202
    assert "Retry-After" not in reply["headers"]
    assert json.loads(reply["body"]) == {
        "status": "partial",
        "accepted": 3,
        "eventIds": ["event-0001", "event-0003", "event-0005"],
        "rejected": [
            {
                "index": index,
                "status": 403,
                "error": "Forbidden",
                "message": "The specified bucket is not authorized for this analytics "
                "service",
            }
            for index in (1, 3)
        ],
        "queued": 1,
        "duplicates": 1,
    }
    (refused,) = [line for line in direct.log if line["message"] == "refused"]
    assert (refused["reason"], refused["count"]) == ("bucket_forbidden", 2)
    assert direct.counted("RefusedEvents") == 2
    assert direct.counted("DuplicateEvents") == 1


@pytest.mark.parametrize(
    ("events", "status", "error"),
    [
        ([{}, event_of(bucket="evil-bucket")], 400, "No event accepted"),
        ([{}, event_of()], 503, "Service unavailable"),
    ],
)
def test_a_batch_of_which_nothing_was_taken_is_refused(
    direct: Tracker, events: list[dict[str, Any]], status: int, error: str
) -> None:
    """With what the client may still do about it."""
    direct.store.faults[NAMED] = Fault.UNAVAILABLE
    direct.queue.faults = [Fault.UNAVAILABLE]

    reply = direct.send(rest({"events": events}))

    answer = json.loads(reply["body"])
    assert (reply["statusCode"], answer["error"]) == (status, error)
    assert ("Retry-After" in reply["headers"]) is (status == 503)
    assert (answer["accepted"], answer["eventIds"]) == (0, [])
    assert [refusal["index"] for refusal in answer["rejected"]] == [0, 1]
    assert list(answer) == ["error", "message", "accepted", "eventIds", "rejected"]


def test_a_partial_answer_says_when_to_send_the_rest_again(tracker: Tracker) -> None:
    tracker.store.faults["blog-private"] = Fault.UNAVAILABLE

    reply = tracker.send(rest({"events": [event_of(), event_of(**BLOG)]}))

    assert (reply["statusCode"], reply["headers"]["Retry-After"]) == (200, "5")
    assert json.loads(reply["body"])["status"] == "partial"


def test_a_queued_batch_says_so(buffered: Tracker) -> None:
    status, answer = buffered.send_events([event_of(), event_of()])

    assert (status, answer["status"], answer["queued"]) == (202, "queued", 2)
    assert "duplicates" not in answer
    assert answer["rejected"] == []
    assert len(buffered.queue.bodies[0]) < limits.MESSAGE_BYTES


def test_a_salt_is_missed_only_in_what_was_taken(tracker: Tracker) -> None:
    tracker.store.faults["put salts"] = Fault.UNAVAILABLE
    tracker.store.faults["blog-private"] = Fault.UNAVAILABLE

    shop = {"bucket": None, "tenant": "shop"}
    sent = [event_of(), event_of(**BLOG), event_of(), event_of(**shop)]

    _, answer = tracker.send_events(sent)

    assert answer["accepted"] == 3
    assert [
        (document.get("Tenant"), document["MissingSalts"])
        for document in tracker.metrics
        if "MissingSalts" in document
    ] == [(None, 2), ("shop", 1)]

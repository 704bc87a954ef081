"""Where events go: the store, the queue, and what each one's faults become."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from handler import delivery
from handler.storage import Fault, StorageError

from .conftest import SETTINGS, Tracker
from .fakes import Context, event_of, rest

NAMED = "website-analytics"
PATTERN = "data-lake"
BLOG = {"bucket": None, "tenant": "blog"}
DIGITS_8, DIGITS_16 = r"1772625600-[0-9a-f]{8}", r"1772625600-[0-9a-f]{16}"


@pytest.mark.parametrize(
    ("sent", "fault", "status"),
    [
        (event_of(), Fault.UNAVAILABLE, 202),
        (event_of(), Fault.REFUSED, 202),
        (event_of(), Fault.MISSING, 202),
        (event_of(**BLOG), Fault.UNAVAILABLE, 202),
        (event_of(**BLOG), Fault.REFUSED, 202),
        (event_of(**BLOG), Fault.MISSING, 202),
        (event_of(bucket=PATTERN), Fault.UNAVAILABLE, 202),
        (event_of(bucket=PATTERN), Fault.REFUSED, 403),
        (event_of(bucket=PATTERN), Fault.MISSING, 403),
    ],
)
def test_what_the_store_does_not_take_the_queue_does(
    direct: Tracker, sent: dict[str, Any], fault: Fault, status: int
) -> None:
    """But for a bucket of the client's choice that is not ours to write."""
    for bucket in (NAMED, "blog-private", PATTERN):
        direct.store.faults[bucket] = fault

    reply = direct.send(rest({**sent, "eventId": "event-0001"}))

    assert reply["statusCode"] == status
    queued = [event["eventId"] for event in direct.queue.events()]
    assert queued == (["event-0001"] if status == 202 else [])
    assert "Retry-After" not in reply["headers"]
    if status == 202:
        name = "tenant" if "tenant" in sent else "bucket"
        assert json.loads(reply["body"]) == {
            "status": "queued",
            "eventId": "event-0001",
            name: sent[name],
        }


def test_a_queued_event_names_its_bucket_owner_tenant_and_day(direct: Tracker) -> None:
    direct.store.faults["shop-private"] = Fault.UNAVAILABLE
    sent = event_of(bucket=None, tenant="shop", timestamp="2026-03-03T10:00:00Z")

    direct.send(rest(sent))

    (message,) = direct.queue.messages
    assert message[:4] == ("shop-private", "2026-03-03", message.id, 1)
    assert (message.owner, message.tenant) == ("222222222222", "shop")
    (counted,) = [each for each in direct.metrics if "QueuedEvents" in each]
    assert (counted["Tenant"], counted["QueuedEvents"]) == ("shop", 1)
    assert direct.counted("StorageFaults") == 1
    assert direct.counted("StoredEvents") == 0


@pytest.mark.parametrize("buffered", [False, True])
def test_with_both_gone_the_client_is_asked_to_come_again(buffered: bool) -> None:
    tracker = Tracker(SETTINGS._replace(buffered=buffered), queued=True)
    tracker.store.faults[NAMED] = Fault.UNAVAILABLE
    tracker.queue.faults = [Fault.REFUSED]

    reply = tracker.send(rest(event_of()))

    assert (reply["statusCode"], reply["headers"]["Retry-After"]) == (503, "5")
    assert tracker.queue.bodies == []
    assert (tracker.counted("StorageFaults"), tracker.counted("QueueFaults")) == (1, 1)
    faults = [(line["what"], line["detail"]) for line in tracker.log if "what" in line]
    expected = [("event", "unavailable: scripted"), ("queue", "refused: scripted")]
    assert faults == (expected[::-1] if buffered else expected)


@pytest.mark.parametrize(
    ("buffered", "first", "form"),
    [
        (False, None, DIGITS_8),
        (False, StorageError(Fault.REFUSED, "x"), DIGITS_16),
        (False, StorageError(Fault.UNAVAILABLE, "x", uncertain=False), DIGITS_16),
        (False, StorageError(Fault.UNAVAILABLE, "x"), DIGITS_8),
        (True, None, DIGITS_16),
    ],
)
def test_a_made_id_is_short_only_where_the_store_can_tell_or_may_have_it(
    buffered: bool, first: StorageError | None, form: str
) -> None:
    """Drawn anew, an event that may be in the store would count twice."""
    tracker = Tracker(SETTINGS._replace(buffered=buffered), queued=True)
    if first:
        tracker.store.faults[NAMED] = first

    _, answer = tracker.answer(rest(event_of()))

    assert re.fullmatch(form, answer["eventId"])
    events = [*tracker.queue.events(), *tracker.store.events()]
    assert [event["eventId"] for event in events] == [answer["eventId"]]


def test_a_write_whose_answer_was_lost_keeps_its_id_on_the_queue(
    direct: Tracker,
) -> None:
    """So that it is one event, in the store and on the queue."""
    direct.store.loses_answers = True
    status, answer = direct.answer(rest(event_of()))
    direct.store.loses_answers = False

    assert status == 202
    assert direct.write() == []
    assert [event["eventId"] for event in direct.store.events()] == [answer["eventId"]]
    assert direct.counted("DuplicateEvents") == 1


@pytest.mark.parametrize("own", ["event-0001", None])
def test_after_a_lost_answer_of_the_queue_a_taken_key_is_no_duplicate(
    buffered: Tracker, own: str | None
) -> None:
    """The writer may have been faster than the client's next attempt."""
    buffered.queue.loses_answers = True
    key = f"1772625600-{1:016x}" if own is None else own
    place = NAMED, f"analytics/year=2026/month=03/day=04/{key}.json"
    buffered.store.objects[place] = b"{}\n"

    status, answer = buffered.answer(rest(event_of(eventId=own)))

    assert (status, answer["eventId"], answer["status"]) == (200, key, "ok")
    assert "duplicate" not in answer
    assert len(buffered.store.keys_of()) == 1


def test_after_a_clear_no_of_the_queue_a_taken_key_is_a_duplicate(
    buffered: Tracker,
) -> None:
    buffered.queue.faults = [Fault.REFUSED]
    sent = rest(event_of(eventId="event-0001"))
    buffered.send(sent)

    _, answer = buffered.answer(sent)

    assert answer["duplicate"] is True


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        (event_of(), "queue"),
        (event_of(**BLOG), "queue"),
        (event_of(bucket=PATTERN), "store"),
    ],
)
def test_buffered_events_are_queued_where_the_operator_named_the_bucket(
    buffered: Tracker, sent: dict[str, Any], where: str
) -> None:
    """Any other must prove itself: else anyone could fill the queue."""
    status, _ = buffered.answer(rest(sent))

    assert status == (202 if where == "queue" else 200)
    assert len(buffered.queue.bodies) == (where == "queue")
    assert len(buffered.store.events(PATTERN)) == (where == "store")


def test_a_bucket_that_took_an_event_is_queued_for_until_it_refuses_one(
    buffered: Tracker,
) -> None:
    sent = rest(event_of(bucket=PATTERN))

    statuses = [buffered.answer(sent)[0] for _ in range(2)]
    buffered.queue.faults = [Fault.UNAVAILABLE]
    buffered.store.faults[PATTERN] = Fault.REFUSED
    statuses.append(buffered.answer(sent)[0])
    buffered.queue.faults = []
    statuses.append(buffered.answer(sent)[0])

    assert statuses == [200, 202, 403, 403]
    assert len(buffered.queue.bodies) == 1


def test_the_buckets_that_have_proved_themselves_are_a_bounded_number(
    buffered: Tracker,
) -> None:
    for number in range(delivery._BUCKETS + 1):
        buffered.send(rest(event_of(bucket=f"b{number}-lake")))

    first, last = event_of(bucket="b0-lake"), event_of(bucket="b256-lake")

    assert buffered.answer(rest(last))[0] == 202
    assert buffered.answer(rest(first))[0] == 200


def test_buffered_events_are_stored_while_the_queue_is_down(buffered: Tracker) -> None:
    buffered.queue.faults = [Fault.MISSING]

    status, answer = buffered.answer(rest(event_of()))

    assert (status, answer["status"]) == (200, "ok")
    assert len(buffered.store.events()) == 1
    assert buffered.counted("QueueFaults") == 1
    assert buffered.counted("StorageFaults") == 0


@pytest.mark.parametrize(
    ("is_buffered", "fault", "first", "second"),
    [
        (False, "store", 1000 + 8.5 * 0.6, 1000 + 8.5),
        (True, "queue", 1000 + 8.5, 1000 + 8.5 * 0.6),
    ],
)
def test_whoever_is_asked_first_leaves_the_other_time(
    is_buffered: bool, fault: str, first: float, second: float
) -> None:
    """Half a second of Lambda's nine is kept for the answer."""
    tracker = Tracker(
        SETTINGS._replace(buffered=is_buffered, salt_bucket=None), queued=True
    )
    if fault == "store":
        tracker.store.faults[NAMED] = Fault.UNAVAILABLE
    else:
        tracker.queue.faults = [Fault.UNAVAILABLE]

    tracker.send(rest(event_of()), Context(9000))

    (store_put,) = tracker.store.puts()
    assert store_put["deadline"] == pytest.approx(first)
    assert tracker.queue.deadlines == [pytest.approx(second)]


def test_the_bundles_of_a_batch_share_the_time_that_is_left() -> None:
    tracker = Tracker(SETTINGS._replace(salt_bucket=None))
    tracker.store.seconds = 1.0
    events = [event_of(bucket=f"b{number}-lake") for number in range(3)]

    tracker.send(rest({"events": events}), Context(9500))

    deadlines = [options["deadline"] for *_, options in tracker.store.calls]
    assert deadlines == [1003.0, 1005.0, 1009.0]


@pytest.mark.parametrize(
    ("seconds", "fault", "waits"),
    [
        (1.125, Fault.UNAVAILABLE, True),
        (1.0, Fault.UNAVAILABLE, False),
        (2.0, Fault.REFUSED, False),
    ],
)
def test_after_a_slow_failure_of_the_store_the_queue_goes_first_for_a_while(
    direct: Tracker, seconds: float, fault: Fault, waits: bool
) -> None:
    """Waiting instances of the function are what an account runs out of.

    The seconds are sums of powers of two, so that the clock hits the very instant.
    """
    direct.send(rest(event_of()))
    direct.store.faults[NAMED] = fault
    direct.store.seconds = seconds
    direct.send(rest(event_of()))
    puts = len(direct.store.puts())
    direct.store.seconds = 0
    direct.store.faults.clear()

    direct.clock.advance(29.5 - seconds)
    status, answer = direct.answer(rest(event_of()))
    direct.clock.advance(0.5)
    later, _ = direct.answer(rest(event_of()))

    assert status == (202 if waits else 200)
    if waits:
        assert re.fullmatch(r"\d+-[0-9a-f]{16}", answer["eventId"])
    assert later == 200
    assert len(direct.store.puts()) == puts + (1 if waits else 2)


@pytest.mark.parametrize(
    ("bucket", "proven", "status"),
    [(NAMED, False, 202), ("a-lake", True, 202), ("a-lake", False, 200)],
)
def test_meanwhile_only_a_bucket_that_was_named_or_took_an_event_is_queued_for(
    direct: Tracker, bucket: str, proven: bool, status: int
) -> None:
    """And where the queue fails too, the store is asked after all."""
    if proven:
        direct.send(rest(event_of(bucket=bucket)))
    direct.store.seconds = 2.0
    direct.store.faults[bucket] = Fault.UNAVAILABLE
    direct.send(rest(event_of(bucket=bucket)))
    direct.store.seconds = 0
    direct.store.faults.clear()

    assert direct.answer(rest(event_of(bucket=bucket)))[0] == status

    direct.queue.faults = [Fault.UNAVAILABLE]
    assert direct.answer(rest(event_of(bucket=bucket)))[0] == 200


@pytest.mark.parametrize(("by", "status"), [(0, 202), (29, 202), (30, 200), (-1, 200)])
def test_the_while_is_over_when_only_the_worlds_clock_says_so(
    direct: Tracker, by: int, status: int
) -> None:
    """The other one may stand still while Lambda has frozen the machine."""
    direct.store.seconds = 2.0
    direct.store.faults[NAMED] = Fault.UNAVAILABLE
    received = direct.clock.at
    direct.send(rest(event_of()))
    direct.store.seconds = 0
    direct.store.faults.clear()
    direct.clock.at = received + by

    assert direct.answer(rest(event_of()))[0] == status


def test_one_slow_bucket_sends_no_other_to_the_queue(direct: Tracker) -> None:
    direct.send(rest(event_of(bucket="known-lake")))
    direct.store.seconds = 2.0
    direct.store.faults[NAMED] = Fault.UNAVAILABLE
    direct.send(rest(event_of()))
    direct.store.seconds = 0

    assert direct.answer(rest(event_of(bucket="known-lake")))[0] == 200
    assert direct.answer(rest(event_of()))[0] == 202

"""The writer's limits: bytes of a message and of an object, and time."""

from __future__ import annotations

import pytest

from handler import writer
from handler.storage import Fault

from .conftest import Tracker
from .fakes import Context, message_of

BUCKET = "website-analytics"
FOLDER = "analytics/year=2026/month=03/day=04/"


def test_a_bomb_is_refused_before_it_bursts(tracker: Tracker) -> None:
    bomb = message_of("event-0001", lines=b"x" * (16 * 1024 * 1024) + b"\n")

    assert tracker.write([bomb, message_of("event-0002")]) == ["m-0"]
    assert tracker.store.ids() == ["event-0002"]


@pytest.mark.parametrize(("more", "objects"), [(0, 3), (1, 2)])
def test_an_object_has_so_many_bytes_at_most(
    tracker: Tracker, more: int, objects: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers take an object as a whole; the next messages begin another."""
    assert writer.OBJECT_BYTES == 64 * 1024 * 1024
    size = len('{"eventId":"event-0000"}\n')
    monkeypatch.setattr(writer, "OBJECT_BYTES", 2 * size + more)

    assert tracker.write([message_of(f"event-000{n}") for n in range(5)]) == []

    assert len(tracker.store.keys_of()) == objects
    assert tracker.store.ids() == [f"event-000{n}" for n in range(5)]
    assert (f"{FOLDER}event-0004.json" in tracker.store.keys_of()) is (more == 0)
    deadlines = [options["deadline"] for options in tracker.store.puts()]
    assert deadlines == [1059.0] * objects


@pytest.mark.parametrize("at_once", [1, 60, 10_000])
def test_what_is_compressed_together_changes_no_event(
    tracker: Tracker, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_COMPRESSED_AT_ONCE", at_once)

    assert tracker.write([message_of(f"event-000{n}") for n in range(9)]) == []

    assert tracker.store.ids() == [f"event-000{n}" for n in range(9)]


def test_a_full_object_that_is_not_taken_is_named_too(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "OBJECT_BYTES", 1)
    tracker.store.faults[BUCKET] = Fault.UNAVAILABLE

    failed = tracker.write([message_of(f"event-000{n}") for n in range(3)])

    assert failed == ["m-0", "m-1", "m-2"]
    assert {line["message"] for line in tracker.log} == {"storage fault"}


def test_messages_that_time_does_not_reach_are_named(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come again; half of the time is for the store."""
    monotonic = tracker.clock.monotonic

    def tick() -> float:
        tracker.clock.advance(1.0)
        return monotonic()

    monkeypatch.setattr(tracker.clock, "monotonic", tick)
    bodies = [message_of(f"event-00{n}") for n in range(10, 50)]

    failed = tracker.write(bodies, Context(21_000))

    in_time = 40 - len(failed)
    assert 7 <= in_time <= 10
    assert failed == [f"m-{n}" for n in range(in_time, 40)]
    assert len(tracker.store.ids()) == in_time
    (line,) = tracker.log
    assert (line["message"], line["messages"]) == ("out of time", len(failed))


def test_a_writer_without_time_names_all(tracker: Tracker) -> None:
    bodies = [message_of("event-0001"), message_of("event-0002", bucket="data-lake")]

    assert tracker.write(bodies, Context(900)) == ["m-0", "m-1"]
    assert tracker.store.calls == []


def test_the_objects_share_the_time_that_is_left(tracker: Tracker) -> None:
    """A second is kept for the answer."""
    tracker.store.seconds = 2.0
    bodies = [message_of("event-0001", bucket=f"b{n}-lake") for n in range(3)]

    assert tracker.write(bodies, Context(31_000)) == []

    deadlines = [options["deadline"] for *_, options in tracker.store.calls]
    assert deadlines == [1010.0, 1016.0, 1030.0]


def test_more_objects_than_time_for_all_are_stored_one_after_the_other(
    tracker: Tracker,
) -> None:
    """In shares too small for any, none would ever be stored."""
    tracker.store.seconds = 0.5
    bodies = [message_of("event-0001", bucket=f"b{n}-lake") for n in range(100)]

    failed = tracker.write(bodies, Context(11_000))

    assert failed == [f"m-{n}" for n in range(21, 100)]
    deadlines = [options["deadline"] for *_, options in tracker.store.calls]
    assert deadlines[0] == 1001.0
    assert max(deadlines) == 1010.0

"""The queue's other end: the real writer, invoked as Lambda would."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from analytics_tracker_construct._local import polling
from analytics_tracker_construct._local.function import Function
from analytics_tracker_construct._local.polling import Poller, failures
from analytics_tracker_construct._local.queue import QUEUE, FolderQueue

from .serving import EVENT, serving


class Writer:
    """Notes its batches, and answers as it is told."""

    def __init__(self, *answers: Any) -> None:
        self.batches: list[list[str]] = []
        self.events: list[Mapping[str, Any]] = []
        self._answers = list(answers)

    def __call__(self, event: Mapping[str, Any], _: Any) -> dict[str, Any]:
        self.events.append(event)
        self.batches.append([record["body"] for record in event["Records"]])
        answer = self._answers.pop(0) if self._answers else {}
        if isinstance(answer, Exception):
            raise answer
        found: dict[str, Any] = answer(event) if callable(answer) else answer
        return found


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    assert true()


def send(queue: FolderQueue, *bodies: str) -> None:
    for body in bodies:
        queue.send(body, deadline=time.monotonic() + 10)


@contextmanager
def polled(
    queue: FolderQueue, writer: Writer, interval: float = 0.1
) -> Iterator[Poller]:
    poller = Poller(queue, Function(lambda: writer, name="w"), interval=interval)
    poller.start()
    try:
        yield poller
    finally:
        poller.stop()


def waiting(queue: FolderQueue) -> int:
    return len(list(queue.messages.iterdir()))


def test_passes_what_was_sent_within_the_interval_together(tmp_path: Path) -> None:
    queue, writer = FolderQueue(tmp_path), Writer()
    with polled(queue, writer, interval=0.5):
        send(queue, "a", "b", "c")
        wait_until(lambda: waiting(queue) == 0)
        send(queue, "d")
        wait_until(lambda: waiting(queue) == 0)

    assert writer.batches == [["a", "b", "c"], ["d"]]


def test_a_record_has_what_lambda_gives_it(tmp_path: Path) -> None:
    queue, writer = FolderQueue(tmp_path), Writer()
    with polled(queue, writer):
        send(queue, "a")
        wait_until(lambda: waiting(queue) == 0)

    (record,) = writer.events[0]["Records"]
    assert record["eventSource"] == "aws:sqs"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert abs(int(record["attributes"]["SentTimestamp"]) / 1000 - time.time()) < 60
    assert record["messageId"]


def test_what_the_writer_names_as_failed_comes_again(tmp_path: Path) -> None:
    def refuse_b(event: Mapping[str, Any]) -> dict[str, Any]:
        failed = [r["messageId"] for r in event["Records"] if r["body"] == "b"]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    queue, writer = FolderQueue(tmp_path, visibility=0.2), Writer(refuse_b)
    with polled(queue, writer):
        send(queue, "a", "b", "c")
        wait_until(lambda: waiting(queue) == 0)

    assert sorted(writer.batches[0]) == ["a", "b", "c"]
    assert writer.batches[1:] == [["b"]]
    counts = [r["attributes"]["ApproximateReceiveCount"] for r in _records(writer)]
    assert counts[-1] == "2"


def test_a_batch_whose_writer_fails_comes_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = FolderQueue(tmp_path, visibility=0.1)
    writer = Writer(RuntimeError("disk"))
    with polled(queue, writer, interval=0):
        send(queue, "a")
        wait_until(lambda: waiting(queue) == 0)

    assert writer.batches == [["a"], ["a"]]
    assert "RuntimeError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, {"a"}),
        ({"batchItemFailures": [{"itemIdentifier": "x"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"messageId": "a"}]}, {"a", "b"}),
        ({"batchItemFailures": ["a"]}, {"a", "b"}),
        ({"batchItemFailures": 5}, {"a", "b"}),
    ],
)
def test_an_answer_that_is_not_of_its_form_keeps_the_batch(
    answer: dict[str, Any], failed: set[str]
) -> None:
    assert failures(answer, {"a", "b"}) == failed


def test_a_backlog_is_passed_on_without_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "MOST_MESSAGES", 2)
    queue, writer = FolderQueue(tmp_path), Writer()
    send(queue, *"abcde")
    began = time.monotonic()
    with polled(queue, writer, interval=1):
        wait_until(lambda: waiting(queue) == 0)

    assert writer.batches == [["a", "b"], ["c", "d"], ["e"]]
    assert time.monotonic() - began < 1.9


def test_a_stop_passes_on_what_waits(tmp_path: Path) -> None:
    queue, writer = FolderQueue(tmp_path), Writer()
    with polled(queue, writer, interval=60):
        send(queue, "a")
        began = time.monotonic()

    assert writer.batches == [["a"]]
    assert waiting(queue) == 0
    assert time.monotonic() - began < 5


def test_a_stop_does_not_spin_where_the_queue_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queue, writer = FolderQueue(tmp_path), Writer()
    with polled(queue, writer):
        queue.messages.rmdir()
        queue.messages.touch()

    lines = capsys.readouterr().err.splitlines()
    assert 1 <= len(lines) < 20
    assert "NotADirectoryError" in lines[0]


def test_buffered_events_are_stored_together(tmp_path: Path) -> None:
    with serving(tmp_path, buffered=True) as served:
        # The first one proves that its bucket takes events, and is stored at once.
        answers = [served.track(eventId=f"event-{n:03}") for n in range(20)]
        rows = served.wait_for_rows(20)
        wait_until(lambda: served.server.live.state()["counts"]["stored"] == 20)
        counts = served.server.live.state()["counts"]

    assert [answer.status for answer in answers] == [200] + [202] * 19
    assert {answer.json["status"] for answer in answers[1:]} == {"queued"}
    assert sorted(row["eventId"] for row in rows) == [
        f"event-{n:03}" for n in range(20)
    ]
    assert counts == {"stored": 20, "queued": 19, "duplicate": 0, "refused": 0}
    objects = list(tmp_path.glob("demo-analytics/analytics/*/*/*/*"))
    assert len(objects) < 20
    assert any(path.suffix == ".gz" for path in objects)


@pytest.mark.parametrize("tenant", ["shop"])
def test_an_event_that_the_disk_refuses_waits_until_it_does_not(
    tmp_path: Path, tenant: str
) -> None:
    """Here a file is where the tenant's folder should be."""
    event = {k: v for k, v in EVENT.items() if k != "bucket"}
    with serving(tmp_path) as served:
        (tmp_path / tenant).write_bytes(b"")
        answer = served.send("POST", "/track", {**event, "tenant": tenant})
        time.sleep(0.3)
        (tmp_path / tenant).unlink()
        wait_until(lambda: bool(served.rows(tenant)))
        rows = served.rows(tenant)

    assert (answer.status, answer.json["status"]) == (202, "queued")
    assert [row["eventId"] for row in rows] == [answer.json["eventId"]]


def test_what_is_no_message_of_ours_ends_with_the_dead_letters(tmp_path: Path) -> None:
    with serving(tmp_path, buffered=True) as served:
        queue = FolderQueue(tmp_path / QUEUE)
        send(queue, "nonsense", json.dumps({"version": 1}))
        served.track()
        wait_until(lambda: len(list(queue.dead.iterdir())) == 2)
        served.track(eventId="abcdefgh")
        rows = served.wait_for_rows(2)

    assert len(rows) == 2


def test_a_crash_between_write_and_deletion_stores_nothing_twice(
    tmp_path: Path,
) -> None:
    """The message comes again, and its object is there already."""
    crashed = threading.Event()

    class Crashing(FolderQueue):
        def delete(self, message: Any) -> None:
            if not crashed.is_set():
                crashed.set()
                raise OSError("killed")
            super().delete(message)

    with serving(tmp_path, buffered=True, queue=Crashing) as served:
        served.track()
        answer = served.track(eventId="abcdefgh")
        wait_until(crashed.is_set)
        wait_until(lambda: not list((tmp_path / QUEUE / "messages").iterdir()))
        rows = served.rows()

    assert answer.status == 202
    assert [row["eventId"] for row in rows].count("abcdefgh") == 1


def _records(writer: Writer) -> list[Any]:
    return [record for event in writer.events for record in event["Records"]]

"""The folder as a queue: nothing that was sent is lost, and what fails comes again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from analytics_tracker_construct._handler import limits, storage
from analytics_tracker_construct._local.queue import (
    MAX_RECEIVES,
    FolderQueue,
    Received,
)

MANY = 10**9


def send(queue: FolderQueue, *bodies: str) -> None:
    for body in bodies:
        queue.send(body, deadline=time.monotonic() + 10)


def receive(queue: FolderQueue, count: int = 10, size: int = MANY) -> list[Received]:
    return queue.receive(count, size)


def bodies(received: list[Received]) -> list[str]:
    return [message.body for message in received]


@pytest.fixture
def queue(tmp_path: Path) -> FolderQueue:
    return FolderQueue(tmp_path / "queue")


def test_delivers_the_oldest_first(queue: FolderQueue) -> None:
    send(queue, "c", "a", "b")

    assert queue.ready()
    assert bodies(receive(queue)) == ["c", "a", "b"]


def test_tells_when_a_message_was_sent(queue: FolderQueue) -> None:
    before = time.time() * 1000
    send(queue, "a")

    (message,) = receive(queue)
    assert before - 1 <= message.sent <= time.time() * 1000
    assert message.receives == 1


def test_goes_on_where_somebody_has_removed_the_folder(tmp_path: Path) -> None:
    queue = FolderQueue(tmp_path / "queue", visibility=0)
    shutil.rmtree(tmp_path / "queue")

    assert not queue.ready()
    assert receive(queue) == []
    send(queue, "a")
    assert queue.ready()
    for _ in range(MAX_RECEIVES):
        assert bodies(receive(queue)) == ["a"]
    assert receive(queue) == []
    assert len(list(queue.dead.iterdir())) == 1


def test_delivers_at_most_what_is_asked_for(queue: FolderQueue) -> None:
    send(queue, *"abcde")

    assert bodies(receive(queue, count=2)) == ["a", "b"]
    assert bodies(receive(queue, size=2)) == ["c", "d"]


def test_delivers_one_that_is_larger_than_what_is_asked_for(queue: FolderQueue) -> None:
    send(queue, "x" * 1000, "y")

    assert bodies(receive(queue, size=10)) == ["x" * 1000]


def test_a_message_under_way_is_not_delivered_again(queue: FolderQueue) -> None:
    send(queue, "a")
    receive(queue)

    assert not queue.ready()
    assert receive(queue) == []


def test_a_message_that_was_not_deleted_comes_again(tmp_path: Path) -> None:
    queue = FolderQueue(tmp_path, visibility=0)
    send(queue, "a", "b")
    first = receive(queue)
    queue.delete(first[0])

    (again,) = receive(queue)
    assert (again.body, again.id, again.receives) == ("b", first[1].id, 2)


def test_a_message_that_was_deleted_is_gone(tmp_path: Path) -> None:
    queue = FolderQueue(tmp_path, visibility=0)
    send(queue, "a")
    (message,) = receive(queue)
    queue.delete(message)
    queue.delete(message)

    assert not queue.ready()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_deletion_that_comes_late_leaves_the_newer_delivery(tmp_path: Path) -> None:
    """As with SQS, whose handle of an earlier delivery deletes nothing."""
    queue = FolderQueue(tmp_path, visibility=0)
    send(queue, "a")
    (first,) = receive(queue)
    (second,) = receive(queue)
    queue.delete(first)

    assert second.path.read_text() == "a"


def test_after_five_deliveries_a_message_is_kept_apart(tmp_path: Path) -> None:
    queue = FolderQueue(tmp_path, visibility=0)
    send(queue, "a")
    counts = [message.receives for _ in range(8) for message in receive(queue)]

    assert counts == [1, 2, 3, 4, 5]
    assert len(counts) == MAX_RECEIVES
    (dead,) = queue.dead.iterdir()
    assert dead.read_text() == "a"


def test_a_dead_letter_that_is_moved_back_is_tried_again(tmp_path: Path) -> None:
    queue = FolderQueue(tmp_path, visibility=0)
    send(queue, "a")
    while not list(queue.dead.iterdir()):
        receive(queue)
    (dead,) = queue.dead.iterdir()
    dead.rename(queue.messages / dead.name)

    assert [message.receives for message in receive(queue)] == [1]


def test_what_a_killed_process_had_is_delivered_to_the_next(tmp_path: Path) -> None:
    """At once, and with the number of times that it was delivered before."""
    earlier = FolderQueue(tmp_path)
    send(earlier, "a", "b")
    receive(earlier, count=1)

    later = FolderQueue(tmp_path)
    assert [(m.body, m.receives) for m in receive(later)] == [("a", 2), ("b", 1)]


def test_two_processes_share_what_is_under_way(tmp_path: Path) -> None:
    one, other = FolderQueue(tmp_path), FolderQueue(tmp_path)
    send(one, *"abcd")

    assert bodies(receive(one, count=2)) == ["a", "b"]
    assert bodies(receive(other)) == ["c", "d"]


def test_of_many_receivers_each_message_has_one(tmp_path: Path) -> None:
    queues = [FolderQueue(tmp_path) for _ in range(4)]
    send(queues[0], *map(str, range(200)))
    got: list[str] = []

    def drain(queue: FolderQueue) -> None:
        while found := receive(queue, count=7):
            got.extend(bodies(found))

    threads = [threading.Thread(target=drain, args=(queue,)) for queue in queues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got, key=int) == [str(number) for number in range(200)]


def test_other_files_are_left_alone(queue: FolderQueue) -> None:
    (queue.messages / "notes.txt").write_text("mine")
    (queue.messages / "folder.1").mkdir()

    assert receive(queue) == []
    assert not queue.ready()


def test_refuses_what_sqs_would_not_take(queue: FolderQueue) -> None:
    send(queue, "x" * limits.MESSAGE_BYTES)

    with pytest.raises(storage.StorageError) as caught:
        send(queue, "x" * (limits.MESSAGE_BYTES + 1))
    assert caught.value.fault is storage.Fault.REFUSED
    assert len(receive(queue)) == 1


def test_says_that_a_message_is_not_there(queue: FolderQueue) -> None:
    """Whoever sent it must not answer that it is taken."""
    with pytest.raises(storage.StorageError) as late:
        queue.send("a", deadline=time.monotonic() - 1)
    queue.messages.rmdir()
    queue.messages.touch()
    with pytest.raises(storage.StorageError) as gone:
        send(queue, "a")

    assert late.value.fault is storage.Fault.UNAVAILABLE
    assert gone.value.fault is storage.Fault.UNAVAILABLE


def test_a_message_is_on_disk_before_it_counts_as_sent(
    queue: FolderQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes first, then its name in the folder."""
    synced: list[int] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(len(list(queue.messages.iterdir())))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    send(queue, "a")

    assert synced == ([0] if os.name == "nt" else [0, 1])


def test_a_wait_ends_when_something_is_sent(queue: FolderQueue) -> None:
    timer = threading.Timer(0.05, send, (queue, "a"))
    began = time.monotonic()
    timer.start()
    queue.wait(20)

    assert time.monotonic() - began < 10
    assert queue.ready()


_SENDER = """
import sys, time
from pathlib import Path
from analytics_tracker_construct._local.queue import FolderQueue

queue = FolderQueue(Path(sys.argv[1]))
number = 0
while True:
    queue.send(f"{number} " + "x" * 200_000, deadline=time.monotonic() + 10)
    print(number, flush=True)
    number += 1
"""


@pytest.mark.parametrize("seconds", [0.03, 0.08, 0.15])
def test_a_killed_sender_leaves_whole_messages_and_all_that_it_confirmed(
    tmp_path: Path, seconds: float
) -> None:
    command = [sys.executable, "-c", _SENDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        confirmed = [0, *map(int, process.stdout.read().split())]

    found = bodies(receive(FolderQueue(tmp_path), count=MANY))
    assert {len(body.partition(" ")[2]) for body in found} == {200_000}
    assert {int(body.partition(" ")[0]) for body in found} >= set(confirmed)

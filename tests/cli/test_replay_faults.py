"""`analytics-tracker replay` killed, interrupted and refused: no letter is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from analytics_tracker_construct.cli._aws import AwsError
from analytics_tracker_construct.cli._redrive import Bounds, Redrive

from .cloud import Cloud, Queues, letter, started
from .running import COMMAND, run


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


@pytest.fixture
def queues(cloud: Cloud) -> Queues:
    return cloud.queues()


def _started(cloud: Cloud, queues: Queues) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "replay", "--queue", queues.main],
        env={**os.environ, **cloud.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until_moved(queues: Queues, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while len(queues.waiting()) < count and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_killed_at_any_moment_it_loses_nothing_and_later_runs_end_it(
    cloud: Cloud, queues: Queues
) -> None:
    bodies = {letter("shop-1", "shop") for _ in range(1000)}
    queues.bury(*bodies, "foreign")
    chance = random.Random()
    kills = 0

    while len(queues.dead_letters()) > 200:
        process = _started(cloud, queues)
        _until_moved(queues, len(queues.waiting()) + chance.randint(1, 250), process)
        time.sleep(chance.random() / 50)
        process.kill()
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        assert bodies <= {*queues.waiting(), *queues.dead_letters()}
        queues.wait()
    # What a killed process had just asked for may still be handed over, to nobody, and
    # is hidden for its time.
    for _ in range(3):
        queues.wait()
        done = run("replay", "--queue", queues.main, **cloud.environment)
        assert done.returncode == 0, done.stderr

    assert kills >= 3
    assert set(queues.waiting()) == bodies
    assert queues.dead_letters() == ["foreign"]
    # What was in hand when it was killed is there twice: 8 workers have 10 each.
    assert len(queues.waiting()) <= len(bodies) + 80 * kills


def test_interrupted_it_ends_at_once_and_loses_nothing(
    cloud: Cloud, queues: Queues
) -> None:
    bodies = {letter("shop-1", "shop") for _ in range(1000)}
    queues.bury(*bodies)
    process = _started(cloud, queues)
    _until_moved(queues, 50, process)

    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert time.monotonic() - sent < 10
    assert process.returncode == 130
    assert "interrupted: moved " in said
    assert "Traceback" not in said
    assert len(queues.waiting()) < 1000
    assert bodies == {*queues.waiting(), *queues.dead_letters()}


def test_a_queue_that_takes_nothing_leaves_all(cloud: Cloud, queues: Queues) -> None:
    bodies = [letter("shop-1", "shop", size=2000) for _ in range(30)]
    queues.bury(*bodies)
    cloud.sqs.set_queue_attributes(
        QueueUrl=queues.main, Attributes={"MaximumMessageSize": "1024"}
    )

    done = run("replay", "--queue", queues.main, **cloud.environment)

    assert done.returncode == 1
    assert "sqs:SendMessage failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("moved 0 letters")
    assert sorted(queues.dead_letters()) == sorted(bodies)
    assert queues.hidden() == 0


class _Sqs:
    """A client of SQS whose answers may be changed on their way."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)


class _Refusing(_Sqs):
    """It does not take the first entry of a call, or says that it took other bytes."""

    def __init__(self, sqs: Any, *, garbled: bool) -> None:
        super().__init__(sqs)
        self._garbled = garbled

    def send_message_batch(self, **arguments: Any) -> Any:
        first, *rest = arguments["Entries"]
        answer: dict[str, Any] = {"Successful": [], "Failed": []}
        if rest:
            answer = self._sqs.send_message_batch(**{**arguments, "Entries": rest})
        if self._garbled:
            kept = {"Id": first["Id"], "MD5OfMessageBody": "0" * 32}
            answer["Successful"].append(kept)
        else:
            error = {"Id": first["Id"], "Code": "InternalError", "Message": "Sorry"}
            answer.setdefault("Failed", []).append(error)
        return answer


class _Keeping(_Sqs):
    """It deletes nothing at first, and shows at once what it was to delete."""

    refusals = 2

    def __init__(self, sqs: Any) -> None:
        super().__init__(sqs)
        self._lock = threading.Lock()

    def delete_message_batch(self, **arguments: Any) -> Any:
        # Another thread could delete in between what this one is about to show.
        with self._lock:
            if not self.refusals:
                return self._sqs.delete_message_batch(**arguments)
            self.refusals -= 1
            for entry in arguments["Entries"]:
                self._sqs.change_message_visibility(
                    QueueUrl=arguments["QueueUrl"],
                    ReceiptHandle=entry["ReceiptHandle"],
                    VisibilityTimeout=0,
                )
        return {"Failed": [{"Id": entry["Id"]} for entry in arguments["Entries"]]}


def _redrive(sqs: Any, queues: Queues, **options: Any) -> Redrive:
    wanted = options.pop("wanted", lambda _: True)
    before = options.pop("before", float("inf"))
    redrive = Redrive(
        sqs, queues.dead, queues.main, wanted=wanted, before=before, **options
    )
    redrive.run()
    return redrive


@pytest.mark.parametrize("garbled", [False, True])
def test_deletes_only_what_the_queue_has_acknowledged(
    cloud: Cloud, queues: Queues, garbled: bool
) -> None:
    bodies = [letter("shop-1", "shop") for _ in range(20)]
    queues.bury(*bodies)

    tally = _redrive(_Refusing(cloud.sqs, garbled=garbled), queues).tally

    assert tally.failed > 0
    assert tally.letters == 20 - tally.failed == len(queues.waiting())
    assert len(queues.dead_letters()) == tally.failed
    assert sorted(queues.waiting() + queues.dead_letters()) == sorted(bodies)
    assert tally.why_failed == ("" if garbled else "Sorry (InternalError)")
    assert queues.hidden() == 0


def test_what_was_sent_and_is_met_again_is_only_deleted(
    cloud: Cloud, queues: Queues
) -> None:
    queues.bury(body := letter("shop-1", "shop"))

    tally = _redrive(_Keeping(cloud.sqs), queues).tally

    assert (queues.waiting(), queues.dead_letters()) == ([body], [])
    assert (tally.letters, tally.twice) == (1, 0)


def test_what_cannot_be_deleted_is_told(cloud: Cloud, queues: Queues) -> None:
    queues.bury(body := letter("shop-1", "shop"))
    sqs = _Keeping(cloud.sqs)
    sqs.refusals = 10_000

    tally = _redrive(sqs, queues, bounds=Bounds(familiar=20)).tally

    assert (queues.waiting(), queues.dead_letters()) == ([body], [body])
    assert (tally.letters, tally.twice) == (1, 1)


def test_more_letters_than_may_be_hidden_do_not_make_it_run_for_ever(
    cloud: Cloud, queues: Queues
) -> None:
    """The same ones are shown first, again and again; SQS may do so too."""
    queues.bury(*(letter("blog-1", "blog") for _ in range(5)))
    queues.bury(*(letter("shop-1", "shop") for _ in range(200)))

    tally = _redrive(
        cloud.sqs,
        queues,
        wanted=lambda content: content.tenant == "blog",
        bounds=Bounds(hidden=50, familiar=500),
    ).tally

    assert tally.crowded
    assert not tally.complete
    assert (len(queues.waiting()), len(queues.dead_letters())) == (5, 200)
    assert queues.hidden() == 0


def test_letters_that_come_back_meanwhile_are_not_moved_for_ever(
    cloud: Cloud, queues: Queues
) -> None:
    queues.bury(old := letter("shop-1", "shop"), days=1)
    queues.bury(new := letter("shop-1", "shop"))

    tally = _redrive(cloud.sqs, queues, before=time.time() - 3600).tally

    assert (queues.waiting(), queues.dead_letters()) == ([old], [new])
    assert (tally.letters, tally.newer) == (1, 1)


class _Gone(_Sqs):
    """It stops answering after the first letters, as an expired network does."""

    def delete_message_batch(self, **_: Any) -> Any:
        raise AwsError("sqs:DeleteMessage", "Unreachable", "gone")


def test_a_failing_call_ends_the_run_with_its_error(
    cloud: Cloud, queues: Queues
) -> None:
    bodies = {letter("shop-1", "shop") for _ in range(40)}
    queues.bury(*bodies)

    with pytest.raises(AwsError, match="sqs:DeleteMessage failed: gone"):
        _redrive(_Gone(cloud.sqs), queues)

    assert bodies == {*queues.waiting(), *queues.dead_letters()}
    assert queues.hidden() == 0

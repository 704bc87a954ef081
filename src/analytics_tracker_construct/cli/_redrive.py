"""Moving dead letters back to their queue, or only counting them.

A letter is sent to the queue first and deleted from the dead letters once the queue
has acknowledged it: an end in between leaves it in both, and events that are there
twice are counted once by the tracker's view. A letter that stays is hidden from other
readers while the run lasts, so that it is not met again and again.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple

from . import _letters
from ._aws import AwsError, call
from ._errors import CommandError
from ._letters import Content, Letter
from ._tally import Tally

#: Letters that are moved side by side; each waits for the network most of its time.
WORKERS = 8
#: Seconds that a letter stays hidden if nobody shows it again: after a crash, say.
HIDDEN = 300
# SQS hands over, takes and deletes ten at most at a time.
_AT_ONCE = 10
# Bytes of all the messages of one call that SQS takes in every partition.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
_BATCH_BYTES = 256 * 1024
# A wait of a second asks all of the queue's servers; without one a few are asked, and
# a queue that has letters may look empty.
_WAIT = 1
_EMPTY_ENOUGH = 2


class Bounds(NamedTuple):
    """How far a run goes to see every letter.

    SQS hands nothing over beyond 120,000 messages in flight, so that the letters which
    stay cannot all be hidden where they are more: those hidden longest are shown again
    then, and met again, until nothing else is met for a while.
    """

    hidden: int = 100_000
    """Letters hidden at a time."""
    familiar: int = 10_000
    """Letters in a row, all met before, after which the run ends."""


class Redrive:
    """One run over the dead letters.

    Args:
        sqs: A client of SQS that several threads may use.
        source: The dead-letter queue's URL.
        target: The URL of the queue that letters go back to.
        wanted: Whether letters of such content are to be moved.
        most: How many are moved at most.
            Default: all.
        dry_run: Whether nothing is moved.
        before: Letters sent at this instant or later are left, in seconds since the
            epoch: those that come back while the run lasts are not moved for ever.
        bounds: How far to go.
    """

    def __init__(
        self,
        sqs: Any,
        source: str,
        target: str,
        *,
        wanted: Callable[[Content], bool],
        before: float,
        most: int | None = None,
        dry_run: bool = False,
        bounds: Bounds = Bounds(),  # noqa: B008  a constant
    ) -> None:
        self.tally = Tally()
        self._sqs = sqs
        self._source = source
        self._target = target
        self._wanted = wanted
        self._before = before
        self._claims = most
        self._dry_run = dry_run
        self._bounds = bounds
        self._stop = threading.Event()
        self._lock = threading.Lock()
        # Ids of all letters met, and whether the queue has acknowledged its copy.
        self._met: dict[str, bool] = {}
        self._stuck: set[str] = set()
        self._hidden: deque[tuple[str, float]] = deque()
        self._familiar = 0
        self._error: BaseException | None = None

    def run(self) -> None:
        """Move what is to be moved, then show again what stays.

        Raises:
            CommandError: If AWS refuses or cannot be reached; the tally holds what was
                done until then.
        """
        try:
            with ThreadPoolExecutor(WORKERS) as pool:
                for _ in range(WORKERS):
                    pool.submit(self._work)
        finally:
            self._show_all()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Have the run end after the letters in hand; another thread may call it."""
        self.tally.complete = False
        self._stop.set()

    def _work(self) -> None:
        empty = 0
        try:
            while empty < _EMPTY_ENOUGH and not self._stop.is_set():
                letters = self._receive()
                empty = 0 if letters else empty + 1
                self._move([each for each in letters if self._is_to_move(each)])
                self._show_oldest()
        except BaseException as error:  # noqa: BLE001  `run` raises it
            self._error = error
            self.stop()

    def _receive(self) -> list[Letter]:
        answer = call(
            "sqs:ReceiveMessage",
            self._sqs.receive_message,
            QueueUrl=self._source,
            AttributeNames=_letters.ATTRIBUTES,
            MaxNumberOfMessages=_AT_ONCE,
            VisibilityTimeout=HIDDEN,
            WaitTimeSeconds=_WAIT,
        )
        return [_letters.read(each) for each in answer.get("Messages", [])]

    def _is_to_move(self, letter: Letter) -> bool:
        """Decide about a letter and count it; one that stays is remembered as hidden.

        It is True as well for one that only has to be deleted.
        """
        with self._lock:
            if letter.id in self._met:
                # SQS may hand a message over twice, and does once it is shown again.
                self._familiar += 1
                if self._familiar >= self._bounds.familiar:
                    self.tally.crowded = True
                    self.stop()
                if self._met[letter.id]:
                    return True
            else:
                self._familiar = 0
                self._met[letter.id] = False
                if self._is_claimed(letter):
                    return True
            self._hidden.append((letter.receipt, time.monotonic()))
            return False

    def _is_claimed(self, letter: Letter) -> bool:
        content = letter.content
        if content is None:
            self.tally.foreign += 1
        elif letter.sent >= self._before:
            self.tally.newer += 1
        elif not self._wanted(content):
            self.tally.others += 1
        elif self._claims == 0:
            self.tally.complete = False
        else:
            if self._claims is not None:
                self._claims -= 1
                if self._claims == 0:
                    self.stop()
            if not self._dry_run:
                return True
            self.tally.add(letter, content)
        return False

    def _move(self, letters: list[Letter]) -> None:
        stuck = letters
        try:
            for batch in _batches([each for each in letters if not self._met[each.id]]):
                self._send(batch)
            stuck = [each for each in letters if self._met[each.id]]
            for _ in range(2):
                if stuck:
                    stuck = self._delete(stuck)
        except CommandError:
            with self._lock:
                at = time.monotonic()
                self._hidden.extend((letter.receipt, at) for letter in letters)
            raise
        finally:
            with self._lock:
                # One that is met again may be deleted then.
                self._stuck.difference_update(letter.id for letter in letters)
                self._stuck.update(each.id for each in stuck if self._met[each.id])
                self.tally.twice = len(self._stuck)

    def _send(self, letters: list[Letter]) -> None:
        answer = call(
            "sqs:SendMessage",
            self._sqs.send_message_batch,
            QueueUrl=self._target,
            Entries=[
                {"Id": str(index), "MessageBody": letter.body}
                for index, letter in enumerate(letters)
            ],
        )
        # What SQS says it has kept is what was sent, byte for byte, or it stays here.
        kept = {
            entry["Id"]: entry["MD5OfMessageBody"]
            for entry in answer.get("Successful", [])
        }
        with self._lock:
            for entry in answer.get("Failed", []):
                self.tally.why_failed = f"{entry.get('Message', '')} ({entry['Code']})"
            for index, letter in enumerate(letters):
                if kept.get(str(index)) == _md5(letter.body):
                    self._met[letter.id] = True
                    if letter.content is not None:
                        self.tally.add(letter, letter.content)
                else:
                    self.tally.failed += 1
                    self._hidden.append((letter.receipt, time.monotonic()))

    def _delete(self, letters: list[Letter]) -> list[Letter]:
        """Delete dead letters and return those that could not be."""
        answer = call(
            "sqs:DeleteMessage",
            self._sqs.delete_message_batch,
            QueueUrl=self._source,
            Entries=[
                {"Id": str(index), "ReceiptHandle": letter.receipt}
                for index, letter in enumerate(letters)
            ],
        )
        return [letters[int(entry["Id"])] for entry in answer.get("Failed", [])]

    def _show_oldest(self) -> None:
        while True:
            with self._lock:
                if len(self._hidden) <= self._bounds.hidden:
                    return
                oldest = [self._hidden.popleft()[0]]
                while self._hidden and len(oldest) < _AT_ONCE:
                    oldest.append(self._hidden.popleft()[0])
            self._show(oldest)

    def _show_all(self) -> None:
        """Show what is still hidden by this run, as far as that is allowed."""
        recently = time.monotonic() - HIDDEN
        receipts = [receipt for receipt, at in self._hidden if at > recently]
        self._hidden.clear()
        chunks = [
            receipts[start : start + _AT_ONCE]
            for start in range(0, len(receipts), _AT_ONCE)
        ]
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(self._show, chunks))

    def _show(self, receipts: list[str]) -> None:
        # They come back by themselves after a while, so a refusal is no failure.
        with suppress(AwsError):
            call(
                "sqs:ChangeMessageVisibility",
                self._sqs.change_message_visibility_batch,
                QueueUrl=self._source,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": each, "VisibilityTimeout": 0}
                    for index, each in enumerate(receipts)
                ],
            )


def _batches(letters: list[Letter]) -> Iterator[list[Letter]]:
    """Yield what one call may send."""
    batch: list[Letter] = []
    size = 0
    for letter in letters:
        length = len(letter.body.encode())
        if batch and size + length > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(letter)
        size += length
    if batch:
        yield batch


def _md5(body: str) -> str:
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()

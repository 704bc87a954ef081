"""Lambda's poller: passes what waits on the queue to the writer, in batches."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .._deployed_numbers import BATCH_BYTES, MOST_MESSAGES
from .function import Function
from .queue import FolderQueue, Received

# Messages that come back after a failure are looked for this often, seconds.
_LOOK = 0.5
# Seconds that the end waits for what is still on the queue.
_GRACE = 5.0
_ARN = "arn:aws:sqs:us-east-1:123456789012:local-analytics-tracker"


class Poller:
    """A thread that invokes the writer as Lambda's event source mapping does.

    Messages are deleted once the writer returned without naming them as failed;
    everything else is delivered again after a while.

    Args:
        queue: Where messages wait.
        writer: What is invoked.
        interval: Seconds that messages are collected for, from the first one on.
    """

    def __init__(
        self, queue: FolderQueue, writer: Function, *, interval: float
    ) -> None:
        self._queue = queue
        self._writer = writer
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process left."""
        self._thread.start()

    def stop(self) -> None:
        """Pass on what waits, and end; what remains after a while keeps."""
        self._stopping.set()
        self._queue.wake()
        self._thread.join(_GRACE)

    def _run(self) -> None:
        end = float("inf")
        backlog = False
        while time.monotonic() < end:
            # Asked first: what was sent before the end is found below.
            stopping = self._stopping.is_set()
            if stopping:
                end = min(end, time.monotonic() + _GRACE)
            try:
                if backlog or self._collected():
                    backlog = self._pass(
                        self._queue.receive(MOST_MESSAGES, BATCH_BYTES)
                    )
                elif stopping:
                    return
            except Exception as error:  # noqa: BLE001  the messages come again
                print(f"writer: {error!r}", file=sys.stderr)  # noqa: T201  its log
                backlog = False
                if stopping:
                    # The event is set, and to wait for it would take no time.
                    time.sleep(_LOOK)
                else:
                    self._stopping.wait(_LOOK)

    def _collected(self) -> bool:
        """Wait for messages and then for more; False if there are none yet."""
        if not self._queue.ready():
            if not self._stopping.is_set():
                self._queue.wait(_LOOK)
            return False
        self._stopping.wait(self._interval)
        return True

    def _pass(self, batch: Sequence[Received]) -> bool:
        """Invoke the writer; True if there may be more than a batch holds."""
        if not batch:
            return False
        answer = self._writer.invoke(event(batch))
        failed = failures(answer, {message.id for message in batch})
        for message in batch:
            if message.id not in failed:
                self._queue.delete(message)
        size = sum(len(message.body) for message in batch)
        return len(batch) >= MOST_MESSAGES or size >= BATCH_BYTES


def event(batch: Sequence[Received]) -> dict[str, Any]:
    """Return what Lambda would pass to the writer."""
    return {"Records": [_record(message) for message in batch]}


def failures(answer: Mapping[str, Any], ids: set[str]) -> set[str]:
    """Return the messages that an answer keeps on the queue.

    One that is not of its form keeps all of them.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    listed = answer.get("batchItemFailures") or []
    try:
        failed = {str(each["itemIdentifier"]) for each in listed}
    except (TypeError, KeyError):
        return ids
    return failed if failed <= ids else ids


def _record(message: Received) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "receiptHandle": message.path.name,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(message.sent),
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": _ARN,
        "awsRegion": "us-east-1",
    }

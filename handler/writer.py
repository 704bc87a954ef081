"""The writer: turns the messages of a queue into one object per bucket and day.

`handler` is what Lambda calls with the messages of an SQS event source. A message that
it does not name as failed is deleted, so each is named unless S3 has acknowledged its
events; a message that comes again makes the same lines again, which the deduplicating
view counts once.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone

from . import lake, metrics, settings
from .invocation import request_id, seconds_left
from .log import Emit, Log
from .message import Message, compressor, decode
from .metrics import Meter
from .s3 import S3Store
from .storage import ObjectStore, Outcome, StorageError
from .typed import Any

#: Seconds kept back for the answer itself.
_MARGIN_SECONDS = 1.0
#: Seconds it may take where nobody says how long it has.
_SECONDS = 60.0
#: Seconds that an object may take however many there are. What is left over then comes
#: again; cut into shares too short to store anything, all of it would, every time.
_LEAST_SECONDS = 1.0
#: Bytes of lines in one object. Readers take an object as a whole, and so do we.
OBJECT_BYTES = 64 * 1024 * 1024
#: Bytes of lines that are compressed together.
_COMPRESSED_AT_ONCE = 256 * 1024

#: What Lambda calls: an SQS event and a context in, the failed messages out.
Writer = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def make_writer(
    store: ObjectStore,
    *,
    object_acl: str | None = None,
    metrics_on: bool = False,
    function_name: str = "analytics-tracker-writer",
    now: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    emit: Emit = print,
) -> Writer:
    """Wire one writer.

    Args:
        store: Where events are kept.
        object_acl: The canned ACL to send with each object.
            Default: none.
        metrics_on: Whether metrics are written.
        function_name: The function's name, a dimension of its metrics.
        now: The wall clock, seconds since the epoch.
        monotonic: The clock of deadlines, seconds.
        emit: Writes one line of the log.

    Returns:
        A function that never raises, whatever the messages.
    """

    def writer(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        deadline = monotonic() + seconds_left(context, _SECONDS) - _MARGIN_SECONDS
        began = datetime.fromtimestamp(now(), timezone.utc)
        log = Log(emit, request_id(context), began)
        meter = Meter(function_name, on=metrics_on)
        failed: list[str] = []
        piles = _sort(event["Records"], log, failed)
        for index, pile in enumerate(piles):
            at = monotonic()
            share = max((deadline - at) / (len(piles) - index), _LEAST_SECONDS)
            try:
                failed += write(pile, min(at + share, deadline), log, meter)
            except Exception as error:  # noqa: BLE001 - Lambda would log its text
                log.failure(error)
                failed += [identifier for identifier, _ in pile]
        if failed:
            meter.add(metrics.FAILED_MESSAGES, len(failed))
        for line in meter.lines(began.timestamp()):
            emit(line)
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    def write(
        pile: Iterable[_Received], deadline: float, log: Log, meter: Meter
    ) -> list[str]:
        """Store a pile and return the identifiers of what may not be stored."""
        failed: list[str] = []
        late = 0
        # The other half of the time is the store's.
        enough = (monotonic() + deadline) / 2
        batch = _Batch()
        for identifier, received in pile:
            if monotonic() > enough:
                late += 1
                failed.append(identifier)
                continue
            try:
                batch.add(identifier, received)
            except ValueError as error:
                log.unreadable(error)
                failed.append(identifier)
            if batch.size >= OBJECT_BYTES:
                failed += store_batch(batch, deadline, log, meter)
                batch = _Batch()
        if late:
            log.unfinished(late)
        return failed + store_batch(batch, deadline, log, meter)

    def store_batch(
        batch: _Batch, deadline: float, log: Log, meter: Meter
    ) -> list[str]:
        """Store a batch and return its messages if it may not be stored."""
        message = batch.message()
        if message is None:
            return []
        began = monotonic()
        try:
            _, done = lake.put(message, store, object_acl, deadline)
        except StorageError as error:
            log.fault(error, "event")
            meter.add(metrics.STORAGE_FAULTS)
            return batch.identifiers
        meter.add_write(
            monotonic() - began,
            message.events,
            duplicate=done.outcome is Outcome.EXISTED and not done.uncertain,
            tenant=message.tenant,
        )
        return []

    return writer


#: A message's identifier of SQS, and the message.
_Received = tuple[str, Message]


class _Batch:
    """The messages that become one object."""

    def __init__(self) -> None:
        self.identifiers: list[str] = []
        self.size = 0
        self._events = 0
        self._first: Message | None = None
        self._names: set[str] = set()
        self._compressor = compressor()
        self._packed: list[bytes] = []
        self._waiting: list[bytes] = []
        self._waiting_size = 0

    def add(self, identifier: str, received: Message) -> None:
        """Add a message; one that is there already adds no events.

        Raises:
            ValueError: If its lines cannot be read.
        """
        # As in keys, one event is told from several: a client may have given an event
        # the id that several others have together.
        name = received.id if received.events == 1 else f"{received.id}.gz"
        if name not in self._names:
            lines = received.plain() if received.packed else received.lines
            self._names.add(name)
            self._waiting.append(lines)
            self._waiting_size += len(lines)
            # One line at a time would take the compressor longer.
            if self._waiting_size >= _COMPRESSED_AT_ONCE:
                self._compress()
            self.size += len(lines)
            self._events += received.events
            self._first = self._first or received
        self.identifiers.append(identifier)

    def message(self) -> Message | None:
        """Return all as one message; None if there are none.

        One that is alone keeps its id, and so the key that it would have had without
        a queue.
        """
        if self._first is None or len(self._names) == 1:
            return self._first
        self._compress()
        self._packed.append(self._compressor.flush())
        return self._first._replace(
            id=lake.object_id(self._names),
            events=self._events,
            lines=b"".join(self._packed),
            packed=True,
        )

    def _compress(self) -> None:
        self._packed.append(self._compressor.compress(b"".join(self._waiting)))
        self._waiting.clear()
        self._waiting_size = 0


def _sort(
    records: Iterable[Mapping[str, Any]], log: Log, failed: list[str]
) -> list[list[_Received]]:
    """Return the messages by bucket, day and owner; note those that are none."""
    piles: dict[tuple[str, str, str | None], list[_Received]] = {}
    for record in records:
        identifier = record["messageId"]
        try:
            received = decode(record["body"])
        except ValueError as error:
            # It ends among the dead letters, where someone can look at it.
            log.unreadable(error)
            failed.append(identifier)
        else:
            pile = received.bucket, received.day, received.owner
            piles.setdefault(pile, []).append((identifier, received))
    return list(piles.values())


def _from_environment() -> Writer:
    return make_writer(
        S3Store.from_environment(os.environ),
        object_acl=os.environ.get(settings.OBJECT_ACL) or None,
        metrics_on=os.environ.get(settings.METRICS) == "1",
        function_name=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""),
    )


# Wired while Lambda starts the environment; see `app`.
_writer: Writer | None = (
    _from_environment() if "AWS_LAMBDA_RUNTIME_API" in os.environ else None
)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Store the events of a queue's messages; what Lambda calls."""
    global _writer  # noqa: PLW0603 - one writer for the life of the environment
    if _writer is None:
        _writer = _from_environment()
    # Thousands of messages are kept at once and none refers to another: to look among
    # them for garbage, again and again, finds nothing.
    gc.disable()
    try:
        return _writer(event, context)
    finally:
        gc.enable()

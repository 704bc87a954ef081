"""Where events go: to the store, to the queue, or to one when the other fails.

An event is answered as taken only once one of the two has acknowledged it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from . import lake, limits, message, metrics
from .draft import MANY_DIGITS, Draft
from .lake import Bundle
from .queues import EventQueue
from .refusals import Refusal, Refused
from .storage import Fault, ObjectStore, StorageError
from .visit import Visit

#: The share of a bundle's time that whoever is asked first may take.
FIRST_SHARE = 0.6
#: Seconds after which a store that fails is slow: while clients wait, instances of the
#: function are held, and an account has a limited number of them.
SLOW_SECONDS = 1.0
#: Seconds for which the queue then goes first.
AVOID_SECONDS = 30.0
#: Buckets that something is remembered of.
_BUCKETS = 256
_NEVER = float("-inf")


class Delivery:
    """Delivers bundles of events.

    Args:
        store: Where objects are kept.
        queue: Where events wait for the writer.
            Default: there is none.
        buffered: Whether the queue goes first.
        acl: The canned ACL to send with each object.
        entropy: Returns as many random bytes as it is asked for.
        monotonic: The clock of deadlines.
    """

    def __init__(
        self,
        store: ObjectStore,
        queue: EventQueue | None,
        *,
        buffered: bool,
        acl: str | None,
        entropy: Callable[[int], bytes],
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._queue = queue
        self._buffered = buffered
        self._acl = acl
        self._entropy = entropy
        self._monotonic = monotonic
        self._proven: set[str] = set()
        self._slow_since: dict[str, float] = {}

    def deliver(self, bundles: Collection[Bundle], visit: Visit) -> None:
        """Deliver the bundles of a visit; each event is then taken or refused."""
        queue, left = self._queue, len(bundles)
        for bundle in bundles:
            now = self._monotonic()
            share = (visit.deadline - now) / left
            first, deadline = now + share * FIRST_SHARE, now + share
            left -= 1
            if queue is None:
                settled = self._is_stored(bundle, deadline, visit)
            elif (self._buffered or self._slow_since) and self._queue_goes_first(
                bundle, visit
            ):
                if not self._buffered:
                    # They are short, since S3 tells which is taken. The queue does not.
                    bundle.draw_ids(self._entropy, MANY_DIGITS)
                settled = self._is_queued(queue, bundle, first, visit)
                settled = settled or self._is_stored(bundle, deadline, visit)
            else:
                settled = self._is_stored(bundle, first, visit)
                settled = settled or self._is_queued(queue, bundle, deadline, visit)
            if not settled:
                _refuse(bundle.drafts, Refusal.UNAVAILABLE)

    def _queue_goes_first(self, bundle: Bundle, visit: Visit) -> bool:
        # A bucket that merely fits a pattern is the client's choice, and must take an
        # event before any waits for it: else anyone could fill the queue.
        bucket = bundle.destination.bucket
        if not (bundle.destination.named or bucket in self._proven):
            return False
        # By the world's clock: see `Pool`. One that was put back ends it.
        since = visit.seconds - self._slow_since.get(bucket, _NEVER)
        return self._buffered or 0 <= since < AVOID_SECONDS

    def _is_stored(self, bundle: Bundle, deadline: float, visit: Visit) -> bool:
        """Store the events; True if that settled what becomes of them."""
        began = self._monotonic()
        try:
            key, duplicate = lake.write(
                bundle, self._store, self._acl, deadline, self._entropy
            )
        except StorageError as error:
            if error.fault is not Fault.UNAVAILABLE and not bundle.destination.named:
                # That such a bucket refuses us is the client's error. One that the
                # operator named is the operator's to mend.
                self._proven.discard(bundle.destination.bucket)
                _refuse(bundle.drafts, Refusal.BUCKET_FORBIDDEN)
                return True
            visit.faults.append(("event", error))
            took = self._monotonic() - began
            if error.fault is Fault.UNAVAILABLE and took > SLOW_SECONDS:
                _keep_few(self._slow_since)
                # One bucket's key or region may be slow where the others are not.
                self._slow_since[bundle.destination.bucket] = visit.seconds
            bundle.keeps_ids |= error.uncertain
            # On the queue nobody sees whether an id is taken.
            bundle.draw_ids(self._entropy, MANY_DIGITS)
            return False
        bucket = bundle.destination.bucket
        if visit.meter.on:
            visit.meter.add_write(
                self._monotonic() - began,
                bundle.count(),
                duplicate=duplicate,
                tenant=bundle.tenant,
            )
        if bucket not in self._proven:
            _keep_few(self._proven)
            self._proven.add(bucket)
        for draft in bundle.drafts:
            draft.is_taken = True
            draft.key, draft.duplicate = key, duplicate
        return True

    def _is_queued(
        self, queue: EventQueue, bundle: Bundle, deadline: float, visit: Visit
    ) -> bool:
        """Put the events on the queue; True if all of them are there."""
        for part, body in _messages(bundle):
            try:
                queue.send(body, deadline=deadline)
            except StorageError as error:
                visit.faults.append(("queue", error))
                bundle.keeps_ids |= error.uncertain
                # What is there already is there; the rest goes another way.
                bundle.drafts = [d for d in bundle.drafts if not d.is_taken]
                return False
            if visit.meter.on:
                visit.meter.add(metrics.QUEUED, part.count(), tenant=part.tenant)
            for draft in part.drafts:
                draft.is_taken = True
                draft.key, draft.duplicate = None, False
        return True


def _messages(bundle: Bundle) -> list[tuple[Bundle, str]]:
    """Return the bundle as messages that the queue takes."""
    body = message.encode(bundle.message())
    if len(body) <= limits.MESSAGE_BYTES:
        return [(bundle, body)]
    # One event always fits: its line has at most four times its bytes as sent, and that
    # much only where it packs well. One that stands twice stays beside the first.
    ids = list(dict.fromkeys(draft.event_id for draft in bundle.drafts))
    half = frozenset(ids[: len(ids) // 2])
    parts = (
        [draft for draft in bundle.drafts if draft.event_id in half],
        [draft for draft in bundle.drafts if draft.event_id not in half],
    )
    halves = [Bundle(bundle.destination, bundle.day, part) for part in parts]
    return [found for half in halves for found in _messages(half)]


def _refuse(drafts: list[Draft], refusal: Refusal) -> None:
    for draft in drafts:
        draft.refused = Refused(refusal)


def _keep_few(buckets: set[str] | dict[str, float]) -> None:
    if len(buckets) >= _BUCKETS:
        buckets.clear()

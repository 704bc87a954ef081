"""What happens to the events of one request: judged one by one, delivered together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from . import limits, metrics, pipeline
from .batch import Sent
from .delivery import Delivery
from .draft import MANY_DIGITS, Draft, Step, Taken
from .lake import bundles_of
from .refusals import Refusal, Refused
from .visit import Visit


class Ingest:
    """Takes events.

    Args:
        steps: What each event passes.
        delivery: Where the events that pass go.
        digits: Hex digits of an id that is made for an event that comes alone.
    """

    def __init__(
        self, steps: tuple[Step, ...], delivery: Delivery, *, digits: int
    ) -> None:
        self._steps = steps
        self._delivery = delivery
        self._digits = digits

    def take(
        self, visit: Visit, events: Iterable[Sent], *, batch: bool
    ) -> list[Taken | Refused]:
        """Judge events and deliver those that pass.

        Args:
            visit: The request that they came with.
            events: The events as they were sent, or why they are none.
            batch: Whether they came as a batch.

        Returns:
            What became of each event, in order.
        """
        digits = MANY_DIGITS if batch else self._digits
        judged = [self._judge(visit, sent, digits) for sent in events]
        drafts = [each for each in judged if isinstance(each, Draft)]
        bundles = bundles_of(drafts)
        try:
            for bundle in bundles[limits.BATCH_OBJECTS :]:
                for draft in bundle.drafts:
                    draft.outcome = Refused(
                        Refusal.TOO_MANY_OBJECTS, limits.BATCH_OBJECTS
                    )
            self._delivery.deliver(bundles[: limits.BATCH_OBJECTS], visit)
        except Exception as error:  # noqa: BLE001 - what was acknowledged stays so
            visit.log.failure(error)
        finally:
            _report(visit)
        for draft in drafts:
            if draft.salt_missing and isinstance(draft.outcome, Taken):
                tenant = draft.destination.tenant
                visit.meter.add(
                    metrics.MISSING_SALTS, tenant=tenant.name if tenant else None
                )
        outcomes = [
            each if isinstance(each, Refused) else _outcome_of(each) for each in judged
        ]
        refused = [each.refusal for each in outcomes if isinstance(each, Refused)]
        if refused:
            note_refusals(refused, visit)
        return outcomes

    def _judge(self, visit: Visit, sent: Sent, digits: int) -> Draft | Refused:
        if isinstance(sent, Refused):
            return sent
        draft = Draft(sent, visit, digits)
        try:
            return pipeline.run(draft, self._steps)
        except Refused as refused:
            return refused
        except Exception as error:  # noqa: BLE001 - it must not take the others with it
            visit.log.failure(error)
            return Refused(Refusal.INTERNAL)


def _outcome_of(draft: Draft) -> Taken | Refused:
    # Nobody may hear that an event was taken unless someone said so.
    return draft.outcome or Refused(Refusal.INTERNAL)


def note_refusals(refusals: Iterable[Refusal], visit: Visit) -> None:
    """Log and count refusals, those of one kind together."""
    for refusal, count in Counter(refusals).items():
        # Of an error of our own the log has more to say already.
        if refusal is not Refusal.INTERNAL:
            visit.log.refused(refusal, count)
        visit.meter.add(metrics.REFUSED, count, reason=refusal.label)


def _report(visit: Visit) -> None:
    for what, error in visit.faults:
        visit.log.fault(error, what)
        queue = what == "queue"
        visit.meter.add(metrics.QUEUE_FAULTS if queue else metrics.STORAGE_FAULTS)

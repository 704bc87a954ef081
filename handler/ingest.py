"""What happens to the events of one request: judged one by one, delivered together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from . import limits, metrics
from .batch import Sent
from .delivery import Delivery
from .draft import MANY_DIGITS, Draft, Step
from .lake import Bundle
from .refusals import Refusal, Refused
from .storage import StorageError
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
    ) -> list[Draft | Refused]:
        """Judge events and deliver those that pass.

        Args:
            visit: The request that they came with.
            events: The events as they were sent, or why they are none.
            batch: Whether they came as a batch.

        Returns:
            What became of each event, in order: drafts are taken.
        """
        digits = MANY_DIGITS if batch else self._digits
        outcomes: list[Draft | Refused] = []
        bundles: dict[tuple[str, str], Bundle] = {}
        for sent in events:
            outcome = self._judge(visit, sent, digits)
            if isinstance(outcome, Draft):
                place = outcome.destination.bucket, outcome.day
                if place in bundles:
                    bundles[place].drafts.append(outcome)
                elif len(bundles) < limits.BATCH_OBJECTS:
                    bundles[place] = Bundle(outcome.destination, outcome.day, [outcome])
                else:
                    outcome = Refused(Refusal.TOO_MANY_OBJECTS)
            outcomes.append(outcome)
        try:
            self._delivery.deliver(bundles.values(), visit)
        except Exception as error:  # noqa: BLE001 - what was acknowledged stays so
            visit.log.failure(error)
        finally:
            for what, fault in visit.faults:
                _report(what, fault, visit)
        _settle(outcomes, visit)
        return outcomes

    def _judge(self, visit: Visit, sent: Sent, digits: int) -> Draft | Refused:
        if isinstance(sent, Refused):
            return sent
        draft = Draft(sent, visit, digits)
        try:
            for step in self._steps:
                step(draft)
        except Refused as refused:
            return refused
        except Exception as error:  # noqa: BLE001 - it must not take the others with it
            visit.log.failure(error)
            return Refused(Refusal.INTERNAL)
        return draft


def _settle(outcomes: list[Draft | Refused], visit: Visit) -> None:
    """Put a refusal in the place of each draft that was not taken, and note all."""
    refusals: list[Refusal] = []
    for index, outcome in enumerate(outcomes):
        if isinstance(outcome, Draft):
            if outcome.is_taken:
                if outcome.salt_missing:
                    _count_missing_salt(outcome)
                continue
            # Nobody may hear that an event was taken unless someone said so.
            refused = outcome.refused or Refused(Refusal.INTERNAL)
            outcomes[index] = refused
        else:
            refused = outcome
        refusals.append(refused.refusal)
    if refusals:
        note_refusals(refusals, visit)


def note_refusals(refusals: Iterable[Refusal], visit: Visit) -> None:
    """Log and count refusals, those of one kind together."""
    for refusal, count in Counter(refusals).items():
        # Of an error of our own the log has more to say already.
        if refusal is not Refusal.INTERNAL:
            visit.log.refused(refusal, count)
        visit.meter.add(metrics.REFUSED, count, reason=refusal.label)


def _report(what: str, fault: StorageError, visit: Visit) -> None:
    visit.log.fault(fault, what)
    queue = what == "queue"
    visit.meter.add(metrics.QUEUE_FAULTS if queue else metrics.STORAGE_FAULTS)


def _count_missing_salt(draft: Draft) -> None:
    tenant = draft.destination.tenant
    name = tenant.name if tenant else None
    draft.visit.meter.add(metrics.MISSING_SALTS, tenant=name)

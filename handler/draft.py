"""An event on its way through the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .refusals import Refused
from .settings import Tenant
from .typed import Any, NamedTuple
from .visit import Visit

#: Hex digits of an id made here, where S3 tells that the id is taken: it is the key.
DIGITS = 8
#: Where it may not be the key: in a batch, or on the queue. Two of a second's events
#: that drew the same id would count as one, and of 64 bits no two are ever the same.
MANY_DIGITS = 16


class Taken(NamedTuple):
    """An event that S3 or the queue has acknowledged."""

    event_id: str
    bucket: str
    tenant: str | None
    """The tenant, where the client named that and not the bucket."""
    key: str | None
    """The key of its object; None: it is on the queue."""
    duplicate: bool
    """Whether it was there before."""


class Destination(NamedTuple):
    """Where an event goes, as the operator's settings have it."""

    bucket: str
    owner: str | None
    """The account that must own the bucket, where it is known."""
    tenant: Tenant | None
    """The registered tenant, where the bucket is one's."""
    named: bool
    """Whether the operator named the bucket in full; else it fits a pattern."""


_NOWHERE = Destination("", None, None, named=False)


class Draft:
    """What is known of one event so far; each step reads some and adds some.

    Args:
        sent: The event as the client sent it.
        visit: The request it came with.
        digits: Hex digits of an id that is made here.
    """

    __slots__ = (
        "day",
        "destination",
        "digits",
        "event_id",
        "id_is_ours",
        "outcome",
        "record",
        "salt_missing",
        "sent",
        "visit",
    )

    def __init__(
        self, sent: Mapping[str, Any], visit: Visit, digits: int = DIGITS
    ) -> None:
        self.sent = sent
        self.visit = visit
        self.destination = _NOWHERE
        """Where it goes, once a step has found it."""
        self.day = ""
        """The UTC day that it is stored under, `YYYY-MM-DD`."""
        self.event_id = ""
        self.id_is_ours = False
        """Whether the id was made here, so that another may be drawn."""
        self.salt_missing = False
        """Whether the address was left out for want of a salt."""
        self.digits = digits
        self.record: dict[str, Any] = {}
        """What will be stored, by column."""
        self.outcome: Taken | Refused | None = None
        """What became of it; None: it is on its way."""

    def take(self, key: str | None = None, *, duplicate: bool = False) -> None:
        """Note that the event is in its object, or on the queue."""
        # What the client named, and nothing else, is in the answer.
        tenant = self.sent.get("tenant")
        self.outcome = Taken(
            self.event_id, self.destination.bucket, tenant, key, duplicate
        )


#: A step of the pipeline: it changes the draft or raises `Refused`.
Step = Callable[[Draft], None]

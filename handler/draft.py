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


class Draft:
    """What is known of one event so far; each step reads some and adds some.

    Args:
        sent: The event as the client sent it.
        visit: The request it came with.
        digits: Hex digits of an id that is made here.
    """

    __slots__ = (
        "bucket",
        "day",
        "digits",
        "event_id",
        "id_is_ours",
        "named",
        "outcome",
        "owner",
        "record",
        "salt_missing",
        "sent",
        "tenant",
        "visit",
    )

    def __init__(
        self, sent: Mapping[str, Any], visit: Visit, digits: int = DIGITS
    ) -> None:
        self.sent = sent
        self.visit = visit
        self.bucket = ""
        """The bucket it goes to; empty until a step has found it."""
        self.owner: str | None = None
        """The account that must own the bucket, where it is known."""
        self.tenant: Tenant | None = None
        """The registered tenant, where the bucket is one's."""
        self.named = False
        """Whether the operator named the bucket in full; else it fits a pattern."""
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
        named = self.sent.get("tenant") is not None
        tenant = self.tenant.name if self.tenant and named else None
        self.outcome = Taken(self.event_id, self.bucket, tenant, key, duplicate)


#: A step of the pipeline: it changes the draft or raises `Refused`.
Step = Callable[[Draft], None]

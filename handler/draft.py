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


class Destination(NamedTuple):
    """Where an event goes, as the operator's settings have it."""

    bucket: str
    owner: str | None
    """The account that must own the bucket, where it is known."""
    tenant: Tenant | None
    """The registered tenant, where the bucket is one's."""
    named: bool
    """Whether the operator named the bucket in full; else it fits a pattern."""


class Draft:
    """What is known of one event so far; each step reads some and adds some.

    Args:
        sent: The event as the client sent it.
        visit: The request it came with.
        digits: Hex digits of an id that is made here.
    """

    destination: Destination
    """Where it goes."""
    day: str
    """The UTC day that it is stored under, `YYYY-MM-DD`."""
    event_id: str
    event_type: str
    timestamp: str
    """When it happened, as it is stored."""
    page: str | None
    session: str | None
    referrer: str | None
    user_agent: str | None
    """The body's, or else the request's."""
    viewport: str
    """Its size, as JSON."""
    metadata: str | None
    """Everything else that was sent, as JSON."""
    device: str
    """What sent it, as JSON."""
    key: str | None
    """The key of its object, once it is taken; None: it is on the queue."""
    duplicate: bool
    """Whether it was there before, once it is taken."""

    # What nearly all have in common; one has no attribute of its own until it differs.
    id_is_ours = False
    """Whether the id was made here, so that another may be drawn."""
    client_timestamp = "null"
    """The time as sent, as JSON, where `timestamp` is a corrected one."""
    salt_missing = False
    """Whether the address was left out for want of a salt."""
    is_taken = False
    """Whether S3 or the queue has acknowledged it."""
    refused: Refused | None = None
    """Why it was refused after all, if it was."""

    def __init__(
        self, sent: Mapping[str, Any], visit: Visit, digits: int = DIGITS
    ) -> None:
        self.sent = sent
        self.visit = visit
        self.digits = digits

    @property
    def tenant(self) -> str | None:
        """The tenant, where the client named that and not the bucket."""
        return self.sent.get("tenant")


#: A step of the pipeline: it changes the draft or raises `Refused`.
Step = Callable[[Draft], None]

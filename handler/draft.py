"""An event on its way through the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .request import Request
from .settings import Tenant
from .storage import StorageError


class Draft:
    """What is known of one event so far; each step reads some and adds some.

    Args:
        sent: The event as the client sent it.
        request: The request it came with.
        received: When the function received it, UTC.
        deadline: The instant of the monotonic clock by which it must be answered.
    """

    __slots__ = (
        "bucket",
        "deadline",
        "event_id",
        "faults",
        "id_is_ours",
        "instant",
        "named",
        "owner",
        "received",
        "record",
        "request",
        "salt_missing",
        "sent",
        "tenant",
    )

    def __init__(
        self,
        sent: Mapping[str, Any],
        request: Request,
        received: datetime,
        deadline: float,
    ) -> None:
        self.sent = sent
        self.request = request
        self.received = received
        self.deadline = deadline
        self.bucket = ""
        """The bucket it goes to; empty until a step has found it."""
        self.owner: str | None = None
        """The account that must own the bucket, where it is known."""
        self.tenant: Tenant | None = None
        """The registered tenant, where the bucket is one's."""
        self.named = False
        """Whether the operator named the bucket in full; else it fits a pattern."""
        self.instant = received
        """The event's time as sent."""
        self.event_id = ""
        self.id_is_ours = False
        """Whether the id was made here, so that another may be drawn."""
        self.salt_missing = False
        """Whether the address was left out for want of a salt."""
        self.faults: list[tuple[str, StorageError]] = []
        """What the store failed at, `event` or `salt`, and how."""
        self.record: dict[str, object] = {}
        """What will be stored, by column."""


#: A step of the pipeline: it changes the draft or raises `Refused`.
Step = Callable[[Draft], None]

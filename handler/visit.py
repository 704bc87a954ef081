"""One request, and what all of its events share: found out once, for the first."""

from __future__ import annotations

from datetime import datetime, timezone

from . import limits, times
from .invocation import request_id
from .log import Emit, Log
from .metrics import Meter
from .request import Request
from .storage import StorageError
from .typed import Any


class Visit:
    """A request and its moment.

    Args:
        request: The request.
        seconds: When the function received it, seconds since the epoch.
        deadline: The instant of the monotonic clock by which it must be answered.
        meter: Where to count what happens.
        context: What Lambda passed beside the event.
        emit: Writes one line of the log.
    """

    # What is found out for the first event; one has no attribute of its own until then.
    device: str | None = None
    """The device by the request's headers, as JSON; None: not looked at yet."""
    location = ""
    """Where the request came from, as JSON, once `device` is known."""
    is_private: bool | None = None
    """Whether the browser asks not to be known; None: not looked at yet."""
    hash: str | None = None
    """The keyed hash of the address; None: not made yet, or not to be had."""

    def __init__(
        self,
        request: Request,
        seconds: float,
        deadline: float,
        meter: Meter,
        *,
        context: Any,
        emit: Emit,
    ) -> None:
        self.request = request
        self.seconds = seconds
        self.deadline = deadline
        self.meter = meter
        self._context = context
        self._emit = emit
        self.at = times.stamp_of(seconds)
        """That moment as it is stored."""
        self.day = self.at[:10]
        """The UTC day of receipt, `YYYY-MM-DD`."""
        user_agent = request.headers.get("user-agent")
        self.user_agent = user_agent and user_agent[: limits.TEXT_CHARS]
        """The request's user agent, cut to what is kept of it."""
        self.faults: list[tuple[str, StorageError]] = []
        """What failed, `event`, `salt` or `queue`, and how."""

    @property
    def received(self) -> datetime:
        """When the function received it, UTC."""
        return datetime.fromtimestamp(self.seconds, timezone.utc)

    @property
    def log(self) -> Log:
        """Where to note what happens, which is seldom anything."""
        return Log(self._emit, request_id(self._context), self.received)

    def note_salt_fault(self, error: StorageError) -> None:
        """Note that the store failed at the day's salt."""
        self.faults.append(("salt", error))

"""Structured logs: one JSON object a line, never an address, user agent or body.

What may be logged is what these functions take: labels of ours, a store's error code,
the place in the code where something went wrong. No text of a client's gets here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from . import times
from .refusals import Refusal
from .storage import StorageError

#: Writes one line.
Emit = Callable[[str], None]


class Log:
    """The log of one request.

    Args:
        emit: Writes one line.
        request_id: Lambda's id of the invocation.
        at: The time of the request, UTC, for Lambda's own log levels.
    """

    def __init__(self, emit: Emit, request_id: str, at: datetime) -> None:
        self._emit = emit
        self._request_id = request_id
        self._at = at

    def refused(self, refusal: Refusal, count: int = 1) -> None:
        """Note that a request or events were refused, and by which rule."""
        self._line(
            "INFO",
            "refused",
            reason=refusal.label,
            status=refusal.status,
            count=count,
        )

    def fault(self, error: StorageError, what: str) -> None:
        """Note that `what` failed: to store an `event` or a `salt`, or the `queue`."""
        self._line("WARN", "storage fault", what=what, detail=str(error))

    def unreadable(self, error: ValueError) -> None:
        """Note a message that cannot be read; the error quotes nothing of it."""
        self._line("ERROR", "unreadable message", detail=str(error))

    def unfinished(self, messages: int) -> None:
        """Note that time ran out before so many messages; they come again."""
        self._line("WARN", "out of time", messages=messages)

    def failure(self, error: BaseException) -> None:
        """Note an error of our own: its type and place, not its text.

        The text of an exception often quotes the value that caused it.
        """
        places = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            name = code.co_filename.rpartition("/")[2]
            places.append(f"{name}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        self._line("ERROR", "failure", type=type(error).__name__, places=places)

    def _line(self, level: str, message: str, **members: object) -> None:
        line = {
            "timestamp": times.stamp(self._at),
            "level": level,
            "message": message,
            "requestId": self._request_id,
            **members,
        }
        self._emit(json.dumps(line, separators=(",", ":")))

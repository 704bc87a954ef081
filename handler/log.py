"""Structured logs: one JSON object a line, never an address, user agent or body.

What may be logged is what these functions take: labels of ours, a store's error code,
the place in the code where something went wrong. No text of a client's gets here.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from .refusals import Refusal
from .storage import StorageError

#: Writes one line.
Emit = Callable[[str], None]


class Log:
    """The log of one request.

    Args:
        emit: Writes one line.
        request_id: Lambda's id of the invocation.
        at: The time of the request as it is stored, for Lambda's own log levels.
    """

    def __init__(self, emit: Emit, request_id: str, at: str) -> None:
        self._emit = emit
        self._request_id = request_id
        self._at = at

    def refused(self, refusal: Refusal) -> None:
        """Note that a request was refused, and by which rule."""
        self._line("INFO", "refused", reason=refusal.label, status=refusal.status)

    def fault(self, error: StorageError, what: str) -> None:
        """Note that a store failed at `what`: `event` or `salt`."""
        self._line("WARN", "storage fault", what=what, detail=str(error))

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
            "timestamp": self._at,
            "level": level,
            "message": message,
            "requestId": self._request_id,
            **members,
        }
        self._emit(json.dumps(line, separators=(",", ":")))

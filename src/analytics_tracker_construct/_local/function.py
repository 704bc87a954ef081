"""A function as Lambda runs it: instances that serve one request at a time."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .. import _handler  # noqa: F401  it makes the next import possible

if TYPE_CHECKING:
    from handler.app import make_app
    from handler.writer import make_writer
else:
    from ..handler.app import make_app
    from ..handler.writer import make_writer

__all__ = ["App", "Context", "Function", "make_app", "make_writer"]

App = Callable[[Mapping[str, Any], Any], dict[str, Any]]
"""The Lambda handler: an event and a context in, an answer out."""


class Context:
    """What Lambda tells a handler about its invocation, as far as a client may ask.

    Args:
        function_name: The function's name.
        timeout: Seconds that the invocation may take.
    """

    def __init__(self, function_name: str, timeout: float) -> None:
        self.function_name = function_name
        self.aws_request_id = secrets.token_hex(16)
        self._end = time.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation would be cut off."""
        return max(0, int((self._end - time.monotonic()) * 1000))


class Function:
    """A pool of instances, as many as there are requests at the same moment.

    Args:
        make: Starts one instance.
        name: The function's name.
        timeout: Seconds that one invocation may take.
    """

    def __init__(
        self, make: Callable[[], App], *, name: str, timeout: float = 10
    ) -> None:
        self._make = make
        self._name = name
        self._timeout = timeout
        self._idle: list[App] = []
        self._lock = threading.Lock()

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Pass one event to an idle instance, or to a new one.

        Returns:
            The answer, through JSON and back as Lambda returns it.

        Raises:
            Exception: What the handler raised, or that its answer is not JSON.
        """
        with self._lock:
            instance = self._idle.pop() if self._idle else None
        if instance is None:
            instance = self._make()
        try:
            answer = instance(event, Context(self._name, self._timeout))
            return dict(json.loads(json.dumps(answer)))
        finally:
            with self._lock:
                self._idle.append(instance)

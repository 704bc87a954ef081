"""The seam between the handler and the queue that events wait in.

In Lambda it is :class:`~handler.sqs.SqsQueue`; on a laptop it is a folder.
"""

from __future__ import annotations

from .typed import Protocol


class EventQueue(Protocol):
    """Somewhere that keeps messages until they are processed."""

    def send(self, body: str, *, deadline: float) -> None:
        """Put a message on the queue.

        Args:
            body: ASCII text, ``limits.MESSAGE_BYTES`` at most.
            deadline: The instant of ``time.monotonic()`` at which this call has
                returned or raised.

        Raises:
            StorageError: If the message may not be on the queue.
        """

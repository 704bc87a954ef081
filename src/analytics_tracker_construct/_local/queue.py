"""A folder as a queue: each message a file, delivered at least once, as by SQS."""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .._handler import limits, storage
from . import files

#: The queue's folder below the data folder. No bucket's name has a dot.
QUEUE = ".queue"
#: Deliveries after which a message is kept with the dead letters: fewer than deployed,
#: since here nobody waits for hours.
MAX_RECEIVES = 5
#: Seconds for which a message that was received is not delivered again.
VISIBILITY = 30.0

# When it was sent, nanoseconds; what tells it from others; how often it was received.
_NAME = re.compile(r"(\d{20}-[0-9a-f]{16})\.(\d+)")


class Received(NamedTuple):
    """One delivery of a message."""

    id: str
    body: str
    receives: int
    """How often it was delivered, this time included."""
    sent: int
    """Milliseconds since the epoch."""
    path: Path
    """Where it waits to be deleted."""


class FolderQueue:
    """An :class:`~handler.queues.EventQueue` in a folder, and its other end.

    A message is a file whose time of change is when it may be delivered (again), so
    that processes which share the folder share what is under way. One that starts
    makes every message deliverable: whoever had it may have been killed.

    Args:
        root: The folder; it is made if it is not there.
        visibility: Seconds for which a message that was received is not delivered
            again.
            Default: `VISIBILITY`.

    Raises:
        OSError: If the folder cannot be written.
    """

    def __init__(self, root: Path, *, visibility: float = VISIBILITY) -> None:
        self.messages = root / "messages"
        """Where messages wait. A file that is moved here is delivered."""
        self.dead = root / "dead"
        """Where messages are kept that were delivered too often."""
        for folder in (self.messages, self.dead):
            files.make_folder(folder)
        self._incoming = files.Nameless(root / "incoming")
        self._visibility = visibility
        self._sent = threading.Event()
        for path, _, _ in self._waiting():
            with suppress(FileNotFoundError):
                os.utime(path, (0, 0))

    def send(self, body: str, *, deadline: float) -> None:
        """Put a message on the queue; see the protocol."""
        if len(body) > limits.MESSAGE_BYTES:
            raise storage.StorageError(storage.Fault.REFUSED, "message too long")
        name = f"{time.time_ns():020}-{secrets.token_hex(8)}.0"
        with files.faults(), self._incoming.file(body.encode("ascii")) as path:
            files.check(deadline)
            files.make_folder(self.messages)
            path.replace(self.messages / name)
            files.flush_folder(self.messages)
        self._sent.set()

    def wait(self, seconds: float) -> None:
        """Return when something is sent here, or after so many seconds."""
        self._sent.wait(seconds)
        self._sent.clear()

    def wake(self) -> None:
        """End a wait."""
        self._sent.set()

    def ready(self) -> bool:
        """Whether there is a message that may be delivered."""
        now = time.time()
        for path, _, _ in self._waiting():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime <= now:
                    return True
        return False

    def receive(self, count: int, size: int) -> list[Received]:
        """Return messages that may be delivered, the oldest first.

        Args:
            count: At most so many.
            size: At most so many bytes of them, but one in any case.
        """
        now = time.time()
        out: list[Received] = []
        for path, id_, receives in self._waiting():
            if len(out) >= count or size <= 0:
                break
            # Another process may be faster, and a fault of the disk is tried again.
            with suppress(OSError):
                if path.stat().st_mtime > now:
                    continue
                if receives >= MAX_RECEIVES:
                    files.make_folder(self.dead)
                    # Under this name it may be moved back, to be tried again.
                    path.replace(self.dead / f"{id_}.0")
                    continue
                os.utime(path, (now, now + self._visibility))
                taken = path.replace(self.messages / f"{id_}.{receives + 1}")
                body = taken.read_text("ascii", errors="replace")
                sent = int(id_[:20]) // 1_000_000
                out.append(Received(id_, body, receives + 1, sent, taken))
                size -= len(body)
        return out

    def delete(self, message: Received) -> None:
        """Remove a message that was processed."""
        message.path.unlink(missing_ok=True)

    def _waiting(self) -> Iterator[tuple[Path, str, int]]:
        """Yield the messages, the oldest first: file, id, times received."""
        try:
            names = os.listdir(self.messages)  # noqa: PTH208  names sort fast
        except FileNotFoundError:
            # Who sends a message makes the folder again.
            return
        for name in sorted(names):
            match = _NAME.fullmatch(name)
            if match:
                yield self.messages / name, match[1], int(match[2])

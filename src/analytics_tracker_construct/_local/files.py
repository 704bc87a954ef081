"""Files that are whole and on disk before they have their names."""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .._handler import storage

#: Seconds after which a file without a name belongs to a process that was killed.
_STALE = 3600


class Nameless:
    """A folder of files that have no names yet.

    Args:
        folder: The folder; it is made if it is not there, also when somebody has
            removed it later, and what killed processes left half written is removed.

    Raises:
        OSError: If the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        before = time.time() - _STALE
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()

    @contextmanager
    def file(self, body: bytes) -> Iterator[Path]:
        """Yield a file that is on disk; it is gone at the end unless it was moved."""
        path = self._folder / secrets.token_hex(16)
        try:
            make_folder(self._folder)
            with path.open("xb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            yield path
        finally:
            path.unlink(missing_ok=True)


def check(deadline: float) -> None:
    """Raise a fault if the deadline has passed."""
    if time.monotonic() > deadline:
        raise storage.StorageError(storage.Fault.UNAVAILABLE, "deadline")


@contextmanager
def faults(
    absent: storage.Fault = storage.Fault.UNAVAILABLE,
) -> Iterator[None]:
    """Raise what the disk reports as what a store reports.

    Args:
        absent: What it is that a file is not there. What is written makes its folders,
            so that somebody has just removed one, and the next attempt makes it again.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise storage.StorageError(absent, "ENOENT") from error
    except PermissionError as error:
        raise storage.StorageError(storage.Fault.REFUSED, _code(error)) from error
    except OSError as error:
        raise storage.StorageError(storage.Fault.UNAVAILABLE, _code(error)) from error


def make_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it, each name on disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """Put the names in a folder on disk, where the system has a way to."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _code(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "OSError")

"""A folder as an object store: `<root>/<bucket>/<key>`, each object whole or absent."""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .._handler import storage

#: Where objects are written before they get their names. No bucket's name has a dot,
#: so neither a request nor a query can reach it.
INCOMING = ".incoming"

_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]*")
#: Names in a key that a file system could take for something else are refused.
_SEGMENT = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9_=.-]*")
#: Seconds after which a file in `INCOMING` belongs to a process that was killed.
_STALE = 3600


class FolderStore:
    """An :class:`~handler.storage.ObjectStore` in a folder.

    An object appears under its name complete and on disk, or not at all: it is written
    aside, flushed, and then linked to its name, which fails where the name is taken.
    Buckets are made when they are first written to. Where the file system folds case,
    two keys that differ in nothing else are one object.

    Args:
        root: The folder; it is made if it is not there.

    Raises:
        OSError: If the folder cannot be written, or has no hard links.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / INCOMING
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._sweep()
        with self._aside(b"") as probe:
            linked = probe.with_suffix(".probe")
            os.link(probe, linked)
            linked.unlink()

    def put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        deadline: float,
        content_type: str,  # noqa: ARG002  a file has no media type
        content_encoding: str | None = None,  # noqa: ARG002  its name tells it
        owner: str | None = None,  # noqa: ARG002  there are no accounts here
        acl: str | None = None,  # noqa: ARG002  nor ACLs
    ) -> storage.Put:
        """Write an object unless its key is taken; see the protocol."""
        path = self._path(bucket, key)
        with _faults(), self._aside(body) as aside:
            _make_folder(path.parent)
            _check(deadline)
            try:
                os.link(aside, path)
            except FileExistsError:
                return storage.Put(storage.Outcome.EXISTED)
            _flush_folder(path.parent)
        return storage.Put(storage.Outcome.STORED)

    def get(
        self,
        bucket: str,
        key: str,
        *,
        deadline: float,
        owner: str | None = None,  # noqa: ARG002  there are no accounts here
    ) -> bytes:
        """Read an object; see the protocol."""
        path = self._path(bucket, key)
        _check(deadline)
        with _faults():
            return path.read_bytes()

    def delete(
        self,
        bucket: str,
        key: str,
        *,
        deadline: float,
        owner: str | None = None,  # noqa: ARG002  there are no accounts here
    ) -> None:
        """Remove an object; see the protocol."""
        path = self._path(bucket, key)
        _check(deadline)
        with _faults():
            path.unlink(missing_ok=True)

    def _path(self, bucket: str, key: str) -> Path:
        segments = key.split("/")
        if not _BUCKET.fullmatch(bucket) or not all(map(_SEGMENT.fullmatch, segments)):
            raise storage.StorageError(storage.Fault.REFUSED, "not a name for a file")
        return self.root.joinpath(bucket, *segments)

    @contextmanager
    def _aside(self, body: bytes) -> Iterator[Path]:
        path = self._incoming / secrets.token_hex(16)
        try:
            with path.open("xb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what killed processes left half written."""
        before = time.time() - _STALE
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise storage.StorageError(storage.Fault.UNAVAILABLE, "deadline")


@contextmanager
def _faults() -> Iterator[None]:
    """Raise what the disk reports as what a store reports."""
    try:
        yield
    except FileNotFoundError as error:
        raise storage.StorageError(storage.Fault.MISSING, "ENOENT") from error
    except PermissionError as error:
        raise storage.StorageError(storage.Fault.REFUSED, _code(error)) from error
    except OSError as error:
        raise storage.StorageError(storage.Fault.UNAVAILABLE, _code(error)) from error


def _code(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "OSError")


def _make_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it, each name on disk."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush_folder(folder.parent)


def _flush_folder(folder: Path) -> None:
    """Put the names in a folder on disk, where the system has a way to."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

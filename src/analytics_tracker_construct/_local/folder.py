"""A folder as an object store: `<root>/<bucket>/<key>`, each object whole or absent."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .._handler import storage
from . import files

#: Where objects are written before they get their names. No bucket's name has a dot,
#: so neither a request nor a query can reach it.
INCOMING = ".incoming"

_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]*")
#: Names in a key that a file system could take for something else are refused.
_SEGMENT = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9_=.-]*")


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
        self._incoming = files.Nameless(root / INCOMING)
        with self._incoming.file(b"") as probe:
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
        with files.faults(), self._incoming.file(body) as aside:
            files.make_folder(path.parent)
            files.check(deadline)
            try:
                os.link(aside, path)
            except FileExistsError:
                return storage.Put(storage.Outcome.EXISTED)
            files.flush_folder(path.parent)
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
        files.check(deadline)
        with files.faults(storage.Fault.MISSING):
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
        files.check(deadline)
        with files.faults():
            path.unlink(missing_ok=True)

    def _path(self, bucket: str, key: str) -> Path:
        segments = key.split("/")
        if not _BUCKET.fullmatch(bucket) or not all(map(_SEGMENT.fullmatch, segments)):
            raise storage.StorageError(storage.Fault.REFUSED, "not a name for a file")
        return self.root.joinpath(bucket, *segments)

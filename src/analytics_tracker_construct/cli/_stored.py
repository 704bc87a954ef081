"""Stored objects that have certain events: what is done with them, and that here."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from .._local import files
from .._local.folder import INCOMING
from .._query import folder
from .._query.local import DuckDbEngine
from .._sql import tables
from ._aws import ends_all
from ._errors import CommandError
from ._selection import Selection
from ._versions import WORKERS


class Found(NamedTuple):
    """An object with events that are meant."""

    place: str
    """Its file, or its address `s3://BUCKET/KEY`."""
    events: int
    """Stored lines with such an event."""
    is_earlier: bool = False
    """Whether earlier versions of it have them, and it has none itself."""


class Failed(NamedTuple):
    """An object that could not be read, or not written."""

    place: str
    why: str


class Stored(Protocol):
    """A tenant's objects."""

    def find(
        self, selection: Selection, first: date, last: date
    ) -> tuple[list[Found], list[Failed]]:
        """Return the objects of these UTC days that have such events.

        Returns:
            And those that cannot be read.
        """

    def erase(self, found: Found, selection: Selection) -> int:
        """Write an object anew without such events, or remove it if none is left.

        Returns:
            Events that were erased.

        Raises:
            CommandError: If it cannot be done; the object is as it was, or only earlier
                versions of it are left, which are found again.
        """


class StoredHere:
    """A tenant's objects in a data folder.

    Args:
        engine: What knows the folder.
        tenant: The tenant, or the bucket.
    """

    def __init__(self, engine: DuckDbEngine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant

    def find(
        self, selection: Selection, first: date, last: date
    ) -> tuple[list[Found], list[Failed]]:
        """See the protocol.

        Raises:
            ValueError: If there is no such tenant.
        """
        folder.check_tenant(
            self._engine.data_folder, self._tenant, self._engine.tenants()
        )
        above = self._engine.data_folder / self._tenant
        return looked(
            (str(path), partial(_count_in, path, selection))
            for day in self._engine.days(self._tenant)
            if first <= day <= last
            for path in sorted((above / tables.folder_of(day)).iterdir())
            if path.name.endswith((".json", ".json.gz"))
        )

    def erase(self, found: Found, selection: Selection) -> int:
        """See the protocol."""
        path = Path(found.place)
        try:
            left, events = without(path.read_bytes(), path.name, selection)
            if not events:
                return 0
            if left is None:
                path.unlink()
            else:
                incoming = files.Nameless(self._engine.data_folder / INCOMING)
                with incoming.file(left) as aside:
                    aside.replace(path)
            files.flush_folder(path.parent)
        except OSError as error:
            raise CommandError(str(error.strerror or error)) from None
        return events


def looked(
    places: Iterable[tuple[str, Callable[[], int]]],
) -> tuple[list[Found], list[Failed]]:
    """Return those places where events were counted, and those that cannot be read."""
    found: list[Found] = []
    failed: list[Failed] = []

    def look(given: tuple[str, Callable[[], int]]) -> tuple[str, int | CommandError]:
        place, count = given
        try:
            return place, count()
        except CommandError as error:
            if ends_all(error):
                raise
            return place, error

    with ThreadPoolExecutor(WORKERS) as pool:
        for place, events in pool.map(look, places):
            if isinstance(events, CommandError):
                failed.append(Failed(place, str(events)))
            elif events:
                found.append(Found(place, events))
    return found, failed


def _count_in(path: Path, selection: Selection) -> int:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise CommandError(f"it cannot be read: {error.strerror or error}") from None
    return without(body, path.name, selection)[1]


def without(body: bytes, name: str, selection: Selection) -> tuple[bytes | None, int]:
    """Return an object without such events, and how many those are.

    Args:
        body: The object as it is stored.
        name: Its name, which tells whether it is compressed.
        selection: Which events.

    Returns:
        None in place of the object if nothing is left.

    Raises:
        CommandError: If it cannot be read.
    """
    is_packed = name.endswith(".gz")
    try:
        lines = (gzip.decompress(body) if is_packed else body).split(b"\n")
    except (OSError, EOFError, zlib.error) as error:
        raise CommandError(f"it is damaged: {error}") from None
    kept = [line for line in lines if not selection.holds(line)]
    events = len(lines) - len(kept)
    if not any(kept):
        return None, events
    left = b"\n".join(kept)
    # Without the time, so that the same lines are the same bytes.
    return (gzip.compress(left, mtime=0) if is_packed else left), events

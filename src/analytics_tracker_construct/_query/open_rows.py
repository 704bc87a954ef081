"""Results whose rows may still be read, so that reading them can be cancelled."""

from __future__ import annotations

import threading
from weakref import WeakSet

from .errors import QueryCancelled


class Reading:
    """Whether the rows of one result are still wanted.

    Args:
        query_id: Athena's id of the query, for the error.
    """

    def __init__(self, query_id: str | None = None) -> None:
        self._query_id = query_id
        self._unwanted = threading.Event()

    def cancel(self) -> None:
        """Let the next `check` raise."""
        self._unwanted.set()

    def check(self) -> None:
        """Go on, or not.

        Raises:
            QueryCancelled: If the rows are not wanted any more.
        """
        if self._unwanted.is_set():
            raise QueryCancelled(
                "the query was cancelled while its rows were read", self._query_id
            )


class OpenRows:
    """What an engine remembers of the results that it returned; none is kept alive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: WeakSet[Reading] = WeakSet()

    def begin(self, query_id: str | None = None) -> Reading:
        """Return what the rows of a new result ask before each block."""
        reading = Reading(query_id)
        with self._lock:
            self._readings.add(reading)
        return reading

    def cancel(self) -> None:
        """End the reading of every result; what is read afterwards is an error."""
        with self._lock:
            readings = list(self._readings)
        for reading in readings:
            reading.cancel()

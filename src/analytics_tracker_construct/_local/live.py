"""What the live page shows: counts, the last events and totals, as they change."""

from __future__ import annotations

import gzip
import json
import threading
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from .._handler import columns, message, queues, storage
from . import answers

#: Events that the page lists.
RECENT = 50
#: Minutes that the page draws.
MINUTES = 60
#: What becomes of an event. One that is queued is stored later, and then counts again.
OUTCOMES = ("stored", "queued", "duplicate", "refused")


class Entry(NamedTuple):
    """One line of the list: an event, or a refusal."""

    at: float
    """Seconds since the epoch."""
    outcome: str
    """One of `OUTCOMES`."""
    bucket: str = ""
    type: str = ""
    page: str = ""
    device: str = ""
    event_id: str = ""
    reason: str = ""


class Live:
    """Counts what passes; any thread may call any method.

    Args:
        totals: Events that each bucket's folder held before.
        heard: Called with each new entry, one at a time.
    """

    def __init__(
        self,
        totals: dict[str, int] | None = None,
        heard: Callable[[Entry], None] | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._heard = heard
        self._version = 0
        self._counts: Counter[str] = Counter()
        self._refusals: Counter[answers.Refusal] = Counter()
        self._totals: Counter[str] = Counter(totals or {})
        self._minutes: dict[int, Counter[str]] = {}
        self._recent: deque[Entry] = deque(maxlen=RECENT)

    def stored(self, bucket: str, key: str, body: bytes) -> None:
        """Note an object that was written."""
        now = time.time()
        for row in _rows(key, body):
            self._add(_entry(now, "stored", bucket, row))

    def queued(self, body: str) -> None:
        """Note a message that was put on the queue."""
        now = time.time()
        sent = message.decode(body)
        for row in _rows("", sent.plain()):
            self._add(_entry(now, "queued", sent.bucket, row))

    def answered(self, status: int, body: bytes) -> None:
        """Note what an answer says beyond what was stored and queued."""
        answer = answers.read(status, body)
        if answer is None:
            return
        now = time.time()
        for _ in range(answer.duplicate):
            self._add(Entry(now, "duplicate", event_id=answer.event_id or ""))
        for refusal in answer.refused:
            self.refused(refusal)

    def refused(self, refusal: answers.Refusal) -> None:
        """Note an event that was refused."""
        reason = f"{refusal.status} {refusal.error}: {refusal.message}"
        self._add(Entry(time.time(), "refused", reason=reason), refusal)

    def state(self) -> dict[str, Any]:
        """Everything that the page shows, as JSON."""
        with self._lock:
            now = int(time.time()) // 60
            spans = range(now - MINUTES + 1, now + 1)
            empty: Counter[str] = Counter()
            return {
                "version": self._version,
                "counts": {outcome: self._counts[outcome] for outcome in OUTCOMES},
                "refusals": [
                    {**reason._asdict(), "count": count}
                    for reason, count in self._refusals.most_common()
                ],
                "buckets": dict(sorted(self._totals.items())),
                "minutes": [
                    {"at": minute * 60, **self._minutes.get(minute, empty)}
                    for minute in spans
                ],
                "recent": [entry._asdict() for entry in reversed(self._recent)],
            }

    def _add(self, entry: Entry, refusal: answers.Refusal | None = None) -> None:
        with self._lock:
            self._version += 1
            self._counts[entry.outcome] += 1
            if entry.outcome == "stored":
                self._totals[entry.bucket] += 1
            if refusal:
                self._refusals[refusal] += 1
            minute = int(entry.at) // 60
            if minute not in self._minutes:
                kept = sorted(self._minutes)[-MINUTES:]
                self._minutes = {m: self._minutes[m] for m in kept}
                self._minutes[minute] = Counter()
            self._minutes[minute][entry.outcome] += 1
            self._recent.append(entry)
            if self._heard:
                self._heard(entry)


class WatchedStore:
    """An object store that tells a :class:`Live` of each event that it stored.

    Args:
        store: Where objects go.
        live: What is told.
    """

    def __init__(self, store: storage.ObjectStore, live: Live) -> None:
        self._live = live
        self._store = store
        self.get = store.get
        self.delete = store.delete

    def put(self, bucket: str, key: str, body: bytes, **options: Any) -> storage.Put:
        """Write an object unless its key is taken; see the protocol."""
        put = self._store.put(bucket, key, body, **options)
        if put.outcome is storage.Outcome.STORED and key.startswith(columns.PREFIX):
            self._live.stored(bucket, key, body)
        return put


class WatchedQueue:
    """A queue that tells a :class:`Live` of each event that was put on it.

    Args:
        queue: Where messages go.
        live: What is told.
    """

    def __init__(self, queue: queues.EventQueue, live: Live) -> None:
        self._live = live
        self._queue = queue

    def send(self, body: str, *, deadline: float) -> None:
        """Put a message on the queue; see the protocol."""
        self._queue.send(body, deadline=deadline)
        self._live.queued(body)


def totals(root: Path) -> dict[str, int]:
    """Return the number of stored lines in each bucket's folder."""
    found: Counter[str] = Counter()
    for folder in root.glob("*/" + columns.PREFIX.rstrip("/")):
        bucket = folder.parent.name
        found[bucket] += sum(1 for _ in folder.glob("*/*/*/*.json"))
        for path in folder.glob("*/*/*/*.json.gz"):
            found[bucket] += _lines(path)
    return dict(found)


def _lines(path: Path) -> int:
    """Return how many lines an object has; of a broken one, how many can be read."""
    count = 0
    with suppress(EOFError, zlib.error, gzip.BadGzipFile), gzip.open(path) as file:
        for line in file:
            count += not line.isspace()
    return count


def _rows(key: str, body: bytes) -> list[Any]:
    text = gzip.decompress(body) if key.endswith(".gz") else body
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _entry(now: float, outcome: str, bucket: str, row: dict[str, Any]) -> Entry:
    device = row.get("device") or {}
    parts = [device.get("device_type"), device.get("browser"), device.get("os")]
    named = "bot" if device.get("is_bot") else " · ".join(p for p in parts if p)
    return Entry(
        now,
        outcome,
        bucket,
        str(row.get("eventType") or ""),
        str(row.get("page") or ""),
        named,
        str(row.get("eventId") or ""),
    )

"""What was sent, what was answered, and what must therefore be stored."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from handler import lake, privacy
from handler.app import make_app
from handler.mac import Mac
from handler.message import decode

from ..handler.fakes import ADDRESS, Context, MemoryStore
from .world import World


class Event:
    """One event of a client's, however often it is sent.

    Args:
        tag: What its metadata tell it from others by.
        sent: Its members.
        valid: Whether it may be taken at all.
    """

    def __init__(self, tag: int, sent: Any, *, valid: bool) -> None:
        self.tag = tag
        self.sent = sent
        self.valid = valid
        self.id: str | None = sent.get("eventId") if isinstance(sent, dict) else None
        self.ids: set[str] = set()
        """The ids that it was acknowledged under."""
        self.times = 0
        """How often it was sent."""
        self.stored_once = True
        """Whether nothing was met that may store it twice."""
        self.alone = True
        """Whether it was always sent alone."""
        self.waited = False
        """Whether it was ever on the queue."""
        self.made: dict[str, Place] = {}
        """What the function makes of it, by the time of receipt."""

    @property
    def accepted(self) -> bool:
        return bool(self.ids)

    @property
    def is_in_one_line(self) -> bool:
        """Whether it must be stored once, though queries would not tell."""
        by_key = self.id is not None and self.alone and not self.waited
        return self.valid and (self.stored_once or by_key)


class Place(NamedTuple):
    """A stored or queued line, and where it is."""

    within: object
    """The object or message that it is in."""
    bucket: str
    day: str
    """The day, `YYYY-MM-DD`."""
    line: bytes
    record: dict[str, Any]
    id: str
    tag: int


class Ledger:
    """Remembers every event, and finds it again.

    Args:
        world: Where events go.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.events: list[Event] = []
        self._salts: dict[str, bytes] = {}
        self._read: dict[object, list[Place]] = {}
        self._numbers = itertools.count()

    def add(self, sent: Any, *, valid: bool = True, bulk: str = "") -> Event:
        """Return a new event; its metadata tell it from others."""
        tag = len(self.events)
        if isinstance(sent, dict):
            sent = {**sent, "metadata": {"tag": tag, "bulk": bulk}}
        event = Event(tag, sent, valid=valid)
        self.events.append(event)
        return event

    def note(self, request: Mapping[str, Any]) -> None:
        """Note what the function makes of a request's events, were there no faults.

        Without a salt, so that addresses are left out.
        """
        store = MemoryStore()
        app = make_app(
            self._world.settings._replace(salt_bucket=None, buffered=False),
            store,
            now=self._world.clock.now,
            monotonic=self._world.clock.monotonic,
            entropy=lambda size: next(self._numbers).to_bytes(size, "big"),
            emit=lambda _: None,
        )
        app(request, Context())
        for (bucket, key), body in store.objects.items():
            for place in _places(None, bucket, key, body):
                self.events[place.tag].made[place.record["serverTimestamp"]] = place

    def note_salts(self) -> None:
        """Note the salts that there are; old ones are removed in time."""
        for (bucket, key), body in self._world.objects().items():
            if bucket == "salts":
                salt = self._salts.setdefault(key, body)
                assert salt == body, "a salt has changed"

    def stored(self) -> Iterator[Place]:
        """Yield every stored line, once compared with what the function makes."""
        for (bucket, key), body in self._world.objects().items():
            if bucket != "salts":
                yield from self._compared((bucket, key), bucket, key, body)

    def queued(self) -> Iterator[Place]:
        """Yield every line on the queue and among the dead letters."""
        for message in (*self._world.queue, *self._world.dead):
            if message.id not in self._read:
                read = decode(message.body)
                key = lake.key_of(read.day, "queued.json")
                self._compared(message.id, read.bucket, key, read.plain())
            yield from self._read[message.id]

    def _compared(
        self, name: object, bucket: str, key: str, body: bytes
    ) -> list[Place]:
        # Objects and messages do not change once they are there.
        if name not in self._read:
            self._read[name] = list(_places(name, bucket, key, body))
            for place in self._read[name]:
                self._compare(place)
        return self._read[name]

    def _compare(self, place: Place) -> None:
        received = place.record["serverTimestamp"]
        event = self.events[place.tag]
        made = event.made[received]
        assert (place.bucket, place.day) == (made.bucket, made.day)
        assert event.id in (None, place.id)
        address = place.record["ip"]
        if address is not None:
            salt = self._salts[f"salts/{received[:10]}"]
            assert address == privacy.hash_address(ADDRESS, Mac(salt))
        whole = {**made.record, "eventId": place.id, "ip": address}
        assert place.line == _encoded(whole)
        assert made.line == _encoded(made.record)


def _places(name: object, bucket: str, key: str, body: bytes) -> Iterator[Place]:
    lines = gzip.decompress(body) if key.endswith(".gz") else body
    assert lines.endswith(b"\n")
    day = "-".join(part.partition("=")[2] for part in key.split("/")[1:4])
    for line in lines.split(b"\n")[:-1]:
        record = json.loads(line)
        tag = json.loads(record["metadata"])["tag"]
        yield Place(name, bucket, day, line, record, record["eventId"], tag)


def _encoded(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()

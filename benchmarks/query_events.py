"""A month of events as the function stores them, in several layouts.

One day is sent through the function; the other days are that day with its date and its
ids changed, so that a million events take seconds to make.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

from handler.app import make_app
from handler.settings import Settings, Tenant
from tests.handler.fakes import Clock, Context, MemoryStore, lines_of, rest

from . import load

FIRST = date(2026, 3, 2)
DAYS = 30
#: Events of one object of the writer's: what one invocation brings at most.
BATCH = 10_000
_SALTS = "tracker-salts"


class Stored(NamedTuple):
    """One object."""

    key: str
    body: bytes


def day_of(number: int) -> list[bytes]:
    """Return the lines of the first day, through the function."""
    end = datetime.combine(FIRST + timedelta(days=1), datetime.min.time(), timezone.utc)
    clock = Clock(end)
    store = MemoryStore(clock)
    settings = Settings(tenants={"all": Tenant("all", "events")}, salt_bucket=_SALTS)
    app = make_app(settings, store, now=clock.now, emit=lambda _: None)
    for event in load.events(number, end):
        sent = {**event.sent, "tenant": "all"}
        sent.pop("bucket", None)
        request: dict[str, Any] = rest(sent, headers=event.headers)
        request["requestContext"]["identity"]["sourceIp"] = _address(sent)
        reply = app(request, Context())
        if reply["statusCode"] != 200:
            raise RuntimeError(f"the function refused {sent}: {reply}")
    return [
        line
        for (bucket, key), body in store.objects.items()
        if bucket == "events"
        for line in lines_of(key, body)
    ]


def days(lines: list[bytes]) -> Iterator[tuple[date, list[bytes]]]:
    """Yield each day of the month and its lines."""
    told = str(FIRST).encode()
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        start, own = b'"eventId":"', f'"eventId":"d{number:02}-'.encode()
        yield (
            day,
            [
                line.replace(told, str(day).encode()).replace(start, own, 1)
                for line in lines
            ],
        )


def alone(day: date, lines: list[bytes]) -> Iterator[Stored]:
    """Yield objects of one event, as delivery DIRECT stores them."""
    for number, line in enumerate(lines):
        yield Stored(f"{_folder(day)}event-{number:06}.json", line + b"\n")


def batched(day: date, lines: list[bytes]) -> Iterator[Stored]:
    """Yield gzipped objects of up to 10,000 events, as BUFFERED stores them."""
    for start in range(0, len(lines), BATCH):
        body = b"".join(line + b"\n" for line in lines[start:][:BATCH])
        name = f"batch-{start:06}.json.gz"
        yield Stored(f"{_folder(day)}{name}", gzip.compress(body, 6, mtime=0))


def _folder(day: date) -> str:
    return f"analytics/year={day:%Y}/month={day:%m}/day={day:%d}/"


def _address(sent: dict[str, Any]) -> str:
    """Return an address for each session: the day's visitors differ."""
    number = zlib.crc32(str(sent.get("sessionId")).encode()) & 0xFFFF
    return f"198.51.{number >> 8}.{number & 255}"

"""A store and a queue in memory, a clock to turn by hand, and events to send."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

from handler import lake, limits
from handler.message import Message, decode, encode
from handler.storage import Fault, Outcome, Put, StorageError

NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=timezone.utc)
IDS = [f"event-{number:04}" for number in range(600)]
ADDRESS = "203.0.113.77"
USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


class MemoryStore:
    """Objects in a dict, written once each; faults as a test scripts them."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.calls: list[tuple[str, str, str, dict[str, Any]]] = []
        self.faults: dict[str, Fault | StorageError] = {}
        """What a bucket, or `put <bucket>` and its like, fails with."""
        self.uncertain = False
        self.loses_answers = False
        """Whether writes are done and nobody hears of it."""
        self.seconds = 0.0
        """How long a call takes."""
        self._clock = clock or Clock()

    def put(self, bucket: str, key: str, body: bytes, **options: Any) -> Put:
        """Write unless the key is taken."""
        self._note("put", bucket, key, options)
        existed = (bucket, key) in self.objects
        self.objects.setdefault((bucket, key), body)
        if self.loses_answers:
            raise StorageError(Fault.UNAVAILABLE, "scripted")
        outcome = Outcome.EXISTED if existed else Outcome.STORED
        return Put(outcome, self.uncertain)

    def get(self, bucket: str, key: str, **options: Any) -> bytes:
        """Read."""
        self._note("get", bucket, key, options)
        return self.objects[bucket, key]

    def delete(self, bucket: str, key: str, **options: Any) -> None:
        """Remove."""
        self._note("delete", bucket, key, options)
        self.objects.pop((bucket, key), None)

    def keys_of(self, bucket: str = "website-analytics") -> list[str]:
        """The keys of a bucket's objects with events."""
        return [
            key
            for name, key in self.objects
            if name == bucket and key.startswith("analytics/")
        ]

    def events(self, bucket: str = "website-analytics") -> list[dict[str, Any]]:
        """The stored events of a bucket, object by object."""
        return [
            json.loads(line)
            for key in self.keys_of(bucket)
            for line in lines_of(key, self.objects[bucket, key])
        ]

    def ids(self, bucket: str = "website-analytics") -> list[str]:
        """The ids of the stored events of a bucket."""
        return [event["eventId"] for event in self.events(bucket)]

    def puts(self, bucket: str = "website-analytics") -> list[dict[str, Any]]:
        """The options of each write to a bucket."""
        return [
            options
            for verb, name, _, options in self.calls
            if (verb, name) == ("put", bucket)
        ]

    def _note(self, verb: str, bucket: str, key: str, options: dict[str, Any]) -> None:
        self.calls.append((verb, bucket, key, options))
        self._clock.advance(self.seconds)
        fault = self.faults.get(bucket) or self.faults.get(f"{verb} {bucket}")
        if isinstance(fault, Fault):
            fault = StorageError(fault, "scripted")
        if fault:
            raise fault


class MemoryQueue:
    """Messages in a list; faults as a test scripts them."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.bodies: list[str] = []
        self.deadlines: list[float] = []
        self.faults: list[Fault | None] = []
        """What each send in turn fails with; the last goes on."""
        self.loses_answers = False
        """Whether messages are kept and nobody hears of it."""
        self.seconds = 0.0
        """How long a call takes."""
        self._clock = clock or Clock()

    def send(self, body: str, *, deadline: float) -> None:
        """Keep a message."""
        assert body.isascii()
        assert len(body) <= limits.MESSAGE_BYTES
        self.deadlines.append(deadline)
        self._clock.advance(self.seconds)
        fault = self.faults[0] if self.faults else None
        if len(self.faults) > 1:
            del self.faults[0]
        if fault:
            raise StorageError(fault, "scripted")
        self.bodies.append(body)
        if self.loses_answers:
            raise StorageError(Fault.UNAVAILABLE, "scripted")

    @property
    def messages(self) -> list[Message]:
        """The messages, read."""
        return [decode(body) for body in self.bodies]

    def events(self) -> list[dict[str, Any]]:
        """The events on the queue, message by message."""
        return [
            json.loads(line)
            for message in self.messages
            for line in message.plain().splitlines()
        ]


def lines_of(key: str, body: bytes) -> list[bytes]:
    """Return the lines of an object as readers see them."""
    lines = gzip.decompress(body) if key.endswith(".gz") else body
    assert lines.endswith(b"\n")
    # Not `splitlines`: other ends of lines may stand inside a line.
    return lines[:-1].split(b"\n")


def message_of(*ids: str, **changes: Any) -> str:
    """Return a message with events of these ids."""
    message = Message(
        bucket="website-analytics",
        day="2026-03-04",
        id=lake.object_id(ids),
        events=len(ids),
        lines=b"".join(b'{"eventId":"%s"}\n' % each.encode() for each in ids),
    )
    return encode(message._replace(**changes))


def records_of(bodies: Iterable[str]) -> dict[str, Any]:
    """Return what Lambda passes for messages of SQS; each has an id of its own."""
    return {
        "Records": [
            {"messageId": f"m-{index}", "body": body}
            for index, body in enumerate(bodies)
        ]
    }


class Clock:
    """Both clocks of a machine, turned by hand."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at.timestamp()
        self.uptime = 1000.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.at

    def monotonic(self) -> float:
        """Seconds since some start."""
        return self.uptime

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds
        self.uptime += seconds


class Context:
    """What Lambda passes beside the event."""

    aws_request_id = "8f6b8e2c-1f5a-4a8e-9b53-0c1f3c1f0a11"

    def __init__(self, milliseconds: int = 9000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left."""
        return self._milliseconds


def event_of(**changes: Any) -> dict[str, Any]:
    """Return a valid event; a change to None takes a member out."""
    members = {
        "bucket": "website-analytics",
        "eventType": "page_view",
        "timestamp": "2026-03-04T11:59:58.500Z",
        **changes,
    }
    return {name: value for name, value in members.items() if value is not None}


def events_of(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return valid events with ids of their own."""
    return [event_of(eventId=IDS[index], **changes) for index in range(count)]


def rest(
    body: Any = None,
    *,
    method: str = "POST",
    path: str = "/track",
    query: Mapping[str, str] | None = None,
    headers: dict[str, str] | None = None,
    base64_body: bool = False,
) -> dict[str, Any]:
    """Return an event of payload version 1.0."""
    text, encoded = _encode(body, base64_body)
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "queryStringParameters": dict(query) if query else None,
        "headers": {"User-Agent": USER_AGENT, **(headers or {})},
        "requestContext": {"identity": {"sourceIp": ADDRESS}, "stage": "prod"},
        "body": text,
        "isBase64Encoded": encoded,
    }


def http(
    body: Any = None,
    *,
    method: str = "POST",
    path: str = "/track",
    query: Mapping[str, str] | None = None,
    headers: dict[str, str] | None = None,
    base64_body: bool = False,
) -> dict[str, Any]:
    """Return an event of payload version 2.0."""
    text, encoded = _encode(body, base64_body)
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {"user-agent": USER_AGENT, **(headers or {})},
        "requestContext": {"http": {"method": method, "sourceIp": ADDRESS}},
        "body": text,
        "isBase64Encoded": encoded,
    }


def _encode(body: Any, base64_body: bool) -> tuple[str | None, bool]:
    if body is None:
        return None, False
    raw = body if isinstance(body, (str, bytes)) else json.dumps(body)
    if isinstance(raw, bytes) or base64_body:
        octets = raw.encode() if isinstance(raw, str) else raw
        return base64.b64encode(octets).decode(), True
    return raw, False

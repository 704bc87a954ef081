"""A store in memory, a clock to turn by hand, and API Gateway events to send."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any

from handler.storage import Fault, Outcome, Put, StorageError

NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=timezone.utc)
ADDRESS = "203.0.113.77"
USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


class MemoryStore:
    """Objects in a dict, written once each; faults as a test scripts them."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.calls: list[tuple[str, str, str, dict[str, Any]]] = []
        self.faults: dict[str, Fault] = {}
        self.uncertain = False

    def put(self, bucket: str, key: str, body: bytes, **options: Any) -> Put:
        """Write unless the key is taken."""
        self._note("put", bucket, key, options)
        if (bucket, key) in self.objects:
            return Put(Outcome.EXISTED, self.uncertain)
        self.objects[bucket, key] = body
        return Put(Outcome.STORED, self.uncertain)

    def get(self, bucket: str, key: str, **options: Any) -> bytes:
        """Read."""
        self._note("get", bucket, key, options)
        return self.objects[bucket, key]

    def delete(self, bucket: str, key: str, **options: Any) -> None:
        """Remove."""
        self._note("delete", bucket, key, options)
        self.objects.pop((bucket, key), None)

    def events(self, bucket: str = "website-analytics") -> list[dict[str, Any]]:
        """The stored events of a bucket."""
        return [
            json.loads(body)
            for (name, key), body in self.objects.items()
            if name == bucket and key.startswith("analytics/")
        ]

    def _note(self, verb: str, bucket: str, key: str, options: dict[str, Any]) -> None:
        self.calls.append((verb, bucket, key, options))
        fault = self.faults.get(bucket) or self.faults.get(f"{verb} {bucket}")
        if fault:
            raise StorageError(fault, "scripted")


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


def rest(
    body: Any = None,
    *,
    method: str = "POST",
    path: str = "/track",
    headers: dict[str, str] | None = None,
    base64_body: bool = False,
) -> dict[str, Any]:
    """Return an event of payload version 1.0."""
    text, encoded = _encode(body, base64_body)
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
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
    headers: dict[str, str] | None = None,
    base64_body: bool = False,
) -> dict[str, Any]:
    """Return an event of payload version 2.0."""
    text, encoded = _encode(body, base64_body)
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
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

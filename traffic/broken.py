"""Requests that the tracker must refuse, each with the reason that it must give."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from analytics_tracker_construct._handler import limits, refusals

Refusal = refusals.Refusal
Refused = refusals.Refused


class Broken(NamedTuple):
    """One way to be refused, and how often a day has it."""

    why: Refused
    body: bytes
    times: int
    headers: tuple[tuple[str, str], ...] = ()


def kinds(timestamp: str) -> list[Broken]:
    """Return every kind of refused request.

    Args:
        timestamp: The time that the events name.
    """
    good = {"tenant": "website", "eventType": "page_view", "timestamp": timestamp}

    def event(without: str = "", **changes: Any) -> bytes:
        document = {k: v for k, v in {**good, **changes}.items() if k != without}
        return json.dumps(document).encode()

    def bucket(name: str) -> bytes:
        return event(without="tenant", bucket=name)

    return [
        Broken(Refused(Refusal.BUCKET_FORBIDDEN), bucket("someone-elses-data"), 24),
        Broken(Refused(Refusal.BUCKET_FORBIDDEN), bucket("../../etc"), 6),
        Broken(Refused(Refusal.TENANT_FORBIDDEN), event(tenant="intranet"), 14),
        Broken(
            Refused(Refusal.ORIGIN_FORBIDDEN),
            event(tenant="shop"),
            11,
            (("Origin", "https://copycat.example"),),
        ),
        Broken(Refused(Refusal.BODY_NOT_JSON), event()[:-1], 9),
        Broken(Refused(Refusal.BODY_NOT_JSON), b"eventType=page_view&page=/", 4),
        Broken(Refused(Refusal.BODY_MISSING), b"", 3),
        Broken(Refused(Refusal.NOT_AN_OBJECT), b'"page_view"', 3),
        Broken(Refused(Refusal.BUCKET_MISSING), event(without="tenant"), 12),
        Broken(Refused(Refusal.EVENT_TYPE_MISSING), event(without="eventType"), 10),
        Broken(Refused(Refusal.TIMESTAMP_MISSING), event(without="timestamp"), 10),
        Broken(Refused(Refusal.TIMESTAMP_INVALID), event(timestamp="yesterday"), 8),
        Broken(Refused(Refusal.STRING_EXPECTED, "page"), event(page=42), 6),
        Broken(Refused(Refusal.VIEWPORT_INVALID), event(viewport="1x1"), 7),
        Broken(Refused(Refusal.METADATA_INVALID), event(metadata=["a"]), 5),
        Broken(Refused(Refusal.EVENT_ID_INVALID), event(eventId="../../x"), 6),
        Broken(Refused(Refusal.TOO_LONG, "sessionId"), event(sessionId="s" * 200), 4),
        Broken(
            Refused(Refusal.NUMBER_NOT_FINITE),
            event(metadata={"value": float("nan")}),
            3,
        ),
        Broken(
            Refused(Refusal.EVENT_TOO_LARGE),
            event(metadata={"log": "x" * limits.EVENT_BYTES}),
            3,
        ),
        Broken(
            Refused(Refusal.BODY_TOO_LARGE),
            event(metadata={"log": "x" * limits.BODY_BYTES}),
            2,
        ),
        Broken(
            Refused(Refusal.BODY_NOT_GZIP),
            event(),
            3,
            (("Content-Encoding", "gzip"),),
        ),
    ]

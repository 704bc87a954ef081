"""The answers: status, headers and body, in the form that API Gateway takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .draft import Draft
from .lake import Stored
from .refusals import Refusal, Refused

Reply = dict[str, Any]

#: Seconds after which to try again. Faults of S3 are short, and a tab may close.
RETRY_AFTER_SECONDS = 5
#: Seconds a browser may remember a preflight; Chromium's own limit is two hours.
PREFLIGHT_SECONDS = 7200

_ALLOW = "POST, OPTIONS"


def cors_headers(origins: frozenset[str], origin: str | None) -> dict[str, str]:
    """Return the headers that let a web page read the answer.

    Args:
        origins: The origins that may, or `*` for every one.
        origin: The request's `Origin`.
    """
    headers = {"Access-Control-Expose-Headers": "Retry-After"}
    if "*" in origins:
        headers["Access-Control-Allow-Origin"] = "*"
        return headers
    # Caches must keep the answers to different origins apart.
    headers["Vary"] = "Origin"
    if origin in origins:
        headers["Access-Control-Allow-Origin"] = str(origin)
    return headers


def preflight(cors: Mapping[str, str]) -> Reply:
    """Return the answer to `OPTIONS`."""
    return {
        "statusCode": 204,
        "headers": {
            **cors,
            "Access-Control-Allow-Methods": _ALLOW,
            "Access-Control-Allow-Headers": "Content-Type, Content-Encoding",
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        },
        "body": "",
    }


def stored(draft: Draft, where: Stored, cors: Mapping[str, str]) -> Reply:
    """Return the answer to an event that S3 has acknowledged.

    A request that named a tenant hears the tenant's name, never the bucket's.
    """
    body: dict[str, object] = {"status": "ok", "eventId": draft.event_id}
    if draft.sent.get("tenant") is not None and draft.tenant:
        body["tenant"] = draft.tenant.name
    else:
        body["bucket"] = draft.bucket
    body["key"] = where.key
    if where.duplicate:
        body["duplicate"] = True
    return _json(200, body, cors)


def refused(refusal: Refused, cors: Mapping[str, str]) -> Reply:
    """Return the answer that the refusal's row gives."""
    row = refusal.refusal
    reply = _json(
        row.status, {"error": refusal.error, "message": refusal.message}, cors
    )
    if row.status >= 500:
        reply["headers"]["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if row is Refusal.METHOD_NOT_ALLOWED:
        reply["headers"]["Allow"] = _ALLOW
    return reply


def _json(status: int, body: Mapping[str, object], cors: Mapping[str, str]) -> Reply:
    headers = {**cors, "Content-Type": "application/json", "Cache-Control": "no-store"}
    return {
        "statusCode": status,
        "headers": headers,
        "body": json.dumps(body, separators=(",", ":")),
    }

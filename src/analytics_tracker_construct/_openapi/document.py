"""The description as a document: the routes, and what may be asked of each.

https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import json

from .._handler import limits, replies, script, write_keys
from .._version import __version__
from . import answers
from .schemas import Destination, Json, event_example, parameters, ref, schemas

#: Where an example's event goes unless someone says otherwise.
DESTINATION: Destination = ("bucket", "demo-analytics")

#: How a server may send a write key; most tenants need none.
_KEY = "writeKey"
_SECURITY: list[Json] = [{}, {_KEY: []}]


def describe(
    server: str = "/", destination: Destination = DESTINATION, key: str | None = None
) -> Json:
    """Return the description as an OpenAPI 3.1 document.

    Args:
        server: Where the routes are: a URL without a slash at the end, or `/` for
            where the description itself came from.
        destination: Where the events of the examples go: `bucket` or `tenant`, and
            its name.
        key: The write key that they bring.
            Default: none.
    """
    operations = {
        replies.TRACK: _track(destination, key),
        replies.PIXEL: _pixel(destination, key),
        replies.SCRIPT: _script(),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Analytics tracker",
            "version": __version__,
            "description": _description(),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server}],
        "paths": {
            f"/{route}": {
                method.lower(): operations[route],
                "options": _preflight(route),
            }
            for route, method in replies.METHODS.items()
        },
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                _KEY: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A write key of the tenant's, from a server. A web "
                    "page sends a public one as the event's `writeKey`",
                }
            },
        },
    }


def _description() -> str:
    return (
        "Takes events and stores them in the tenant's bucket. A 2xx answer means that "
        "an event is in S3 or on the queue. One that has an `eventId` may be sent "
        "again, and counts once, while its own time lies within "
        f"{limits.DAYS_BACK} days back and {limits.SECONDS_AHEAD // 60} minutes ahead "
        "of the server's clock.\n\n"
        f"A body may have {limits.BODY_BYTES} bytes, also once decompressed; an event "
        f"{limits.EVENT_BYTES} bytes of JSON and {limits.DEPTH} levels of nesting.\n\n"
        "A tenant with a limit of its own has these routes below its name, such as "
        "`/shop/track`, and only those.\n\n"
        "The statuses below are the function's. API Gateway itself may answer 403, "
        '413, 429, 502, 503 or 504 with `{"message"}`.'
    )


def _track(destination: Destination, key: str | None) -> Json:
    event = event_example(destination, key)
    names = ("sessionId", destination[0], *([write_keys.FIELD] if key else []))
    shared = {name: event.pop(name) for name in names}
    batch = {**shared, "events": [event, {**event, "page": "/thanks"}]}
    bodies = {
        "event": {"summary": "One event", "value": {**event, **shared}},
        "batch": {"summary": "Several events", "value": batch},
    }
    return {
        "operationId": "track",
        "summary": "Send one event, or several",
        "description": "The body is JSON whatever its content type says: what "
        "`navigator.sendBeacon` sends as text is understood. It may be gzipped.",
        "security": _SECURITY,
        "parameters": [
            {
                "name": "Content-Encoding",
                "in": "header",
                "description": "How the body is compressed",
                "schema": {"type": "string", "enum": ["gzip", "identity"]},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": ref("Request"),
                    "examples": bodies,
                },
                "text/plain": {
                    "schema": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "contentSchema": ref("Request"),
                    },
                    "examples": {
                        name: {**each, "value": json.dumps(each["value"])}
                        for name, each in bodies.items()
                    },
                },
            },
        },
        "responses": answers.track(destination),
    }


def _pixel(destination: Destination, key: str | None) -> Json:
    return {
        "operationId": "pixel",
        "summary": "Send one event as query parameters",
        "description": "For mail and for pages without scripts. The answer is always "
        f"the image; `{replies.REJECTED_HEADER}` says why its event was not taken. A "
        "parameter that is not listed is kept in the event's metadata.",
        "security": _SECURITY,
        "parameters": parameters(destination, key),
        "responses": answers.pixel(destination),
    }


def _script() -> Json:
    return {
        "operationId": "script",
        "summary": "Load the browser client",
        "description": "A page's script, with `data-tenant` or `data-bucket`. A "
        f"browser keeps it for {script.MAX_AGE_SECONDS} seconds and then asks with "
        "`If-None-Match`.",
        "parameters": [
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "The `ETag` of the script at hand",
                "schema": {"type": "string"},
            },
        ],
        "responses": answers.client(),
    }


def _preflight(route: str) -> Json:
    name = route.partition(".")[0]
    return {
        "operationId": f"{name}Preflight",
        "summary": "Ask what a web page may send",
        "responses": answers.preflight(route),
    }

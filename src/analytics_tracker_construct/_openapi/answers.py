"""What the routes answer, as OpenAPI's responses, made of the answers themselves.

Statuses, words, headers and examples are those that `replies` makes, so the description
cannot say anything else than the function does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .._handler import draft, refusals, replies, script
from .schemas import Destination, Json, ref

# The ids of the examples: one made for an object, one for the queue.
_STORED, _QUEUED = "1769860800-9f86d081", "1769860800-884c7d659a2feaa0"

_Row = refusals.Refusal
#: Refusals that do not depend on what is sent: any route may answer them.
_ANYWHERE = (
    _Row.NOT_FOUND,
    _Row.METHOD_NOT_ALLOWED,
    _Row.FRONT_DOOR_ONLY,
    _Row.INTERNAL,
)

_CORS = replies.cors_headers(frozenset({"*"}), None)
_HEADERS: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "`*`, or the request's `Origin` where the tracker "
    "lists origins and this is one of them; else the header is missing",
    "Access-Control-Expose-Headers": "What a web page may read of these headers",
    "Access-Control-Allow-Methods": "The route's methods",
    "Access-Control-Allow-Headers": "Headers that a web page may send",
    "Access-Control-Max-Age": "Seconds that a browser may remember this",
    "Allow": "The route's methods",
    "Cache-Control": "Whether and how long the answer may be kept",
    "Content-Encoding": "`gzip`, where the client takes it",
    "Cross-Origin-Resource-Policy": "Lets any page show the image or run the script",
    "ETag": "Names this version of the script; send it as `If-None-Match`",
    "Retry-After": "Seconds after which to send again what was not taken",
    "Vary": "What of the request the answer depends on: `Origin`, where the tracker "
    "lists origins; for the script `Accept-Encoding`",
    "WWW-Authenticate": "How a server may send a write key. A REST API of API "
    "Gateway's passes it on as `x-amzn-Remapped-WWW-Authenticate`",
    "X-Content-Type-Options": "The script is nothing but a script",
    replies.REJECTED_HEADER: "Why the event was not taken: error and message. "
    "Missing where it was",
}
# Headers whose value, or presence, depends on the request or the settings.
_VARYING = {
    "Access-Control-Allow-Origin",
    "Content-Encoding",
    "ETag",
    "Vary",
    replies.REJECTED_HEADER,
}

_MEANINGS: Mapping[int, str] = {
    200: "Every event, or some of several, is stored",
    202: "Every event, or some of several, is stored or on the queue",
    204: "What a web page may send",
    304: "The script at hand is still the same",
    400: "The request or its events are not of their form",
    401: "The tenant needs a write key, and none came",
    403: "The sender may not do this",
    404: "No such route",
    405: "No such method",
    413: "Too large",
    415: "Compressed in an unknown way",
    500: "A fault of the function; the event may be sent again",
    503: "Neither stored nor on the queue; the event may be sent again",
}


def track(destination: Destination) -> Json:
    """Return the responses to events in a body."""
    return _responses([*_taken(destination), *_refused(replies.TRACK, _Row)])


def pixel(destination: Destination) -> Json:
    """Return the responses to an event as query parameters."""
    taken = replies.pixel(_event(destination, _STORED, stored=True), _CORS)
    refused = replies.pixel(_why(_Row.EVENT_TYPE_MISSING), _CORS)
    return _responses(
        [
            ("taken", taken),
            ("refused", refused),
            *_refused(replies.PIXEL, _ANYWHERE),
        ]
    )


def client() -> Json:
    """Return the responses to who loads the browser client."""
    fresh = script.reply({"accept-encoding": "gzip"})
    tag = {"if-none-match": fresh["headers"]["ETag"]}
    return _responses(
        [
            ("script", fresh),
            ("unchanged", script.reply(tag)),
            *_refused(replies.SCRIPT, _ANYWHERE),
        ]
    )


def preflight(route: str) -> Json:
    """Return the responses to a browser that asks what a page may send."""
    return _responses([("preflight", replies.preflight(route, _CORS))])


def fields() -> Mapping[refusals.Refusal, str]:
    """Return a field for each refusal whose words name one."""
    return {_Row.STRING_EXPECTED: "page", _Row.TOO_LONG: "sessionId"}


def _event(
    destination: Destination, event_id: str, *, stored: bool, duplicate: bool = False
) -> draft.Draft:
    """Return an event that was stored or queued; no request stands behind it."""
    kind, name = destination
    nobody: Any = None
    event = draft.Draft({kind: name}, nobody)
    event.event_id = event_id
    event.destination = draft.Destination(name, None, None, named=True)
    folder = "analytics/year=2026/month=01/day=31"
    event.key = f"{folder}/{event_id}.json" if stored else None
    event.duplicate = duplicate
    return event


def _taken(destination: Destination) -> list[tuple[str, replies.Reply]]:
    """Return answers to events that were taken, by the names of the examples."""
    stored = _event(destination, _STORED, stored=True)
    queued = _event(destination, _QUEUED, stored=False)
    again = _event(destination, _STORED, stored=True, duplicate=True)
    route, refused, failed = (
        replies.TRACK,
        _why(_Row.TIMESTAMP_MISSING),
        _why(_Row.UNAVAILABLE),
    )
    return [
        ("stored", replies.single(route, stored, _CORS)),
        ("duplicate", replies.single(route, again, _CORS)),
        ("queued", replies.single(route, queued, _CORS)),
        ("batch", replies.batch([stored, again], _CORS)),
        ("partial_batch", replies.batch([stored, refused, failed], _CORS)),
        ("queued_batch", replies.batch([queued, queued], _CORS)),
        ("refused_batch", replies.batch([refused], _CORS)),
        ("failed_batch", replies.batch([failed], _CORS)),
    ]


def _refused(
    route: str, rows: Iterable[refusals.Refusal]
) -> list[tuple[str, replies.Reply]]:
    """Return the answers of refusals, by their labels."""
    return [
        (row.label, replies.refused(route, _why(row), _CORS))
        for row in rows
        # It stands for a batch of which nothing was taken, and never alone.
        if row is not _Row.NONE_ACCEPTED
    ]


def _why(row: refusals.Refusal) -> refusals.Refused:
    return refusals.Refused(row, fields().get(row, ""))


def _responses(answers: list[tuple[str, replies.Reply]]) -> Json:
    """Return OpenAPI's responses for answers with the names of their examples."""
    by_status: dict[int, list[tuple[str, replies.Reply]]] = {}
    for name, reply in answers:
        by_status.setdefault(reply["statusCode"], []).append((name, reply))
    return {
        str(status): _response(status, by_status[status])
        for status in sorted(by_status)
    }


def _response(status: int, answers: list[tuple[str, replies.Reply]]) -> Json:
    out: Json = {
        "description": _MEANINGS[status],
        "headers": _response_headers([reply["headers"] for _, reply in answers]),
    }
    _, first = answers[0]
    media = first["headers"].get("Content-Type")
    if first.get("isBase64Encoded"):
        out["content"] = {media: {}}
    elif media:
        examples = {
            name: {"value": json.loads(reply["body"])} for name, reply in answers
        }
        names = sorted({_schema_of(each["value"]) for each in examples.values()})
        out["content"] = {
            media: {
                "schema": {"oneOf": list(map(ref, names))}
                if len(names) > 1
                else ref(names[0]),
                "examples": examples,
            }
        }
    return out


def _response_headers(answers: list[Mapping[str, str]]) -> Json:
    """Return the headers; one that every answer has is required."""
    out: Json = {}
    names = {name for headers in answers for name in headers} | {"Vary"}
    for name in sorted(names - {"Content-Type"}):
        values = [headers[name] for headers in answers if name in headers]
        fixed = name not in _VARYING
        out[name] = {
            "description": _HEADERS[name],
            "required": fixed and len(values) == len(answers),
            "schema": {"type": "string"},
        }
        if fixed and len(set(values)) == 1:
            out[name]["schema"]["const"] = values[0]
        elif values:
            out[name]["example"] = values[0]
    return out


def _schema_of(answer: Json) -> str:
    """Return the name of the schema that an answer is of."""
    if "accepted" in answer:
        return "NothingTaken" if "error" in answer else "Batch"
    if "error" in answer:
        return "Refusal"
    return "Stored" if answer["status"] == "ok" else "Queued"

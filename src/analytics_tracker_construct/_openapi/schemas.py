"""What is sent and answered, as JSON Schema 2020-12, made from the handler's tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._handler import batch, buckets, columns, fields, limits, write_keys

Json = dict[str, Any]
Destination = tuple[str, str]
"""`bucket` or `tenant`, and its name."""

#: At least one character that is no space to Python, which `\\S` is to each reader of
#: a schema in its own way.
NOT_BLANK = (
    r"[^\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a"
    r"\u2028\u2029\u202f\u205f\u3000]"
)

_NULLABLE = {"type": ["string", "null"]}
_NOTHING = {"type": "null"}
_COMMENTS = {column.name: column.comment for column in columns.COLUMNS}
_WORDS: Mapping[str, str] = {
    "bucket": "The bucket that the event is stored in; name it or the tenant",
    "sentAt": "The client's time as the request left, in ISO 8601. Where it differs "
    f"from the server's by more than {limits.CLOCK_SECONDS} seconds, the event's time "
    "is corrected by the difference",
    "tenant": "The registered tenant that the event belongs to",
    "timestamp": "When it happened: ISO 8601, a year from 0001 to 9999 in UTC. Without "
    "a zone it is UTC, a date alone is its midnight",
    write_keys.FIELD: "A write key of the tenant's, where it has any: "
    f"`{write_keys.PUBLIC}` or `{write_keys.SECRET}` and "
    f"{2 * write_keys.KEY_BYTES} hexadecimal digits. It is never stored",
}


def event_example(destination: Destination, key: str | None = None) -> Json:
    """Return an event, as a client sends it, with a write key if there is one."""
    kind, name = destination
    return {
        kind: name,
        **({write_keys.FIELD: key} if key else {}),
        "eventType": "page_view",
        "timestamp": "2026-01-31T12:00:00Z",
        "page": "/pricing",
        "sessionId": "f3b1c9e0",
        "viewport": {"width": 1280, "height": 720},
        "metadata": {"plan": "pro"},
    }


def schemas() -> Json:
    """Return the schemas by name."""
    event = _fields()
    none_of = dict.fromkeys(("bucket", "tenant"), _NOTHING)
    return {
        "Request": {"oneOf": [ref("Event"), ref("Events")]},
        "Event": {
            "type": "object",
            "description": "One event. A member that is not listed is kept in its "
            "metadata",
            "required": ["eventType", "timestamp"],
            "properties": event,
            "not": {"required": [batch.EVENTS]},
            "oneOf": [
                {
                    "required": [kind],
                    "properties": {
                        **none_of,
                        kind: {"type": "string", "pattern": NOT_BLANK},
                    },
                }
                for kind in none_of
            ],
        },
        "Events": {
            "type": "object",
            "description": "Several events. The other members stand for each event "
            f"that lacks them; they may have {limits.DEFAULTS_BYTES} bytes. The events "
            f"may go to {limits.BATCH_OBJECTS} pairs of a bucket and a day. Each is "
            "judged alone",
            "required": [batch.EVENTS],
            "properties": {
                **event,
                "eventId": _NOTHING,
                batch.EVENTS: {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": limits.BATCH_EVENTS,
                    "items": {"type": "object", "properties": event},
                },
            },
        },
        "Stored": {
            "description": "The event is in S3",
            **_answer(
                ("status", "eventId", "key"),
                status={"const": "ok"},
                **_taken(),
                key={"type": "string", "pattern": f"^{re.escape(columns.PREFIX)}"},
                duplicate={
                    "const": True,
                    "description": "An event with this id was there before",
                },
            ),
            "oneOf": _ONE_DESTINATION,
        },
        "Queued": {
            "description": "The event is on the queue, and will be in S3",
            **_answer(("status", "eventId"), status={"const": "queued"}, **_taken()),
            "oneOf": _ONE_DESTINATION,
        },
        "Batch": {
            "description": "What was taken of several events, and why the rest was not",
            **_answer(
                ("status", "accepted", "eventIds", "rejected"),
                status={"enum": ["ok", "partial", "queued"]},
                **_counts(1),
                queued={**_count(1), "description": "Of these, how many are queued"},
                duplicates={
                    **_count(1),
                    "description": "Of these, how many were there before",
                },
            ),
        },
        "NothingTaken": {
            "description": "No event was taken",
            **_answer(
                ("error", "message", "accepted", "eventIds", "rejected"),
                **_REASON,
                **_counts(0),
            ),
        },
        "Refusal": {
            "description": "Why a request or an event was refused",
            **_answer(tuple(_REASON), **_REASON),
        },
        "Rejected": {
            "description": "Why one event of several was refused",
            **_answer(
                ("index", "status", *_REASON),
                index={**_count(0), "description": "Its place in `events`, from 0"},
                status={
                    "type": "integer",
                    "description": "What the answer would have been to it alone",
                },
                **_REASON,
            ),
        },
    }


def parameters(destination: Destination, key: str | None = None) -> list[Json]:
    """Return the pixel's query parameters."""
    example = {**event_example(destination, key), "metadata": '{"plan":"pro"}'}
    example["viewport"] = "{width}x{height}".format(**example["viewport"])
    more = {
        "timestamp": ". Missing: the server's time",
        "page": ". Missing: the page that shows the pixel",
        "viewport": ", as `1280x720` or JSON",
        write_keys.FIELD: ". Only a public one, since logs keep queries",
    }
    out = []
    for name, schema in sorted(_fields().items()):
        form = {key: schema[key] for key in ("pattern", "maxLength") if key in schema}
        found: Json = {
            "name": name,
            "in": "query",
            "description": schema["description"] + more.get(name, ""),
            "required": name == "eventType",
            "schema": {"type": "string", **form},
        }
        if name in example:
            found["example"] = example[name]
        out.append(found)
    return out


def _fields() -> Json:
    """Return the schema of each field that a client may send."""
    size = {
        "type": ["number", "null"],
        "minimum": 0,
        "maximum": limits.VIEWPORT_PIXELS,
    }
    name = {"maxLength": limits.NAME_CHARS}
    cut = f". Only the first {limits.TEXT_CHARS} characters are kept"
    known: Mapping[str, Json] = {
        "bucket": {**_NULLABLE, "pattern": _whole(buckets.BUCKET_NAME)},
        "tenant": {**_NULLABLE, "pattern": _whole(buckets.TENANT_NAME)},
        "eventId": {**_NULLABLE, "pattern": _whole(fields.EVENT_ID)},
        "eventType": {"type": "string", "pattern": NOT_BLANK, **name},
        "timestamp": {"type": "string", "format": "date-time"},
        "sentAt": {**_NULLABLE, "format": "date-time"},
        "sessionId": {**_NULLABLE, **name},
        "viewport": {
            "type": ["object", "null"],
            "properties": {"width": size, "height": size},
        },
        "metadata": {"type": ["object", "null"]},
        # What is no text is refused only where a key is asked for.
        write_keys.FIELD: {},
    }
    return {
        field: {
            "description": _WORDS.get(field, _COMMENTS.get(field, ""))
            + (cut if field in _CUT else ""),
            **known.get(field, _NULLABLE),
        }
        for field in sorted(fields.FIELDS)
    }


_CUT = {"page", "referrer", "userAgent"}
_REASON: Json = {"error": {"type": "string"}, "message": {"type": "string"}}
_ONE_DESTINATION = [{"required": ["bucket"]}, {"required": ["tenant"]}]


def _taken() -> Json:
    return {
        "eventId": {
            "type": "string",
            "pattern": _whole(fields.EVENT_ID),
            "description": "The client's id, or the one made here",
        },
        "bucket": {"type": "string", "description": "Where the request named it"},
        "tenant": {"type": "string", "description": "Where the request named it"},
    }


def _counts(least: int) -> Json:
    ids = {"type": "string", "pattern": _whole(fields.EVENT_ID)}
    return {
        "accepted": {
            **_count(least),
            **({} if least else {"maximum": 0}),
            "description": "How many events were taken",
        },
        "eventIds": {
            "type": "array",
            "description": "Their ids, in order",
            "items": ids,
            "minItems": least,
            "maxItems": limits.BATCH_EVENTS if least else 0,
        },
        "rejected": {
            "type": "array",
            "items": ref("Rejected"),
            "maxItems": limits.BATCH_EVENTS,
        },
    }


def _count(least: int) -> Json:
    return {"type": "integer", "minimum": least, "maximum": limits.BATCH_EVENTS}


def _answer(required: tuple[str, ...], **members: Json) -> Json:
    return {
        "type": "object",
        "required": list(required),
        "properties": members,
        "additionalProperties": False,
    }


def _whole(form: re.Pattern[str]) -> str:
    return f"^{form.pattern}$"


def ref(name: str) -> Json:
    """Return what stands for a schema elsewhere in the document."""
    return {"$ref": f"#/components/schemas/{name}"}

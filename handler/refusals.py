"""Every way in which a request or an event is refused, one row each.

Status, answer, log label and metric dimension all come from this table, and the
documentation is generated from it.
"""

from __future__ import annotations

from enum import Enum

from . import limits


class Refusal(Enum):
    """A reason, with the status, the `error` and the `message` of its answer.

    `{}` in a text stands for the field that a `Refused` carries.
    """

    def __init__(self, label: str, status: int, error: str, message: str) -> None:
        self.label = label
        self.status = status
        self.error = error
        self.message = message

    NOT_FOUND = (
        "not_found",
        404,
        "Not found",
        "There is no such route; send events with POST to /track or GET to /pixel.gif",
    )
    METHOD_NOT_ALLOWED = (
        "method_not_allowed",
        405,
        "Method not allowed",
        "Send events with POST to /track or GET to /pixel.gif",
    )
    BODY_MISSING = (
        "body_missing",
        400,
        "Missing request body",
        'Send one event as a JSON object, or several as {{"events": [...]}}',
    )
    BODY_TOO_LARGE = (
        "body_too_large",
        413,
        "Request body too large",
        "A request body may have at most {limits.BODY_BYTES} bytes, "
        "also once decompressed",
    )
    BODY_NOT_BASE64 = (
        "body_not_base64",
        400,
        "Invalid request body",
        "The body is marked as base64 and is not",
    )
    BODY_NOT_GZIP = (
        "body_not_gzip",
        400,
        "Invalid request body",
        "The body is marked as gzip and is not one complete gzip member",
    )
    ENCODING_UNKNOWN = (
        "encoding_unknown",
        415,
        "Unsupported content encoding",
        "A body may be sent as it is or with Content-Encoding: gzip",
    )
    BODY_NOT_UTF8 = (
        "body_not_utf8",
        400,
        "Invalid request body",
        "The body is not UTF-8 text; a compressed one needs Content-Encoding: gzip, "
        "and lone surrogates cannot be stored",
    )
    BODY_NOT_JSON = (
        "body_not_json",
        400,
        "Invalid JSON in request body",
        "The body is not one JSON value (RFC 8259): check quotes, commas and brackets; "
        "send no byte-order mark",
    )
    NUMBER_NOT_FINITE = (
        "number_not_finite",
        400,
        "Invalid number in request body",
        "NaN, Infinity and numbers beyond the range of a double cannot be stored",
    )
    TOO_DEEP = (
        "too_deep",
        400,
        "Event nested too deeply",
        "An event may have at most {limits.DEPTH} levels of objects and arrays",
    )
    NOT_AN_OBJECT = (
        "not_an_object",
        400,
        "Invalid event",
        'An event must be a JSON object; send several as {{"events": [...]}}',
    )
    EVENT_TOO_LARGE = (
        "event_too_large",
        413,
        "Event too large",
        "An event may have at most {limits.EVENT_BYTES} bytes of JSON",
    )
    EVENTS_INVALID = (
        "events_invalid",
        400,
        "Invalid field: events",
        "The events must be an array of at least one event",
    )
    TOO_MANY_EVENTS = (
        "too_many_events",
        413,
        "Too many events",
        "A request may have at most {limits.BATCH_EVENTS} events; "
        "send the rest in another",
    )
    DEFAULTS_TOO_LARGE = (
        "defaults_too_large",
        413,
        "Defaults too large",
        "The members beside events may have at most {limits.DEFAULTS_BYTES} bytes of "
        "JSON, since each event is stored with them",
    )
    EVENT_ID_SHARED = (
        "event_id_shared",
        400,
        "Invalid field: eventId",
        "An eventId belongs to one event; put it into the event, not beside events",
    )
    TOO_MANY_OBJECTS = (
        "too_many_objects",
        413,
        "Too many buckets and days",
        "The events of a request may go to at most {limits.BATCH_OBJECTS} pairs of a "
        "bucket and a day; send the rest in another",
    )
    NONE_ACCEPTED = (
        "none_accepted",
        400,
        "No event accepted",
        "Each event of the batch was refused; rejected says why",
    )
    BUCKET_MISSING = (
        "bucket_missing",
        400,
        "Missing required field: bucket",
        "You must specify the S3 bucket name in the request body",
    )
    EVENT_TYPE_MISSING = (
        "event_type_missing",
        400,
        "Missing required field: eventType",
        "You must specify the event type in the request body",
    )
    TIMESTAMP_MISSING = (
        "timestamp_missing",
        400,
        "Missing required field: timestamp",
        "You must specify the event's time in the request body, in ISO 8601",
    )
    BUCKET_AND_TENANT = (
        "bucket_and_tenant",
        400,
        "Invalid field: tenant",
        "Name either the bucket or the tenant, not both",
    )
    TIMESTAMP_INVALID = (
        "timestamp_invalid",
        400,
        "Invalid field: timestamp",
        "The time must be ISO 8601, such as 2026-01-31T12:00:00Z, "
        "with a year from 0001 to 9999 in UTC",
    )
    SENT_AT_INVALID = (
        "sent_at_invalid",
        400,
        "Invalid field: sentAt",
        "The time must be ISO 8601, such as 2026-01-31T12:00:00Z, "
        "with a year from 0001 to 9999 in UTC",
    )
    EVENT_ID_INVALID = (
        "event_id_invalid",
        400,
        "Invalid field: eventId",
        "An event id has 8 to 64 letters, digits and hyphens",
    )
    STRING_EXPECTED = (
        "string_expected",
        400,
        "Invalid field: {}",
        "The field must be a string",
    )
    TOO_LONG = (
        "too_long",
        400,
        "Invalid field: {}",
        "The field may have at most {limits.NAME_CHARS} characters",
    )
    VIEWPORT_INVALID = (
        "viewport_invalid",
        400,
        "Invalid field: viewport",
        "The viewport must be an object with width and height in pixels, "
        "numbers from 0 to {limits.VIEWPORT_PIXELS}",
    )
    METADATA_INVALID = (
        "metadata_invalid",
        400,
        "Invalid field: metadata",
        "The metadata must be a JSON object",
    )
    FRONT_DOOR_ONLY = (
        "front_door_only",
        403,
        "Forbidden",
        "Requests come through the tracker's own distribution, not straight to its API",
    )
    BUCKET_FORBIDDEN = (
        "bucket_forbidden",
        403,
        "Forbidden",
        "The specified bucket is not authorized for this analytics service",
    )
    TENANT_FORBIDDEN = (
        "tenant_forbidden",
        403,
        "Forbidden",
        "The specified tenant is not registered with this analytics service",
    )
    ORIGIN_FORBIDDEN = (
        "origin_forbidden",
        403,
        "Forbidden",
        "This origin may not send events for the specified bucket or tenant",
    )
    ROUTE_FORBIDDEN = (
        "route_forbidden",
        403,
        "Forbidden",
        "A tenant with a limit of its own has routes of its own, which begin with its "
        "name: send its events there, and no others",
    )
    KEY_MISSING = (
        "key_missing",
        401,
        "Unauthorized",
        "The specified bucket or tenant needs a write key: send it as writeKey with "
        "the event, or from a server in the header Authorization: Bearer",
    )
    KEY_FORBIDDEN = (
        "key_forbidden",
        403,
        "Forbidden",
        "The write key is none of the specified bucket's or tenant's",
    )
    KEY_IN_QUERY = (
        "key_in_query",
        403,
        "Forbidden",
        "A secret write key came in a query string, which logs keep: change the key, "
        "and use a public one here",
    )
    KEY_PUBLISHED = (
        "key_published",
        403,
        "Forbidden",
        "A secret write key came from a web page, where anyone can read it: change "
        "the key, and use a public one there",
    )
    UNAVAILABLE = (
        "unavailable",
        503,
        "Service unavailable",
        "The event could not be stored; send it again, with the same eventId if it has "
        "one",
    )
    INTERNAL = (
        "internal",
        500,
        "Internal error",
        "The event was not stored; send it again, with the same eventId if it has one",
    )


class Refused(Exception):
    """An event or request was refused.

    Args:
        refusal: The reason.
        field: The field that its texts name, one of ours and never a client's word.
    """

    def __init__(self, refusal: Refusal, field: str = "") -> None:
        super().__init__(refusal.label)
        self.refusal = refusal
        self.error = refusal.error.format(field)
        self.message = refusal.message.format(field, limits=limits)

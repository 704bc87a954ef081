"""The fields that a client sends: checked one by one, and put into the record."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from . import compact, limits, times
from .draft import Draft, Step
from .refusals import Refusal, Refused
from .typed import Any

EVENT_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

#: Members with a meaning of their own; every other one is kept in `metadata`.
FIELDS = frozenset(
    {
        "bucket",
        "tenant",
        "eventId",
        "eventType",
        "timestamp",
        "page",
        "userAgent",
        "viewport",
        "sessionId",
        "referrer",
        "metadata",
    }
)

# What only the server may say, in lower case because readers of the tables fold case.
# They are dropped, not moved to the metadata: who sends an `ip` as a field of the event
# hardly means to keep the address. What an app puts into its metadata is its own.
_SERVER_FIELDS = frozenset(
    {"ip", "location", "device", "servertimestamp", "clienttimestamp"}
)

# Those that are kept as they are sent, or cut.
_TEXTS = ("page", "sessionId", "referrer", "userAgent")
_NO_VIEWPORT = (None, None)

# What JSON can nest.
_CONTAINERS = frozenset({dict, list})


def require_shape_and_fields(draft: Draft) -> None:
    """Refuse an event that is nested too deeply or lacks what every event needs."""
    sent = draft.sent
    for member in sent.values():
        if type(member) in _CONTAINERS and not _fits(member, limits.DEPTH - 1):
            raise Refused(Refusal.TOO_DEEP, limits.DEPTH)
    if sent.get("tenant") is None:
        required_text(sent, "bucket", Refusal.BUCKET_MISSING)
    required_text(sent, "eventType", Refusal.EVENT_TYPE_MISSING)
    required_text(sent, "timestamp", Refusal.TIMESTAMP_MISSING)


def _fits(value: Any, levels: int) -> bool:
    if levels == 0:
        return False
    for member in value.values() if type(value) is dict else value:
        if type(member) in _CONTAINERS and not _fits(member, levels - 1):
            return False
    return True


def put_id(entropy: Callable[[int], bytes]) -> Step:
    """Return a step that takes the client's `eventId` or draws one.

    Args:
        entropy: Returns as many random bytes as it is asked for.
    """

    def step(draft: Draft) -> None:
        sent = draft.sent.get("eventId")
        if sent is None:
            draft.id_is_ours = True
            draw_id(draft, entropy)
        elif isinstance(sent, str) and EVENT_ID.fullmatch(sent):
            draft.event_id = sent
            draft.record["eventId"] = sent
        else:
            raise Refused(Refusal.EVENT_ID_INVALID)

    return step


def draw_id(draft: Draft, entropy: Callable[[int], bytes]) -> None:
    """Give the draft a new id: `<unix seconds>-<8 or 16 hex digits>`."""
    drawn = entropy(draft.digits // 2).hex()
    draft.event_id = f"{int(draft.visit.received.timestamp())}-{drawn}"
    draft.record["eventId"] = draft.event_id


def put_what_and_when(draft: Draft) -> None:
    """Put the event's type and times."""
    event_type = draft.sent["eventType"]
    if len(event_type) > limits.NAME_CHARS:
        raise Refused(Refusal.TOO_LONG, "eventType")
    visit, record = draft.visit, draft.record
    stamp = draft.sent["timestamp"]
    if times.is_stamp_of(visit.day, stamp):
        draft.day = visit.day
    else:
        instant, stamp = times.read(stamp)
        draft.day = times.storage_day(instant, visit.received)
    record["eventType"] = event_type
    record["timestamp"] = stamp
    record["serverTimestamp"] = visit.at


def put_page_and_session(draft: Draft) -> None:
    """Put the page, the session, the referrer and the user agent."""
    sent, record = draft.sent, draft.record
    for name in _TEXTS:
        value = sent.get(name)
        if value is not None:
            if not isinstance(value, str):
                raise Refused(Refusal.STRING_EXPECTED, name)
            if len(value) > limits.NAME_CHARS:
                if name == "sessionId":
                    raise Refused(Refusal.TOO_LONG, name)
                value = value[: limits.TEXT_CHARS]
        record[name] = value
    if record["userAgent"] is None:
        record["userAgent"] = draft.visit.user_agent


def put_viewport(draft: Draft) -> None:
    """Put the viewport's size in whole pixels."""
    viewport = draft.sent.get("viewport")
    if viewport is None:
        draft.record["viewport"] = _NO_VIEWPORT
    elif isinstance(viewport, dict):
        draft.record["viewport"] = (
            _pixels(viewport.get("width")),
            _pixels(viewport.get("height")),
        )
    else:
        raise Refused(Refusal.VIEWPORT_INVALID, limits.VIEWPORT_PIXELS)


def _pixels(value: Any) -> int | None:
    if type(value) is int and 0 <= value <= limits.VIEWPORT_PIXELS:
        return value
    if value is None:
        return None
    # `True` is an int to Python and no size to anyone.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and 0 <= value <= limits.VIEWPORT_PIXELS:
        return int(value)
    raise Refused(Refusal.VIEWPORT_INVALID, limits.VIEWPORT_PIXELS)


def put_metadata(draft: Draft) -> None:
    """Put everything else that was sent, as one string of JSON.

    One string, because Athena's SerDe folds the case of keys and fails the whole query
    on two that differ in nothing else.
    """
    metadata = draft.sent.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise Refused(Refusal.METADATA_INVALID)
    if not draft.sent.keys() <= FIELDS:
        unknown = {
            name: value
            for name, value in draft.sent.items()
            if name not in FIELDS and name.lower() not in _SERVER_FIELDS
        }
        metadata = {**unknown, **(metadata or {})}
    draft.record["metadata"] = compact.encode(metadata) if metadata else None


def required_text(sent: Mapping[str, Any], name: str, missing: Refusal) -> str:
    """Return a field that must be there and must not be blank.

    Raises:
        Refused: If it is missing, blank or not a string.
    """
    value = sent.get(name)
    if isinstance(value, str):
        if value and not value.isspace():
            return value
    elif value is not None:
        raise Refused(Refusal.STRING_EXPECTED, name)
    raise Refused(missing)

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

_NO_VIEWPORT = '{"width":null,"height":null}'


def require_fields(draft: Draft) -> None:
    """Refuse an event that lacks what every event needs."""
    sent = draft.sent
    if sent.get("tenant") is None:
        required_text(sent, "bucket", Refusal.BUCKET_MISSING)
    required_text(sent, "eventType", Refusal.EVENT_TYPE_MISSING)
    required_text(sent, "timestamp", Refusal.TIMESTAMP_MISSING)


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
        else:
            raise Refused(Refusal.EVENT_ID_INVALID)

    return step


def draw_id(draft: Draft, entropy: Callable[[int], bytes]) -> None:
    """Give the draft a new id: `<unix seconds>-<8 or 16 hex digits>`."""
    drawn = entropy(draft.digits // 2).hex()
    draft.event_id = f"{int(draft.visit.received.timestamp())}-{drawn}"


def put_what_and_when(draft: Draft) -> None:
    """Put the event's type and time."""
    draft.event_type = draft.sent["eventType"]
    if len(draft.event_type) > limits.NAME_CHARS:
        raise Refused(Refusal.TOO_LONG, "eventType")
    visit, stamp = draft.visit, draft.sent["timestamp"]
    if times.is_stamp_of(visit.day, stamp):
        draft.timestamp, draft.day = stamp, visit.day
    else:
        instant, draft.timestamp = times.read(stamp)
        draft.day = times.storage_day(instant, visit.received)


def put_fields(draft: Draft) -> None:
    """Put what an event may have."""
    sent = draft.sent
    draft.page = _text(sent, "page")
    draft.session = _text(sent, "sessionId")
    if draft.session and len(draft.session) > limits.NAME_CHARS:
        raise Refused(Refusal.TOO_LONG, "sessionId")
    draft.referrer = _text(sent, "referrer")
    user_agent = _text(sent, "userAgent")
    draft.user_agent = draft.visit.user_agent if user_agent is None else user_agent
    draft.viewport = _viewport(sent.get("viewport"))
    draft.metadata = _metadata(sent)


def _text(sent: Mapping[str, Any], name: str) -> str | None:
    value = sent.get(name)
    if value is None or (type(value) is str and len(value) <= limits.TEXT_CHARS):
        return value
    if type(value) is not str:
        raise Refused(Refusal.STRING_EXPECTED, name)
    return value[: limits.TEXT_CHARS]


def _viewport(viewport: Any) -> str:
    """Return a viewport's size in whole pixels, as JSON."""
    if viewport is None:
        return _NO_VIEWPORT
    if not isinstance(viewport, dict):
        raise Refused(Refusal.VIEWPORT_INVALID, limits.VIEWPORT_PIXELS)
    width, height = viewport.get("width"), viewport.get("height")
    return f'{{"width":{_pixels(width)},"height":{_pixels(height)}}}'


def _pixels(value: Any) -> int | str:
    if type(value) is int and 0 <= value <= limits.VIEWPORT_PIXELS:
        return value
    if value is None:
        return "null"
    # `True` is an int to Python and no size to anyone.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and 0 <= value <= limits.VIEWPORT_PIXELS:
        return int(value)
    raise Refused(Refusal.VIEWPORT_INVALID, limits.VIEWPORT_PIXELS)


def _metadata(sent: Mapping[str, Any]) -> str | None:
    """Return everything else that was sent, as one string of JSON.

    One string, because Athena's SerDe folds the case of keys and fails the whole query
    on two that differ in nothing else.
    """
    metadata = sent.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise Refused(Refusal.METADATA_INVALID)
    if not sent.keys() <= FIELDS:
        unknown = {
            name: value
            for name, value in sent.items()
            if name not in FIELDS and name.lower() not in _SERVER_FIELDS
        }
        metadata = {**unknown, **(metadata or {})}
    return compact.encode(metadata) if metadata else None


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

"""The fields that a client sends: checked one by one, and put into the record."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

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
        "sentAt",
        "page",
        "userAgent",
        "viewport",
        "sessionId",
        "referrer",
        "metadata",
        "writeKey",
    }
)

# What only the server may say, in lower case because readers of the tables fold case.
# They are dropped, not moved to the metadata: who sends an `ip` as a field of the event
# hardly means to keep the address. What an app puts into its metadata is its own.
# A write key is never stored, in whatever case its name was written.
_SERVER_FIELDS = frozenset(
    {"ip", "location", "device", "servertimestamp", "clienttimestamp", "writekey"}
)

_CLOCK = timedelta(seconds=limits.CLOCK_SECONDS)
# Within these a retry a day later still finds the time as sent near the server's.
_FAST = -timedelta(seconds=limits.SECONDS_AHEAD)
_SLOW = timedelta(days=limits.DAYS_BACK - 1)
_PIXELS = limits.VIEWPORT_PIXELS
# An event that has these alone has no metadata.
_ALL_BUT_METADATA = FIELDS - {"metadata"}
_NO_VIEWPORT = '{"width":null,"height":null}'


def require_fields(draft: Draft) -> None:
    """Refuse an event that lacks what every event needs."""
    sent = draft.sent
    get = sent.get
    bucket, event_type, stamp = get("bucket"), get("eventType"), get("timestamp")
    # All at once, as nearly every event has them; what one lacks is asked one by one.
    if (
        type(bucket) is type(event_type) is type(stamp) is str
        and bucket.strip()
        and event_type.strip()
        and stamp.strip()
    ):
        return
    if get("tenant") is None:
        required_text(sent, "bucket", Refusal.BUCKET_MISSING)
    required_text(sent, "eventType", Refusal.EVENT_TYPE_MISSING)
    required_text(sent, "timestamp", Refusal.TIMESTAMP_MISSING)


def put_fields(entropy: Callable[[int], bytes]) -> Step:
    """Return a step that puts what the client sent.

    Args:
        entropy: Draws the id of an event that has none: returns as many random bytes
            as it is asked for.
    """

    def step(draft: Draft) -> None:
        visit, sent = draft.visit, draft.sent
        get = sent.get
        event_id, stamp, sent_at = get("eventId"), sent["timestamp"], get("sentAt")
        page, session, referrer = get("page"), get("sessionId"), get("referrer")
        agent, viewport = get("userAgent"), get("viewport")
        if event_id is None:
            draft.id_is_ours = True
            draw_id(draft, entropy)
        elif type(event_id) is str and EVENT_ID.fullmatch(event_id):
            draft.event_id = event_id
        else:
            raise Refused(Refusal.EVENT_ID_INVALID)
        draft.event_type = _name(sent["eventType"], "eventType")
        day = stamp[:10]
        near = day in times.own_days(visit.day)
        if near and times.is_stamp(stamp):
            draft.timestamp, draft.day = stamp, day
        elif near and times.is_utc(stamp):
            draft.timestamp, draft.day = f"{stamp[:23]}Z", day
        else:
            instant, draft.timestamp = times.read(stamp)
            draft.day = times.storage_day(instant, visit.received)
        # Half of these are not there, which is not worth a call.
        if sent_at is not None:
            _correct(draft, sent_at)
        draft.page = None if page is None else _text(page, "page")
        if session is not None:
            session = _name(_text(session, "sessionId"), "sessionId")
        draft.session = session
        draft.referrer = None if referrer is None else _text(referrer, "referrer")
        draft.user_agent = (
            visit.user_agent if agent is None else _text(agent, "userAgent")
        )
        draft.viewport = _NO_VIEWPORT if viewport is None else _viewport(viewport)
        simple = sent.keys() <= _ALL_BUT_METADATA
        draft.metadata = None if simple else _metadata(sent)

    return step


def draw_id(draft: Draft, entropy: Callable[[int], bytes]) -> None:
    """Give the draft a new id: `<unix seconds>-<8 or 16 hex digits>`."""
    drawn = entropy(draft.digits // 2).hex()
    draft.event_id = f"{int(draft.visit.seconds)}-{drawn}"


def _correct(draft: Draft, sent_at: object) -> None:
    """Correct the event's time where the client's clock is wrong.

    The clock that made `timestamp` made `sentAt` too, as the request left, and the
    server knows when that was. The day stays that of the time as sent: it belongs to
    the object's key, and a retry must find it. A clock so wrong that its times are not
    near the server's would leave the day to that of receipt, which is another for a
    retry. The corrected time is about the same for each, and a clock stays as wrong as
    it is; so how wrong it is decides, and not whether this time is near.
    """
    if not isinstance(sent_at, str):
        raise Refused(Refusal.STRING_EXPECTED, "sentAt")
    try:
        wrong = draft.visit.received - times.read(sent_at)[0]
    except Refused:
        raise Refused(Refusal.SENT_AT_INVALID) from None
    if abs(wrong) <= _CLOCK:
        return
    try:
        corrected = times.read(draft.timestamp)[0] + wrong
    except OverflowError:
        raise Refused(Refusal.SENT_AT_INVALID) from None
    draft.client_timestamp = f'"{draft.timestamp}"'
    draft.timestamp = times.stamp(corrected)
    if not _FAST <= wrong <= _SLOW:
        draft.day = times.storage_day(corrected, draft.visit.received)


def _text(value: Any, name: str) -> str:
    if type(value) is not str:
        raise Refused(Refusal.STRING_EXPECTED, name)
    return value[: limits.TEXT_CHARS]


def _name(value: str, name: str) -> str:
    if len(value) > limits.NAME_CHARS:
        raise Refused(Refusal.TOO_LONG, name)
    return value


def _viewport(viewport: Any) -> str:
    """Return a viewport's size in whole pixels, as JSON."""
    if not isinstance(viewport, dict):
        raise Refused(Refusal.VIEWPORT_INVALID)
    width, height = viewport.get("width"), viewport.get("height")
    if not type(width) is type(height) is int:
        width, height = _pixels(width), _pixels(height)
    elif not (0 <= width <= _PIXELS and 0 <= height <= _PIXELS):
        raise Refused(Refusal.VIEWPORT_INVALID)
    return f'{{"width":{width},"height":{height}}}'


def _pixels(value: Any) -> int | str:
    if value is None:
        return "null"
    # `True` is an int to Python and no size to anyone.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and 0 <= value <= _PIXELS:
        return int(value)
    raise Refused(Refusal.VIEWPORT_INVALID)


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
    if type(value) is str:
        if value and not value.isspace():
            return value
    elif value is not None:
        raise Refused(Refusal.STRING_EXPECTED, name)
    raise Refused(missing)

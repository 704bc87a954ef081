"""From a request's JSON to its events: one object, or many under `events`."""

from __future__ import annotations

from collections.abc import Mapping

from . import body, compact, limits
from .refusals import Refusal, Refused
from .request import Request
from .typed import Any

#: The member that makes a batch of an object.
EVENTS = "events"

#: An event as it was sent, or why it is none.
Sent = Mapping[str, Any] | Refused

# Either says where an event goes; one of an event's own takes the place of both.
_DESTINATIONS = ("bucket", "tenant")
# What JSON can nest.
_CONTAINERS = frozenset({dict, list})


def read(request: Request) -> tuple[list[Sent], bool]:
    """Return the events that a request carries, and whether as a batch.

    Raises:
        Refused: If the request is refused as a whole.
    """
    raw = body.read(request)
    sent = _parse(raw)
    if not isinstance(sent, dict):
        raise Refused(Refusal.NOT_AN_OBJECT)
    # Nothing is nested more deeply than there are brackets to nest it in.
    may_be_deep = raw.count(b"{") + raw.count(b"[") > limits.DEPTH
    if EVENTS in sent:
        return _events_of(sent, len(raw), may_be_deep=may_be_deep), True
    if len(raw) > limits.EVENT_BYTES:
        raise Refused(Refusal.EVENT_TOO_LARGE)
    if may_be_deep:
        require_depth(sent)
    return [sent], False


def require_depth(sent: Mapping[str, Any]) -> None:
    """Refuse an event that is nested too deeply.

    Raises:
        Refused: If it is.
    """
    for member in sent.values():
        if type(member) in _CONTAINERS and not _fits(member, limits.DEPTH - 1):
            raise Refused(Refusal.TOO_DEEP)


def _fits(value: Any, levels: int) -> bool:
    if levels == 0:
        return False
    for member in value.values() if type(value) is dict else value:
        if type(member) in _CONTAINERS and not _fits(member, levels - 1):
            return False
    return True


def _parse(raw: bytes) -> Any:
    try:
        return body.parse(raw)
    except Refused:
        # Half a character or a NaN in one event must not take the others with it, nor
        # a byte that is no UTF-8.
        sent = body.salvage(raw)
        if not isinstance(sent, dict) or not isinstance(sent.get(EVENTS), list):
            raise
        events = sent.pop(EVENTS)
        return {**body.sound(sent), EVENTS: [_sound(event) for event in events]}


def _sound(event: Any) -> Any:
    try:
        return body.sound(event)
    except Refused as refused:
        return refused


def _events_of(sent: dict[str, Any], size: int, *, may_be_deep: bool) -> list[Sent]:
    events = sent.pop(EVENTS)
    if not isinstance(events, list) or not events:
        raise Refused(Refusal.EVENTS_INVALID)
    if len(events) > limits.BATCH_EVENTS:
        raise Refused(Refusal.TOO_MANY_EVENTS)
    if sent.get("eventId") is not None:
        raise Refused(Refusal.EVENT_ID_SHARED)
    # What stands once in the request is stored with each event.
    if size > limits.DEFAULTS_BYTES and _bytes(sent) > limits.DEFAULTS_BYTES:
        raise Refused(Refusal.DEFAULTS_TOO_LARGE)
    # No event is larger than all of the request.
    measure = size > limits.EVENT_BYTES
    return [
        _event_of(event, sent, measure=measure, may_be_deep=may_be_deep)
        for event in events
    ]


def _event_of(
    event: Any, defaults: dict[str, Any], *, measure: bool, may_be_deep: bool
) -> Sent:
    if isinstance(event, Refused):
        return event
    if not isinstance(event, dict):
        return Refused(Refusal.NOT_AN_OBJECT)
    merged = event
    if defaults:
        if any(event.get(name) is not None for name in _DESTINATIONS):
            defaults = {n: v for n, v in defaults.items() if n not in _DESTINATIONS}
        merged = {**defaults, **event}
    if measure and _bytes(merged) > limits.EVENT_BYTES:
        return Refused(Refusal.EVENT_TOO_LARGE)
    try:
        if may_be_deep:
            require_depth(merged)
    except Refused as refused:
        return refused
    return merged


def _bytes(value: dict[str, Any]) -> int:
    try:
        return len(compact.encode(value).encode())
    except RecursionError:
        # Far deeper than is allowed, which is told of each event by itself.
        return 0

"""How an event lies in its bucket: the object's key, its one line, and its writing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from . import times
from .columns import COLUMNS, PREFIX
from .draft import Draft
from .fields import draw_id
from .refusals import Refusal, Refused
from .storage import Fault, ObjectStore, Outcome, StorageError

CONTENT_TYPE = "application/json"
# Of a day's 2^32 ids per second one is drawn twice about never; three times in a row
# means that the source of randomness is broken.
_DRAWS = 3

_NAMES = tuple(column.name for column in COLUMNS)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Stored(NamedTuple):
    """Where an event is, and whether it was there before."""

    key: str
    duplicate: bool


def key_of(draft: Draft) -> str:
    """Return the event's key: `analytics/year=…/month=…/day=…/<eventId>.json`."""
    year, month, day = times.storage_day(draft.instant, draft.received).split("-")
    return f"{PREFIX}year={year}/month={month}/day={day}/{draft.event_id}.json"


def line_of(draft: Draft) -> bytes:
    """Return the event as it is stored: every column, in order, on one line."""
    record = draft.record
    text = _encode({name: record[name] for name in _NAMES})
    # What was sent as JSON is sound by now; a header may still hold half a character.
    return text.encode(errors="replace") + b"\n"


def write(
    draft: Draft,
    store: ObjectStore,
    *,
    acl: str | None,
    entropy: Callable[[int], bytes],
) -> Stored:
    """Store the event unless it is stored already.

    Args:
        draft: A draft that has passed the pipeline.
        store: Where to.
        acl: The canned ACL to send.
        entropy: Returns as many random bytes as it is asked for.

    Raises:
        Refused: If the event is not stored, or may not be.
    """
    for _ in range(_DRAWS):
        key = key_of(draft)
        try:
            put = store.put(
                draft.bucket,
                key,
                line_of(draft),
                deadline=draft.deadline,
                content_type=CONTENT_TYPE,
                owner=draft.owner,
                acl=acl,
            )
        except StorageError as error:
            raise _refused(draft, error) from error
        if put.outcome is Outcome.STORED or put.uncertain:
            return Stored(key, duplicate=False)
        if not draft.id_is_ours:
            return Stored(key, duplicate=True)
        draw_id(draft, entropy)
    raise _refused(draft, StorageError(Fault.UNAVAILABLE, "no free event id"))


def _refused(draft: Draft, error: StorageError) -> Refused:
    # A bucket that merely fits a pattern is the client's choice: that it refuses us is
    # the client's error. One that the operator named is the operator's to mend.
    if error.fault is not Fault.UNAVAILABLE and not draft.named:
        return Refused(Refusal.BUCKET_FORBIDDEN)
    draft.faults.append(("event", error))
    return Refused(Refusal.UNAVAILABLE)

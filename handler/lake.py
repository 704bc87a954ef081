"""How events lie in a bucket: the key of their object, its lines, and its writing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from json.encoder import encode_basestring

from .columns import PREFIX
from .draft import Draft
from .fields import draw_id
from .message import Message
from .storage import Fault, ObjectStore, Outcome, Put, StorageError
from .typed import NamedTuple

CONTENT_TYPE = "application/json"
# Of a second's 2^32 ids one is drawn twice about never; three times in a row means
# that the source of randomness is broken.
_DRAWS = 3
#: Hex digits of the id of an object with several events.
_OBJECT_DIGITS = 32


class Stored(NamedTuple):
    """Where events are, and whether they were there before."""

    key: str
    duplicate: bool


class Bundle:
    """Events of one request that become one object.

    Args:
        drafts: Events for the same bucket and day that have passed the pipeline.
        day: That day.
    """

    __slots__ = ("day", "drafts", "keeps_ids")

    def __init__(self, day: str, drafts: list[Draft]) -> None:
        self.day = day
        self.drafts = drafts
        self.keeps_ids = False
        """Whether they may be somewhere already, so that their ids must stay."""

    @property
    def first(self) -> Draft:
        """One of the events; they go to the same bucket."""
        return self.drafts[0]

    @property
    def tenant(self) -> str | None:
        """The registered tenant, where the bucket is one's."""
        return self.first.tenant.name if self.first.tenant else None

    def draw_ids(self, entropy: Callable[[int], bytes], digits: int) -> bool:
        """Draw those ids anew that were made here; False if none may be."""
        if self.keeps_ids:
            return False
        ours = [draft for draft in self.drafts if draft.id_is_ours]
        for draft in ours:
            draft.digits = digits
            draw_id(draft, entropy)
        return bool(ours)

    def message(self) -> Message:
        """Return the events as they are stored, under one id.

        The id of several follows from theirs, in whatever order they come: so a retry
        of the same events finds the same object.
        """
        # One that stands twice in a batch is stored once, as it was sent first.
        by_id: dict[str, Draft] = {}
        for draft in self.drafts:
            by_id.setdefault(draft.event_id, draft)
        first = self.first
        return Message(
            bucket=first.bucket,
            day=self.day,
            id=object_id(by_id),
            events=len(by_id),
            lines=b"".join([line_of(draft) for draft in by_id.values()]),
            owner=first.owner,
            tenant=self.tenant,
        )


def bundles_of(drafts: Iterable[Draft]) -> list[Bundle]:
    """Return the events by bucket and day, in the order of the first of each."""
    found: dict[tuple[str, str], Bundle] = {}
    for draft in drafts:
        place = draft.bucket, draft.day
        if place in found:
            found[place].drafts.append(draft)
        else:
            found[place] = Bundle(draft.day, [draft])
    return list(found.values())


def line_of(draft: Draft) -> bytes:
    """Return the event as it is stored: every column, in order, on one line.

    Written out, because an encoder that learns the columns from each event takes
    longer than all else here; a test compares it with `columns`.
    """
    record = draft.record
    viewport = record["viewport"]
    # Ids and times have no characters to escape.
    text = (
        f'{{"eventId":"{record["eventId"]}",'
        f'"eventType":{encode_basestring(record["eventType"])},'
        f'"timestamp":"{record["timestamp"]}",'
        f'"clientTimestamp":{_text(record["clientTimestamp"])},'
        f'"serverTimestamp":"{record["serverTimestamp"]}",'
        f'"page":{_text(record["page"])},'
        f'"sessionId":{_text(record["sessionId"])},'
        f'"ip":{_text(record["ip"])},'
        f'"location":{_location(**record["location"])},'
        f'"device":{_device(**record["device"])},'
        f'"viewport":{{"width":{_number(viewport["width"])},'
        f'"height":{_number(viewport["height"])}}},'
        f'"referrer":{_text(record["referrer"])},'
        f'"userAgent":{_text(record["userAgent"])},'
        f'"metadata":{_text(record["metadata"])}}}\n'
    )
    # What was sent as JSON is sound by now; a header may still hold half a character.
    return text.encode(errors="replace")


# There are few of them, and each comes with many events.
@lru_cache(1024)
def _location(country: str | None, city: str | None, region: str | None) -> str:
    return (
        f'{{"country":{_text(country)},"city":{_text(city)},"region":{_text(region)}}}'
    )


@lru_cache(1024)
def _device(
    device_type: str | None, browser: str | None, os: str | None, *, is_bot: bool
) -> str:
    return (
        f'{{"device_type":{_text(device_type)},"browser":{_text(browser)},'
        f'"os":{_text(os)},"is_bot":{"true" if is_bot else "false"}}}'
    )


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


def object_id(ids: Collection[str]) -> str:
    """Return the id of an object that holds what has these ids, each once."""
    several = sorted(ids)
    if len(several) == 1:
        return several[0]
    return hashlib.sha256("\n".join(several).encode()).hexdigest()[:_OBJECT_DIGITS]


def key_of(day: str, name: str) -> str:
    """Return the key `analytics/year=…/month=…/day=…/<name>`.

    Args:
        day: The UTC day, `YYYY-MM-DD`.
        name: The object's own name.
    """
    year, month, date = day.split("-")
    return f"{PREFIX}year={year}/month={month}/day={date}/{name}"


def put(
    message: Message, store: ObjectStore, *, acl: str | None, deadline: float
) -> tuple[str, Put]:
    """Store a message's events as one object, unless it is there.

    One event is stored as it is, several are compressed.

    Args:
        message: The events.
        store: Where to.
        acl: The canned ACL to send.
        deadline: The instant of the monotonic clock to give up at.

    Returns:
        The object's key and what became of the write.

    Raises:
        StorageError: If it may not be there.
    """
    several = message.events > 1
    key = key_of(message.day, f"{message.id}.json{'.gz' if several else ''}")
    return key, store.put(
        message.bucket,
        key,
        message.gzipped() if several else message.plain(),
        deadline=deadline,
        content_type=CONTENT_TYPE,
        content_encoding="gzip" if several else None,
        owner=message.owner,
        acl=acl,
    )


def write(
    bundle: Bundle,
    store: ObjectStore,
    *,
    acl: str | None,
    deadline: float,
    entropy: Callable[[int], bytes],
) -> Stored:
    """Store the events unless they are stored already.

    An id made here is drawn again where another event has it: only when S3 says so at
    the first attempt, since later it may speak of our own.

    Args:
        bundle: The events.
        store: Where to.
        acl: The canned ACL to send.
        deadline: The instant of the monotonic clock to give up at.
        entropy: Returns as many random bytes as it is asked for.

    Raises:
        StorageError: If they may not be stored.
    """
    for _ in range(_DRAWS):
        key, done = put(bundle.message(), store, acl=acl, deadline=deadline)
        if done.outcome is Outcome.STORED or done.uncertain:
            return Stored(key, duplicate=False)
        if not bundle.draw_ids(entropy, bundle.first.digits):
            return Stored(key, duplicate=not bundle.keeps_ids)
    raise StorageError(Fault.UNAVAILABLE, "no free event id", uncertain=False)

"""How events lie in a bucket: the key of their object, its lines, and its writing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from json.encoder import encode_basestring as _escaped

from .columns import PREFIX
from .draft import Destination, Draft
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
    def destination(self) -> Destination:
        """Where they go."""
        return self.drafts[0].destination

    @property
    def tenant(self) -> str | None:
        """The registered tenant, where the bucket is one's."""
        tenant = self.destination.tenant
        return tenant.name if tenant else None

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
        return Message(
            bucket=self.destination.bucket,
            day=self.day,
            id=object_id(by_id),
            events=len(by_id),
            lines=b"".join([line_of(draft) for draft in by_id.values()]),
            owner=self.destination.owner,
            tenant=self.tenant,
        )


def bundles_of(drafts: Iterable[Draft]) -> list[Bundle]:
    """Return the events by bucket and day, in the order of the first of each."""
    found: dict[tuple[str, str], Bundle] = {}
    for draft in drafts:
        place = draft.destination.bucket, draft.day
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
    page, session, ip = record["page"], record["sessionId"], record["ip"]
    referrer, agent, rest = record["referrer"], record["userAgent"], record["metadata"]
    width, height = record["viewport"]
    # Ids and times have no characters to escape. No helper tells null from text: one
    # that is called for each value would take as long as the escaping.
    text = (
        f'{{"eventId":"{record["eventId"]}",'
        f'"eventType":{_escaped(record["eventType"])},'
        f'"timestamp":"{record["timestamp"]}",'
        f'"clientTimestamp":null,'
        f'"serverTimestamp":"{record["serverTimestamp"]}",'
        f'"page":{"null" if page is None else _escaped(page)},'
        f'"sessionId":{"null" if session is None else _escaped(session)},'
        f'"ip":{"null" if ip is None else _escaped(ip)},'
        f'"location":{record["location"]},'
        f'"device":{record["device"]},'
        f'"viewport":{{"width":{"null" if width is None else width},'
        f'"height":{"null" if height is None else height}}},'
        f'"referrer":{"null" if referrer is None else _escaped(referrer)},'
        f'"userAgent":{"null" if agent is None else _escaped(agent)},'
        f'"metadata":{"null" if rest is None else _escaped(rest)}}}\n'
    )
    # What was sent as JSON is sound by now; a header may still hold half a character.
    return text.encode(errors="replace")


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

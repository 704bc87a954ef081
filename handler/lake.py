"""How events lie in a bucket: the key of their object, its lines, and its writing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from functools import lru_cache
from json.encoder import encode_basestring as _escaped

from .columns import PREFIX
from .draft import Destination, Draft
from .fields import draw_id
from .message import Message
from .storage import Fault, ObjectStore, Outcome, Put, StorageError

CONTENT_TYPE = "application/json"
# Named once, since Python code finds the members of an enumeration.
_STORED = Outcome.STORED
# Of a second's 2^32 ids one is drawn twice about never; three times in a row means
# that the source of randomness is broken.
_DRAWS = 3
#: Hex digits of the id of an object with several events.
_OBJECT_DIGITS = 32
#: An object's name, body and content encoding.
_Object = tuple[str, bytes, str | None]
# Days whose folders are remembered; nearly all events are of today.
_DAYS = 16


class Bundle:
    """Events of one request that become one object.

    Args:
        destination: Where they go.
        day: The day that they are stored under.
        drafts: The events; they have passed the pipeline.
    """

    __slots__ = ("day", "destination", "drafts", "keeps_ids")

    def __init__(self, destination: Destination, day: str, drafts: list[Draft]) -> None:
        self.destination = destination
        self.day = day
        self.drafts = drafts
        self.keeps_ids = False
        """Whether they may be somewhere already, so that their ids must stay."""

    @property
    def tenant(self) -> str | None:
        """The registered tenant, where the bucket is one's."""
        tenant = self.destination.tenant
        return tenant.name if tenant else None

    def count(self) -> int:
        """Return how many events it is; one that stands twice is stored once."""
        return len({draft.event_id for draft in self.drafts})

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
        drafts = self.drafts
        if len(drafts) == 1:
            name, lines, events = drafts[0].event_id, line_of(drafts[0]), 1
        else:
            # One that stands twice in a batch is stored once, as it was sent first.
            by_id: dict[str, Draft] = {}
            for draft in drafts:
                by_id.setdefault(draft.event_id, draft)
            lines = b"".join([line_of(draft) for draft in by_id.values()])
            name, events = object_id(by_id), len(by_id)
        bucket, owner = self.destination.bucket, self.destination.owner
        return Message(bucket, self.day, name, events, lines, owner, self.tenant)


def line_of(draft: Draft) -> bytes:
    """Return the event as it is stored: every column, in order, on one line.

    Written out, because an encoder that learns the columns from each event takes
    longer than all else here; a test compares it with `columns`.
    """
    visit = draft.visit
    page, session, referrer = draft.page, draft.session, draft.referrer
    ip, agent, rest = visit.hash, draft.user_agent, draft.metadata
    # Ids, times and hashes have no characters to escape. No helper tells null from
    # text: one that is called for each value would take as long as the escaping.
    text = (
        f'{{"eventId":"{draft.event_id}",'
        f'"eventType":{_escaped(draft.event_type)},'
        f'"timestamp":"{draft.timestamp}",'
        f'"clientTimestamp":{draft.client_timestamp},'
        f'"serverTimestamp":"{visit.at}",'
        f'"page":{"null" if page is None else _escaped(page)},'
        f'"sessionId":{"null" if session is None else _escaped(session)},'
        f'"ip":{"null" if ip is None else _escaped(ip)},'
        f'"location":{visit.location},'
        f'"device":{draft.device},'
        f'"viewport":{draft.viewport},'
        f'"referrer":{"null" if referrer is None else _escaped(referrer)},'
        f'"userAgent":{"null" if agent is None else _escaped(agent)},'
        f'"metadata":{"null" if rest is None else _escaped(rest)}}}\n'
    )
    # What was sent as JSON is sound by now; a header may still hold half a character.
    return text.encode(errors="replace")


def object_id(ids: Collection[str]) -> str:
    """Return the id of an object that holds what has these ids, each once."""
    if len(ids) == 1:
        (alone,) = ids
        return alone
    several = "\n".join(sorted(ids))
    return hashlib.sha256(several.encode()).hexdigest()[:_OBJECT_DIGITS]


def key_of(day: str, name: str) -> str:
    """Return the key `analytics/year=…/month=…/day=…/<name>`.

    Args:
        day: The UTC day, `YYYY-MM-DD`.
        name: The object's own name.
    """
    return f"{_folder(day)}{name}"


@lru_cache(_DAYS)
def _folder(day: str) -> str:
    year, month, date = day.split("-")
    return f"{PREFIX}year={year}/month={month}/day={date}/"


def put(
    message: Message, store: ObjectStore, acl: str | None, deadline: float
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
    made = _object_of(message)
    return _put(message, message.day, made, store, acl=acl, deadline=deadline)


def _put(
    place: Destination | Message,
    day: str,
    made: _Object,
    store: ObjectStore,
    *,
    acl: str | None,
    deadline: float,
) -> tuple[str, Put]:
    """Store an object in a place's bucket, which must be its owner's."""
    name, body, encoding = made
    key = key_of(day, name)
    return key, store.put(
        place.bucket,
        key,
        body,
        deadline=deadline,
        content_type=CONTENT_TYPE,
        content_encoding=encoding,
        owner=place.owner,
        acl=acl,
    )


def _object_of(message: Message) -> _Object:
    """Return what a message's events are stored as."""
    if message.events > 1:
        return f"{message.id}.json.gz", message.gzipped(), "gzip"
    lines = message.plain() if message.packed else message.lines
    return f"{message.id}.json", lines, None


def write(
    bundle: Bundle,
    store: ObjectStore,
    acl: str | None,
    deadline: float,
    entropy: Callable[[int], bytes],
) -> tuple[str, bool]:
    """Store the events unless they are stored already.

    An id made here is drawn again where another event has it: only when S3 says so at
    the first attempt, since later it may speak of our own.

    Args:
        bundle: The events.
        store: Where to.
        acl: The canned ACL to send.
        deadline: The instant of the monotonic clock to give up at.
        entropy: Returns as many random bytes as it is asked for.

    Returns:
        The object's key, and whether they were there before.

    Raises:
        StorageError: If they may not be stored.
    """
    drafts = bundle.drafts
    for _ in range(_DRAWS):
        if len(drafts) == 1:
            # What its message would become, without one.
            made: _Object = f"{drafts[0].event_id}.json", line_of(drafts[0]), None
        else:
            made = _object_of(bundle.message())
        key, done = _put(
            bundle.destination, bundle.day, made, store, acl=acl, deadline=deadline
        )
        if done.outcome is _STORED or done.uncertain:
            return key, False
        if not bundle.draw_ids(entropy, drafts[0].digits):
            return key, not bundle.keeps_ids
    raise StorageError(Fault.UNAVAILABLE, "no free event id", uncertain=False)

"""What travels on the queue: events of one bucket and day, as text that SQS keeps.

A message is a head in JSON, a line with its id and a checksum, and its events. SQS
replaces characters that XML 1.0 lacks, so all of it is ASCII: one event in ASCII
travels as it is, any other as base64, several as base64 of gzip. A message holds events
as they will be stored: an address has become a hash before it is queued.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

import binascii
import json
import re
import zlib
from functools import lru_cache

from .compact import encode_ascii
from .typed import Any, NamedTuple

#: The form of the messages that are written here.
VERSION = 1
#: Bytes of lines up to which deflate's tables are small: to clear the large ones takes
#: longer than to compress a request, and saves few of its bytes.
SMALL_BYTES = 64 * 1024
#: Bytes of one event up to which it is not compressed. That would take most of the time
#: that sending it takes, and SQS bills by 64 KiB.
PLAIN_BYTES = 8 * 1024
#: Characters of a head; ours have far fewer.
HEAD_CHARS = 1024

_GZIP = 16 + zlib.MAX_WBITS
# Level, window and memory of deflate for few bytes, and for many.
_SMALL = (1, zlib.DEFLATED, 16 + 13, 5)
_LARGE = (6, zlib.DEFLATED, _GZIP)
# Lines of a request of 1 MiB, each with its defaults, all of it escaped once more.
_LINES_BYTES = 16 * 1024 * 1024
_DAY = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
# On a laptop a tenant's bucket has the tenant's name, which may be shorter than S3's.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_OWNER = re.compile(r"[0-9]{12}")
_MARKS = re.compile(r"([A-Za-z0-9-]{8,64}) ([0-9a-f]{8})")
# How the events travel.
_TEXT, _BASE64, _PACKED = "text", "base64", "gzip"
# A writer gets thousands of messages at once, and nearly all have the same few heads.
_HEADS = 256
_FORM = re.compile(f"{_TEXT}|{_BASE64}|{_PACKED}")
_decode = json.JSONDecoder().decode


class Message(NamedTuple):
    """Events that go to one bucket and day."""

    bucket: str
    day: str
    """The UTC day that they are stored under, `YYYY-MM-DD`."""
    id: str
    """The id of the one event, or of the object that several would become."""
    events: int
    """How many events the lines are."""
    lines: bytes
    """The events as they are stored, each on a line of its own; see `packed`."""
    owner: str | None = None
    """The account that must own the bucket, where it is known."""
    tenant: str | None = None
    """The registered tenant, where the bucket is one's."""
    packed: bool = False
    """Whether the lines are one gzip member."""

    def gzipped(self) -> bytes:
        """Return the lines as one gzip member; the same lines give the same bytes."""
        return self.lines if self.packed else gzip(self.lines)

    def plain(self) -> bytes:
        """Return the lines.

        Raises:
            ValueError: If they are not as many whole lines as there are events.
        """
        if not self.packed:
            return self.lines
        lines = _inflated(self.lines)
        _check_lines(lines, self.events)
        return lines


def encode(message: Message) -> str:
    """Return the message as ASCII text."""
    form, raw = _PACKED, message.lines
    if message.packed or message.events > 1 or len(raw) > PLAIN_BYTES:
        raw = message.gzipped()
        text = binascii.b2a_base64(raw, newline=False).decode()
    # The last character is the line's end.
    elif raw.isascii() and (text := raw.decode())[:-1].isprintable():
        form = _TEXT
    else:
        form, text = _BASE64, binascii.b2a_base64(raw, newline=False).decode()
    head = _Head(
        message.bucket, message.owner, message.tenant, message.day, message.events, form
    )
    return f"{_written(head)}\n{message.id} {zlib.crc32(raw):08x}\n{text}"


def decode(body: str) -> Message:
    """Return the message that `body` holds.

    Raises:
        ValueError: If it is not one that `encode` makes. It names the member at
            fault and quotes nothing.
    """
    head, _, rest = body.partition("\n")
    marks, _, text = rest.partition("\n")
    bucket, owner, tenant, day, events, form = _read(head)
    matched = _MARKS.fullmatch(marks)
    if matched is None:
        raise ValueError("the message's id and checksum are not of their form")
    name, checksum = matched.groups()
    try:
        raw = text.encode("ascii") if form == _TEXT else binascii.a2b_base64(text)
    except ValueError:
        raise ValueError(f"the message's lines are not {form}") from None
    if zlib.crc32(raw) != int(checksum, 16):
        raise ValueError("the message's lines are not those of its checksum")
    packed = form == _PACKED
    if not packed:
        _check_lines(raw, events)
    return Message(bucket, day, name, events, raw, owner, tenant, packed)


def gzip(lines: bytes) -> bytes:
    """Return `lines` as one gzip member; the same lines give the same bytes."""
    deflate = zlib.compressobj(*(_SMALL if len(lines) <= SMALL_BYTES else _LARGE))
    return deflate.compress(lines) + deflate.flush()


def compressor() -> zlib._Compress:
    """Return what makes one gzip member of many lines."""
    return zlib.compressobj(*_LARGE)


class _Head(NamedTuple):
    """What the messages of one bucket and day have in common."""

    bucket: str
    owner: str | None
    tenant: str | None
    day: str
    events: int
    form: str


@lru_cache(_HEADS)
def _written(head: _Head) -> str:
    document = {"version": VERSION, **head._asdict()}
    present = {name: value for name, value in document.items() if value is not None}
    return encode_ascii(present)


@lru_cache(_HEADS)
def _read(text: str) -> _Head:
    try:
        document = _decode(text) if len(text) <= HEAD_CHARS else None
    except (ValueError, RecursionError):
        raise ValueError("the message's head is not JSON") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ValueError(f"the message is not of version {VERSION}")
    return _Head(
        _text(document, "bucket", _BUCKET),
        _text(document, "owner", _OWNER) if "owner" in document else None,
        _text(document, "tenant") if "tenant" in document else None,
        _text(document, "day", _DAY),
        _count(document),
        _text(document, "form", _FORM),
    )


def _text(
    document: dict[str, Any], name: str, form: re.Pattern[str] | None = None
) -> str:
    value = document.get(name)
    if not isinstance(value, str) or (form and not form.fullmatch(value)):
        raise ValueError(f"the message's {name} is not of its form")
    return value


def _count(document: dict[str, Any]) -> int:
    count = document.get("events")
    if type(count) is not int or count < 1:
        raise ValueError("the message's events is not a count")
    return count


def _check_lines(lines: bytes, events: int) -> None:
    if not lines.endswith(b"\n") or lines.count(b"\n") != events:
        raise ValueError("the message's lines are not as many as its events")


def _inflated(packed: bytes) -> bytes:
    inflate = zlib.decompressobj(_GZIP)
    try:
        lines = inflate.decompress(packed, _LINES_BYTES)
    except zlib.error:
        raise ValueError("the message's lines are not gzip") from None
    if not inflate.eof or inflate.unused_data:
        raise ValueError("the message's lines are not one gzip member")
    return lines

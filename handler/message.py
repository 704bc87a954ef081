"""What travels on the queue: events of one bucket and day, as text that SQS keeps.

SQS replaces characters that XML 1.0 lacks, so the lines travel as base64 of gzip, and
all the rest is ASCII. A message holds events as they will be stored: an address has
become a hash before it is queued.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

import binascii
import json
import re
import zlib

from .compact import encode_ascii
from .typed import Any, NamedTuple

#: The form of the messages that are written here.
VERSION = 1
#: Bytes of lines up to which deflate's tables are small: to clear the large ones takes
#: longer than to compress a request, and saves few of its bytes.
SMALL_BYTES = 64 * 1024
#: Bytes of one event up to which it travels as it is. Compressing it would take most of
#: the time that sending it takes, and SQS bills by 64 KiB.
STORED_BYTES = 8 * 1024

_GZIP = 16 + zlib.MAX_WBITS
# Level, window and memory of deflate for few bytes, and for many.
_SMALL = (1, zlib.DEFLATED, 16 + 13, 5)
_LARGE = (6, zlib.DEFLATED, _GZIP)
# RFC 1952: magic, deflate, no name, no time, no system; RFC 1951: last block, stored.
_STORED_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01"
_STORED_FROM = len(_STORED_HEAD) + 4
# Lines of a request of 1 MiB, each with its defaults, all of it escaped once more.
_LINES_BYTES = 16 * 1024 * 1024
_DAY = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_OWNER = re.compile(r"[0-9]{12}")
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
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

    def wrapped(self) -> bytes:
        """Return the lines as a gzip member that takes no time to make."""
        if self.packed or self.events > 1 or len(self.lines) > STORED_BYTES:
            return self.gzipped()
        return _stored(self.lines)

    def plain(self) -> bytes:
        """Return the lines.

        Raises:
            ValueError: If they are not as many whole lines as there are events.
        """
        if not self.packed:
            return self.lines
        lines = _inflated(self.lines)
        if not lines.endswith(b"\n") or lines.count(b"\n") != self.events:
            raise ValueError("the message's lines are not as many as its events")
        return lines


def encode(message: Message) -> str:
    """Return the message as ASCII text."""
    document = {
        "version": VERSION,
        "bucket": message.bucket,
        "owner": message.owner,
        "tenant": message.tenant,
        "day": message.day,
        "id": message.id,
        "events": message.events,
        "lines": binascii.b2a_base64(message.wrapped(), newline=False).decode(),
    }
    present = {name: value for name, value in document.items() if value is not None}
    return encode_ascii(present)


def decode(body: str) -> Message:
    """Return the message that `body` holds, its lines still packed.

    Raises:
        ValueError: If it is not one that `encode` makes. It names the member at
            fault and quotes nothing.
    """
    try:
        document = _decode(body)
    except (ValueError, RecursionError):
        raise ValueError("the message is not JSON") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ValueError(f"the message is not of version {VERSION}")
    return Message(
        bucket=_text(document, "bucket", _BUCKET),
        day=_text(document, "day", _DAY),
        id=_text(document, "id", _ID),
        events=_count(document),
        lines=_lines(document),
        owner=_text(document, "owner", _OWNER) if "owner" in document else None,
        tenant=_text(document, "tenant") if "tenant" in document else None,
        packed=True,
    )


def gzip(lines: bytes) -> bytes:
    """Return `lines` as one gzip member; the same lines give the same bytes."""
    deflate = zlib.compressobj(*(_SMALL if len(lines) <= SMALL_BYTES else _LARGE))
    return deflate.compress(lines) + deflate.flush()


def compressor() -> zlib._Compress:
    """Return what makes one gzip member of many lines."""
    return zlib.compressobj(*_LARGE)


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


def _lines(document: dict[str, Any]) -> bytes:
    try:
        return binascii.a2b_base64(_text(document, "lines"))
    except ValueError:
        raise ValueError("the message's lines are not base64") from None


def _stored(lines: bytes) -> bytes:
    """Return a gzip member with one block that is not compressed: RFC 1951, 3.2.4."""
    size = len(lines)
    lengths = size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")
    check = zlib.crc32(lines).to_bytes(4, "little") + size.to_bytes(4, "little")
    return _STORED_HEAD + lengths + lines + check


def _inflated(packed: bytes) -> bytes:
    if packed.startswith(_STORED_HEAD):
        lines = packed[_STORED_FROM:-8]
        # Making it again is a check of every byte, and faster than inflating.
        if len(lines) <= STORED_BYTES and _stored(lines) == packed:
            return lines
    inflate = zlib.decompressobj(_GZIP)
    try:
        lines = inflate.decompress(packed, _LINES_BYTES)
    except zlib.error:
        raise ValueError("the message's lines are not gzip") from None
    if not inflate.eof or inflate.unused_data:
        raise ValueError("the message's lines are not one gzip member")
    return lines

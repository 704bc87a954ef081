"""Messages: what SQS keeps, what comes back, and what is not one."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import limits, message
from handler.message import Message, decode, encode
from handler.storage import Fault

from .conftest import Tracker
from .fakes import event_of, rest

LINES = b'{"eventId":"event-0001"}\n{"eventId":"event-0002"}\n'
MESSAGE = Message(
    bucket="website-analytics",
    day="2026-03-04",
    id="0123456789abcdef0123456789abcdef",
    events=2,
    lines=LINES,
    owner="111111111111",
    tenant="blog",
)
# What SQS takes; anything else it refuses or replaces.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
KEPT = re.compile("[\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def body_of(*, text: str | None = None, marks: str | None = None, **head: Any) -> str:
    """Return a message with members of its head changed, or other parts."""
    first, second, third = encode(MESSAGE).split("\n")
    if text is not None and marks is None:
        raw = base64.b64decode(text) if text.isascii() and text else b""
        second = f"{MESSAGE.id} {zlib.crc32(raw):08x}"
    return "\n".join(
        [
            json.dumps({**json.loads(first), **head}),
            second if marks is None else marks,
            third if text is None else text,
        ]
    )


MESSAGES = st.builds(
    Message,
    bucket=st.from_regex(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", fullmatch=True),
    day=st.dates().map(lambda day: day.isoformat()),
    id=st.from_regex(r"[A-Za-z0-9-]{8,64}", fullmatch=True),
    events=st.just(1),
    # One event in ASCII travels as it is, and seldom is drawn.
    lines=st.binary() | st.text(st.characters(max_codepoint=127)).map(str.encode),
    owner=st.none() | st.from_regex(r"[0-9]{12}", fullmatch=True),
    tenant=st.none() | st.text(),
    packed=st.just(False),
)


@given(MESSAGES)
def test_any_bytes_come_back_and_the_queue_keeps_every_character(sent: Message) -> None:
    lines = sent.lines + b"\n"
    sent = sent._replace(lines=lines, events=lines.count(b"\n"))

    body = encode(sent)
    got = decode(body)

    assert KEPT.fullmatch(body)
    assert body.isascii()
    assert got.plain() == lines == gzip.decompress(got.gzipped())
    assert got._replace(lines=lines, packed=False) == sent


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_any_text_of_a_client_passes_the_queue_unchanged(
    page: str, metadata: dict[str, str]
) -> None:
    """Every plane of Unicode, and what XML lacks."""
    tracker = Tracker(queued=True)
    tracker.send(rest(event_of(eventId="event-0001", page=page, metadata=metadata)))
    (stored,) = tracker.store.events()
    queued = Tracker(queued=True)
    queued.store.faults["website-analytics"] = Fault.UNAVAILABLE

    queued.send(rest(event_of(eventId="event-0001", page=page, metadata=metadata)))
    del queued.store.faults["website-analytics"]

    assert [KEPT.fullmatch(body) is None for body in queued.queue.bodies] == [False]
    assert queued.write() == []
    key = "analytics/year=2026/month=03/day=04/event-0001.json"
    place = ("website-analytics", key)
    assert queued.store.objects[place] == tracker.store.objects[place]
    assert stored["page"] == page[:2048]


def test_a_message_has_the_form_of_its_version() -> None:
    """Messages wait for days: another version of the writer must read them."""
    packed = message.gzip(LINES)
    head, marks, text = encode(MESSAGE).split("\n")

    assert json.loads(head) == {
        "version": 1,
        "bucket": "website-analytics",
        "owner": "111111111111",
        "tenant": "blog",
        "day": "2026-03-04",
        "events": 2,
        "form": "gzip",
    }
    assert " " not in head
    assert marks == f"0123456789abcdef0123456789abcdef {zlib.crc32(packed):08x}"
    assert text == base64.b64encode(packed).decode()
    assert '"owner"' not in encode(MESSAGE._replace(owner=None))
    assert '"tenant"' not in encode(MESSAGE._replace(tenant=None))


@pytest.mark.parametrize(
    ("line", "form", "text"),
    [
        (b'{"a":"b"}\n', "text", '{"a":"b"}\n'),
        ('{"a":"ä"}\n'.encode(), "base64", "eyJhIjoiw6QifQo="),
        (b'{"a":"\x0b"}\n', "base64", "eyJhIjoiCyJ9Cg=="),
    ],
)
def test_one_event_travels_as_it_is_where_the_queue_keeps_it(
    line: bytes, form: str, text: str
) -> None:
    sent = MESSAGE._replace(events=1, lines=line)

    head, marks, rest = encode(sent).split("\n", 2)

    assert json.loads(head)["form"] == form
    assert marks.endswith(f" {zlib.crc32(line):08x}")
    assert rest == text
    assert decode(encode(sent)) == sent


def test_the_same_lines_are_the_same_bytes() -> None:
    """No time and no file name is in them."""
    packed = message.gzip(LINES)

    assert packed == message.gzip(LINES)
    assert packed[:4] == b"\x1f\x8b\x08\x00"
    assert packed[4:8] == b"\x00\x00\x00\x00"
    assert decode(encode(MESSAGE)).gzipped() == packed


@pytest.mark.parametrize(
    "size",
    [
        1,
        message.PLAIN_BYTES,
        message.PLAIN_BYTES + 1,
        message.SMALL_BYTES,
        message.SMALL_BYTES + 1,
    ],
)
@pytest.mark.parametrize("events", [1, 2])
def test_lines_of_any_size_are_one_gzip_member(size: int, events: int) -> None:
    """A small event travels as it is; readers see no difference."""
    lines = b"\n" * (events - 1) + b"x" * (size - events) + b"\n"
    sent = MESSAGE._replace(lines=lines, events=lines.count(b"\n"))

    got = decode(encode(sent))

    assert got.plain() == lines == gzip.decompress(got.gzipped())
    assert (lines in got.lines) is (events == 1 and size <= message.PLAIN_BYTES)
    if sent.events > 1:
        assert got.gzipped() == sent.gzipped()


@pytest.mark.parametrize(("more", "level"), [(0, 4), (1, 0)])
def test_few_lines_are_compressed_fast_and_many_well(more: int, level: int) -> None:
    """RFC 1952 has a byte that tells: 4 for the fastest level."""
    packed = message.gzip(b"x" * (message.SMALL_BYTES + more))

    assert packed[8] == level


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 2}, "version 1"),
        ({"version": None}, "version 1"),
        ({"bucket": None}, "bucket"),
        ({"bucket": "Evil"}, "bucket"),
        ({"bucket": "a/b"}, "bucket"),
        ({"bucket": "a.b"}, "bucket"),
        ({"day": "2026-3-4"}, "day"),
        ({"day": "2026-13-04"}, "day"),
        ({"day": "2026-03-04\n"}, "day"),
        ({"day": "../../secrets"}, "day"),
        ({"marks": "short 00000000"}, "id and checksum"),
        ({"marks": f"{'../' * 4} 00000000"}, "id and checksum"),
        ({"marks": f"{'x' * 65} 00000000"}, "id and checksum"),
        ({"marks": "event-0001"}, "id and checksum"),
        ({"marks": "event-0001 0000000"}, "id and checksum"),
        ({"marks": "event-0001 00000000"}, "checksum"),
        ({"form": "zip"}, "form"),
        ({"form": None}, "form"),
        ({"events": 0}, "events"),
        ({"events": True}, "events"),
        ({"events": "2"}, "events"),
        ({"events": 2.0}, "events"),
        ({"owner": "12345"}, "owner"),
        ({"owner": None}, "owner"),
        ({"tenant": 7}, "tenant"),
        ({"text": "ä"}, "lines are not gzip"),
        ({"text": "ä", "form": "base64"}, "lines are not base64"),
        ({"text": "ä", "form": "text"}, "lines are not text"),
        ({"marks": "event-0001 00000000", "text": "AAAAA"}, "lines are not gzip"),
        ({"form": "base64"}, "as many as its events"),
        ({"form": "text", "events": 1, "text": ""}, "as many as its events"),
        ({"form": "base64", "events": 1, "text": "e30="}, "as many as its events"),
        ({"form": "base64", "events": 1, "text": "CgoK"}, "as many as its events"),
    ],
)
def test_what_is_not_a_message_is_told_by_its_member_and_not_quoted(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        decode(body_of(**changes))

    assert str(caught.value).startswith("the message")
    assert not any(
        str(value) in str(caught.value)
        for name, value in changes.items()
        if name != "form" and value and isinstance(value, str)
    )


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "7", '"x"', "[" * 100_000, "null", "9" * 5000]
)
def test_what_is_not_an_object_of_json_is_no_message(body: str) -> None:
    words = r"^the message('s head is not JSON| is not of version 1)$"
    with pytest.raises(ValueError, match=words):
        decode(body)


def test_a_head_beyond_all_bounds_is_not_read() -> None:
    """What was read is kept for the next message."""
    body = body_of(tenant="x" * message.HEAD_CHARS)

    with pytest.raises(ValueError, match="version 1"):
        decode(body)


PACKED = message.gzip(LINES)


@pytest.mark.parametrize(
    ("packed", "events", "words"),
    [
        (b"", 2, "one gzip member"),
        (PACKED[:-1], 2, "one gzip member"),
        (PACKED + b"x", 2, "one gzip member"),
        (PACKED + PACKED, 2, "one gzip member"),
        (b"x" + PACKED, 2, "not gzip"),
        (PACKED[:20] + b"\x00" + PACKED[21:], 2, "gzip"),
        (PACKED, 1, "as many as its events"),
        (PACKED, 3, "as many as its events"),
        (message.gzip(LINES[:-1]), 1, "as many as its events"),
    ],
)
def test_lines_that_were_changed_are_not_read(
    packed: bytes, events: int, words: str
) -> None:
    text = base64.b64encode(packed).decode()
    found = decode(body_of(events=events, text=text))

    with pytest.raises(ValueError, match=f"^the message's lines are .*{words}"):
        found.plain()


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_any_text_is_a_message_or_a_value_error(raw: bytes) -> None:
    try:
        decode(raw.decode("utf-8", "replace")).plain()
    except ValueError:
        return
    raise AssertionError("it was no message")


def test_a_message_that_inflates_beyond_all_bounds_is_not_read() -> None:
    """240 KiB of gzip can hold 240 MiB."""
    most = message._LINES_BYTES
    lines = b"x" * (most - 1) + b"\n"
    bomb = encode(MESSAGE._replace(events=1, lines=b"x" + lines))

    assert len(bomb) < limits.MESSAGE_BYTES
    with pytest.raises(ValueError, match="one gzip member"):
        decode(bomb).plain()


def test_the_largest_lines_of_a_request_are_within_the_bounds() -> None:
    """As large as defaults, headers and numbers can make a request's lines."""
    tracker = Tracker(queued=True)
    tracker.store.faults["website-analytics"] = Fault.UNAVAILABLE
    agent = "\x01" * limits.TEXT_CHARS
    defaults = {"bucket": "website-analytics", "timestamp": "2026-03-04", "": ""}
    spare = limits.DEFAULTS_BYTES - len(json.dumps(defaults, separators=(",", ":")))
    defaults[""] = '"' * (spare // 2)
    # Of all that JSON has, these grow most: five bytes with the comma become 19.
    start = json.dumps(defaults, separators=(",", ":"))[:-1] + ',"events":['
    room = (limits.BODY_BYTES - len(start) - len("]}")) // limits.BATCH_EVENTS
    number = (room - len('{"eventType":"x","n":[]},') + 1) // len("1e15,")
    event = f'{{"eventType":"x","n":[{",".join(["1e15"] * number)}]}}'
    body = start + ",".join([event] * limits.BATCH_EVENTS) + "]}"
    assert limits.BODY_BYTES - 3000 < len(body) <= limits.BODY_BYTES

    reply = tracker.send(rest(body, headers={"User-Agent": agent}))

    assert reply["statusCode"] == 202
    sizes = [len(found.plain()) for found in tracker.queue.messages]
    assert sum(found.events for found in tracker.queue.messages) == 500
    assert sum(sizes) < message._LINES_BYTES
    assert sum(sizes) > message._LINES_BYTES * 3 // 4


GROWING = ['\\"', "\\\\", "\\u0001", "\\u0002", "\U00020000", "ä"]


@pytest.mark.parametrize(
    ("pieces", "before", "after"),
    [
        (GROWING, '"', '"'),
        ([f"{digit}e15," for digit in range(1, 10)], "[", "0]"),
        ([f"-{digit}.5," for digit in range(1000, 9999)], "[", "0]"),
    ],
)
def test_one_event_always_fits_into_a_message(
    pieces: list[str], before: str, after: str
) -> None:
    """Else it could not be split any further."""
    chance = random.Random(7)
    tracker = Tracker(queued=True)
    tracker.store.faults["website-analytics"] = Fault.UNAVAILABLE
    body = f'{json.dumps(event_of(eventId="event-0001"))[:-1]},"x":{before}'
    room = limits.EVENT_BYTES - len(body) - 4
    text = ""
    while (piece := chance.choice(pieces)) and room >= len(piece.encode()):
        text += piece
        room -= len(piece.encode())
    agent = "".join(chance.choices("\U0001f600\U00020000\U00030000", k=2048))

    reply = tracker.send(rest(f"{body}{text}{after}}}", headers={"User-Agent": agent}))

    assert reply["statusCode"] == 202
    assert [message.events for message in tracker.queue.messages] == [1]


@pytest.mark.parametrize("line", ['{"a":"b"}', '{"a":"ä"}'])
def test_an_event_that_was_changed_on_the_way_is_not_read(line: str) -> None:
    sent = MESSAGE._replace(events=1, lines=f"{line}\n".encode())
    head, marks, text = encode(sent).split("\n", 2)
    changed = text.replace("b", "c").replace("Q", "R")
    assert changed != text

    with pytest.raises(ValueError, match="checksum"):
        decode(f"{head}\n{marks}\n{changed}")

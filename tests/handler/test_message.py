"""Messages: what SQS keeps, what comes back, and what is not one."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import random
import re
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


def document_of(**changes: Any) -> dict[str, Any]:
    """Return a message's JSON with members changed."""
    return {**json.loads(encode(MESSAGE)), **changes}


MESSAGES = st.builds(
    Message,
    bucket=st.from_regex(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", fullmatch=True),
    day=st.dates().map(lambda day: day.isoformat()),
    id=st.from_regex(r"[A-Za-z0-9-]{8,64}", fullmatch=True),
    events=st.just(1),
    lines=st.binary(),
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
    packed = base64.b64encode(message.gzip(LINES)).decode()

    assert json.loads(encode(MESSAGE)) == {
        "version": 1,
        "bucket": "website-analytics",
        "owner": "111111111111",
        "tenant": "blog",
        "day": "2026-03-04",
        "id": "0123456789abcdef0123456789abcdef",
        "events": 2,
        "lines": packed,
    }
    assert " " not in encode(MESSAGE)
    assert "owner" not in json.loads(encode(MESSAGE._replace(owner=None)))
    assert "tenant" not in json.loads(encode(MESSAGE._replace(tenant=None)))


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
        message.STORED_BYTES,
        message.STORED_BYTES + 1,
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
    assert (lines in got.lines) is (events == 1 and size <= message.STORED_BYTES)
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
        ({"id": "short"}, "id"),
        ({"id": "../../../../etc"}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"events": 0}, "events"),
        ({"events": True}, "events"),
        ({"events": "2"}, "events"),
        ({"events": 2.0}, "events"),
        ({"owner": "12345"}, "owner"),
        ({"owner": None}, "owner"),
        ({"tenant": 7}, "tenant"),
        ({"lines": None}, "base64"),
        ({"lines": "ä"}, "base64"),
        ({"lines": "AAAAA"}, "base64"),
    ],
)
def test_what_is_not_a_message_is_told_by_its_member_and_not_quoted(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        decode(json.dumps(document_of(**changes)))

    assert str(caught.value).startswith("the message")
    assert not any(
        str(value) in str(caught.value)
        for value in changes.values()
        if isinstance(value, str)
    )


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "7", '"x"', "[" * 100_000, "null", "9" * 5000]
)
def test_what_is_not_an_object_of_json_is_no_message(body: str) -> None:
    with pytest.raises(ValueError, match=r"^the message is not (JSON|of version 1)$"):
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
    lines = binascii.b2a_base64(packed).decode()
    found = decode(json.dumps(document_of(events=events, lines=lines)))

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


def test_a_member_that_was_not_compressed_is_checked_as_others_are() -> None:
    """A byte changed on the way is found by its checksum."""
    body = json.loads(encode(Message("a-b", "2026-03-04", "12345678", 1, b"{}\n")))
    packed = bytearray(base64.b64decode(body["lines"]))
    packed[packed.index(b"{}")] ^= 1
    body["lines"] = base64.b64encode(packed).decode()

    with pytest.raises(ValueError, match="not gzip"):
        decode(json.dumps(body)).plain()

"""Bodies: what is decoded, what is parsed, and what is refused."""

from __future__ import annotations

import base64
import gzip
import json
import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import body, limits
from handler.refusals import Refusal, Refused
from handler.request import Request


def request(
    text: str | None, *, is_base64: bool = False, encoding: str | None = None
) -> Request:
    headers = {} if encoding is None else {"content-encoding": encoding}
    return Request("POST", "track", headers, text, is_base64, "")


def refusal_of(raw: bytes) -> Refusal:
    with pytest.raises(Refused) as refused:
        body.parse(raw)
    return named(refused.value)


def reading(of: Request) -> Refusal:
    with pytest.raises(Refused) as refused:
        body.read(of)
    return named(refused.value)


def named(refused: Refused) -> Refusal:
    """Return the refusal; its words name the limit, where they name one."""
    limit = {
        Refusal.TOO_DEEP: f" {limits.DEPTH} ",
        Refusal.BODY_TOO_LARGE: f" {limits.BODY_BYTES} ",
    }
    assert limit.get(refused.refusal, " ") in refused.message
    return refused.refusal


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_what_can_be_written_as_json_is_read_as_it_was(
    value: Any, ascii_only: bool
) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()

    assert body.parse(raw) == value


@given(st.binary() | st.text().map(lambda text: text.encode(errors="replace")))
def test_any_bytes_are_a_value_that_can_be_stored_or_a_refusal(raw: bytes) -> None:
    """What is accepted can be written again as strict JSON."""
    try:
        value = body.parse(raw)
    except Refused as refused:
        assert refused.refusal.status == 400
    else:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"NaN", Refusal.NUMBER_NOT_FINITE),
        (b"[-Infinity]", Refusal.NUMBER_NOT_FINITE),
        (b"1e999", Refusal.NUMBER_NOT_FINITE),
        (b"-1e999", Refusal.NUMBER_NOT_FINITE),
        (b"9" * 309, Refusal.NUMBER_NOT_FINITE),
        (b"1" * 310, Refusal.NUMBER_NOT_FINITE),
        (b"9" * 5000, Refusal.NUMBER_NOT_FINITE),
        (b"[" * 100_000, Refusal.TOO_DEEP),
        (b'{"a":' * 100_000, Refusal.TOO_DEEP),
        (b"[" * 100_000 + b'"\\ud800"', Refusal.TOO_DEEP),
        (b'"\\ud800"', Refusal.BODY_NOT_UTF8),
        (b'{"a":"\\uDC00"}', Refusal.BODY_NOT_UTF8),
        (b'{"\\ud800":1}', Refusal.BODY_NOT_UTF8),
        (b"\xff\xfe", Refusal.BODY_NOT_UTF8),
        (b'"\xed\xa0\x80"', Refusal.BODY_NOT_UTF8),
        (b"\xef\xbb\xbf{}", Refusal.BODY_NOT_JSON),
        (b"{'a': 1}", Refusal.BODY_NOT_JSON),
        (b'{"a": 1,}', Refusal.BODY_NOT_JSON),
        (b"{} {}", Refusal.BODY_NOT_JSON),
        (b'"\x00"', Refusal.BODY_NOT_JSON),
        (b"\x0c{}", Refusal.BODY_NOT_JSON),
        (b"{}\xc2\xa0", Refusal.BODY_NOT_JSON),
        (b"X{}X", Refusal.BODY_NOT_JSON),
    ],
    ids=lambda value: value.label if isinstance(value, Refusal) else repr(value[:12]),
)
def test_refuses_what_could_not_be_stored(raw: bytes, refusal: Refusal) -> None:
    assert refusal_of(raw) is refusal


@pytest.mark.parametrize("depth", [400, 900])
def test_a_surrogate_too_deep_to_check_is_refused_too(depth: int) -> None:
    """Writing nests deeper than reading does."""
    raw = b"[" * depth + b'"\\ud800"' + b"]" * depth

    assert refusal_of(raw) in {Refusal.BODY_NOT_UTF8, Refusal.TOO_DEEP}


def test_space_around_a_value_is_what_json_takes_for_space() -> None:
    assert body.parse(b" \t\r\n{} \n") == {}


def test_a_surrogate_pair_is_a_character() -> None:
    assert body.parse(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def test_the_largest_numbers_are_kept_exactly() -> None:
    largest = int(math.ldexp(1 - 2**-53, 1024))

    assert body.parse(str(largest).encode()) == largest


def test_of_members_with_one_name_the_last_counts() -> None:
    assert body.parse(b'{"a":1,"a":2}') == {"a": 2}


@given(
    st.binary(min_size=1).filter(bytes.strip),
    st.sampled_from(["gzip", " GZIP ", "x-gzip"]),
)
def test_base64_and_gzip_give_back_the_bytes(raw: bytes, encoding: str) -> None:
    sent = base64.b64encode(gzip.compress(raw)).decode()

    assert body.read(request(sent, is_base64=True, encoding=encoding)) == raw


@pytest.mark.parametrize("encoding", [None, "", " ", "identity"])
def test_a_plain_body_is_taken_as_it_is(encoding: str | None) -> None:
    assert body.read(request("{}", encoding=encoding)) == b"{}"


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (request(None), Refusal.BODY_MISSING),
        (request(""), Refusal.BODY_MISSING),
        (request(" \n"), Refusal.BODY_MISSING),
        (request("AAA", is_base64=True), Refusal.BODY_NOT_BASE64),
        (request("é", is_base64=True), Refusal.BODY_NOT_BASE64),
        (request("\ud800"), Refusal.BODY_NOT_UTF8),
        (request("{}", encoding="br"), Refusal.ENCODING_UNKNOWN),
        (request("{}", encoding="gzip"), Refusal.BODY_NOT_GZIP),
    ],
)
def test_refuses_a_body_that_is_not_what_it_says(
    sent: Request, refusal: Refusal
) -> None:
    assert reading(sent) is refusal


def zipped(raw: bytes) -> Request:
    return request(base64.b64encode(raw).decode(), is_base64=True, encoding="gzip")


def test_refuses_half_a_gzip_member() -> None:
    assert reading(zipped(gzip.compress(b"{}")[:-1])) is Refusal.BODY_NOT_GZIP


def test_refuses_what_follows_a_gzip_member() -> None:
    assert reading(zipped(gzip.compress(b"{}") + b"x")) is Refusal.BODY_NOT_GZIP


@pytest.mark.parametrize("size", [limits.BODY_BYTES, limits.BODY_BYTES + 1])
def test_the_limit_holds_to_the_byte(size: int) -> None:
    """As text, as base64 and inside gzip alike."""
    text = "x" * size
    sent = [
        request(text),
        request(base64.b64encode(text.encode()).decode(), is_base64=True),
        zipped(gzip.compress(text.encode())),
    ]

    if size > limits.BODY_BYTES:
        assert {reading(each) for each in sent} == {Refusal.BODY_TOO_LARGE}
    else:
        assert {len(body.read(each)) for each in sent} == {size}


def test_a_bomb_is_not_unpacked() -> None:
    """64 MiB of zeros are refused after the first."""
    bomb = zipped(gzip.compress(b"\0" * (1 << 26)))
    tracemalloc.start()
    try:
        assert reading(bomb) is Refusal.BODY_TOO_LARGE
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * limits.BODY_BYTES


def test_far_too_much_base64_is_not_even_decoded() -> None:
    assert reading(request("!" * 2_000_000, is_base64=True)) is Refusal.BODY_TOO_LARGE

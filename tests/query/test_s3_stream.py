"""An object as a stream, over connections that break."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, IncompleteReadError
from hypothesis import given
from hypothesis import strategies as st

from analytics_tracker_construct._query.s3_stream import chunks

from .fakes import FakeS3, refusal


@given(st.binary(max_size=200), st.lists(st.integers(1, 50), max_size=4))
def test_every_byte_comes_once_however_often_it_breaks(
    body: bytes, breaks: list[int]
) -> None:
    s3 = FakeS3(body, breaks)

    assert b"".join(chunks(s3, "results", "a.csv")) == body


def test_the_rest_is_asked_of_the_same_object() -> None:
    s3 = FakeS3(b"0123456789", breaks=[4])

    assert b"".join(chunks(s3, "results", "a.csv")) == b"0123456789"
    assert s3.requests == [
        {"Bucket": "results", "Key": "a.csv"},
        {"Bucket": "results", "Key": "a.csv", "IfMatch": '"tag"', "Range": "bytes=4-"},
    ]


def test_a_stream_that_gives_nothing_is_given_up() -> None:
    s3 = FakeS3(b"0123456789", breaks=[3] + [0] * 9)

    with pytest.raises(IncompleteReadError):
        list(chunks(s3, "results", "a.csv"))

    assert len(s3.requests) == 5


def test_a_refusal_is_raised() -> None:
    s3 = FakeS3()
    s3.error = refusal("GetObject", "NoSuchKey", status=404)

    with pytest.raises(ClientError, match="NoSuchKey"):
        list(chunks(s3, "results", "a.csv"))

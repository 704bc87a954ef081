"""The signer gives what botocore's signers give."""

from __future__ import annotations

import hashlib
import string
from datetime import datetime, timezone
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from handler import sigv4
from handler.mac import Mac
from handler.sigv4 import Credentials, Form, Signer

#: Everything that a signature depends on, by name.
Request = dict[str, Any]

WORDS = st.text(string.ascii_letters + string.digits + "/+=", min_size=1, max_size=40)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"])
    | st.sampled_from(" /.~%+=&?#:;@!$'()*,\\\u00e9\u4e2d\U0001f600"),
    max_size=12,
)
SEGMENTS = st.lists(
    TEXT.map(lambda s: s.replace("/", "")) | st.sampled_from(["", ".", ".."]),
    max_size=6,
)
HEADER_NAMES = st.sampled_from(
    [
        *("content-type", "content-encoding", "if-none-match", "x-amz-acl"),
        *("x-amz-expected-bucket-owner", "x-amz-target", "x-amz-meta-a", "range"),
        *("x-amz-content-zero", "zebra", "accept", "content-length"),
    ]
)
HEADER_VALUES = st.text(
    string.ascii_letters + string.digits + " \t  ;,=/\"'*-_%\u00e9", max_size=20
)
TIMES = st.datetimes(
    datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc)
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Everything that a signature depends on."""
    return {
        "method": draw(st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"])),
        "host": draw(
            st.sampled_from(["b.s3.eu-west-1.amazonaws.com", "localhost:9000", "h.cn"])
        ),
        "path": "/" + quote("/".join(draw(SEGMENTS)), safe="/~"),
        "headers": draw(st.dictionaries(HEADER_NAMES, HEADER_VALUES)),
        "body": draw(st.binary(max_size=64)),
        "region": draw(st.sampled_from(["us-east-1", "eu-west-1", "cn-north-1", "x"])),
        "time": draw(TIMES),
        "credentials": draw(st.tuples(WORDS, WORDS, st.none() | WORDS)),
        "varies": draw(st.sets(HEADER_NAMES)),
    }


def by_botocore(kind: type[SigV4Auth], service: str, request: Request) -> AWSRequest:
    """Sign with botocore."""
    signed = AWSRequest(
        method=request["method"],
        url=f"https://{request['host']}{request['path']}",
        headers=dict(request["headers"]),
        data=request["body"],
    )
    credentials = BotocoreCredentials(*request["credentials"])
    with patch("botocore.auth.get_current_datetime", return_value=request["time"]):
        kind(credentials, service, request["region"]).add_auth(signed)
    return signed


def by_us(signer: Signer, request: Request, *, sign_payload: bool) -> str:
    """Sign with the handler's signer, some headers as those that vary."""
    timestamp = request["time"].strftime("%Y%m%dT%H%M%SZ")
    payload = hashlib.sha256(request["body"]).hexdigest()
    headers = {**request["headers"], "host": request["host"], "x-amz-date": timestamp}
    if sign_payload:
        headers["x-amz-content-sha256"] = payload
    if signer.credentials.token is not None:
        headers["x-amz-security-token"] = signer.credentials.token
    words = {name: " ".join(value.split()) for name, value in headers.items()}
    varying = {"x-amz-date", *request["varies"]} & headers.keys()
    form = Form(
        signer,
        request["method"],
        {name: value for name, value in headers.items() if name not in varying},
        varying,
        region=request["region"],
    )
    lines = form.sign(
        request["path"],
        tuple([words[name] for name in sorted(varying)]),
        payload,
        timestamp=timestamp,
    )
    assert lines.endswith("\r\n")
    *sent, last = lines[:-2].split("\r\n")
    assert sorted(sent) == sorted([f"{name}: {words[name]}" for name in words])
    return last.removeprefix("authorization: ")


@settings(max_examples=1500, deadline=None)
@given(requests())
def test_signs_for_s3_as_botocore_does(request: Request) -> None:
    theirs = by_botocore(S3SigV4Auth, "s3", request)

    ours = by_us(
        Signer(Credentials(*request["credentials"]), "s3"), request, sign_payload=True
    )

    assert ours == theirs.headers["Authorization"]


@settings(max_examples=600, deadline=None)
@given(requests())
def test_signs_for_other_services_as_botocore_does(request: Request) -> None:
    """Other services sign a path without dot segments, encoded once more."""
    theirs = by_botocore(SigV4Auth, "sqs", request)

    ours = by_us(
        Signer(Credentials(*request["credentials"]), "sqs"), request, sign_payload=False
    )

    assert ours == theirs.headers["Authorization"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TIMES, st.sampled_from(["a-1", "b-1", "c-1"])), max_size=9))
def test_a_key_derived_once_serves_only_its_day_and_region(
    uses: list[tuple[datetime, str]],
) -> None:
    """One signer for all gives what a new one for each request gives."""
    shared = Signer(Credentials("id", "secret"), "s3")
    for time, region in uses:
        request = {
            "method": "PUT",
            "host": "h",
            "path": "/k",
            "headers": {},
            "body": b"",
            "region": region,
            "time": time,
            "varies": set(),
        }
        alone = Signer(Credentials("id", "secret"), "s3")
        assert by_us(shared, request, sign_payload=True) == by_us(
            alone, request, sign_payload=True
        )


def test_derives_a_key_once_a_day_and_region() -> None:
    signer = Signer(Credentials("id", "secret"), "s3")
    forms = [Form(signer, method, {}, (), region="r") for method in ("PUT", "GET")]
    with patch.object(sigv4, "Mac", wraps=Mac) as mac:
        for second in range(5):
            for form in forms:
                form.sign("/", (), "", timestamp=f"20250101T00000{second}Z")

    assert mac.call_count == 4 + 1


def test_forgets_old_keys() -> None:
    """An instance that lives for months does not grow."""
    signer = Signer(Credentials("id", "secret"), "s3")

    form = Form(signer, "PUT", {}, (), region="r")

    for day in range(100):
        form.sign("/", (), "", timestamp=f"{day:08}T")

    assert len(signer._scopes) <= 32


def test_signs_the_example_of_the_aws_documentation() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html."""
    signer = Signer(
        Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        "s3",
    )

    form = Form(
        signer,
        "GET",
        {
            "host": "examplebucket.s3.amazonaws.com",
            "range": "bytes=0-9",
            "x-amz-content-sha256": sigv4.EMPTY_SHA256,
        },
        ("x-amz-date",),
        region="us-east-1",
    )
    lines = form.sign(
        "/test.txt",
        ("20130524T000000Z",),
        sigv4.EMPTY_SHA256,
        timestamp="20130524T000000Z",
    )

    assert lines.endswith(
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\r\n"
    )


def test_credentials_come_from_the_environment_and_are_never_shown() -> None:
    credentials = Credentials.from_environment(
        {
            "AWS_ACCESS_KEY_ID": "the-id",
            "AWS_SECRET_ACCESS_KEY": "the-secret",
            "AWS_SESSION_TOKEN": "the-token",
        }
    )

    assert tuple(credentials) == ("the-id", "the-secret", "the-token")
    assert "the-" not in f"{credentials!r} {credentials}"


def test_an_empty_token_is_none() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}

    assert (
        Credentials.from_environment({**environ, "AWS_SESSION_TOKEN": ""}).token is None
    )


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_missing_credentials_are_named(missing: str) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    del environ[missing]

    with pytest.raises(ValueError, match=f"{missing} is not set"):
        Credentials.from_environment(environ)

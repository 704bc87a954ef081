"""What the S3 store asks for, and what it makes of the answers."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config

from handler.calls import Caller
from handler.endpoints import Endpoints
from handler.pool import Pool
from handler.s3 import S3Store
from handler.sigv4 import Credentials
from handler.storage import Fault, StorageError
from handler.tls import Trust

from .s3_rig import (
    BODY,
    EXISTED,
    KEY,
    STORED,
    Rig,
    fails,
    region_of,
    running,
    signed_by_botocore,
)
from .scripted_s3 import (
    answer,
    refuse_at_once,
    send,
)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running() as it:
        yield it


def test_stores_an_object(rig: Rig) -> None:
    assert rig.put() == STORED

    assert rig.server.objects == {f"/b-1/{KEY.replace('=', '%3D')}": BODY}


def test_says_that_an_object_existed(rig: Rig) -> None:
    rig.put()

    assert rig.put() == EXISTED


def test_reads_what_was_stored(rig: Rig) -> None:
    rig.put()

    assert rig.get() == BODY
    assert [request.method for request in rig.server.requests] == ["PUT", "GET"]


def test_deletes_what_was_stored(rig: Rig) -> None:
    rig.put()
    rig.delete()

    assert rig.server.objects == {}


def test_sends_every_header_of_a_write(rig: Rig) -> None:
    rig.put(
        content_encoding="gzip", owner="123456789012", acl="bucket-owner-full-control"
    )

    headers = rig.server.requests[0].headers
    digest = hashlib.sha256(BODY)
    del headers["authorization"], headers["x-amz-date"]
    assert headers == {
        "host": f"127.0.0.1:{rig.server.port}",
        "content-type": "application/json",
        "content-encoding": "gzip",
        "content-length": str(len(BODY)),
        "if-none-match": "*",
        "x-amz-acl": "bucket-owner-full-control",
        "x-amz-expected-bucket-owner": "123456789012",
        "x-amz-checksum-sha256": base64.b64encode(digest.digest()).decode(),
        "x-amz-content-sha256": digest.hexdigest(),
        "x-amz-security-token": "the-token",
    }


def test_sends_no_header_without_need(rig: Rig) -> None:
    rig.put()

    assert not {"x-amz-acl", "x-amz-expected-bucket-owner", "content-encoding"} & set(
        rig.server.requests[0].headers
    )


@pytest.mark.parametrize("read", ["get", "delete"])
def test_names_the_owner_in_reads_and_deletions_too(rig: Rig, read: str) -> None:
    rig.put()

    getattr(rig, read)(owner="123456789012")

    headers = rig.server.requests[-1].headers
    assert headers["x-amz-expected-bucket-owner"] == "123456789012"
    assert "if-none-match" not in headers
    assert "content-length" not in headers


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        "plain",
        "with space/and+plus/100%/~tilde_-.txt",
        "\u00e9t\u00e9/\u4e2d\u6587/\U0001f600?&#;:@$,'()*![]\"<>\\^`{|}",
        "a//b/../c/./d/",
        "/leading",
    ],
)
def test_addresses_and_signs_any_key_as_boto3_does(rig: Rig, key: str) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=rig.server.url,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.put_object(Bucket="b-1", Key=key, Body=b"theirs")
    client.close()

    assert rig.put(key=key) == EXISTED
    assert rig.get(key) == b"theirs"
    rig.delete(key)
    assert rig.server.objects == {}
    host = f"127.0.0.1:{rig.server.port}"
    for request in rig.server.requests[1:]:
        ours = request.headers["authorization"]
        assert ours == signed_by_botocore(request, "eu-west-1", host)


def test_signs_every_header_but_the_length(rig: Rig) -> None:
    rig.put(content_encoding="gzip", owner="123456789012", acl="private")

    headers = rig.server.requests[0].headers
    signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0]
    assert set(headers) - set(signed.split(";")) == {"authorization", "content-length"}


def test_sends_no_token_where_there_is_none(rig: Rig) -> None:
    store = S3Store(
        Endpoints("eu-west-1", url=rig.server.url),
        Caller(
            "s3",
            Credentials("id", "secret"),
            Pool(Trust()),
        ),
    )
    store.delete("b-1", KEY, deadline=time.monotonic() + 5)
    store.pool.close()

    assert "x-amz-security-token" not in rig.server.requests[-1].headers


@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        (403, "AccessDenied", Fault.REFUSED),
        (403, "InvalidAccessKeyId", Fault.UNAVAILABLE),
        (403, "SignatureDoesNotMatch", Fault.UNAVAILABLE),
        (400, "ExpiredToken", Fault.UNAVAILABLE),
        (400, "InvalidToken", Fault.UNAVAILABLE),
        (400, "InvalidRequest", Fault.REFUSED),
        (401, "", Fault.REFUSED),
        (404, "NoSuchBucket", Fault.MISSING),
        (404, "", Fault.MISSING),
        (301, "PermanentRedirect", Fault.REFUSED),
        (300, "", Fault.UNAVAILABLE),
        (304, "", Fault.UNAVAILABLE),
        (400, "AuthorizationHeaderMalformed", Fault.REFUSED),
    ],
)
def test_does_not_repeat_what_will_not_change(
    rig: Rig, status: int, code: str, fault: Fault
) -> None:
    rig.script(answer(status, code))

    assert fails(rig.put) == (fault, f"{status} {code}".rstrip())
    assert len(rig.server.requests) == 1


def test_an_error_holds_nothing_but_status_and_code(rig: Rig) -> None:
    rig.script(answer(403, "AccessDenied"))

    with pytest.raises(StorageError) as caught:
        rig.put()

    assert str(caught.value) == "refused: 403 AccessDenied"
    assert caught.value.fault.label == "refused"


def test_412_is_an_answer_to_writes_only(rig: Rig) -> None:
    rig.script(answer(412, "PreconditionFailed"))

    assert fails(rig.get) == (Fault.REFUSED, "412 PreconditionFailed")


def test_reading_what_is_not_there_says_so(rig: Rig) -> None:
    assert fails(rig.get) == (Fault.MISSING, "404 NoSuchKey")


def test_deleting_what_is_not_there_is_no_error(rig: Rig) -> None:
    rig.script(answer(404, "NoSuchKey"))

    rig.delete()


def test_deleting_from_no_bucket_is_an_error(rig: Rig) -> None:
    rig.script(answer(404, "NoSuchBucket"))

    assert fails(rig.delete) == (Fault.MISSING, "404 NoSuchBucket")


def test_what_is_no_buckets_name_is_not_asked_for(rig: Rig) -> None:
    found = fails(lambda: rig.put(bucket="evil.com/"))

    assert found == (Fault.MISSING, "not a bucket's name")
    assert rig.server.connections == 0


def test_reads_a_chunked_answer(rig: Rig) -> None:
    rig.script(
        send(
            b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        )
    )

    assert rig.get() == b"ab"


def test_waits_for_the_answer_after_100_continue(rig: Rig) -> None:
    rig.script(
        send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", keep=False)
    )

    assert rig.put() == STORED


def test_knows_the_answer_of_a_server_that_hangs_up_on_a_large_body(rig: Rig) -> None:
    rig.script(refuse_at_once)

    found = fails(
        lambda: rig.store.put(
            "b-1",
            KEY,
            bytes(32 << 20),
            deadline=rig.clock.monotonic() + 5,
            content_type="application/json",
        )
    )

    assert found == (Fault.REFUSED, "403 AccessDenied")


def test_is_built_from_lambdas_environment(rig: Rig) -> None:
    store = S3Store.from_environment(
        {
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
            "AWS_ENDPOINT_URL_S3": rig.server.url,
        }
    )

    put = store.put(
        "b-1", KEY, BODY, deadline=time.monotonic() + 5, content_type="text/plain"
    )
    store.pool.close()

    assert put == STORED
    assert region_of(rig.server.requests[0]) == "eu-central-1"
    assert rig.server.requests[0].headers["x-amz-security-token"] == "token"

"""The S3 store follows a bucket to its region, and nothing anywhere else."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import trustme

from handler import s3
from handler.calls import Caller
from handler.endpoints import Endpoints
from handler.pool import Pool
from handler.s3 import S3Store
from handler.sigv4 import Credentials
from handler.storage import Fault, StorageError
from handler.tls import Trust

from .s3_rig import (
    BODY,
    CREDENTIALS,
    KEY,
    STORED,
    Rig,
    fails,
    region_of,
    running,
    signed_by_botocore,
)
from .scripted_s3 import (
    ScriptedS3,
    ShiftedClock,
    Step,
    answer,
)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running() as it:
        yield it


@pytest.mark.parametrize(
    "redirect",
    [
        answer(301, "PermanentRedirect", headers={"x-amz-bucket-region": "ap-south-1"}),
        answer(307, "TemporaryRedirect", headers={"x-amz-bucket-region": "ap-south-1"}),
        answer(400, headers={"x-amz-bucket-region": "ap-south-1"}),
        answer(
            400,
            "IllegalLocationConstraintException",
            inside="<Region>ap-south-1</Region>",
        ),
        answer(
            400, "AuthorizationHeaderMalformed", inside="<Region>ap-south-1</Region>"
        ),
    ],
)
def test_follows_a_bucket_to_its_region_and_remembers_it(
    rig: Rig, redirect: Step
) -> None:
    rig.script(redirect)

    assert rig.put() == STORED
    rig.put(key="next")
    rig.put(bucket="b-2")

    regions = [region_of(request) for request in rig.server.requests]
    assert regions == ["eu-west-1", "ap-south-1", "ap-south-1", "eu-west-1"]
    assert rig.bodies == [BODY] * 4
    assert rig.clock.pauses == []


@pytest.mark.parametrize("code", ["", "PermanentRedirect"])
def test_follows_two_redirects_at_most(rig: Rig, code: str) -> None:
    """A bucket that is made anew elsewhere may be sent for in a circle for a while."""
    rig.script(
        *[
            answer(301, code, headers={"x-amz-bucket-region": f"{letter}-1"})
            for letter in "abcde"
        ]
    )

    assert fails(rig.put) == (Fault.UNAVAILABLE, f"301 {code}".rstrip())
    assert [region_of(r) for r in rig.server.requests] == ["eu-west-1", "a-1", "b-1"]


@pytest.mark.parametrize("region", ["eu-west-1", "EVIL", "evil.com", "", "a" * 33])
def test_a_redirect_to_nowhere_is_not_followed(rig: Rig, region: str) -> None:
    rig.script(answer(301, headers={"x-amz-bucket-region": region}))

    assert fails(rig.put) == (Fault.UNAVAILABLE, "301")
    assert len(rig.server.requests) == 1


@pytest.mark.parametrize(
    ("status", "region"), [(400, "evil.com"), (400, ""), (403, "ap-1"), (503, "ap-1")]
)
def test_what_sends_nowhere_is_not_followed(rig: Rig, status: int, region: str) -> None:
    """An answer without a code sends on with 400 alone, and to a region alone."""
    rig.script(answer(status, headers={"x-amz-bucket-region": region}))

    with suppress(StorageError):
        rig.put()
    assert {region_of(request) for request in rig.server.requests} == {"eu-west-1"}


def test_a_bucket_may_move_back_and_is_not_sent_where_it_is_known_to_be(
    rig: Rig,
) -> None:
    """A bucket that was deleted may be made anew elsewhere."""
    away = answer(301, headers={"x-amz-bucket-region": "ap-south-1"})
    home = answer(301, headers={"x-amz-bucket-region": "eu-west-1"})
    rig.script(away)
    rig.put()
    rig.script(away)
    assert fails(rig.put) == (Fault.UNAVAILABLE, "301")
    rig.script(home)
    assert rig.put(key="next") == STORED

    regions = [region_of(request) for request in rig.server.requests]
    assert regions == ["eu-west-1", *["ap-south-1"] * 3, "eu-west-1"]


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("InvalidToken", Fault.REFUSED),
        ("InvalidAccessKeyId", Fault.REFUSED),
        ("ExpiredToken", Fault.UNAVAILABLE),
        ("SignatureDoesNotMatch", Fault.UNAVAILABLE),
    ],
)
def test_a_region_that_does_not_know_our_account_refuses_us(
    rig: Rig, code: str, fault: Fault
) -> None:
    """Anyone may have a bucket there; our credentials are as good as before."""
    rig.script(
        answer(301, headers={"x-amz-bucket-region": "me-south-1"}), answer(400, code)
    )

    assert fails(rig.put) == (fault, f"400 {code}")


def test_a_given_endpoint_is_never_left(rig: Rig) -> None:
    rig.script(
        answer(307, headers={"Location": "https://b-1.s3.us-west-2.amazonaws.com/k"})
    )

    assert rig.put() == STORED
    assert [region_of(request) for request in rig.server.requests] == ["eu-west-1"] * 2


def test_the_regions_of_many_buckets_do_not_pile_up(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With patterns, strangers may name as many buckets as they like."""
    monkeypatch.setattr(s3, "BUCKETS", 2)
    for number in range(5):
        rig.script(answer(301, headers={"x-amz-bucket-region": "ap-south-1"}))
        rig.put(bucket=f"bucket-{number}")

        assert len(rig.store._targets._regions) <= 2
    assert rig.store._targets.find.cache_info().maxsize == 256


AUTHORITY = trustme.CA()


class Aws(Rig):
    """S3's own host names, all of them led to one server on the loopback."""

    def __init__(self, *rig: Any) -> None:
        super().__init__(*rig)
        self.hosts: list[str] = []


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(
        "*.s3.eu-west-1.amazonaws.com", "*.s3.us-west-2.amazonaws.com"
    ).configure_cert(context)
    clock = ShiftedClock()
    with ScriptedS3(tls=context) as server, AUTHORITY.cert_pem.tempfile() as bundle:
        pool = Pool(Trust(bundle=bundle), monotonic=clock.monotonic, wall=clock.wall)
        store = S3Store(
            Endpoints("eu-west-1"),
            Caller(
                "s3",
                Credentials(*CREDENTIALS),
                pool,
                monotonic=clock.monotonic,
                wall=clock.wall,
                sleep=clock.sleep,
            ),
        )
        aws = Aws(server, store, clock)
        resolve = socket.getaddrinfo

        def lead(host: bytes, port: int, **more: Any) -> Any:
            assert port == 443
            aws.hosts.append(host.decode())
            return resolve("127.0.0.1", server.port, **more)

        monkeypatch.setattr(socket, "getaddrinfo", lead)
        yield aws
        pool.close()


def test_each_bucket_has_its_own_host(aws: Aws) -> None:
    assert aws.put() == STORED

    (request,) = aws.server.requests
    host = "b-1.s3.eu-west-1.amazonaws.com"
    assert aws.hosts == [host]
    assert request.headers["host"] == host
    assert request.path == f"/{KEY.replace('=', '%3D')}"
    assert request.headers["authorization"] == signed_by_botocore(
        request, "eu-west-1", host
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-bucket-region": "us-west-2"},
        {"Location": "https://b-1.s3-us-west-2.amazonaws.com/elsewhere"},
        {"Location": "https://b-1.s3.us-west-2.amazonaws.com/elsewhere"},
        {"Location": "https://b-1.s3.us-west-2.amazonaws.com/a.amazonaws.com/b"},
        {"Location": "https://evil.com/", "x-amz-bucket-region": "us-west-2"},
    ],
)
def test_follows_a_redirect_to_another_host_of_s3(
    aws: Aws, headers: dict[str, str]
) -> None:
    aws.script(answer(307, "TemporaryRedirect", headers=headers))

    assert aws.put() == STORED

    assert aws.hosts == [
        "b-1.s3.eu-west-1.amazonaws.com",
        "b-1.s3.us-west-2.amazonaws.com",
    ]
    assert region_of(aws.server.requests[1]) == "us-west-2"
    assert aws.bodies == [BODY, BODY]


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.com/",
        "https://b-1.s3.us-west-2.amazonaws.com.evil.com/",
        "http://b-1.s3.us-west-2.amazonaws.com/",
        "https://other.s3.us-west-2.amazonaws.com/",
    ],
)
def test_never_follows_a_redirect_to_a_host_that_is_not_the_buckets(
    aws: Aws, location: str
) -> None:
    """Neither the event nor a signature for it may leak."""
    aws.script(answer(301, "PermanentRedirect", headers={"Location": location}))

    assert fails(aws.put) == (Fault.REFUSED, "301 PermanentRedirect")
    assert set(aws.hosts) == {"b-1.s3.eu-west-1.amazonaws.com"}

"""Buckets are found where botocore finds them."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider
from hypothesis import given
from hypothesis import strategies as st

from handler.endpoints import DNS_SUFFIXES, Endpoint, Endpoints
from handler.pool import Origin


@cache
def partitions() -> list[dict[str, Any]]:
    loader = botocore.session.get_session().get_component("data_loader")
    found: list[dict[str, Any]] = loader.load_data("partitions")["partitions"]
    return found


@cache
def ruleset() -> EndpointProvider:
    loader = botocore.session.get_session().get_component("data_loader")
    rules = loader.load_service_model("s3", "endpoint-rule-set-1")
    return EndpointProvider(rules, loader.load_data("partitions"))


def url_by_botocore(region: str, **options: object) -> str:
    options = {
        "Bucket": "my-bucket",
        "Region": region,
        "UseFIPS": False,
        "UseDualStack": False,
        "Accelerate": False,
        "ForcePathStyle": False,
        "UseGlobalEndpoint": False,
        **options,
    }
    url: str = ruleset().resolve_endpoint(**options).url
    return url


def url(endpoint: Endpoint) -> str:
    scheme = "https" if endpoint.origin.tls else "http"
    return f"{scheme}://{endpoint.host}{endpoint.base}"


REGIONS = [
    region
    for partition in partitions()
    for region in partition["regions"]
    if not region.endswith("-global")
]


@pytest.mark.parametrize("dualstack", [False, True])
@pytest.mark.parametrize(
    ("region", "fips"),
    [(region, False) for region in REGIONS]
    # China has no FIPS endpoints, which botocore finds an error.
    + [(region, True) for region in REGIONS if not region.startswith("cn-")],
)
def test_finds_a_bucket_where_botocore_does(
    region: str, *, fips: bool, dualstack: bool
) -> None:
    found = Endpoints(region, fips=fips, dualstack=dualstack).find("my-bucket", region)

    assert (
        url(found)
        == url_by_botocore(region, UseFIPS=fips, UseDualStack=dualstack) + "/"
    )
    assert found.origin == Origin(tls=True, host=found.host, port=443)


def test_knows_the_dns_suffix_of_every_partition() -> None:
    assert {suffix for _, suffix, _ in DNS_SUFFIXES} == {
        partition["outputs"]["dnsSuffix"] for partition in partitions()
    }


def test_another_region_of_the_same_bucket_is_another_host() -> None:
    found = Endpoints("us-east-1").find("my-bucket", "ap-south-1")

    assert found.host == "my-bucket.s3.ap-south-1.amazonaws.com"
    assert found.region == "ap-south-1"


@pytest.mark.parametrize(
    ("given_url", "origin", "host", "base"),
    [
        (
            "http://localhost:9000",
            Origin(False, "localhost", 9000),
            "localhost:9000",
            "/b-1/",
        ),
        (
            "http://localhost:9000/",
            Origin(False, "localhost", 9000),
            "localhost:9000",
            "/b-1/",
        ),
        ("http://s3.test", Origin(False, "s3.test", 80), "s3.test", "/b-1/"),
        (
            "http://s3.test:80/a/b/",
            Origin(False, "s3.test", 80),
            "s3.test",
            "/a/b/b-1/",
        ),
        ("http://s3.test/X/", Origin(False, "s3.test", 80), "s3.test", "/X/b-1/"),
        ("https://s3.test", Origin(True, "s3.test", 443), "s3.test", "/b-1/"),
        (
            "https://S3.test:8443/a",
            Origin(True, "s3.test", 8443),
            "s3.test:8443",
            "/a/b-1/",
        ),
        ("http://[::1]:9000", Origin(False, "::1", 9000), "[::1]:9000", "/b-1/"),
    ],
)
def test_a_given_url_is_addressed_by_path(
    given_url: str, origin: Origin, host: str, base: str
) -> None:
    found = Endpoints("eu-west-1", url=given_url).find("b-1", "eu-west-1")

    assert found == Endpoint(origin, host, base, "eu-west-1")


@pytest.mark.parametrize("given_url", ["http://localhost:9000/base/", "https://h.x"])
def test_a_given_url_is_addressed_as_by_botocore(given_url: str) -> None:
    found = Endpoints("eu-west-1", url=given_url).find("my-bucket", "eu-west-1")

    theirs = url_by_botocore("eu-west-1", Endpoint=given_url, ForcePathStyle=True)
    assert url(found) == theirs + "/"


@pytest.mark.parametrize(
    "wrong",
    ["localhost:9000", "ftp://a", "http://", "http://a:b", "http://\u00e9.test"],
)
def test_refuses_what_is_no_url(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"endpoint must be|Port"):
        Endpoints("eu-west-1", url=wrong)


@pytest.mark.parametrize(
    "wrong", ["", "EU", "a.b", "-a", "a-", "a" * 33, "eu-west-1\n"]
)
def test_refuses_what_is_no_region(wrong: str) -> None:
    with pytest.raises(ValueError, match="'region' must be"):
        Endpoints(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            "",
            "ab",
            "a.b.c",
            "Abc",
            "a_b",
            "-ab",
            "ab-",
            "a" * 64,
            "abc\n",
            "evil.com/",
        ),
        *("a/../b", "arn:aws:s3:::b", "evil.com#", "user@host", "\u00e9\u00e9\u00e9"),
    ],
)
@pytest.mark.parametrize("custom", [None, "http://localhost:9000"])
def test_nothing_but_a_buckets_name_becomes_part_of_a_host(
    wrong: str, custom: str | None
) -> None:
    with pytest.raises(ValueError, match="not a bucket's name"):
        Endpoints("eu-west-1", url=custom).find(wrong, "eu-west-1")


AWS = Endpoints("us-east-1")


@pytest.mark.parametrize(
    ("location", "region"),
    [
        ("https://b-1.s3.eu-west-1.amazonaws.com/key", "eu-west-1"),
        ("https://b-1.s3-us-west-2.amazonaws.com/key?x=1", "us-west-2"),
        ("https://b-1.s3.dualstack.eu-west-1.amazonaws.com/", "eu-west-1"),
        ("https://b-1.s3-fips.us-east-2.amazonaws.com/", "us-east-2"),
        ("https://b-1.s3-fips.dualstack.us-east-2.amazonaws.com/", "us-east-2"),
        ("https://b-1.s3.amazonaws.com/key", None),
        ("http://b-1.s3.eu-west-1.amazonaws.com/key", None),
        ("https://other.s3.eu-west-1.amazonaws.com/key", None),
        ("https://evil.com/", None),
        ("https://b-1.s3.eu-west-1.amazonaws.com.evil.com/", None),
        ("https://b-1.s3.evil.com/.amazonaws.com/", None),
        ("https://b-1.s3.evil.com#.eu-west-1.amazonaws.com/", None),
        ("https://b-1.s3.evil.com\\.amazonaws.com/", None),
        ("https://b-1.s3.eu-west-1@evil.amazonaws.com/", None),
        ("https://b-1.s3.cn-north-1.amazonaws.com.cn/", None),
        ("", None),
    ],
)
def test_takes_only_a_region_from_a_redirect_and_only_of_s3(
    location: str, region: str | None
) -> None:
    assert AWS.region_in(location, "b-1") == region


@given(st.text(st.sampled_from("https:/b-1.s3amazonaws.com#@?\\evil"), max_size=80))
def test_whatever_a_redirect_says_the_host_stays_below_aws(location: str) -> None:
    region = AWS.region_in(location, "b-1")

    if region is not None:
        assert AWS.find("b-1", region).host == f"b-1.s3.{region}.amazonaws.com"


def test_a_given_url_never_leads_elsewhere() -> None:
    endpoints = Endpoints("us-east-1", url="http://localhost:9000")

    assert endpoints.region_in("https://b-1.s3.eu-west-1.amazonaws.com/", "b-1") is None


REGION = {"AWS_REGION": "eu-west-1"}
LOCAL = {"AWS_ENDPOINT_URL": "http://all.test"}
LOCAL_S3 = {"AWS_ENDPOINT_URL_S3": "http://s3.test"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (REGION, "https://b-1.s3.eu-west-1.amazonaws.com/"),
        (
            {"AWS_DEFAULT_REGION": "cn-north-1"},
            "https://b-1.s3.cn-north-1.amazonaws.com.cn/",
        ),
        (
            {**REGION, "AWS_DEFAULT_REGION": "x"},
            "https://b-1.s3.eu-west-1.amazonaws.com/",
        ),
        ({**REGION, **LOCAL}, "http://all.test/b-1/"),
        ({**REGION, **LOCAL_S3}, "http://s3.test/b-1/"),
        ({**REGION, **LOCAL, **LOCAL_S3}, "http://s3.test/b-1/"),
        (
            {**REGION, "AWS_ENDPOINT_URL_S3": ""},
            "https://b-1.s3.eu-west-1.amazonaws.com/",
        ),
        (
            {**REGION, **LOCAL, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"},
            "https://b-1.s3.eu-west-1.amazonaws.com/",
        ),
        (
            {**REGION, **LOCAL, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
            "http://all.test/b-1/",
        ),
        (
            {**REGION, "AWS_USE_FIPS_ENDPOINT": "true"},
            "https://b-1.s3-fips.eu-west-1.amazonaws.com/",
        ),
        (
            {**REGION, "AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "https://b-1.s3.dualstack.eu-west-1.amazonaws.com/",
        ),
    ],
)
def test_reads_the_variables_of_the_sdks(
    environ: dict[str, str], expected: str
) -> None:
    endpoints = Endpoints.from_environment(environ)

    assert url(endpoints.find("b-1", endpoints.region)) == expected


def test_needs_a_region() -> None:
    with pytest.raises(ValueError, match="'region' must be"):
        Endpoints.from_environment({})

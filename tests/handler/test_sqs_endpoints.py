"""Queues are found where botocore finds them."""

from __future__ import annotations

from functools import cache

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider
from hypothesis import given
from hypothesis import strategies as st

from handler.endpoints import Endpoint, queue_endpoint
from handler.pool import Origin

from .test_endpoints import REGIONS, partitions

PATH = "/123456789012/events"


@cache
def ruleset() -> EndpointProvider:
    loader = botocore.session.get_session().get_component("data_loader")
    rules = loader.load_service_model("sqs", "endpoint-rule-set-1")
    return EndpointProvider(rules, loader.load_data("partitions"))


def url(endpoint: Endpoint) -> str:
    scheme = "https" if endpoint.origin.tls else "http"
    return f"{scheme}://{endpoint.host}{endpoint.base}"


@pytest.mark.parametrize("dualstack", [False, True])
@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("region", REGIONS)
def test_finds_a_queue_where_botocore_does(
    region: str, *, fips: bool, dualstack: bool
) -> None:
    environ = {
        "AWS_REGION": region,
        "AWS_USE_FIPS_ENDPOINT": str(fips),
        "AWS_USE_DUALSTACK_ENDPOINT": str(dualstack),
    }

    found = queue_endpoint(environ, "http://localhost/queue")

    theirs = ruleset().resolve_endpoint(
        Region=region, UseFIPS=fips, UseDualStack=dualstack
    )
    assert url(found) == f"{theirs.url}/"
    assert found.origin == Origin(tls=True, host=found.host, port=443)
    assert found.region == region


@pytest.mark.parametrize("partition", partitions(), ids=lambda found: found["id"])
@pytest.mark.parametrize("service", ["sqs", "sqs-fips"])
@pytest.mark.parametrize("suffix", ["dnsSuffix", "dualStackDnsSuffix"])
def test_a_queues_own_url_tells_its_region(
    partition: dict[str, dict[str, str]], service: str, suffix: str
) -> None:
    """A queue in another region than the function's is signed for where it is."""
    region = next(name for name in partition["regions"] if "global" not in name)
    queue_url = f"https://{service}.{region}.{partition['outputs'][suffix]}{PATH}"

    found = queue_endpoint({"AWS_REGION": "us-west-1"}, queue_url)

    assert found.region == region
    assert found.host == f"sqs.{region}.{partition['outputs']['dnsSuffix']}"


@pytest.mark.parametrize(
    "queue_url",
    [
        "",
        "http://localhost:9324/000000000000/events",
        "https://sqs.eu-west-1.localhost/000000000000/events",
        "https://sqs.eu-west-1.amazonaws.com.evil.com/1/events",
        "https://sqs.eu-west-1.evil.com/1/events",
        "https://sqs.eu-west-1.amazonaws.com.cn/1/events",
        "https://sqs.cn-north-1.amazonaws.com/1/events",
        "https://sns.eu-west-1.amazonaws.com/1/events",
        "https://sqs.EVIL_.amazonaws.com/1/events",
        "https://sqs.amazonaws.com/1/events",
        "https://eu-west-1.queue.amazonaws.com/1/events",
    ],
)
def test_any_other_url_tells_no_region(queue_url: str) -> None:
    found = queue_endpoint({"AWS_REGION": "us-west-1"}, queue_url)

    assert (found.region, found.host) == ("us-west-1", "sqs.us-west-1.amazonaws.com")


@given(st.text(st.sampled_from("https://qf.-euwst1amzncom@#?:\\evil/"), max_size=60))
def test_whatever_a_queues_url_says_the_host_stays_aws(rest: str) -> None:
    try:
        found = queue_endpoint({"AWS_REGION": "us-west-1"}, f"https://sqs.{rest}")
    except ValueError:
        return

    assert found.host.startswith("sqs.")
    assert found.host == f"sqs.{found.region}.amazonaws.com"


ALL = {"AWS_ENDPOINT_URL": "http://all.test"}
SQS = {"AWS_ENDPOINT_URL_SQS": "http://sqs.test:9324/base"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (ALL, "http://all.test/"),
        (SQS, "http://sqs.test:9324/base"),
        (ALL | SQS, "http://sqs.test:9324/base"),
        (ALL | {"AWS_ENDPOINT_URL_S3": "http://s3.test"}, "http://all.test/"),
        (ALL | {"AWS_ENDPOINT_URL_SQS": ""}, "http://all.test/"),
        ({"AWS_ENDPOINT_URL": ""}, "https://sqs.eu-west-1.amazonaws.com/"),
        (
            {"AWS_ENDPOINT_URL_S3": "http://s3.test"},
            "https://sqs.eu-west-1.amazonaws.com/",
        ),
        (
            ALL | SQS | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "https://sqs.eu-west-1.amazonaws.com/",
        ),
        (ALL | {"AWS_USE_FIPS_ENDPOINT": "true"}, "http://all.test/"),
        ({"AWS_REGION": "x"}, "https://sqs.eu-west-1.amazonaws.com/"),
    ],
)
def test_reads_the_variables_of_the_sdks(
    environ: dict[str, str], expected: str
) -> None:
    """None but the queue's own URL is needed where that is AWS's."""
    found = queue_endpoint(environ, f"https://sqs.eu-west-1.amazonaws.com{PATH}")

    assert url(found) == expected
    assert found.region == "eu-west-1"


def test_reads_the_default_region() -> None:
    environ = {"AWS_DEFAULT_REGION": "eu-north-1"}

    assert queue_endpoint(environ, "http://localhost/q").region == "eu-north-1"


def test_needs_a_region_from_somewhere() -> None:
    with pytest.raises(ValueError, match="'region' must be"):
        queue_endpoint({}, "http://localhost/q")


@pytest.mark.parametrize("wrong", ["localhost:9324", "ftp://a", "http://"])
def test_refuses_what_is_no_url(wrong: str) -> None:
    environ = {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_SQS": wrong}

    with pytest.raises(ValueError, match="endpoint must be a URL"):
        queue_endpoint(environ, "http://localhost/q")

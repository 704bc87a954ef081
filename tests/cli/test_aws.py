"""What the commands that ask AWS say where it cannot be asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.retries.standard import ExponentialBackoff

from analytics_tracker_construct.cli._aws import AwsError, call

from .cloud import Cloud, started


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


def test_a_region_that_cannot_be_one_is_a_wrong_argument(cloud: Cloud) -> None:
    done = cloud.inside("replay", "--function", "x", "--region", "eu west")

    assert done.returncode == 2
    assert "'eu west'" in done.stderr
    assert "--region" in done.stderr


@pytest.mark.parametrize(
    ("command", "where"), [("replay", "stderr"), ("doctor", "stdout")]
)
def test_an_endpoint_that_does_not_answer_is_told_with_what_to_look_at(
    cloud: Cloud, command: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}

    done = cloud.inside(command, "--function", "x", **nobody)

    assert done.returncode == 1
    said = getattr(done, where)
    assert "check the network, the proxy, the region (--region) and the endpoint" in (
        said
    )


def test_what_boto3_does_not_send_is_no_matter_of_the_network(cloud: Cloud) -> None:
    with pytest.raises(AwsError) as caught:
        call("s3:ListBucket", cloud.client("s3").head_bucket, Bucket="a b")

    assert caught.value.code == "ParamValidationError"
    assert "network" not in str(caught.value)

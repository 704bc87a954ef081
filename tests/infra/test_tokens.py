"""What is only known at deployment passes every check."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Aws, CfnParameter, Duration, Stack
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import AnalyticsTracker, Delivery, TrackerApi

from .templates import build, flat


def _text(stack: Stack) -> str:
    return CfnParameter(stack, "Text").value_as_string


def _number(stack: Stack) -> float:
    return CfnParameter(stack, "Number", type="Number").value_as_number


@pytest.mark.parametrize("argument", ["cors_origin", "function_prefix", "api_name"])
def test_a_text_parameter_passes(stack: Stack, argument: str) -> None:
    options: dict[str, Any] = {argument: _text(stack)}

    built = build(AnalyticsTracker(stack, "Tracker", **options))

    assert "'Ref': 'Text'" in str(built.template.to_json()["Resources"])


@pytest.mark.parametrize("argument", ["allowed_buckets", "trusted_accounts"])
def test_a_parameter_in_a_list_passes(stack: Stack, argument: str) -> None:
    options: dict[str, Any] = {"allowed_buckets": ["lake"], argument: [_text(stack)]}

    built = build(AnalyticsTracker(stack, "Tracker", **options))

    assert "'Ref': 'Text'" in str(built.template.to_json()["Resources"])


@pytest.mark.parametrize(
    "argument",
    [
        "lambda_timeout",
        "memory_size",
        "reserved_concurrent_executions",
        "throttling_burst_limit",
        "throttling_rate_limit",
    ],
)
def test_a_number_parameter_passes(stack: Stack, argument: str) -> None:
    """A token of a number looks like -1.88e+289."""
    options: dict[str, Any] = {argument: _number(stack)}

    built = build(AnalyticsTracker(stack, "Tracker", **options))

    assert "'Ref': 'Number'" in str(built.template.to_json()["Resources"])


def test_a_duration_of_a_parameter_passes(stack: Stack) -> None:
    timeout = Duration.seconds(_number(stack))

    built = build(AnalyticsTracker(stack, "Tracker", lambda_timeout=timeout))

    assert built.function()["Timeout"] == {"Ref": "Number"}


def test_a_batch_of_a_parameter_passes(stack: Stack) -> None:
    built = build(
        AnalyticsTracker(
            stack,
            "Tracker",
            buffering_batch_size=_number(stack),  # type: ignore[arg-type] # a token
            delivery=Delivery.BUFFERED,
        )
    )

    source = built.only("AWS::Lambda::EventSourceMapping")
    assert source["BatchSize"] == {"Ref": "Number"}


@pytest.mark.parametrize("kind", ["number", "duration"])
def test_a_window_of_a_parameter_passes_and_counts_as_the_longest(
    stack: Stack, kind: str
) -> None:
    """CloudFormation cannot add it to the time that a message stays hidden."""
    number = _number(stack)
    built = build(
        AnalyticsTracker(
            stack,
            "Tracker",
            buffering_interval=number if kind == "number" else Duration.seconds(number),
            delivery=Delivery.BUFFERED,
        )
    )

    source = built.only("AWS::Lambda::EventSourceMapping")
    assert source["MaximumBatchingWindowInSeconds"] == {"Ref": "Number"}
    assert built.queue("Queue")["Properties"]["VisibilityTimeout"] == 6 * 60 + 300


def test_parameters_of_a_rest_api_pass(stack: Stack) -> None:
    api = TrackerApi.rest(web_acl_arn=_text(stack))

    built = build(AnalyticsTracker(stack, "Tracker", api=api))

    assert built.only("AWS::WAFv2::WebACLAssociation")["WebACLArn"] == {"Ref": "Text"}


def test_a_pattern_may_be_part_parameter(stack: Stack) -> None:
    names = [f"{Aws.ACCOUNT_ID}-*-analytics"]

    built = build(AnalyticsTracker(stack, "Tracker", allowed_buckets=names))

    assert built.environment()["TRACKER_ALLOWED_BUCKETS"] == (
        "<AWS::AccountId>-*-analytics"
    )


def test_a_tenants_bucket_and_origin_may_be_parameters(stack: Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Lake", _text(stack))
    origin = CfnParameter(stack, "Origin").value_as_string
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("acme", allowed_origins=[origin], bucket=bucket)

    assert flat(build(tracker).environment()["TRACKER_TENANTS"]) == (
        '{"acme":{"bucket":"<Text>","origins":["<Origin>"]}}'
    )

"""The function: how it is built, and what it is told."""

from __future__ import annotations

import pytest
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs

from analytics_tracker_construct import AnalyticsTracker
from analytics_tracker_construct._function import RUNTIMES

from .templates import WALLED, Built, Json, build


def test_runs_on_arm64_with_the_newest_tested_python(minimal: Built) -> None:
    function = minimal.function()

    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == RUNTIMES[-1]


def test_is_entered_inside_the_packaged_folder(minimal: Built) -> None:
    assert minimal.function()["Handler"] == "handler.app.handler"


def test_has_512_mib_and_ten_seconds_by_default(minimal: Built) -> None:
    function = minimal.function()

    assert (function["MemorySize"], function["Timeout"]) == (512, 10)


def test_reserves_no_concurrency_by_default(minimal: Built) -> None:
    """A reservation fails to deploy in an account with few instances."""
    assert "ReservedConcurrentExecutions" not in minimal.function()


def test_takes_the_numbers_it_is_given(stack: Stack) -> None:
    function = build(
        AnalyticsTracker(
            stack,
            "Tracker",
            lambda_timeout=Duration.seconds(20),
            memory_size=1024,
            reserved_concurrent_executions=7,
        )
    ).function()

    assert function["Timeout"] == 20
    assert function["MemorySize"] == 1024
    assert function["ReservedConcurrentExecutions"] == 7


@pytest.mark.parametrize(
    ("timeout", "memory", "reserved"), [(3, 128, 0), (29, 10_240, 1_000)]
)
def test_takes_numbers_at_their_limits(
    stack: Stack, timeout: int, memory: int, reserved: int
) -> None:
    function = build(
        AnalyticsTracker(
            stack,
            "Tracker",
            lambda_timeout=timeout,
            memory_size=memory,
            reserved_concurrent_executions=reserved,
        )
    ).function()

    assert function["Timeout"] == timeout
    assert function["MemorySize"] == memory
    assert function["ReservedConcurrentExecutions"] == reserved


def test_a_plain_number_of_a_timeout_is_seconds(stack: Stack) -> None:
    built = build(AnalyticsTracker(stack, "Tracker", lambda_timeout=5))

    assert built.function()["Timeout"] == 5


def test_has_no_physical_name_by_default(minimal: Built) -> None:
    assert "FunctionName" not in minimal.function()
    assert "FunctionName" not in minimal.writer()


def test_a_prefix_gives_a_physical_name(stack: Stack) -> None:
    built = build(AnalyticsTracker(stack, "Tracker", function_prefix="acme"))

    assert built.function()["FunctionName"] == "acme-analytics-tracker"
    assert built.writer()["FunctionName"] == "acme-analytics-writer"


@pytest.mark.parametrize(("name", "logs"), [("", "Logs"), ("writer", "WriterLogs")])
def test_logs_json_to_its_own_group_without_lines_about_starts(
    minimal: Built, name: str, logs: str
) -> None:
    group = minimal.id_of("AWS::Logs::LogGroup", logs)
    function = minimal.writer() if name else minimal.function()

    assert function["LoggingConfig"] == {
        "ApplicationLogLevel": "INFO",
        "LogFormat": "JSON",
        "LogGroup": {"Ref": group},
        "SystemLogLevel": "WARN",
    }


def test_keeps_logs_for_a_month_by_default(minimal: Built) -> None:
    for group in minimal.all("AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == 30


def test_keeps_logs_as_long_as_it_is_told(stack: Stack) -> None:
    built = build(
        AnalyticsTracker(stack, "Tracker", log_retention=logs.RetentionDays.ONE_WEEK)
    )

    for group in built.all("AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == 7


#: What holds data, and what guards it.
_HOLDING = (
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
)


@pytest.mark.parametrize("kind", _HOLDING)
def test_what_holds_data_outlives_the_stack_and_no_failed_deployment(
    full: Built, kind: str
) -> None:
    """The next attempt makes it anew, and a queue would need its name."""
    policies = {
        (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
        for resource in full.all(kind).values()
    }

    assert policies == {("RetainExceptOnCreate", "Retain")}


@pytest.mark.parametrize("kind", _HOLDING)
def test_removal_policy_reaches_all_that_holds_data(stack: Stack, kind: str) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", removal_policy=RemovalPolicy.DESTROY)
    tracker.add_tenant("acme")

    resources = build(tracker).all(kind).values()

    assert {resource["DeletionPolicy"] for resource in resources} == {"Delete"}


@pytest.mark.parametrize("kind", _HOLDING[:3])
def test_the_removal_policy_that_is_given_is_taken_as_it_is(
    stack: Stack, kind: str
) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", removal_policy=RemovalPolicy.RETAIN)

    resources = build(tracker).all(kind).values()

    assert {resource["DeletionPolicy"] for resource in resources} == {"Retain"}


def _salts(built: Built, kind: str, name: str) -> Json:
    """Return the properties of the salt bucket, or of what belongs to it."""
    return dict(built.all(kind)[built.id_of(kind, f"Salts{name}")]["Properties"])


def test_the_salt_bucket_is_private_encrypted_and_unversioned(minimal: Built) -> None:
    bucket = _salts(minimal, "AWS::S3::Bucket", "")

    assert bucket["PublicAccessBlockConfiguration"] == WALLED
    assert "AES256" in str(bucket["BucketEncryption"])
    assert bucket["OwnershipControls"] == {
        "Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]
    }
    assert "VersioningConfiguration" not in bucket
    assert "BucketName" not in bucket


def test_the_salt_bucket_is_reached_over_tls_only(minimal: Built) -> None:
    policy = _salts(minimal, "AWS::S3::BucketPolicy", "Policy")
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_salts_expire_where_the_function_failed_to_destroy_them(minimal: Built) -> None:
    (rule,) = _salts(minimal, "AWS::S3::Bucket", "")["LifecycleConfiguration"]["Rules"]

    assert (rule["Prefix"], rule["ExpirationInDays"]) == ("salts/", 1)
    assert rule["Status"] == "Enabled"

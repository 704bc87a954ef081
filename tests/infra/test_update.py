"""An update from the release before keeps all that holds data.

What a change does to a resource is told by the CDK's own `cdk diff`, which knows of
each property whether its change replaces the resource.
"""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from analytics_tracker_construct import (
    AnalyticsTracker,
    Delivery,
    FrontDoor,
    TrackerApi,
    TrackerOptions,
    WriteKey,
)

from . import released
from .node import installed
from .templates import Json, build

_DIFF = Path(__file__).parents[1] / "updates"
_SNAPSHOTS = Path(__file__).parent / "snapshots"
_EXAMPLES = "existing_stack", "multi_tenant"
#: What holds data, or what data cannot be read or found without.
STATEFUL = {
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::Secret",
}
_KEPT = {"NO_CHANGE", "WILL_UPDATE"}


def _impacts(before: Json, after: Json) -> dict[str, str]:
    """Return what an update does to each resource that there was."""
    done = subprocess.run(
        ["node", "impact.mjs"],
        capture_output=True,
        check=True,
        cwd=installed(_DIFF),
        input=json.dumps({"before": before, "after": after}),
        text=True,
        timeout=120,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _lost(before: Json, after: Json) -> dict[str, str]:
    """Return the stateful resources that an update would not keep, and what it does."""
    return {
        logical_id: impact
        for logical_id, impact in _impacts(before, after).items()
        if before["Resources"][logical_id]["Type"] in STATEFUL and impact not in _KEPT
    }


@pytest.mark.parametrize("example", _EXAMPLES)
def test_an_update_replaces_and_removes_nothing_that_holds_data(example: str) -> None:
    """The snapshot is today's template: a test of its own compares it with the code."""
    today = json.loads((_SNAPSHOTS / f"{example}.json").read_text("utf-8"))
    before = released.template(example)

    kinds = {each["Type"] for each in before["Resources"].values()} & STATEFUL
    assert len(kinds) > 4
    assert _lost(before, today) == {}


#: What keeps its data, and whose address clients have, whatever arguments change.
_LASTING = {
    "AWS::ApiGateway::RestApi",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
}


def _with_every_argument(stack: Stack, *, changed: bool) -> Json:
    """Return the template of a tracker by default, or with all else that it can be."""
    key = kms.Key(stack, "Key")
    logged = s3.Bucket(stack, "Logged")
    role = iam.Role(
        stack, "Given", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
    )
    topic = sns.Topic(stack, "Topic")
    vpc = ec2.Vpc(stack, "Vpc")
    options: TrackerOptions = {
        "alarm_topic": topic,
        "allowed_buckets": ["b-analytics"],
        "api": TrackerApi.rest(stage_name="live"),
        "api_name": "events",
        "buffering_batch_size": 100,
        "buffering_interval": 300,
        "cors_origin": "https://acme.example",
        "delivery": Delivery.BUFFERED,
        "enable_metrics": True,
        "encryption_key": key,
        "front_door": FrontDoor(),
        "function_prefix": "web",
        "honor_privacy_signals": False,
        "lambda_timeout": 20,
        "log_retention": logs.RetentionDays.ONE_DAY,
        "memory_size": 1024,
        "removal_policy": RemovalPolicy.RETAIN,
        "reserved_concurrent_executions": 5,
        "role": role,
        "server_access_logs_bucket": logged,
        "throttling_burst_limit": 20,
        "throttling_rate_limit": 10,
        "trusted_accounts": ["222222222222"],
        "vpc": vpc,
    }
    few: TrackerOptions = {"allowed_buckets": ["a-analytics"]}
    tracker = AnalyticsTracker(stack, "Tracker", **(options if changed else few))
    if changed:
        tracker.add_tenant("blog", retention=Duration.days(400), versioned=True)
        tracker.add_tenant(
            "shop",
            allowed_origins=["https://shop.example"],
            throttling_rate_limit=5,
            write_keys=[WriteKey.public("atp_08b30b1c4b5d4a1f8a3c6de25c1f9a77")],
        )
    else:
        tracker.add_tenant("shop")
        tracker.add_tenant("blog")
    return dict(build(tracker).template.to_json())


def test_no_change_of_an_argument_replaces_what_lasts(tmp_path: Path) -> None:
    """README.md promises it; another `api` or `catalog` is another API or database."""
    before, after = (
        _with_every_argument(
            Stack(App(outdir=str(tmp_path / name)), "Host"), changed=bool(name)
        )
        for name in ("", "changed")
    )

    for one, other in ((before, after), (after, before)):
        kinds = {name: each["Type"] for name, each in one["Resources"].items()}
        assert set(kinds.values()) >= _LASTING
        gone = {
            name
            for name, impact in _impacts(one, other).items()
            if kinds[name] in _LASTING and impact not in _KEPT
        }
        assert gone == set()


def _named(resources: Json, of: str, **properties: object) -> None:
    resources[_first(resources, of)]["Properties"].update(properties)


def _first(resources: Json, kind: str) -> str:
    return next(name for name, each in resources.items() if each["Type"] == kind)


def _renamed(resources: Json) -> None:
    old = _first(resources, "AWS::S3::Bucket")
    resources[f"{old}2"] = resources.pop(old)


def _retyped(resources: Json) -> None:
    resources[_first(resources, "AWS::SQS::Queue")]["Type"] = "AWS::SNS::Topic"


def _moved(resources: Json) -> None:
    """A table of another name is another table, and views are found by their names."""
    name = _first(resources, "AWS::Glue::Table")
    resources[name]["Properties"]["DatabaseName"] = "another"


@pytest.mark.parametrize(
    "change",
    [
        _renamed,
        _retyped,
        _moved,
        lambda r: _named(r, "AWS::S3::Bucket", BucketName="mine"),
        lambda r: _named(r, "AWS::SQS::Queue", QueueName="mine"),
        lambda r: _named(r, "AWS::SQS::Queue", FifoQueue=True),
        lambda r: _named(r, "AWS::Logs::LogGroup", LogGroupName="mine"),
    ],
    ids=["id", "type", "database", "bucket", "queue", "fifo", "log group"],
)
def test_a_change_that_would_lose_data_is_noticed(
    change: Callable[[dict[str, Any]], None],
) -> None:
    before = released.template("multi_tenant")
    after = copy.deepcopy(before)
    change(after["Resources"])

    assert _lost(before, before) == {}
    assert len(_lost(before, after)) >= 1

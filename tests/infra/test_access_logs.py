"""With `server_access_logs_bucket`, who asked the tracker's buckets for what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import AnalyticsTracker, EventCatalog

from .templates import Json, build, flat, warnings

_PREFIXES = {
    "TrackerSalts": "salts/",
    "TrackerCatalogResults": "results/",
    "TrackerTenantsacme": "tenants/acme/",
}


def _logged(stack: Stack, target: s3.IBucket) -> AnalyticsTracker:
    tracker = AnalyticsTracker(stack, "Tracker", server_access_logs_bucket=target)
    tracker.add_tenant("acme")
    return tracker


def _logging(buckets: dict[str, Json]) -> dict[str, str]:
    return {
        name[:-8]: bucket["Properties"]["LoggingConfiguration"]["LogFilePrefix"]
        for name, bucket in buckets.items()
        if "LoggingConfiguration" in bucket.get("Properties", {})
    }


def test_each_bucket_logs_below_a_prefix_of_its_own(stack: Stack) -> None:
    built = build(_logged(stack, s3.Bucket(stack, "Logs")))

    assert _logging(built.all("AWS::S3::Bucket")) == _PREFIXES


def test_s3_may_put_these_logs_and_no_others(stack: Stack) -> None:
    """By the target's policy: no ACL, which an enforced owner would forbid."""
    target = s3.Bucket(
        stack, "Logs", object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED
    )
    built = build(_logged(stack, target))
    (policy,) = [
        resource["Properties"]["PolicyDocument"]["Statement"]
        for name, resource in built.all("AWS::S3::BucketPolicy").items()
        if name.startswith("LogsPolicy")
    ]

    allowed = {flat(each["Resource"]).partition("Arn>/")[2]: each for each in policy}
    assert set(allowed) == {f"{prefix}*" for prefix in _PREFIXES.values()}
    for statement in allowed.values():
        assert statement["Principal"] == {"Service": "logging.s3.amazonaws.com"}
        assert statement["Action"] == "s3:PutObject"
        assert flat(statement["Condition"]) == {
            "StringEquals": {"aws:SourceAccount": "<AWS::AccountId>"}
        }
    assert "AccessControl" not in str(built.all("AWS::S3::Bucket"))


def test_the_target_may_be_of_another_stack(tmp_path: Any) -> None:
    app = App(outdir=str(tmp_path))
    built = build(_logged(Stack(app, "Host"), s3.Bucket(Stack(app, "Logs"), "Logs")))

    assert _logging(built.all("AWS::S3::Bucket")) == _PREFIXES


def test_warns_where_the_targets_policy_cannot_be_changed(stack: Stack) -> None:
    _logged(stack, s3.Bucket.from_bucket_name(stack, "Logs", "logs"))

    found = warnings(stack)

    assert len(found) == len(_PREFIXES)
    assert all("logging.s3.amazonaws.com" in each for each in found)


def _with_key(stack: Stack) -> dict[str, Any]:
    logs = s3.Bucket(stack, "Logs", encryption_key=kms.Key(stack, "Key"))
    return {"server_access_logs_bucket": logs}


def _elsewhere(stack: Stack) -> dict[str, Any]:
    logs = s3.Bucket.from_bucket_attributes(
        stack, "Logs", bucket_name="logs", region="us-east-1"
    )
    return {"server_access_logs_bucket": logs}


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (
            lambda _: {"server_access_logs_bucket": "logs"},
            ("'logs'", "from_bucket_name"),
        ),
        (_with_key, ("Pinned/Logs", "KMS", "S3_MANAGED")),
        (_elsewhere, ("us-east-1", "eu-west-1", "own region")),
    ],
    ids=["no bucket", "with a key", "region"],
)
def test_refuses_a_target_that_takes_no_logs(
    pinned: Stack, make: Callable[[Stack], dict[str, Any]], parts: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="'server_access_logs_bucket'") as refused:
        AnalyticsTracker(pinned, "Tracker", **make(pinned))

    for part in parts:
        assert part in str(refused.value)


def test_a_catalog_logs_no_bucket_that_it_was_given(stack: Stack) -> None:
    with pytest.raises(ValueError, match=r"'server_access_logs_bucket'.*its owner's"):
        EventCatalog(
            stack,
            "Catalog",
            results_bucket=s3.Bucket(stack, "Results"),
            server_access_logs_bucket=s3.Bucket(stack, "Logs"),
        )

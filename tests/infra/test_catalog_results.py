"""Workgroups, and where results of queries go."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import CfnParameter, Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from analytics_tracker_construct import AnalyticsTracker, EventCatalog, _costs
from analytics_tracker_construct.catalog import CUTOFF_GIB

from .templates import WALLED, Json, build, flat


def _made(stack: Stack, **options: Any) -> EventCatalog:
    catalog = EventCatalog(stack, "Catalog", database_name="web", **options)
    catalog.add_tenant("shop", bucket=s3.Bucket.from_bucket_name(stack, "L", "lake"))
    return catalog


def _workgroups(stack: Stack) -> dict[str, Json]:
    """Return the settings of workgroups by name."""
    found = Template.from_stack(stack).find_resources("AWS::Athena::WorkGroup")
    return {
        each["Properties"]["Name"]: flat(each["Properties"]["WorkGroupConfiguration"])
        for each in found.values()
    }


def _bucket(stack: Stack) -> Json:
    (bucket,) = Template.from_stack(stack).find_resources("AWS::S3::Bucket").values()
    return dict(bucket)


def test_each_tenant_has_a_workgroup_with_results_of_its_own(stack: Stack) -> None:
    """So those who may see one tenant alone see no results of others."""
    catalog = _made(stack)
    bucket = stack.get_logical_id(
        catalog.results_bucket.node.default_child  # type: ignore[arg-type] # a CfnBucket
    )

    assert {
        name: each["ResultConfiguration"]["OutputLocation"]
        for name, each in _workgroups(stack).items()
    } == {
        "web": f"s3://<{bucket}>/results/web/all/",
        "web-shop": f"s3://<{bucket}>/results/web/shop/",
    }


@pytest.mark.parametrize("name", ["web", "web-shop"])
def test_no_client_changes_a_workgroups_settings(stack: Stack, name: str) -> None:
    _made(stack)

    workgroup = _workgroups(stack)[name]

    assert workgroup["EnforceWorkGroupConfiguration"] is True
    assert workgroup["PublishCloudWatchMetricsEnabled"] is True
    assert workgroup["EngineVersion"] == {
        "SelectedEngineVersion": "Athena engine version 3"
    }
    assert workgroup["BytesScannedCutoffPerQuery"] == 100 * 2**30
    assert workgroup["ResultConfiguration"]["EncryptionConfiguration"] == {
        "EncryptionOption": "SSE_S3"
    }
    owner = workgroup["ResultConfiguration"]["ExpectedBucketOwner"]
    assert owner == "<AWS::AccountId>"


def test_a_query_costs_about_half_a_dollar_at_most() -> None:
    """As the default's comment says."""
    dollars = _costs.query_dollars(CUTOFF_GIB * 2**30)

    assert dollars == pytest.approx(0.5, abs=0.05)


def test_a_used_workgroup_goes_with_its_stack(stack: Stack) -> None:
    _made(stack)

    found = Template.from_stack(stack).find_resources("AWS::Athena::WorkGroup")

    assert {each["Properties"]["RecursiveDeleteOption"] for each in found.values()} == {
        True
    }


@pytest.mark.parametrize(
    ("cutoff", "scanned"),
    [
        (Size.mebibytes(10), 10 * 2**20),
        (Size.bytes(10_000_000), 10_000_000),
        (Size.tebibytes(2), 2 * 2**40),
    ],
    ids=["10 MiB", "the least", "2 TiB"],
)
def test_a_query_may_read_what_is_said(
    stack: Stack, cutoff: Size, scanned: int
) -> None:
    _made(stack, bytes_scanned_cutoff=cutoff)

    assert {
        each["BytesScannedCutoffPerQuery"] for each in _workgroups(stack).values()
    } == {scanned}


def test_a_cutoff_may_be_known_at_deployment_only(stack: Stack) -> None:
    limit = CfnParameter(stack, "Limit", type="Number")
    _made(stack, bytes_scanned_cutoff=Size.bytes(limit.value_as_number))

    workgroup = _workgroups(stack)["web"]

    assert workgroup["BytesScannedCutoffPerQuery"] == "<Limit>"


def test_the_bucket_of_results_is_private_and_encrypted(stack: Stack) -> None:
    _made(stack)
    bucket = _bucket(stack)["Properties"]

    assert bucket["PublicAccessBlockConfiguration"] == WALLED
    assert "AES256" in str(bucket["BucketEncryption"])
    assert "BucketOwnerEnforced" in str(bucket["OwnershipControls"])
    policies = Template.from_stack(stack).find_resources("AWS::S3::BucketPolicy")
    assert "aws:SecureTransport" in str(policies)


@pytest.mark.parametrize(
    ("options", "days"), [({}, 30), ({"results_retention": Duration.days(7)}, 7)]
)
def test_results_are_kept_for_a_while(
    stack: Stack, options: dict[str, Any], days: int
) -> None:
    """And the parts of those that were never finished for a day."""
    _made(stack, **options)

    assert _bucket(stack)["Properties"]["LifecycleConfiguration"]["Rules"] == [
        {
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            "ExpirationInDays": days,
            "Id": "ResultsExpire",
            "Status": "Enabled",
        }
    ]


def test_a_retention_may_be_known_at_deployment_only(stack: Stack) -> None:
    days = CfnParameter(stack, "Days", type="Number")
    _made(stack, results_retention=Duration.days(days.value_as_number))

    (rule,) = _bucket(stack)["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == {"Ref": "Days"}


def test_results_are_encrypted_with_the_key_that_is_given(stack: Stack) -> None:
    key = kms.Key(stack, "Key")
    _made(stack, encryption_key=key)

    assert "KMSMasterKeyID" in str(_bucket(stack)["Properties"]["BucketEncryption"])
    for workgroup in _workgroups(stack).values():
        encryption = workgroup["ResultConfiguration"]["EncryptionConfiguration"]
        assert encryption["EncryptionOption"] == "SSE_KMS"
        assert encryption["KmsKey"] == flat(stack.resolve(key.key_arn))


def test_a_given_bucket_is_used_as_it_is(stack: Stack) -> None:
    """With its own key, and nothing of it is changed."""
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Results", encryption_key=key)

    catalog = _made(stack, results_bucket=bucket)

    assert catalog.results_bucket is bucket
    assert "LifecycleConfiguration" not in _bucket(stack)["Properties"]
    (workgroup, _) = _workgroups(stack).values()
    assert workgroup["ResultConfiguration"]["EncryptionConfiguration"] == {
        "EncryptionOption": "SSE_KMS",
        "KmsKey": flat(stack.resolve(key.key_arn)),
    }


def test_the_owner_of_an_imported_bucket_is_expected(stack: Stack) -> None:
    """A deleted bucket's name is anyone's to take."""
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Results", account="222222222222", bucket_name="acme-results"
    )
    _made(stack, results_bucket=bucket)

    result = _workgroups(stack)["web"]["ResultConfiguration"]

    assert result["ExpectedBucketOwner"] == "222222222222"
    assert result["OutputLocation"] == "s3://acme-results/results/web/all/"


def test_a_guessed_owner_of_a_bucket_is_not_expected(pinned: Stack) -> None:
    """An import that names no account is given its stack's."""
    bucket = s3.Bucket.from_bucket_name(pinned, "Results", "acme-results")
    _made(pinned, results_bucket=bucket)

    result = _workgroups(pinned)["web"]["ResultConfiguration"]

    assert "ExpectedBucketOwner" not in result


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        (None, "RetainExceptOnCreate"),
        (RemovalPolicy.RETAIN, "Retain"),
        (RemovalPolicy.DESTROY, "Delete"),
    ],
)
def test_results_are_removed_as_the_policy_says(
    stack: Stack, policy: RemovalPolicy | None, kept: str
) -> None:
    _made(stack, removal_policy=policy)

    assert _bucket(stack)["DeletionPolicy"] == kept


def test_a_trackers_policy_is_its_catalogs(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", removal_policy=RemovalPolicy.DESTROY)
    buckets = build(tracker).all("AWS::S3::Bucket")

    assert {name[:-8]: each["DeletionPolicy"] for name, each in buckets.items()} == {
        "TrackerCatalogResults": "Delete",
        "TrackerSalts": "Delete",
    }


@pytest.mark.parametrize(
    "kind", ["AWS::Glue::Database", "AWS::Glue::Table", "AWS::Athena::WorkGroup"]
)
def test_what_holds_nothing_goes_with_the_stack(stack: Stack, kind: str) -> None:
    """Kept, it would be in the way of the next deployment."""
    _made(stack)

    found = Template.from_stack(stack).find_resources(kind)

    assert found
    assert {each.get("DeletionPolicy", "Delete") for each in found.values()} == {
        "Delete"
    }

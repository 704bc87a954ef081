"""Who may read a tenant's events, and nothing else."""

from __future__ import annotations

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import AnalyticsTracker, Tenant

from .conftest import ACCOUNT
from .templates import build, warnings

EVENTS = "<TrackerTenantsacme973C22E0.Arn>/analytics/*"
BUCKET = "<TrackerTenantsacme973C22E0.Arn>"
WITHIN = {"StringLike": {"s3:prefix": ["analytics/*"]}}


def _reader(stack: Stack) -> iam.Role:
    return iam.Role(
        stack, "Reader", assumed_by=iam.ServicePrincipal("glue.amazonaws.com")
    )


def test_a_reader_may_list_and_read_events_and_nothing_else(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.grant_read(_reader(stack), tracker.add_tenant("acme"))

    assert build(tracker).statements("Reader") == [
        {"Action": "s3:GetObject", "Effect": "Allow", "Resource": EVENTS},
        {"Action": "s3:GetBucketLocation", "Effect": "Allow", "Resource": BUCKET},
        {
            "Action": "s3:ListBucket",
            "Condition": WITHIN,
            "Effect": "Allow",
            "Resource": BUCKET,
        },
    ]


def test_the_grant_covers_every_statement(stack: Stack) -> None:
    """What depends on the grant waits for all of it."""
    tracker = AnalyticsTracker(stack, "Tracker")

    grant = tracker.grant_read(_reader(stack), tracker.add_tenant("acme"))

    assert grant.success
    assert [s.actions for s in grant.principal_statements] == [
        ["s3:GetObject"],
        ["s3:GetBucketLocation"],
        ["s3:ListBucket"],
    ]


def test_a_reader_of_an_encrypted_bucket_may_decrypt(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    bucket = s3.Bucket(stack, "Lake", encryption_key=kms.Key(stack, "Key"))
    tracker.grant_read(_reader(stack), tracker.add_tenant("acme", bucket=bucket))

    assert build(tracker).statements("Reader")[-1]["Action"] == "kms:Decrypt"


def test_a_reader_in_another_account_is_in_the_buckets_policy(stack: Stack) -> None:
    """With the same condition on listing, which the CDK's own grant would drop."""
    tracker = AnalyticsTracker(stack, "Tracker")
    tenant = tracker.add_tenant("acme")

    grant = tracker.grant_read(iam.AccountPrincipal("222222222222"), tenant)

    assert grant.success
    (policy,) = [
        resource["Properties"]["PolicyDocument"]["Statement"]
        for logical_id, resource in build(tracker).all("AWS::S3::BucketPolicy").items()
        if "acme" in logical_id
    ]
    allowed = [statement for statement in policy if statement["Effect"] == "Allow"]
    assert [statement["Action"] for statement in allowed] == [
        "s3:GetObject",
        "s3:GetBucketLocation",
        "s3:ListBucket",
    ]
    assert allowed[-1]["Condition"] == WITHIN
    assert {"222222222222" in str(s["Principal"]) for s in allowed} == {True}


def test_a_role_of_another_stacks_account_gets_both_halves(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    app = App(outdir=str(tmp_path_factory.mktemp("cdk")))
    here = Stack(
        app, "Here", env=Environment(account="111111111111", region="eu-west-1")
    )
    there = Stack(
        app, "There", env=Environment(account="222222222222", region="eu-west-1")
    )
    reader = iam.Role(
        there,
        "Reader",
        assumed_by=iam.ServicePrincipal("glue.amazonaws.com"),
        role_name="reader",
    )
    tracker = AnalyticsTracker(here, "Tracker")
    bucket = s3.Bucket(here, "Lake", bucket_name="acme-lake")

    tracker.grant_read(reader, tracker.add_tenant("acme", bucket=bucket))

    policies = build(tracker).all("AWS::S3::BucketPolicy")
    assert any("222222222222:role/reader" in str(p) for p in policies.values())


def test_warns_where_the_buckets_policy_is_out_of_reach(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    bucket = s3.Bucket.from_bucket_name(stack, "Lake", "acme-lake")
    tracker.grant_read(
        iam.AccountPrincipal("222222222222"), tracker.add_tenant("acme", bucket=bucket)
    )

    (warning,) = warnings(stack)

    assert "analytics-tracker:grant-read-imported-bucket" in warning
    assert "s3:ListBucket" in warning


def test_refuses_a_reader_that_was_imported_unchangeable(pinned: Stack) -> None:
    """The CDK would add nothing, and call it done."""
    tracker = AnalyticsTracker(pinned, "Tracker")
    tenant = tracker.add_tenant("acme")
    role = iam.Role.from_role_arn(
        pinned, "Reader", f"arn:aws:iam::{ACCOUNT}:role/fixed", mutable=False
    )

    with pytest.raises(ValueError, match=r"'grantee' Pinned/Reader .*mutable=False"):
        tracker.grant_read(role, tenant)


def test_a_reader_that_was_imported_gets_a_policy(pinned: Stack) -> None:
    tracker = AnalyticsTracker(pinned, "Tracker")
    tenant = tracker.add_tenant("acme")
    arn = f"arn:aws:iam::{ACCOUNT}:role/open"
    tracker.grant_read(iam.Role.from_role_arn(pinned, "Reader", arn), tenant)

    assert len(build(tracker).statements("Reader")) == 3


def test_refuses_what_can_be_granted_nothing(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tenant = tracker.add_tenant("acme")

    with pytest.raises(ValueError, match=r"'grantee' is 'shop'.*pass a role"):
        tracker.grant_read("shop", tenant)  # type: ignore[arg-type] # the point


@pytest.mark.parametrize("kind", ["name", "other tracker's"])
def test_refuses_what_is_no_tenant_of_the_tracker(stack: Stack, kind: str) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    other = AnalyticsTracker(stack, "Other").add_tenant("acme")
    tracker.add_tenant("acme")
    tenant = "acme" if kind == "name" else other

    with pytest.raises(ValueError, match=r"'tenant' must be .*tracker\.tenants\["):
        tracker.grant_read(_reader(stack), tenant)  # type: ignore[arg-type] # the point


def test_a_tenant_is_found_by_its_name(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tenant = tracker.add_tenant("acme")

    assert tracker.tenants["acme"] is tenant
    with pytest.raises(TypeError):
        tracker.tenants["more"] = Tenant("more", tenant.bucket)  # type: ignore[index] # the point

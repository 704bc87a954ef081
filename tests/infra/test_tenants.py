"""Tenants: what is made for one, and what a given bucket keeps."""

from __future__ import annotations

from contextlib import suppress

import pytest
from aws_cdk import App, CfnParameter, Duration, Environment, Stack
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import AnalyticsTracker

from .templates import WALLED, Json, build, tenants


def _bucket(stack: Stack, retention: Duration | None = None) -> Json:
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("acme", retention=retention)
    resources = build(tracker).all("AWS::S3::Bucket")
    return dict(resources["TrackerTenantsacme973C22E0"]["Properties"])


def _rules(bucket: Json) -> dict[str, Json]:
    return {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}


def test_a_made_bucket_is_private_and_encrypted(stack: Stack) -> None:
    bucket = _bucket(stack)

    assert bucket["PublicAccessBlockConfiguration"] == WALLED
    assert "AES256" in str(bucket["BucketEncryption"])
    assert "BucketOwnerEnforced" in str(bucket["OwnershipControls"])
    assert "BucketName" not in bucket


def test_a_made_bucket_is_reached_over_tls_only(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("acme")

    policy = build(tracker).all("AWS::S3::BucketPolicy")[
        "TrackerTenantsacmePolicy6B692661"
    ]
    assert "aws:SecureTransport" in str(policy)


def test_large_events_are_tiered_after_90_days(stack: Stack) -> None:
    """S3 tiers nothing below 128 KiB, and small objects would only cost."""
    rules = _rules(_bucket(stack))

    assert set(rules) == {"EventsAreTiered", "OldVersionsExpire"}
    assert rules["EventsAreTiered"] == {
        "Id": "EventsAreTiered",
        "ObjectSizeGreaterThan": "131072",
        "Prefix": "analytics/",
        "Status": "Enabled",
        "Transitions": [
            {"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 90}
        ],
    }


def test_retention_deletes_events_and_nothing_else(stack: Stack) -> None:
    rules = _rules(_bucket(stack, retention=Duration.days(400)))

    assert rules["EventsExpire"]["ExpirationInDays"] == 400
    assert rules["EventsExpire"]["Prefix"] == "analytics/"


@pytest.mark.parametrize(
    ("days", "names"),
    [
        (1, {"EventsExpire"}),
        (90, {"EventsExpire"}),
        (91, {"EventsExpire", "EventsAreTiered"}),
    ],
)
def test_what_expires_by_then_is_not_tiered(
    stack: Stack, days: int, names: set[str]
) -> None:
    """S3 refuses a transition that does not come before the expiration."""
    rules = _rules(_bucket(stack, retention=Duration.days(days)))

    assert set(rules) - {"OldVersionsExpire"} == names


@pytest.mark.parametrize("days", [30, 400])
def test_small_events_expire_as_large_ones_do(stack: Stack, days: int) -> None:
    rules = _rules(_bucket(stack, retention=Duration.days(days)))

    assert "ObjectSizeGreaterThan" not in rules["EventsExpire"]


def test_a_retention_of_the_deployments_is_taken_as_it_is(stack: Stack) -> None:
    days = CfnParameter(stack, "Days", type="Number").value_as_number

    rules = _rules(_bucket(stack, retention=Duration.days(days)))

    assert "EventsAreTiered" not in rules
    assert rules["EventsExpire"]["ExpirationInDays"] == {"Ref": "Days"}


def test_a_given_bucket_is_used_and_left_alone(stack: Stack) -> None:
    bucket = s3.Bucket(stack, "Lake")
    tracker = AnalyticsTracker(stack, "Tracker")

    tenant = tracker.add_tenant("acme", bucket=bucket)

    built = build(tracker)
    (lake,) = [i for i in built.all("AWS::S3::Bucket") if i.startswith("Lake")]
    assert tenant.bucket is bucket
    assert "Properties" not in built.all("AWS::S3::Bucket")[lake]
    assert not [i for i in built.all("AWS::S3::Bucket") if "Tenants" in i]
    assert tenants(built) == {"acme": {"bucket": f"<{lake}>"}}


def test_a_tenant_says_what_it_was_given(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    retention = Duration.days(30)

    tenant = tracker.add_tenant(
        "acme-shop", allowed_origins=["https://acme.example"], retention=retention
    )

    assert tenant.name == "acme-shop"
    assert tenant.table_name == "acme_shop_events"
    assert tenant.allowed_origins == ("https://acme.example",)
    assert tenant.retention is retention


def test_a_tenants_origins_reach_the_function(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("acme", allowed_origins=["https://acme.example"])

    assert tenants(build(tracker))["acme"]["origins"] == ["https://acme.example"]


def test_tenants_are_listed_in_the_order_they_came(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    for name in ("shop", "blog", "app"):
        tracker.add_tenant(name)

    assert (
        list(tracker.tenants)
        == list(tenants(build(tracker)))
        == [
            "shop",
            "blog",
            "app",
        ]
    )


def test_a_bucket_of_a_trusted_account_is_taken(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    app = App(outdir=str(tmp_path_factory.mktemp("cdk")))
    stack = Stack(app, "Host", env=Environment(account="111111111111"))
    tracker = AnalyticsTracker(stack, "Tracker", trusted_accounts=["222222222222"])
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Lake", account="222222222222", bucket_name="partner-lake"
    )

    tracker.add_tenant("partner", bucket=bucket)

    assert tenants(build(tracker)) == {
        "partner": {"bucket": "partner-lake", "owner": "222222222222"}
    }


def test_refuses_a_bucket_that_another_tenant_has_under_its_given_name(
    stack: Stack,
) -> None:
    """Defined here and imported by name it is one bucket."""
    tracker = AnalyticsTracker(stack, "Tracker")
    defined = s3.Bucket(stack, "Defined", bucket_name="acme-events")
    tracker.add_tenant("acme", bucket=defined)

    with pytest.raises(ValueError, match="that of tenant 'acme'"):
        tracker.add_tenant(
            "again", bucket=s3.Bucket.from_bucket_name(stack, "By", "acme-events")
        )


def test_what_is_deleted_stays_as_a_version_for_a_while(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("acme", retention=Duration.days(400), versioned=True)
    built = build(tracker)
    bucket = built.all("AWS::S3::Bucket")[built.id_of("AWS::S3::Bucket", "Tenantsacme")]
    properties = bucket["Properties"]

    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = {each["Id"]: each for each in properties["LifecycleConfiguration"]["Rules"]}
    assert list(rules) == ["EventsAreTiered", "EventsExpire", "OldVersionsExpire"]
    assert rules["OldVersionsExpire"] == {
        "ExpiredObjectDeleteMarker": True,
        "Id": "OldVersionsExpire",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "Prefix": "analytics/",
        "Status": "Enabled",
    }


@pytest.mark.parametrize("retention", [None, Duration.days(30)])
def test_versions_still_go_once_no_new_ones_are_kept(
    stack: Stack, retention: Duration | None
) -> None:
    """S3 only suspends versions; what expires of those that exist stays as an old one.

    So a bucket that was versioned at an earlier deployment needs the rule as well, and
    nobody can tell which were.
    """
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("was", retention=retention)
    tracker.add_tenant("is", retention=retention, versioned=True)
    built = build(tracker)

    was, now = (
        built.all("AWS::S3::Bucket")[built.id_of("AWS::S3::Bucket", f"Tenants{name}")]
        for name in ("was", "is")
    )
    assert "VersioningConfiguration" not in was["Properties"]
    kept, gone = (each["Properties"]["LifecycleConfiguration"] for each in (was, now))
    assert kept == gone
    assert "OldVersionsExpire" in {rule["Id"] for rule in kept["Rules"]}


def test_versions_of_a_bucket_that_was_given_are_its_owners(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")

    with pytest.raises(ValueError, match=r"'versioned' of tenant 'acme'.*its owner's"):
        tracker.add_tenant("acme", bucket=s3.Bucket(stack, "Lake"), versioned=True)
    with pytest.raises(ValueError, match="'versioned' must be True or False, got 'no'"):
        tracker.add_tenant("acme", versioned="no")  # type: ignore[arg-type]  # wrong


def test_a_refused_tenant_leaves_no_bucket_behind(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    made = 0
    with suppress(ValueError):
        while made < 1000:
            tracker.add_tenant(f"tenant-{made}")
            made += 1
    assert 0 < made < 1000

    built = build(tracker)
    assert len([i for i in built.all("AWS::S3::Bucket") if "Tenants" in i]) == made
    assert len(built.all("AWS::Athena::WorkGroup")) == made + 1

"""What a catalog refuses: each with the argument, the value and a way out."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import (
    Aws,
    CfnParameter,
    Duration,
    Environment,
    RemovalPolicy,
    Size,
    Stack,
    Stage,
)
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import AnalyticsTracker, EventCatalog

from .conftest import ACCOUNT


@pytest.mark.parametrize(
    ("arguments", "argument", "way_out"),
    [
        ({"database_name": "Web"}, "database_name", "lower-case letters"),
        ({"database_name": "web-events"}, "database_name", "underscores"),
        ({"database_name": "2web"}, "database_name", "begin with a letter"),
        ({"database_name": ""}, "database_name", "1 to 64"),
        ({"database_name": "w" * 65}, "database_name", "1 to 64"),
        *(
            ({"database_name": name}, "database_name", "is taken in every account")
            for name in ("primary", "default", "information_schema")
        ),
        (
            {"bytes_scanned_cutoff": Size.bytes(20_000_000.5)},
            "bytes_scanned_cutoff",
            "whole bytes, got 20,000,000.5; pass Size.bytes(20000000)",
        ),
        ({"database_name": 7}, "database_name", "leave it out"),
        ({"database_name": Aws.STACK_NAME}, "database_name", "known at synthesis"),
        ({"bytes_scanned_cutoff": 10**9}, "bytes_scanned_cutoff", "Size.gibibytes"),
        (
            {"bytes_scanned_cutoff": Size.bytes(9_999_999)},
            "bytes_scanned_cutoff",
            "got 9,999,999; pass Size.mebibytes",
        ),
        ({"results_bucket": "results"}, "results_bucket", "from_bucket_name"),
        ({"results_retention": 30}, "results_retention", "Duration.days(30)"),
        (
            {"results_retention": Duration.hours(36)},
            "results_retention",
            "got 1.5 days; pass Duration.days",
        ),
        (
            {"results_retention": Duration.days(0)},
            "results_retention",
            "at least one, got 0 days",
        ),
        ({"encryption_key": "alias/key"}, "encryption_key", "from_key_arn"),
        ({"removal_policy": RemovalPolicy.SNAPSHOT}, "removal_policy", "snapshots"),
        ({"removal_policy": "keep"}, "removal_policy", "RemovalPolicy.RETAIN"),
    ],
)
def test_refuses(
    stack: Stack, arguments: dict[str, Any], argument: str, way_out: str
) -> None:
    with pytest.raises(ValueError, match=f"'{argument}' ") as caught:
        EventCatalog(stack, "Catalog", **arguments)

    assert way_out in str(caught.value)
    assert stack.node.try_find_child("Catalog") is None


def test_refuses_a_size_that_would_have_to_be_converted(stack: Stack) -> None:
    limit = CfnParameter(stack, "Limit", type="Number").value_as_number

    with pytest.raises(ValueError, match=r"'bytes_scanned_cutoff' .*Size\.bytes\("):
        EventCatalog(stack, "Catalog", bytes_scanned_cutoff=Size.gibibytes(limit))


def test_refuses_a_key_of_which_only_an_alias_is_known(stack: Stack) -> None:
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/results")

    with pytest.raises(ValueError, match=r"'encryption_key' .*kms\.Key\.from_key_arn"):
        EventCatalog(stack, "Catalog", encryption_key=alias)


@pytest.mark.parametrize(
    ("known", "what"),
    [({"account": "222222222222"}, "account"), ({"region": "us-east-1"}, "region")],
)
def test_refuses_a_bucket_of_results_elsewhere(
    pinned: Stack, known: dict[str, Any], what: str
) -> None:
    bucket = s3.Bucket.from_bucket_attributes(
        pinned, "Results", bucket_name="acme-results", **known
    )

    with pytest.raises(ValueError, match=rf"'results_bucket' is in {what} .*; pass a"):
        EventCatalog(pinned, "Catalog", results_bucket=bucket)


@pytest.mark.parametrize(
    ("account", "region", "what"),
    [("222222222222", "eu-west-1", "account"), (ACCOUNT, "us-east-1", "region")],
)
def test_a_tracker_refuses_a_catalog_elsewhere(
    pinned: Stack, account: str, region: str, what: str
) -> None:
    where = Environment(account=account, region=region)
    far = Stack(Stage.of(pinned), "Far", env=where)
    catalog = EventCatalog(far, "Catalog")

    with pytest.raises(ValueError, match=rf"'catalog' Far/Catalog is in {what} .*pass"):
        AnalyticsTracker(pinned, "Tracker", catalog=catalog)


def test_refuses_a_database_that_another_catalog_has(pinned: Stack) -> None:
    """In the same environment; elsewhere it is another database."""
    app = Stage.of(pinned)
    here = Environment(account=ACCOUNT, region="eu-west-1")
    EventCatalog(pinned, "One", database_name="web")
    far = Stack(app, "Far", env=Environment(account=ACCOUNT, region="us-east-1"))
    EventCatalog(far, "Catalog", database_name="web")

    with pytest.raises(ValueError, match=r"of Near/Two is 'web', which Pinned/One/"):
        EventCatalog(Stack(app, "Near", env=here), "Two", database_name="web")


def test_refuses_a_lifetime_of_results_in_a_bucket_that_is_given(stack: Stack) -> None:
    bucket = s3.Bucket(stack, "Results")

    with pytest.raises(ValueError, match=r"'results_retention' .*'results_bucket' is"):
        EventCatalog(
            stack,
            "Catalog",
            results_bucket=bucket,
            results_retention=Duration.days(7),
        )


@pytest.mark.parametrize("name", ["", "Shop", "my_shop", "2shop", "s" * 64, 7])
def test_refuses_a_tenants_name(stack: Stack, name: Any) -> None:
    catalog = EventCatalog(stack, "Catalog")

    with pytest.raises(ValueError, match=r"'name' of a tenant must be .* 'acme'"):
        catalog.add_tenant(name, bucket=s3.Bucket(stack, "Lake"))


def test_refuses_a_tenant_that_would_be_called_as_the_views_over_all(
    stack: Stack,
) -> None:
    """Its table would be `all_events`, and its results would lie with theirs."""
    catalog = EventCatalog(stack, "Catalog")

    with pytest.raises(ValueError, match=r"'all' of a tenant .* choose another"):
        catalog.add_tenant("all", bucket=s3.Bucket(stack, "Lake"))


@pytest.mark.parametrize("bucket", [None, "lake"])
def test_refuses_what_is_no_bucket(stack: Stack, bucket: Any) -> None:
    catalog = EventCatalog(stack, "Catalog")

    with pytest.raises(
        ValueError, match=r"'bucket' of tenant 'shop' .*from_bucket_nam"
    ):
        catalog.add_tenant("shop", bucket=bucket)


def test_refuses_a_bucket_that_the_function_could_not_write_to(stack: Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Lake", "acme.example.com")

    with pytest.raises(ValueError, match=r"'bucket' of tenant 'shop' .*has a dot"):
        EventCatalog(stack, "Catalog").add_tenant("shop", bucket=bucket)


def test_refuses_a_tenant_twice(stack: Stack) -> None:
    catalog = EventCatalog(stack, "Catalog")
    catalog.add_tenant("shop", bucket=s3.Bucket(stack, "One"))

    with pytest.raises(ValueError, match="'name' 'shop' gives the table 'shop_events'"):
        catalog.add_tenant("shop", bucket=s3.Bucket(stack, "Two"))


def test_refuses_a_bucket_twice(stack: Stack) -> None:
    """Also one that is known by name and imported."""
    catalog = EventCatalog(stack, "Catalog")
    bucket = s3.Bucket(stack, "One", bucket_name="acme-lake")
    catalog.add_tenant("shop", bucket=bucket)
    same = s3.Bucket.from_bucket_name(stack, "Same", "acme-lake")

    with pytest.raises(ValueError, match="'bucket' of tenant 'blog' is that of tenant"):
        catalog.add_tenant("blog", bucket=same)


def test_a_tracker_refuses_what_is_no_catalog(stack: Stack) -> None:
    with pytest.raises(
        ValueError, match="'catalog' must be an EventCatalog, got 'web'"
    ):
        AnalyticsTracker(stack, "Tracker", catalog="web")  # type: ignore[arg-type] # the point

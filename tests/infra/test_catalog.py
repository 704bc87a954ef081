"""The catalog: its database, its tenants' tables, and its place in people's trees."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, NestedStack, Stack, Stage
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template
from constructs import Construct

from analytics_tracker_construct import AnalyticsTracker, EventCatalog
from analytics_tracker_construct._handler import columns

from .templates import Json, build, flat

TABLE = "AWS::Glue::Table"


def _tables(stack: Stack) -> dict[str, Json]:
    """Return Glue's tables and views by name."""
    resources = Template.from_stack(stack).find_resources(TABLE)
    return {
        item["Properties"]["TableInput"]["Name"]: flat(item["Properties"]["TableInput"])
        for item in resources.values()
    }


def _catalog(stack: Stack, *tenants: str, **options: Any) -> EventCatalog:
    catalog = EventCatalog(stack, "Catalog", **options)
    for tenant in tenants:
        catalog.add_tenant(tenant, bucket=s3.Bucket(stack, tenant))
    return catalog


def test_a_tenant_has_a_table_over_its_events(stack: Stack) -> None:
    _catalog(stack).add_tenant(
        "my-shop", bucket=s3.Bucket.from_bucket_name(stack, "Lake", "shop-lake")
    )

    table = _tables(stack)["my_shop_events"]

    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["StorageDescriptor"]["Location"] == "s3://shop-lake/analytics/"
    assert table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] == (
        "org.openx.data.jsonserde.JsonSerDe"
    )
    assert table["Parameters"]["classification"] == "json"


def test_a_table_has_the_stored_columns_with_their_meanings(stack: Stack) -> None:
    _catalog(stack, "shop")

    found = _tables(stack)["shop_events"]["StorageDescriptor"]["Columns"]

    assert [(each["Name"], each["Type"]) for each in found] == [
        (each.name.lower(), each.type) for each in columns.COLUMNS
    ]
    assert all(each["Comment"] for each in found)


def test_each_camel_case_column_says_which_key_it_is_read_from(stack: Stack) -> None:
    """Keys are not folded: two that differ in case would be one, and fail a query."""
    _catalog(stack, "shop")

    serde = _tables(stack)["shop_events"]["StorageDescriptor"]["SerdeInfo"]

    assert serde["Parameters"] == {
        "case.insensitive": "FALSE",
        "ignore.malformed.json": "TRUE",
        "use.null.for.invalid.data": "TRUE",
        "mapping.clienttimestamp": "clientTimestamp",
        "mapping.eventid": "eventId",
        "mapping.eventtype": "eventType",
        "mapping.servertimestamp": "serverTimestamp",
        "mapping.sessionid": "sessionId",
        "mapping.useragent": "userAgent",
    }


def test_partitions_are_projected(stack: Stack) -> None:
    """Nobody has to tell Glue of a new day."""
    catalog = _catalog(stack)
    bucket = s3.Bucket.from_bucket_name(stack, "Lake", "shop-lake")
    catalog.add_tenant("shop", bucket=bucket)

    table = _tables(stack)["shop_events"]

    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [
        ("year", "string"),
        ("month", "string"),
        ("day", "string"),
    ]
    assert {
        name: value
        for name, value in table["Parameters"].items()
        if name.startswith(("projection", "storage"))
    } == {
        "projection.enabled": "true",
        "projection.year.type": "integer",
        "projection.year.range": "2020,2050",
        "projection.year.digits": "4",
        "projection.month.type": "integer",
        "projection.month.range": "1,12",
        "projection.month.digits": "2",
        "projection.day.type": "integer",
        "projection.day.range": "1,31",
        "projection.day.digits": "2",
        "storage.location.template": (
            "s3://shop-lake/analytics/year=${year}/month=${month}/day=${day}/"
        ),
    }


def test_a_bucket_whose_name_is_not_known_is_referred_to(stack: Stack) -> None:
    catalog = EventCatalog(stack, "Catalog")
    catalog.add_tenant("shop", bucket=s3.Bucket(stack, "Lake"))

    table = _tables(stack)["shop_events"]

    assert table["StorageDescriptor"]["Location"] == "s3://<Lake5F1B88EA>/analytics/"


def test_what_add_tenant_returned_knows_the_names(stack: Stack) -> None:
    catalog = EventCatalog(stack, "Catalog", database_name="web")
    bucket = s3.Bucket(stack, "Lake")

    table = catalog.add_tenant("my-shop", bucket=bucket)

    assert table.tenant == "my-shop"
    assert table.bucket is bucket
    assert table.table_name == "my_shop_events"
    assert table.unique_view_name == "my_shop_events_unique"
    assert table.sessions_view_name == "my_shop_sessions"
    assert table.workgroup.name == "web-my-shop"
    assert dict(catalog.tables) == {"my-shop": table}
    with pytest.raises(TypeError):
        catalog.tables["more"] = table  # type: ignore[index] # the point


def test_the_database_is_called_after_stack_and_path(stack: Stack) -> None:
    catalog = EventCatalog(Construct(stack, "Product"), "Events")

    assert catalog.database_name == "host_product_events"
    database = Template.from_stack(stack).find_resources("AWS::Glue::Database")
    (properties,) = (each["Properties"] for each in database.values())
    assert properties["DatabaseInput"]["Name"] == "host_product_events"


def test_what_is_deployed_twice_has_two_databases(tmp_path: object) -> None:
    app = App(outdir=str(tmp_path))
    stacks = [
        Stack(app, "Live", stack_name="shop-live"),
        Stack(app, "Test", stack_name="shop-test"),
        Stack(Stage(app, "Stage"), "Live"),
    ]
    names = [EventCatalog(stack, "Catalog").database_name for stack in stacks]
    nested = NestedStack(stacks[0], "Nested")

    assert [name[:-9] for name in names] == [
        "shop_live_catalog",
        "shop_test_catalog",
        "stage_live_catalog",
    ]
    nested_name = EventCatalog(nested, "Catalog").database_name
    assert nested_name.startswith("shop_live_nested_catalog_")


def test_paths_that_fold_to_one_name_have_two_databases(tmp_path: object) -> None:
    app = App(outdir=str(tmp_path))
    plain = EventCatalog(Construct(Stack(app, "Shop"), "Live"), "Catalog")
    folded = EventCatalog(Stack(app, "Shop-Live"), "Catalog")
    again = EventCatalog(Construct(Stack(app, "A"), "Shop_Live"), "Catalog")

    assert plain.database_name == "shop_live_catalog"
    assert re.fullmatch(r"shop_live_catalog_[0-9a-f]{8}", folded.database_name)
    assert re.fullmatch(r"a_shop_live_catalog_[0-9a-f]{8}", again.database_name)


def test_a_long_path_gives_a_name_that_fits(stack: Stack) -> None:
    names = [
        EventCatalog(Construct(stack, "A" * 80 + end), "Catalog").database_name
        for end in ("x", "y")
    ]

    assert [len(name) for name in names] == [64, 64]
    assert names[0] != names[1]


def test_a_name_may_be_given(stack: Stack) -> None:
    assert EventCatalog(stack, "C", database_name="web_2").database_name == "web_2"


def test_a_tracker_makes_a_catalog_with_its_tenants(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tenant = tracker.add_tenant("shop")

    assert tracker.catalog.node.path == "Host/Tracker/Catalog"
    assert tracker.catalog.tables["shop"].bucket is tenant.bucket
    assert tracker.catalog.tables["shop"].table_name == tenant.table_name


def test_a_tracker_without_tenants_has_a_catalog_without_tables(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", allowed_buckets=["acme-analytics"])
    built = build(tracker)

    assert built.all(TABLE) == {}
    assert built.all("AWS::Athena::NamedQuery") == {}
    assert len(built.all("AWS::Athena::WorkGroup")) == 1


def test_two_trackers_share_a_catalog(stack: Stack) -> None:
    catalog = EventCatalog(stack, "Catalog")
    web = AnalyticsTracker(stack, "Web", catalog=catalog)
    app = AnalyticsTracker(stack, "App", catalog=catalog)
    web.add_tenant("shop")
    app.add_tenant("mobile")

    assert web.catalog is app.catalog is catalog
    assert set(catalog.tables) == {"shop", "mobile"}
    assert len(build(web).all("AWS::Glue::Database")) == 1


def test_trackers_that_share_a_catalog_share_no_tenant(stack: Stack) -> None:
    """A refusal leaves nothing behind."""
    catalog = EventCatalog(stack, "Catalog")
    web = AnalyticsTracker(stack, "Web", catalog=catalog)
    app = AnalyticsTracker(stack, "App", catalog=catalog)
    lake = s3.Bucket(stack, "Lake")
    web.add_tenant("shop", bucket=lake)

    with pytest.raises(ValueError, match="'shop_events', which tenant 'shop' has"):
        app.add_tenant("shop")
    with pytest.raises(ValueError, match="'bucket' of tenant 'other' is that of"):
        app.add_tenant("other", bucket=lake)
    assert dict(app.tenants) == {}
    assert set(catalog.tables) == {"shop"}
    assert app.node.try_find_child("Tenants") is None


def test_a_catalog_may_be_in_another_stack_than_the_tracker(tmp_path: object) -> None:
    """And an analyst in a third."""
    app = App(outdir=str(tmp_path))
    events, queries, people = (Stack(app, name) for name in ("E", "Q", "P"))
    catalog = EventCatalog(queries, "Catalog")
    tracker = AnalyticsTracker(events, "Tracker", catalog=catalog)
    tenant = tracker.add_tenant("shop")
    role = iam.Role(people, "Analyst", assumed_by=iam.AccountRootPrincipal())

    tracker.grant_query(role, tenant)
    app.synth()

    assert "shop_events" in _tables(queries)
    assert Template.from_stack(events).find_resources(TABLE) == {}
    assert queries.dependencies == [events]
    assert {each.node.id for each in people.dependencies} == {"E", "Q"}


def test_a_bucket_in_another_account_is_a_table_too(pinned: Stack) -> None:
    tracker = AnalyticsTracker(pinned, "Tracker", trusted_accounts=["222222222222"])
    bucket = s3.Bucket.from_bucket_attributes(
        pinned, "Lake", account="222222222222", bucket_name="acme-lake"
    )
    tracker.add_tenant("acme", bucket=bucket)

    table = _tables(pinned)["acme_events"]

    assert table["StorageDescriptor"]["Location"] == "s3://acme-lake/analytics/"


@pytest.mark.parametrize("nested", [False, True])
def test_it_may_be_part_of_a_nested_stack(stack: Stack, *, nested: bool) -> None:
    where = NestedStack(stack, "Nested") if nested else stack
    EventCatalog(where, "Catalog").add_tenant("a", bucket=s3.Bucket(stack, "Lake"))

    assert "a_events" in _tables(where)


def test_views_are_made_after_what_they_read(stack: Stack) -> None:
    """Athena calls a view stale whose relations do not exist."""
    _catalog(stack, "shop", "blog")
    template = Template.from_stack(stack)
    by_name = {
        item["Properties"]["TableInput"]["Name"]: (logical_id, item)
        for logical_id, item in template.find_resources(TABLE).items()
    }

    def waits_for(name: str) -> set[str]:
        ids = {logical_id: each for each, (logical_id, _) in by_name.items()}
        return {ids[each] for each in by_name[name][1].get("DependsOn", [])}

    assert waits_for("shop_events") == set()
    assert waits_for("shop_events_unique") == {"shop_events"}
    assert waits_for("shop_sessions") == {"shop_events_unique"}
    assert waits_for("all_events") == {"shop_events_unique", "blog_events_unique"}
    assert waits_for("all_sessions") == {"shop_sessions", "blog_sessions"}
    assert waits_for("all_lines") == {"shop_events", "blog_events"}


@pytest.mark.parametrize("imported", [False, True])
def test_as_many_tenants_as_a_tracker_takes_fit_into_a_stack(
    session_stack: Callable[[], Stack], *, imported: bool
) -> None:
    """CloudFormation takes 500 resources and a megabyte.

    Short names of imported buckets leave the most room in the function's settings.
    """
    stack = session_stack()
    tracker = AnalyticsTracker(stack, "Tracker", enable_metrics=True)
    with suppress(ValueError):
        for number in range(500):
            name = f"t{number}" if imported else f"tenant-{number:03}"
            bucket = s3.Bucket.from_bucket_name(stack, name, f"b-{number}")
            tracker.add_tenant(name, bucket=bucket if imported else None)
    assert 30 < len(tracker.tenants) < 500

    template = Template.from_stack(stack).to_json()

    assert len(template["Resources"]) < 500
    assert len(json.dumps(template, indent=1)) < 1_000_000


def test_refuses_more_tenants_than_fit_into_a_template(
    session_stack: Callable[[], Stack],
) -> None:
    """The longest names take the most; what is refused leaves nothing behind."""
    stack = session_stack()
    catalog = EventCatalog(stack, "Catalog")

    def fill() -> None:
        for number in range(500):
            name = "t" * 59 + f"-{number:03}"
            bucket = s3.Bucket.from_bucket_name(stack, name, "b" * 59 + f"-{number:03}")
            catalog.add_tenant(name, bucket=bucket)

    with pytest.raises(ValueError, match=r"700,000 .*catalog=EventCatalog\(other_st"):
        fill()

    assert len(catalog.tables) > 20
    template = Template.from_stack(stack).to_json()
    assert (
        catalog.node.find_child("Tenants").node.children[-1].node.id
        == (list(catalog.tables)[-1])
    )
    assert 600_000 < len(json.dumps(template, indent=1)) < 900_000


def test_an_environment_may_be_known(tmp_path: object) -> None:
    stack = Stack(
        App(outdir=str(tmp_path)),
        "Pinned",
        env=Environment(account="111111111111", region="eu-west-1"),
    )
    _catalog(stack, "shop")

    (database,) = (
        Template.from_stack(stack).find_resources("AWS::Glue::Database").values()
    )

    assert database["Properties"]["CatalogId"] == "111111111111"


def test_nothing_that_is_used_of_the_cdk_is_deprecated(tmp_path: Path) -> None:
    """Synthesis would print a warning, and with JSII_DEPRECATED=fail go no further."""
    code = (
        "from aws_cdk import App, Stack\n"
        "from analytics_tracker_construct import AnalyticsTracker\n"
        "app = App()\n"
        "AnalyticsTracker(Stack(app, 'Host'), 'Tracker').add_tenant('acme')\n"
        "app.synth()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "CDK_OUTDIR": str(tmp_path), "JSII_DEPRECATED": "fail"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr

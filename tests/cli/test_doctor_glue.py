"""What `analytics-tracker doctor` says of the tenants' tables and views in Glue."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from analytics_tracker_construct._catalog_tables import as_deployed
from analytics_tracker_construct._sql import tables
from analytics_tracker_construct._sql.views import View, glue_view_text

from .cloud import Cloud, stack_of, started
from .deployed import Deployed


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


@pytest.fixture
def well(cloud: Cloud) -> Deployed:
    return Deployed(cloud)


def _findings(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """Return what was found of tables and views, by check."""
    assert done.stderr == ""
    return {
        finding["check"]: finding
        for finding in json.loads(done.stdout)["checks"]
        if finding["check"].startswith(("table", "view"))
    }


def _doctor(tracker: Deployed, *more: str) -> dict[str, dict[str, Any]]:
    return _findings(
        tracker.cloud.inside(
            "doctor", "--function", tracker.function, "--format", "json", *more
        )
    )


def _of_stack(tracker: Deployed, *databases: str) -> dict[str, dict[str, Any]]:
    resources = [
        ("AWS::Lambda::Function", tracker.function),
        *(("AWS::Glue::Database", name) for name in databases),
    ]
    with stack_of(tracker.cloud, *resources, times=2):
        return _findings(
            tracker.cloud.inside("doctor", "--stack", "Website", "--format", "json")
        )


def test_tables_and_views_as_the_construct_makes_them_are_well(well: Deployed) -> None:
    well.table("shop", well.shop)
    well.table("my-blog", well.blog)

    found = _doctor(well, "--database", well.tag)

    assert {check: each["outcome"] for check, each in found.items()} == {
        f"{kind} {well.tag}.{name}": "ok"
        for kind, name in (
            ("table", "shop_events"),
            ("view", "shop_events_unique"),
            ("view", "shop_sessions"),
            ("table", "my_blog_events"),
            ("view", "my_blog_events_unique"),
            ("view", "my_blog_sessions"),
        )
    }


def test_columns_that_differ_from_what_is_stored_fail(well: Deployed) -> None:
    well.table(
        "shop",
        well.shop,
        columns={"ip": None, "metadata": "map<string,string>", "extra": "int"},
    )

    shop = _doctor(well, "--database", well.tag)[f"table {well.tag}.shop_events"]

    assert shop["outcome"] == "failure"
    assert shop["found"] == (
        "column ip is missing; column metadata is map<string,string>, not string; "
        "column extra is not stored"
    )


def test_another_tenants_bucket_fails(well: Deployed) -> None:
    well.table("shop", well.blog)

    shop = _doctor(well, "--database", well.tag)[f"table {well.tag}.shop_events"]

    assert shop["outcome"] == "failure"
    assert f"its location is not s3://{well.shop}/analytics/" in shop["found"]
    assert "parameter storage.location.template is " in shop["found"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (
            {"parameters": {"projection.enabled": None}},
            "parameter projection.enabled is missing, and should be true",
        ),
        (
            {"parameters": {"projection.year.range": "2020,2026"}},
            "parameter projection.year.range is 2020,2026, not 2020,2050",
        ),
        (
            {"parameters": {"projection.month.digits": None}},
            "parameter projection.month.digits is missing, and should be 2",
        ),
        (
            {"serde": {"ignore.malformed.json": "false"}},
            "SerDe parameter ignore.malformed.json is false, not TRUE",
        ),
        (
            {"serde": {"mapping.eventid": "eventid"}},
            "SerDe parameter mapping.eventid is eventid, not eventId",
        ),
        (
            {"library": "org.apache.hive.hcatalog.data.JsonSerDe"},
            f"its SerDe is not {tables.SERDE}",
        ),
    ],
)
def test_settings_that_read_otherwise_fail(
    well: Deployed, changes: dict[str, Any], found: str
) -> None:
    well.table("shop", well.shop, **changes)

    shop = _doctor(well, "--database", well.tag)[f"table {well.tag}.shop_events"]

    assert (shop["outcome"], shop["found"]) == ("failure", found)


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"storage.location.template": None}},
        {"parameters": {"projection.enabled": "TRUE", "team": "web"}},
        {"serde": {"ignore.malformed.json": "true", "paths": "page"}},
    ],
)
def test_settings_that_read_the_same_are_well(
    well: Deployed, changes: dict[str, Any]
) -> None:
    """Where a template is left out, Athena looks into the very folders that it says."""
    well.table("shop", well.shop, **changes)

    shop = _doctor(well, "--database", well.tag)[f"table {well.tag}.shop_events"]

    assert shop["outcome"] == "ok"


def test_a_table_that_is_missing_fails_with_what_makes_it(well: Deployed) -> None:
    well.table("shop", well.shop)

    blog = _doctor(well, "--database", well.tag)[f"table {well.tag}.my_blog_events"]

    assert (blog["outcome"], blog["found"]) == ("failure", "it does not exist")
    assert (
        f"analytics-tracker sql setup --bucket {well.blog} --table my_blog_events"
    ) in blog["advice"]


def test_a_table_of_another_type_fails(well: Deployed) -> None:
    well.table("shop", well.shop, type_="MANAGED_TABLE")

    shop = _doctor(well, "--database", well.tag)[f"table {well.tag}.shop_events"]

    assert (shop["outcome"], shop["found"]) == (
        "failure",
        "its type is MANAGED_TABLE, not EXTERNAL_TABLE",
    )


def _older(view: View, database: str) -> str:
    return glue_view_text(view._replace(sql="SELECT 1 AS x"), database)


def _narrower(view: View, database: str) -> str:
    return glue_view_text(view._replace(columns=view.columns[:-1]), database)


def _elsewhere(view: View, database: str) -> str:
    return glue_view_text(view, f"{database}_old")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_older, "its query is not the one"),
        (_narrower, "its columns are not those"),
        (_elsewhere, "it reads the database"),
        (lambda *_: "/* Presto View: e30 */", "its text is none that Athena reads"),
        (lambda *_: "SELECT 1", "its text is none that Athena reads"),
    ],
    ids=["query", "columns", "database", "broken", "not encoded"],
)
def test_a_stale_view_fails_and_is_to_be_deployed_again(
    well: Deployed, text: Callable[[View, str], str], said: str
) -> None:
    well.table("shop", well.shop, view_text=text)

    view = _doctor(well, "--database", well.tag)[f"view {well.tag}.shop_sessions"]

    assert view["outcome"] == "failure"
    assert view["found"].startswith(said)
    assert "deploy again" in view["advice"]


@pytest.mark.parametrize(
    "text",
    [
        lambda view, database: glue_view_text(as_deployed(view), database),
        lambda view, database: glue_view_text(
            view._replace(sql="SELECT *\nFROM\n  (shop)"), database
        ),
    ],
    ids=["by the construct", "by Athena, in its own words"],
)
def test_a_view_is_well_however_it_was_made(
    well: Deployed, text: Callable[[View, str], str]
) -> None:
    well.table("shop", well.shop, view_text=text)

    view = _doctor(well, "--database", well.tag)[f"view {well.tag}.shop_sessions"]

    assert view["outcome"] == "ok"


def test_views_that_are_missing_are_a_warning(well: Deployed) -> None:
    well.table("shop", well.shop, views=False)

    found = _doctor(well, "--database", well.tag)

    for view in ("shop_events_unique", "shop_sessions"):
        assert found[f"view {well.tag}.{view}"]["outcome"] == "warning"
        assert "sql setup" in found[f"view {well.tag}.{view}"]["advice"]


def test_the_database_of_a_stack_is_found(well: Deployed) -> None:
    well.table("shop", well.shop)

    found = _of_stack(well, well.tag)

    assert found[f"table {well.tag}.shop_events"]["outcome"] == "ok"
    assert found[f"table {well.tag}.my_blog_events"]["outcome"] == "failure"


@pytest.mark.parametrize(
    ("databases", "said"),
    [
        ((), "stack Website has no database"),
        (("web", "shop"), "stack Website has 2 databases: web, shop"),
    ],
)
def test_a_stack_without_one_database_is_a_warning(
    well: Deployed, databases: tuple[str, ...], said: str
) -> None:
    """The catalog may be in another stack, or there may be two."""
    (finding,) = _of_stack(well, *databases).values()

    assert (finding["outcome"], finding["found"]) == ("warning", said)
    assert "--database" in finding["advice"]


def test_tables_are_not_looked_at_where_nothing_says_which(well: Deployed) -> None:
    assert _doctor(well) == {}


def test_says_which_right_a_look_at_tables_needs(well: Deployed) -> None:
    well.table("shop", well.shop)

    with well.cloud.forbidden("glue:GetTable") as keys:
        done = well.cloud.inside(
            "doctor", "--function", well.function, "--database", well.tag, **keys
        )

    assert "unknown  table of shop: could not look: needs glue:GetTable" in done.stdout

"""The views and the named queries that a catalog makes for Athena."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable

import pytest
from aws_cdk import Stack
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from analytics_tracker_construct import EventCatalog
from analytics_tracker_construct._catalog_tables import hive_type
from analytics_tracker_construct._handler import columns
from analytics_tracker_construct._sql import queries, views

from .templates import Json, flat

VIEWS = {
    "shop_events_unique": views.unique("shop_events"),
    "shop_sessions": views.sessions("shop_events"),
    "all_events": views.all_of([("shop", "shop_events")], "all_events"),
    "all_sessions": views.all_of([("shop", "shop_events")], "all_sessions"),
    "all_lines": views.all_of([("shop", "shop_events")], "all_lines"),
}


def _catalog(stack: Stack, *tenants: str) -> EventCatalog:
    catalog = EventCatalog(stack, "Catalog", database_name="web")
    for tenant in tenants:
        catalog.add_tenant(tenant, bucket=s3.Bucket(stack, tenant))
    return catalog


@pytest.fixture(scope="module")
def web(session_stack: Callable[[], Stack]) -> EventCatalog:
    """A catalog of one tenant."""
    return _catalog(session_stack(), "shop")


@pytest.fixture(scope="module")
def made(web: EventCatalog) -> dict[str, Json]:
    """The views of that catalog, by name."""
    return _views(Stack.of(web))


def _views(stack: Stack) -> dict[str, Json]:
    resources = Template.from_stack(stack).find_resources("AWS::Glue::Table")
    inputs = (item["Properties"]["TableInput"] for item in resources.values())
    return {
        each["Name"]: each for each in inputs if each["TableType"] == "VIRTUAL_VIEW"
    }


def _decoded(view: Json) -> Json:
    """Return what Athena reads of a view."""
    match = re.fullmatch(r"/\* Presto View: (\S+) \*/", view["ViewOriginalText"])
    assert match is not None
    return dict(json.loads(base64.b64decode(match[1])))


def test_every_view_is_there(made: dict[str, Json]) -> None:
    assert set(made) == set(VIEWS)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_view_is_as_athena_keeps_its_own(made: dict[str, Json], name: str) -> None:
    """Without the empty lists and objects Athena cannot query it."""
    view = made[name]

    assert view["Parameters"]["presto_view"] == "true"
    assert view["PartitionKeys"] == []
    assert view["Owner"]
    assert view["StorageDescriptor"]["SerdeInfo"] == {}
    assert view["ViewExpandedText"] == "/* Presto View */"
    decoded = _decoded(view)
    assert decoded["originalSql"].split() == VIEWS[name].sql.split()
    assert "\n " not in decoded["originalSql"], "indentation takes a template's room"
    assert (decoded["catalog"], decoded["schema"]) == ("awsdatacatalog", "web")


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_glue_and_athena_agree_on_a_views_columns(
    made: dict[str, Json], name: str
) -> None:
    view = made[name]

    assert [
        (each["Name"], each["Type"]) for each in view["StorageDescriptor"]["Columns"]
    ] == [(each["name"], hive_type(each["type"])) for each in _decoded(view)["columns"]]


def test_views_over_all_tenants_grow_with_each(stack: Stack) -> None:
    """Also where tenants come after the views were first asked for."""
    catalog = _catalog(stack, "shop")
    catalog.add_tenant("my-blog", bucket=s3.Bucket(stack, "Late"))

    sql = _decoded(_views(stack)["all_sessions"])["originalSql"]

    assert "CAST('shop' AS varchar) AS tenant" in sql
    assert "CAST('my-blog' AS varchar) AS tenant" in sql
    assert '"my_blog_sessions"' in sql


@pytest.mark.parametrize("column", columns.COLUMNS, ids=lambda each: each.name)
def test_a_stored_type_comes_back_from_trinos(column: columns.Column) -> None:
    assert hive_type(views.trino_type(column.type)) == column.type


@pytest.mark.parametrize(
    ("trino", "hive"),
    [
        ("varchar", "string"),
        ("bigint", "bigint"),
        ("row(a integer, b varchar)", "struct<a:int,b:string>"),
    ],
)
def test_types_are_called_as_in_glue(trino: str, hive: str) -> None:
    assert hive_type(trino) == hive


def test_every_query_is_offered_in_the_catalogs_workgroup(stack: Stack) -> None:
    catalog = _catalog(stack, "shop", "blog")

    found = Template.from_stack(stack).find_resources("AWS::Athena::NamedQuery")

    properties = [flat(each["Properties"]) for each in found.values()]
    assert {each["Name"] for each in properties} == set(queries.names())
    assert set(catalog.named_queries) == set(queries.names())
    workgroup = f"<{stack.get_logical_id(catalog.workgroup)}>"
    assert {each["WorkGroup"] for each in properties} == {workgroup}
    assert {each["Database"] for each in properties} == {
        f"<{stack.get_logical_id(catalog.database)}>"
    }


@pytest.mark.parametrize("name", queries.names())
def test_a_named_query_says_what_it_asks_for(web: EventCatalog, name: str) -> None:
    """Athena's console asks for values without a word of what they are."""
    query = queries.load(name)
    text, asked = query.render(queries.Relations.among_all())

    named = web.named_queries[name]

    assert named.query_string == text
    assert named.description is not None
    title, _, parameters = named.description.partition(". Parameters: ")
    assert title == query.title
    assert parameters.split(", ") == asked


@pytest.mark.parametrize("name", queries.names())
def test_a_named_query_is_no_longer_than_athena_takes(
    web: EventCatalog, name: str
) -> None:
    """The limits are those of `API_NamedQuery` in Athena's reference."""
    named = web.named_queries[name]

    assert len(named.name or "") <= 128
    assert len(named.description or "") <= 1024
    assert len(named.query_string.encode()) <= 262_144

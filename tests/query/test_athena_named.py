"""Named queries in Athena: days, tenants, parameters."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from analytics_tracker_construct._sql import queries
from analytics_tracker_construct.query import (
    QueryError,
)

from .fakes import FakeAthena, FakeGlue, execution, refusal
from .fakes import athena_engine as _engine


def test_a_named_query_is_asked_of_a_tenants_relations() -> None:
    athena = FakeAthena()

    _engine(athena).run(
        "top-pages",
        tenant="my-shop",
        start="2026-01-01",
        end=date(2026, 1, 31),
        limit=5,
    )

    query = queries.load("top-pages")
    text, names = query.render(queries.Relations.of("my_shop_events"))
    (request,) = athena.started
    assert request["QueryString"] == text
    assert '"my_shop_events_unique"' in text
    given = dict(zip(names, request["ExecutionParameters"], strict=True))
    assert given["from"] == "DATE '2026-01-01'"
    assert given["to"] == "DATE '2026-01-31'"
    assert given["limit"] == "5"
    assert given["bots"] == "'exclude'"


def test_without_a_tenant_all_are_asked_about() -> None:
    athena = FakeAthena()

    _engine(athena).run("daily-page-views")

    assert '"all_events"' in athena.started[0]["QueryString"]


def _missing(
    reason: str = "TABLE_NOT_FOUND: line 3:6: View 'shopp_events_unique' does not "
    "exist",
) -> FakeAthena:
    return FakeAthena([execution("FAILED", status={"StateChangeReason": reason})])


@pytest.mark.parametrize("tenant", ["shopp", "Shop!", 'x"; DROP TABLE y'])
def test_an_unknown_tenant_is_told_which_there_are(tenant: str) -> None:
    glue = FakeGlue(
        "my_shop_events", "my_shop_events_unique", "my_shop_sessions", "all_events",
        "blog_events",
    )  # fmt: skip  # they are one database
    engine = _engine(_missing(), glue=glue)

    with pytest.raises(ValueError, match=r"there are: blog, my-shop$"):
        engine.run("daily-page-views", tenant=tenant)


def test_an_unknown_tenant_is_refused_where_the_others_may_not_be_known() -> None:
    """Who may query one tenant does not see the rest."""
    glue = FakeGlue(error=refusal("GetTables", "AccessDeniedException"))

    with pytest.raises(
        ValueError,
        match=r"no tenant 'shopp' in events; .*could not be listed: .*AccessDenied",
    ):
        _engine(_missing(), glue=glue).run("daily-page-views", tenant="shopp")


def test_a_database_without_tenants_says_that_there_are_none() -> None:
    with pytest.raises(ValueError, match="no tenant 'shopp' in events; there are none"):
        _engine(_missing(), glue=FakeGlue("other")).run("top-pages", tenant="shopp")


@pytest.mark.parametrize("tenant", ["shopp", None])
def test_a_missing_database_is_no_missing_tenant(tenant: str | None) -> None:
    athena = _missing("SCHEMA_NOT_FOUND: line 3:6: Schema 'events' does not exist")

    with pytest.raises(QueryError, match="name the database"):
        _engine(athena, glue=FakeGlue()).run("daily-page-views", tenant=tenant)


def test_a_database_without_views_over_all_asks_for_a_tenant() -> None:
    """As `sql setup` makes it."""
    athena = _missing(
        "TABLE_NOT_FOUND: line 1:9: Table 'c.d.all_events' does not exist"
    )

    with pytest.raises(ValueError, match=r"name one with .*--tenant.*there are: old$"):
        _engine(athena, glue=FakeGlue("old_events")).run("daily-page-views")


def test_a_comparison_of_tenants_asks_for_none() -> None:
    athena = _missing(
        "TABLE_NOT_FOUND: line 1:9: Table 'c.d.all_events' does not exist"
    )

    with pytest.raises(ValueError, match="which tenants compares") as caught:
        _engine(athena).run("tenants")

    assert "--tenant" not in str(caught.value)


def test_a_known_tenant_whose_view_is_missing_is_no_unknown_tenant() -> None:
    with pytest.raises(QueryError, match="does not exist"):
        _engine(_missing(), glue=FakeGlue("shopp_events")).run(
            "daily-page-views", tenant="shopp"
        )


def test_names_the_tenants_of_the_database() -> None:
    glue = FakeGlue("my_shop_events", "all_events", "my_shop_sessions", "blog_events")

    assert _engine(glue=glue).tenants() == ["blog", "my-shop"]


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("what", {}, "there is no query 'what'; there are .*top-pages"),
        ("daily-visitor", {}, r"'daily-visitor'; did you mean daily-visitors"),
        ("top-pages", {"from": "2026-01-01"}, "the days are 'start' .--from"),
        ("top-pages", {"to": "2026-01-01"}, "the days are 'end' .--to"),
        ("top-pages", {"limt": 5}, "no parameter 'limt'; it has .*limit"),
        ("top-pages", {"limit": "many"}, "'limit' must be a whole number"),
        ("funnel", {}, "needs a value for 'steps'"),
        (
            "top-pages",
            {"start": "2026-02-01", "end": "2026-01-01"},
            "is after the last",
        ),
        ("top-pages", {"start": "yesterday"}, r"'start' \(--from\) must be a day"),
        ("live", {"start": "2026-01-01"}, "no days to choose"),
        ("tenants", {"tenant": "shop"}, "compares all tenants"),
    ],
)
def test_a_wrong_question_is_refused_before_it_is_asked(
    name: str, options: dict[str, Any], problem: str
) -> None:
    athena = FakeAthena()

    with pytest.raises(ValueError, match=problem):
        _engine(athena).run(name, **options)

    assert athena.started == []

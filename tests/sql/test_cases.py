"""Every query and view gives on DuckDB what was counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from analytics_tracker_construct._sql import queries, tables, views

from .cases import CASES, VIEW_CASES, Case, ViewCase
from .conftest import Ask
from .world import LAST, SHARED, TENANTS


def relations_of(tenant: str | None) -> queries.Relations:
    if tenant is None:
        return queries.Relations.all()
    return queries.Relations.of(tables.table_of(tenant))


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{n}-{case.query}" for n, case in enumerate(CASES)]
)
def test_a_query_answers_what_was_counted(ask: Ask, case: Case) -> None:
    query = queries.load(case.query)
    bound = query.bind(case.values)
    sql, used = query.render(relations_of(case.tenant), "$")

    names, rows = ask(sql, {name: bound[name] for name in used})

    assert names == case.columns
    assert rows == list(case.rows)


@pytest.mark.parametrize("case", CASES[:1] + tuple(c for c in CASES if c.tenant))
def test_a_tenant_among_all_has_the_same_answer(ask: Ask, case: Case) -> None:
    """As the named queries ask: over all tenants, and the tenant's name is bound."""
    query = queries.load(case.query)
    bound = {**query.bind(case.values), "tenant": case.tenant}
    sql, used = query.render(queries.Relations.among_all(), "$")

    assert "tenant" in used
    assert ask(sql, {name: bound[name] for name in used})[1] == list(case.rows)


@pytest.mark.parametrize("case", VIEW_CASES, ids=[case.view for case in VIEW_CASES])
def test_a_view_has_the_rows_that_were_counted(ask: Ask, case: ViewCase) -> None:
    assert ask(case.sql)[1] == list(case.rows)


@pytest.mark.parametrize(
    "view",
    [views.unique("shop_events"), views.sessions("shop_events")]
    + [
        views.all_of([(each, tables.table_of(each)) for each in TENANTS], name)
        for name in views.OVER_ALL
    ],
    ids=lambda view: view.name,
)
def test_a_view_has_the_columns_that_the_catalog_says(
    ask: Ask, view: views.View
) -> None:
    """Athena takes a view whose query gives others for a stale one."""
    names, _ = ask(f'SELECT * FROM "{view.name}" LIMIT 0')

    assert names == tuple(name for name, _ in view.columns)


#: What is counted, so that the figures of tenants add up.
COUNTED = {"page_views", "visitors", "sessions", "events", "people", "lines"}
#: Each must be given what it has no default for.
GIVEN: dict[str, dict[str, Any]] = {
    "event-properties": {"event_type": "page_view", "property": "user_id"},
    "funnel": {"steps": "page_view,signup,purchase"},
    "live": {"now": f"{SHARED}T10:30:00Z"},
}


@pytest.mark.parametrize("name", [n for n in queries.names() if n != "tenants"])
def test_over_all_is_counted_what_the_tenants_count(ask: Ask, name: str) -> None:
    """Who comes to two of them is two people, whatever is asked."""
    query = queries.load(name)
    days = {} if name == "live" else {"from": SHARED, "to": LAST}
    bound = query.bind({**days, **GIVEN.get(name, {})})

    def counted(tenant: str | None) -> dict[str, int]:
        sql, used = query.render(relations_of(tenant), "$")
        columns, rows = ask(sql, {each: bound[each] for each in used})
        return {
            column: sum(row[at] for row in rows)
            for at, column in enumerate(columns)
            if column in COUNTED
        }

    separate = [counted(tenant) for tenant in TENANTS]
    assert counted(None) == {
        column: sum(figures[column] for figures in separate) for column in separate[0]
    }
    assert sum(separate[0].values()) > 0


def test_every_query_has_a_case() -> None:
    assert {case.query for case in CASES} == set(queries.names())

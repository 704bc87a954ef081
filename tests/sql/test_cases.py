"""Every query and view gives on DuckDB what was counted by hand."""

from __future__ import annotations

import pytest

from analytics_tracker_construct._sql import queries, tables

from .cases import CASES, VIEW_CASES, Case, ViewCase
from .conftest import Ask


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


def test_every_query_has_a_case() -> None:
    assert {case.query for case in CASES} == set(queries.names())

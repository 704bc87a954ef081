"""Every query and every view, on Trino, equals what was counted by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from analytics_tracker_construct._sql import queries, tables
from analytics_tracker_construct._sql.literals import literals

from ..sql.cases import CASES, VIEW_CASES, Case, ViewCase
from ..sql.expressions import QUERIES, VALUES
from .bed import Bed
from .deployment import DATABASE


def _statement(case: Case, relations: queries.Relations, **more: str) -> str:
    """Return a case's query with its parameters bound, as Athena's engine has it."""
    query = queries.load(case.query)
    given: dict[str, Any] = {**case.parameters}
    declared = {parameter.name for parameter in query.parameters}
    given |= {
        name: value
        for name, value in (("from", case.start), ("to", case.end))
        if name in declared
    }
    bound = {**query.bind(given), **more}
    text, names = query.render(relations)
    if not names:
        return text
    quoted = text.replace("'", "''")
    listed = ", ".join(literals([bound[name] for name in names]))
    return f"EXECUTE IMMEDIATE '{quoted}' USING {listed}"


def _asked(bed: Bed, sql: str) -> list[tuple[Any, ...]]:
    answer = bed.query(sql)
    return _rows(answer.rows, [type_ for _, type_ in answer.columns])


def _rows(answer: list[list[Any]], types: list[str]) -> list[tuple[Any, ...]]:
    """Return Trino's rows with days as days."""
    return [
        tuple(
            date.fromisoformat(value) if kind == "date" and value else value
            for value, kind in zip(row, types, strict=True)
        )
        for row in answer
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.query}-{case.tenant}")
def test_a_query_answers_what_was_counted(bed: Bed, case: Case) -> None:
    table = None if case.tenant is None else tables.table_of(case.tenant)
    relations = (
        queries.Relations.all() if table is None else queries.Relations.of(table)
    )
    answer = bed.query(_statement(case, relations))
    assert tuple(name for name, _ in answer.columns) == case.columns
    rows = _rows(answer.rows, [type_ for _, type_ in answer.columns])
    assert rows == list(case.rows)


@pytest.mark.parametrize(
    "case",
    # The first case of each query: the others differ in nothing that this is about.
    {case.query: case for case in reversed(CASES) if case.tenant is not None}.values(),
    ids=lambda case: f"{case.query}-{case.tenant}",
)
def test_a_tenant_chosen_among_all_has_the_same_answer(bed: Bed, case: Case) -> None:
    """As the named queries in Athena's console have it."""
    assert case.tenant is not None
    relations = queries.Relations.among_all(DATABASE)
    answer = bed.query(_statement(case, relations, tenant=case.tenant))
    rows = _rows(answer.rows, [type_ for _, type_ in answer.columns])
    assert rows == list(case.rows)


@pytest.mark.parametrize("case", VIEW_CASES, ids=lambda case: case.view)
def test_a_view_answers_what_was_counted(bed: Bed, case: ViewCase) -> None:
    assert _asked(bed, case.sql) == list(case.rows)


@pytest.mark.parametrize(("sql", "value"), VALUES)
def test_an_expression_has_the_value_that_duckdb_gives(
    bed: Bed, sql: str, value: Any
) -> None:
    assert _asked(bed, f"SELECT {sql}") == [(value,)]


@pytest.mark.parametrize(("sql", "rows"), QUERIES)
def test_a_query_has_the_rows_that_duckdb_gives(
    bed: Bed, sql: str, rows: list[tuple[Any, ...]]
) -> None:
    assert _asked(bed, sql) == rows


def test_every_query_has_a_case() -> None:
    assert {case.query for case in CASES} == set(queries.names())


def test_the_consoles_queries_are_those_of_the_library(bed: Bed) -> None:
    """Each named query is the very text that the tests above have run."""
    relations = queries.Relations.among_all()
    for named in bed.deployment.named_queries:
        text, names = queries.load(named.name).render(relations)
        assert named.sql == text
        assert named.description.endswith(f"Parameters: {', '.join(names)}")
    found = {named.name for named in bed.deployment.named_queries}
    assert found == set(queries.names())

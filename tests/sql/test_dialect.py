"""What passes the dialect has Trino's value on DuckDB; what could differ is refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_tracker_construct._sql.dialect import to_duckdb
from handler.compact import encode
from handler.times import stamp

from .expressions import QUERIES, VALUES

if TYPE_CHECKING:
    import duckdb

duckdb_ = pytest.importorskip("duckdb")
DUCK: duckdb.DuckDBPyConnection = duckdb_.connect()

WHOLE = st.integers(-(2**40), 2**40)
MEMBER = (
    "json_extract_scalar(j, "
    "'$[\"' || replace(replace(k, '\\', '\\\\'), '\"', '\\\"') || '\"]')"
)


def answer(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    return DUCK.execute(to_duckdb(sql), values).fetchall()


@pytest.mark.parametrize(("sql", "value"), VALUES)
def test_an_expression_has_the_value_that_trino_gives(sql: str, value: Any) -> None:
    assert answer(f"SELECT {sql}") == [(value,)]


@pytest.mark.parametrize(("sql", "rows"), QUERIES)
def test_a_query_has_the_rows_that_trino_gives(
    sql: str, rows: list[tuple[Any, ...]]
) -> None:
    assert answer(sql) == rows


REFUSED = {
    "7.0 / 2": "CAST one side",
    "a / b": "a / nullif",
    "a / 0": "a / nullif",
    "a / nullif(b, 0)": "CAST one side",
    "1 % a": "other than 0",
    "a % 2": "CAST the left side",
    "1 + 1.5": "CAST each side",
    "1 + '1'": "CAST each side",
    "-a": "CAST each side",
    "round(2.5)": "round",
    "round(a, 1)": "round",
    "CAST(2.5 AS integer)": "a cast",
    "CAST(CAST(5 AS double) / 2 AS integer)": "a cast",
    "CAST(CAST(5 AS double) AS varchar)": "a cast",
    "CAST(a AS timestamp)": "a cast",
    "CAST('12' AS bigint)": "a cast",
    "CAST('2026-1-1' AS date)": "a cast",
    "year = 2026": "compares",
    "2026 IN (year, month)": "compares",
    "page BETWEEN 1 AND 2": "compares",
    "concat('a', NULL)": r"a \|\| b",
    "greatest(1, NULL)": "CASE",
    "least(1, NULL)": "CASE",
    "trim(' a ')": "white space",
    "avg(durationSeconds)": "CAST",
    "count_if(true)": "FILTER",
    "approx_distinct(page)": "DISTINCT",
    "approx_percentile(durationSeconds, 0.5)": "estimate",
    "date_diff('month', try_cast('a' AS date), try_cast('b' AS date))": "count days",
    "date_add('month', 1, try_cast('a' AS date))": "date_add",
    "date_add('day', events, try_cast('a' AS date))": "date_add",
    "date_trunc('week', from_iso8601_timestamp('a'))": "date_trunc",
    "date_format(from_iso8601_timestamp('a'), '%W')": "format",
    "date_parse('2026-11-01', '%Y-%m-%d')": "no rule",
    "current_date": "no rule",
    "regexp_extract('abc', 'a|b', 0)": "pattern",
    "regexp_extract('abc', '(x)?abc', 1)": "pattern",
    "regexp_extract('abc', 'c$', 0)": "pattern",
    "regexp_extract('abc', 'a.c', 0)": "pattern",
    "regexp_extract('abc', page, 0)": "pattern",
    "regexp_replace('abc', '(a)', '$1')": "replacement",
    "split_part('a', page, 1)": "delimiter",
    "split_part('a', '', 1)": "delimiter",
    "split_part('a', ',', 0)": "index",
    "substr('abc', 0, 2)": "start",
    "substr('abc', -1)": "start",
    "substr('abc', events)": "start",
    "substr('abcdef', 3, -2)": "length",
    "substr('abc', 1, events)": "length",
    "strpos('abcabc', 'b', 2)": "two arguments",
    "replace('abc', '', 'x')": "not empty",
    "replace('abc', '')": "not empty",
    "replace('abc', page, 'x')": "literal",
    "lag(page, 2) OVER (ORDER BY page)": "one argument",
    "map(ARRAY['a'], ARRAY[1])['z']": "no rule",
    "element_at(a, 'z')": "no rule",
    "a[5]": "no rule",
    "json_parse('[1]')": "json_extract_scalar",
    "json_extract('[1]', '$')": "json_extract_scalar",
    "json_extract_scalar(metadata, '$[0]')": "path",
    "json_extract_scalar(metadata, page)": "path",
    "map_keys(a)": "map_keys",
    "try(1 / nullif(2, 0))": "tried",
    "min_by(page, events, 2)": "two arguments",
    "transform(a, x -> x)": "no rule",
    "url_extract_host(page)": "no rule",
    "at_timezone(a, 'Asia/Tokyo')": "no rule",
    "page ILIKE 'a'": "no rule",
    "page LIKE 'a' ESCAPE '!'": "no rule",
    "page ~ 'a'": "not Trino's SQL",
    "round(CAST(5 AS double), -1)": "round",
    "nosuchfunction(1)": "no rule",
}


@pytest.mark.parametrize(("sql", "way_out"), REFUSED.items())
def test_refuses_what_could_differ_and_says_what_to_write(
    sql: str, way_out: str
) -> None:
    with pytest.raises(ValueError, match=way_out):
        to_duckdb(f"SELECT {sql} FROM shop_events")


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        # A column to Trino; to DuckDB perhaps what SELECT made of it.
        ("SELECT lower(page) AS page FROM t GROUP BY page", "rename it"),
        ("SELECT lower(page) AS p FROM t WHERE p = 'a'", "rename it"),
        ("SELECT count(*) AS c FROM t GROUP BY page HAVING c > 1", "rename it"),
        ("SELECT page FROM t UNION ALL SELECT 1", "UNION mixes"),
        ("SELECT n FROM UNNEST(sequence(1, events)) AS t (n)", "bounds"),
        ("SELECT n FROM UNNEST(page) WITH ORDINALITY AS t (n, o)", "ordinality"),
        ("SELECT page FROM t INTERSECT SELECT page FROM u", "no rule"),
        ("SELECT page FROM t OFFSET 1", "no rule"),
        ("SELECT page FROM t TABLESAMPLE BERNOULLI (50)", "no rule"),
        ("SELECT page FROM t WHERE page = ?", "must have a name"),
        ("SELECT page FROM t WHERE", "not Trino's SQL"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("DROP TABLE t", "one SELECT"),
        ("", "one SELECT"),
    ],
)
def test_refuses_queries(sql: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        to_duckdb(sql)


def test_the_refusal_shows_the_query_as_it_was_written() -> None:
    with pytest.raises(ValueError, match=r"'APPROX_DISTINCT\(:from\)' cannot be asked"):
        to_duckdb("SELECT approx_distinct(:from)")


@pytest.mark.parametrize("sign", [":", "$"])
def test_parameters_keep_their_names_whatever_these_are(sign: str) -> None:
    sql = f"SELECT 1 WHERE {sign}from = {sign}to -- {sign}limit\nOR ':x' = ':x'"

    assert to_duckdb(sql) == "SELECT 1 WHERE $from = $to OR ':x' = ':x'"


@given(WHOLE, WHOLE.filter(bool))
def test_whole_numbers_divide_towards_zero(left: int, right: int) -> None:
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)

    sql = f"SELECT CAST({left} AS bigint) / nullif(CAST({right} AS bigint), 0)"
    assert answer(sql) == [(quotient,)]


@given(
    st.sampled_from(["millisecond", "second", "minute", "hour", "day"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2050, 1, 1)),
    st.timedeltas(timedelta(days=-40), timedelta(days=40)),
)
def test_differences_count_whole_units(
    unit: str, start: datetime, distance: timedelta
) -> None:
    first, last = (
        moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        for moment in (start, start + distance)
    )
    size = timedelta(**{f"{unit}s": 1})
    whole = abs(last - first) // size * (1 if last >= first else -1)

    times = (
        f"from_iso8601_timestamp('{stamp(moment.replace(tzinfo=timezone.utc))}')"
        for moment in (first, last)
    )
    assert answer(f"SELECT date_diff('{unit}', {', '.join(times)})") == [(whole,)]


@given(st.text(",ab", max_size=8), st.integers(1, 8))
def test_parts_that_are_not_there_are_null(text: str, index: int) -> None:
    parts = [*text.split(","), *[None] * 8]

    sql = f"SELECT split_part(x, ',', {index}) FROM (VALUES ('{text}')) AS t (x)"
    assert answer(sql) == [(parts[index - 1],)]


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_SCALARS = st.one_of(
    _TEXT,
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)


@given(
    _TEXT,
    st.one_of(_SCALARS, st.none(), st.lists(_SCALARS), st.dictionaries(_TEXT, _TEXT)),
)
def test_a_member_reads_as_the_function_wrote_it(name: str, value: Any) -> None:
    """Trino gives the text of the number as it stands in the JSON."""
    expected: str | None = value if isinstance(value, str) else json.dumps(value)
    if value is None or isinstance(value, (list, dict)):
        expected = None

    row = {"j": encode({"\0": 1, name: value}), "k": name}
    sql = f"SELECT {MEMBER} FROM (SELECT :j AS j, :k AS k)"
    assert answer(sql, **row) == [(expected,)]


@given(st.dictionaries(_TEXT, st.integers(), max_size=4))
def test_the_names_of_members_are_found(members: dict[str, int]) -> None:
    sql = (
        "SELECT k FROM (SELECT :j AS j) CROSS JOIN UNNEST(try(map_keys(CAST("
        "json_parse(j) AS map(varchar, json))))) AS t (k)"
    )
    found = answer(sql, j=encode(members))
    assert sorted(name for (name,) in found) == sorted(members)

"""The query files: their form, their parameters, and what they read."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from analytics_tracker_construct._query import duck
from analytics_tracker_construct._sql import parameters, queries, sessions_view
from analytics_tracker_construct._sql.dialect import to_duckdb

from .cases import CASES

NAMES = queries.names()
COLUMNS = {case.query: case.columns for case in CASES}
#: What queries need beside days.
GIVEN: dict[str, dict[str, Any]] = {
    "funnel": {"steps": "page_view,signup"},
    "event-properties": {"event_type": "page_view", "property": "plan"},
    "live": {"now": "2026-01-30T12:30:00Z"},
}


#: The predicate on days: for the folders of the years, then for each day's.
DAYS = (
    "year BETWEEN substr(CAST(:p_from AS varchar), 1, 4) "
    "AND substr(CAST(:p_to AS varchar), 1, 4)",
    "year || '-' || month || '-' || day "
    "BETWEEN CAST(:p_from AS varchar) AND CAST(:p_to AS varchar)",
)


def parsed(query: queries.Query) -> exp.Expr:
    # sqlglot takes no keyword for a parameter's name.
    sql = re.sub(
        ":(?=[a-z])", ":p_", query.render(queries.Relations.of("t_events"), ":")[0]
    )
    return sqlglot.parse_one(sql, read="trino")


@pytest.mark.parametrize("name", NAMES)
def test_the_header_says_what_each_column_and_parameter_means(name: str) -> None:
    query = queries.load(name)

    assert query.title
    assert all(parameter.meaning for parameter in query.parameters)
    for column in COLUMNS[name]:
        assert re.search(rf"^(?:\w+, )*{column}(?:, \w+)*[:,]", query.description, re.M)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_stand_in_where_alone(name: str) -> None:
    """Athena's documentation allows them nowhere else."""
    placeholders = list(parsed(queries.load(name)).find_all(exp.Placeholder))

    assert placeholders
    for placeholder in placeholders:
        clause = placeholder.find_ancestor(exp.Where, exp.Select)
        assert isinstance(clause, exp.Where), placeholder.parent


@pytest.mark.parametrize("name", NAMES)
def test_no_file_has_a_day_or_a_tenant_of_its_own(name: str) -> None:
    text = (queries.FOLDER / f"{name}.sql").read_text(encoding="utf-8")

    assert not re.search(r"\d{4}-\d\d-\d\d", re.sub("(?m)^--.*", "", text))
    assert set(re.findall(r"\{(\w+)\}", text)) <= {
        *("events", "sessions", "lines", "all_events")
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_read_names_its_days(name: str) -> None:
    """A year alone lets the engine skip most, the whole day all other folders."""
    sources = {"t_events_unique", "t_sessions", "t_events", "all_events"}
    reads = 0
    for select in parsed(queries.load(name)).find_all(exp.Select):
        source = select.args["from_"].this
        inner = source.this if isinstance(source, exp.Subquery) else select
        read = inner.args["from_"].this if inner is not select else source
        if not isinstance(read, exp.Table) or read.name not in sources:
            continue
        if select.parent_select and isinstance(select.parent, exp.Subquery):
            continue
        reads += 1
        where = select.args["where"].sql(dialect="trino")
        assert "year BETWEEN" in where
        assert "year || '-' || month || '-' || day BETWEEN" in where
    assert reads


ROW: dict[str, Any] = {
    "eventId": "abcdefgh",
    "eventType": "page_view",
    "timestamp": "2026-01-30T12:00:00.000Z",
    "clientTimestamp": None,
    "serverTimestamp": "2026-01-30T12:00:01.000Z",
    "page": "/a",
    "sessionId": "s-1",
    "ip": "0123456789abcdef",
    "location": {"country": "PT", "city": None, "region": None},
    "device": {
        "device_type": "mobile",
        "browser": "Safari",
        "os": "iOS",
        "is_bot": False,
    },
    "viewport": {"width": 390, "height": 664},
    "referrer": "https://search.example/?utm_source=x",
    "userAgent": "agent",
    "metadata": '{"plan":"pro","utm_source":"news"}',
}


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose second day fails every query that opens it."""
    data = tmp_path_factory.mktemp("days")
    for day, name, body in (
        ("30", "a.json", json.dumps(ROW).encode()),
        ("30", "b.json.gz", gzip.compress(json.dumps(ROW).encode())),
        ("31", "c.json.gz", b"\x1f\x8b\x08broken"),
    ):
        folder = data / "shop" / f"analytics/year=2026/month=01/day={day}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return data


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["of", "all", "among_all"])
def test_a_query_of_one_day_opens_that_days_objects_only(
    two_days: Path, name: str, way: str
) -> None:
    query = queries.load(name)
    relations = {
        "of": queries.Relations.of("shop_events"),
        "all": queries.Relations.all(),
        "among_all": queries.Relations.among_all(),
    }[way]
    days: dict[str, Any] = {"from": "2026-01-30", "to": date(2026, 1, 30)}
    bound = query.bind({**({} if name == "live" else days), **GIVEN.get(name, {})})
    sql, used = query.render(relations, "$")
    connection, _ = duck.connect(two_days)
    values = {used_: {**bound, "tenant": "shop"}[used_] for used_ in used}

    rows = connection.execute(to_duckdb(sql), values).fetchall()

    assert rows
    ((_, plan),) = connection.execute(
        f"EXPLAIN ANALYZE {to_duckdb(sql)}", values
    ).fetchall()
    assert set(re.findall(r"Scanning Files:\D*(\d+)/", plan)) == {"2"}


def test_there_is_no_query_of_another_name() -> None:
    with pytest.raises(ValueError, match=r"'pages'; there are browsers, channels,"):
        queries.load("pages")


def test_only_tenants_is_over_all_of_them() -> None:
    assert [name for name in NAMES if queries.load(name).is_over_all] == ["tenants"]


FILE = """\
-- A title
-- Some words.
-- :from date  First day
-- :limit integer 1..50 = 10  Rows
-- :kind a|b = a  Kind
SELECT ':no', "x:no" -- :no {no}
/* :no */ FROM {events} WHERE a = :from AND b::kind = :kind AND c < :limit
"""


def test_a_file_becomes_a_query() -> None:
    query = queries.read("test", FILE)

    assert query.title == "A title"
    assert query.description == "Some words."
    assert query.relations == {"events"}
    assert [tuple(parameter) for parameter in query.parameters] == [
        ("from", "date", None, "First day"),
        ("limit", "integer 1..50", "10", "Rows"),
        ("kind", "a|b", "a", "Kind"),
    ]


def test_a_default_may_be_empty() -> None:
    query = queries.read("test", "-- T\n-- :x string = ''  X\nSELECT 1 WHERE '' = :x")

    assert query.bind({}) == {"x": ""}


def test_names_are_put_in_and_parameters_are_not() -> None:
    """Neither in strings, nor in quoted names, nor in comments."""
    query = queries.read("test", FILE)

    sql, used = query.render(queries.Relations.of("shop_events", "analytics"))
    assert used == ["from", "kind", "limit"]
    assert sql == (
        "SELECT ':no', \"x:no\" -- :no {no}\n"
        "/* :no */ FROM (SELECT 'shop_events' AS tenant, * FROM "
        '"analytics"."shop_events_unique") '
        "WHERE a = ? AND b::kind = ? AND c < ?"
    )
    assert "a = $from AND" in query.render(queries.Relations.all(), "$")[0]


def test_a_tenant_among_all_is_a_parameter_too() -> None:
    relations = queries.Relations.among_all("analytics")

    sql, used = queries.read("test", FILE).render(relations, ":")
    assert '(SELECT * FROM "analytics"."all_events" WHERE tenant = :tenant)' in sql
    assert used == ["tenant", "from", "kind", "limit"]
    assert [parameter.name for parameter in relations.parameters] == ["tenant"]


def test_what_one_tenant_has_says_whose_it_is() -> None:
    """As what all have does, so that one query reads both."""
    assert queries.Relations.of("my_shop_events")[:3] == tuple(
        f"(SELECT 'my_shop_events' AS tenant, * FROM \"{name}\")"
        for name in ("my_shop_events_unique", "my_shop_sessions", "my_shop_events")
    )


def _aliased(tree: exp.Expr, name: str) -> set[str]:
    """Return what has a name in a query, as SQL of one form."""
    found = (each for each in tree.find_all(exp.Alias) if each.alias == name)
    return {
        each.this.sql(dialect="trino")
        for each in found
        if not isinstance(each.this, exp.Column)
    }


def _one_form(sql: str) -> str:
    return sqlglot.parse_one(sql, read="trino").sql(dialect="trino")


@pytest.mark.parametrize("name", NAMES)
def test_every_query_has_the_same_visitor_and_the_same_moment(name: str) -> None:
    """The files have copies: of the views' expressions, and of the predicate on days.

    A tenant's name and the day come first: an address is one person there and then.
    """
    tree = parsed(queries.load(name))
    of_sessions = "sessions" in queries.load(name).relations
    who = "visitor" if of_sessions else sessions_view.VISITOR
    visitor = f"tenant || ' ' || year || month || day || ' ' || {who}"

    assert _aliased(tree, "visitor") <= {_one_form(visitor)}
    assert _aliased(tree, "happened_at") <= {
        _one_form(sessions_view.HAPPENED_AT),
        'MIN("timestamp")',
    }
    for text in tree.find_all(exp.Like):
        if text.expression.name.startswith("_"):
            assert text.expression.name == sessions_view.STORED_TIME
    days = [each.sql(dialect="trino") for each in tree.find_all(exp.Between)]
    if name != "live":
        assert Counter(days) == {_one_form(day): len(days) // 2 for day in DAYS}
    assert days


def test_the_copies_are_found() -> None:
    """A test that compares nothing would pass."""
    trees = {name: parsed(queries.load(name)) for name in NAMES}

    visitors = {name for name in NAMES if _aliased(trees[name], "visitor")}
    assert len(visitors) == 13
    assert set(NAMES) - visitors == {
        *("daily-page-views", "data-quality", "entry-pages", "exit-pages"),
        *("hourly-page-views", "retention", "sessions"),
    }
    moments = {name for name in NAMES if _aliased(trees[name], "happened_at")}
    assert moments == {"data-quality", "funnel", "hourly-page-views", "live"}


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("SELECT 1", "must begin with a comment"),
        ("--\nSELECT 1", "must begin with a comment"),
        ("-- T\n-- :a date  A\nSELECT 1", r"\[\] in its SQL and \['a'\]"),
        ("-- T\nSELECT :a", r"\['a'\] in its SQL and \[\]"),
    ],
)
def test_refuses_a_file_that_does_not_say_what_it_is(file: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        queries.read("test", file)


def test_what_is_not_given_has_its_default() -> None:
    query = queries.read("test", FILE)

    assert query.bind({"from": "2026-01-31"}) == {
        "from": date(2026, 1, 31),
        "limit": 10,
        "kind": "a",
    }


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, r"needs a value for 'from' \(date\): First day"),
        ({"from": "2026-01-31", "to": "x"}, "no parameter 'to'; it has from, limit"),
        ({"from": "2026-01-31", "limit": 51}, "'limit' must be .* 1 to 50, got 51"),
        ({"from": "2026-01-31", "kind": "c"}, "'kind' must be 'a' or 'b', got 'c'"),
    ],
)
def test_refuses_values_that_do_not_fit(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        queries.read("test", FILE).bind(values)


@pytest.mark.parametrize(
    ("type_", "given", "value"),
    [
        ("date", "2026-01-31", date(2026, 1, 31)),
        ("date", date(2026, 1, 31), date(2026, 1, 31)),
        ("integer", "12", 12),
        ("integer", "-3", -3),
        ("integer", 12, 12),
        ("integer 1..8784", "8784", 8784),
        ("integer -5..5", -5, -5),
        ("hosts", "", ""),
        ("hosts", " Example.com, www.X.com,[::1]", "example.com,x.com,[::1]"),
        ("string", "", ""),
        ("string", "'; --", "'; --"),
        ("names", " a, b ,c", "a,b,c"),
        ("time", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"),
        ("time", "2026-01-31T12:00:00.500", "2026-01-31T12:00:00.500Z"),
        ("time", "2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.000Z"),
        ("time", "0001-01-01 12:00", "0001-01-01T12:00:00.000Z"),
        ("time", datetime(2026, 1, 31, 12), "2026-01-31T12:00:00.000Z"),
        (
            "time",
            datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=1))),
            "2026-01-30T23:00:00.000Z",
        ),
    ],
)
def test_values_are_read_as_they_are_typed(
    type_: str, given: Any, value: parameters.Value
) -> None:
    parameter = parameters.Parameter("x", type_, None, "")

    assert parameter.value_of(given) == value


def test_now_is_the_moment_of_asking() -> None:
    parameter = parameters.Parameter("now", "time", "now", "")
    before = datetime.now(timezone.utc) - timedelta(milliseconds=1)

    bound = str(parameter.value_of("now"))
    assert before <= datetime.fromisoformat(bound[:-1] + "+00:00")
    assert len(bound) == 24


@pytest.mark.parametrize(
    ("type_", "given", "expected"),
    [
        ("date", "2026-02-30", "a day such as"),
        ("date", "today", "a day such as"),
        ("date", datetime(2026, 1, 31), "a day such as"),
        ("time", "9999-12-31T23:59:59-23:00", "a time of the years 1 to 9999"),
        ("time", "2026-W48-1T12:00:00Z", "a time such as"),
        ("time", "20260131T120000Z", "a time such as"),
        ("time", "2026-01-31T12:00:00.5Z", "a time such as"),
        ("time", "2026-02-30T12:00:00Z", "a time such as"),
        ("integer", "1.5", "a whole number"),
        ("integer", "1e3", "a whole number"),
        ("integer", "٣", "a whole number"),
        ("integer", True, "a whole number"),
        ("integer", "", "a whole number"),
        ("integer 1..8784", "9000", "a whole number from 1 to 8784, got '9000'"),
        ("integer 1..8784", 0, "a whole number from 1 to 8784, got 0"),
        ("integer 1..8784", "-1", "a whole number from 1 to 8784"),
        ("integer 1..8784", "x", "a whole number, got 'x'"),
        ("hosts", "https://example.com/", "hosts such as example.com"),
        ("hosts", "a.com,,b.com", "hosts such as example.com"),
        ("hosts", "a.com:80", "hosts such as example.com"),
        ("hosts", 5, "text"),
        ("string", 5, "text"),
        ("names", "a,,b", "1 to 8 names"),
        ("names", "a,b,c,d,e,f,g,h,i", "1 to 8 names"),
        ("names", "", "1 to 8 names"),
        ("time", "noon", "a time such as"),
        ("time", date(2026, 1, 31), "a time such as"),
        ("a|b", "A", "'a' or 'b'"),
    ],
)
def test_refuses_a_value_of_another_type(type_: str, given: Any, expected: str) -> None:
    parameter = parameters.Parameter("x", type_, None, "")

    with pytest.raises(ValueError, match=f"'x' must be {re.escape(expected)}"):
        parameter.value_of(given)

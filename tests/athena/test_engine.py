"""The library's engine and its command line, through boto3, against a real Trino."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_tracker_construct._sql import queries, tables
from analytics_tracker_construct.query import (
    AthenaEngine,
    QueryCancelled,
    QueryError,
)

from ..cli.running import run
from ..sql import world
from ..sql.cases import CASES, Case
from .bed import Bed
from .deployment import DATABASE

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
_NUMBERS = st.integers(-(2**63), 2**63 - 1)
_DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
_ENDLESS = (
    "SELECT count(*) FROM UNNEST(sequence(1, 10000)) CROSS JOIN "
    "UNNEST(sequence(1, 10000)) CROSS JOIN UNNEST(sequence(1, 10000))"
)


@pytest.fixture(scope="module")
def session(bed: Bed) -> Iterator[boto3.Session]:
    """A session that finds every server, as one finds AWS."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in bed.environment.items():
            environment.setenv(name, value)
        yield boto3.Session()


@pytest.fixture(scope="module")
def engine(session: boto3.Session) -> AthenaEngine:
    workgroup = tables.workgroup_of(DATABASE)
    return AthenaEngine(DATABASE, workgroup=workgroup, session=session)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.query}-{case.tenant}")
def test_a_named_query_answers_what_was_counted(
    engine: AthenaEngine, case: Case
) -> None:
    declared = {parameter.name for parameter in queries.load(case.query).parameters}
    given: dict[str, Any] = dict(case.parameters)
    if "from" in declared:
        given |= {"start": case.start, "end": case.end}

    result = engine.run(case.query, tenant=case.tenant, **given)

    assert tuple(column.name for column in result.columns) == case.columns
    assert result.rows() == list(case.rows)


def test_every_type_arrives(engine: AthenaEngine) -> None:
    (row,) = engine.sql(
        "SELECT bigint '-9223372036854775808', 7, true, double '1.5', 1e10, nan(), "
        "real '0.5', decimal '1.50', date '2026-01-31', "
        "timestamp '2026-01-31 12:00:00.123', "
        "timestamp '2026-01-31 13:00:00 Europe/Berlin', X'686579', "
        "array[1, 2], CAST(row(1, 'a') AS row(n integer, t varchar)), "
        "json_parse('{\"a\": 1}'), '', CAST(null AS varchar), null"
    )

    assert row[:5] == (-(2**63), 7, True, 1.5, 1e10)
    assert row[5] != row[5]
    assert row[6:12] == (
        0.5,
        Decimal("1.50"),
        date(2026, 1, 31),
        datetime(2026, 1, 31, 12, 0, 0, 123_000),
        datetime(2026, 1, 31, 12, tzinfo=timezone.utc),
        b"hey",
    )
    assert row[12:14] == ("[1, 2]", "{n=1, t=a}")
    assert json.loads(row[14]) == {"a": 1}
    assert row[15:] == ("", None, None)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=_TEXTS, number=_NUMBERS, double=_DOUBLES, day=st.dates())
def test_a_bound_value_is_that_value_to_the_engine(
    engine: AthenaEngine, text: str, number: int, double: float, day: date
) -> None:
    """Whatever is in it; and it comes back as it went."""
    sql = "SELECT t, n, d, w FROM (SELECT ? AS t, ? AS n, ? AS d, ? AS w)"

    assert engine.sql(sql, [text, number, double, day]).rows() == [
        (text, number, double, day)
    ]


def test_texts_of_every_kind_come_through_the_result_file(
    engine: AthenaEngine,
) -> None:
    texts = [world.PLANES, 'a "b", c', "x\ny\r\nz", "'", "", ",", '""', "\\", " "]
    values = ", ".join("(?)" for _ in texts)

    found = engine.sql(f"SELECT t FROM (VALUES {values}) AS given (t)", texts)

    assert sorted(row[0] for row in found) == sorted(texts)


def test_an_answer_of_many_rows_is_whole(engine: AthenaEngine) -> None:
    rows = engine.sql(
        "SELECT a * 1000 + b AS n FROM UNNEST(sequence(0, 99)) AS x (a) "
        "CROSS JOIN UNNEST(sequence(0, 999)) AS y (b) ORDER BY 1"
    )

    assert [n for (n,) in rows] == list(range(100_000))


def test_show_and_describe_have_rows(engine: AthenaEngine) -> None:
    shown = {name for (name, *_) in engine.sql("SHOW TABLES")}

    assert {"shop_events", "shop_events_unique", "all_events"} <= shown
    assert engine.sql("DESCRIBE shop_events").rows()


def test_what_a_query_read_is_told(engine: AthenaEngine) -> None:
    one = engine.run("event-types", tenant="shop", start=world.FIRST, end=world.FIRST)
    all_ = engine.run("event-types", tenant="shop", start=world.FIRST, end=world.LAST)

    assert one.statistics.bytes_scanned
    assert all_.statistics.bytes_scanned
    assert 0 < one.statistics.bytes_scanned < all_.statistics.bytes_scanned
    # Ten megabytes, the least that is asked for.
    assert all_.statistics.dollars == pytest.approx(0.00005)


def test_an_unknown_tenant_is_told_which_there_are(engine: AthenaEngine) -> None:
    with pytest.raises(ValueError, match="there are: blog, my-site, shop"):
        engine.run("top-pages", tenant="shopp")


@pytest.mark.parametrize(
    ("sql", "way_out"),
    [
        ("SELECT nothing FROM shop_events", "DESCRIBE <table>"),
        ("SELECT 1 FROM nothing", "SHOW TABLES"),
        ("SELECT 1 / 0", "query failed: DIVISION_BY_ZERO"),
    ],
)
def test_a_failure_says_what_helps(
    engine: AthenaEngine, sql: str, way_out: str
) -> None:
    with pytest.raises(QueryError, match=way_out):
        engine.sql(sql)


def test_a_cancelled_query_ends_in_the_engine(bed: Bed, engine: AthenaEngine) -> None:
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            engine.sql(_ENDLESS)
        except QueryError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not any(e.state == "RUNNING" for e in bed.athena.executions.values()):
        time.sleep(0.05)
    engine.cancel()
    thread.join(30)

    assert [type(error) for error in raised] == [QueryCancelled]
    states = [e.state for e in bed.athena.executions.values() if e.sql == _ENDLESS]
    assert states == ["CANCELLED"]


@pytest.mark.parametrize("tenant", [None, "shop"])
def test_the_command_asks_in_the_catalog(bed: Bed, tenant: str | None) -> None:
    """As a user types it, who has the environment of AWS."""
    case = next(
        each
        for each in CASES
        if each.query == "daily-page-views" and each.tenant == "shop"
    )
    whose = ["--tenant", tenant] if tenant else []
    done = run(
        "query", case.query, "--database", DATABASE, "--format", "csv",
        "--workgroup", tables.workgroup_of(DATABASE, tenant), *whose,
        "--from", str(case.start), "--to", str(case.end),
        **bed.environment,
    )  # fmt: skip  # one argument a line hides the command

    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head == ",".join(case.columns)
    if tenant:
        assert lines == [",".join(map(str, row)) for row in case.rows]
    assert " read in " in done.stderr

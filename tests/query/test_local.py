"""The engine over a data folder."""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analytics_tracker_construct.query import (
    Column,
    DuckDbEngine,
    QueryCancelled,
    QueryError,
)

_ENDLESS = "SELECT sum(a.range * b.range) FROM range(100000000) a, range(10000) b"


def _store(data: Path, bucket: str, day: date, *pages: str) -> None:
    folder = data / bucket / f"analytics/{day:year=%Y/month=%m/day=%d}"
    folder.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(pages):
        row = {
            "eventId": f"{bucket}-{number}",
            "eventType": "page_view",
            "timestamp": f"{day}T12:00:00.000Z",
            "serverTimestamp": f"{day}T12:00:00.000Z",
            "page": page,
            "sessionId": "a",
        }
        (folder / f"{number}.json").write_text(json.dumps(row) + "\n")


@pytest.fixture
def engine(tmp_path: Path) -> DuckDbEngine:
    _store(tmp_path, "shop", date(2026, 1, 30), "/a")
    _store(tmp_path, "shop", date(2026, 1, 31), "/a", "/b")
    _store(tmp_path, "my-blog", date(2026, 1, 31), "/c")
    return DuckDbEngine(tmp_path)


def test_answers_sql_with_values_bound(engine: DuckDbEngine) -> None:
    result = engine.sql(
        "SELECT page, count(*) AS n FROM shop_events WHERE day = ? GROUP BY page "
        "ORDER BY page",
        ["31"],
    )

    # What older DuckDBs call a type says less.
    assert [column.name for column in result.columns] == ["page", "n"]
    assert all(isinstance(column, Column) and column.type for column in result.columns)
    assert result.rows() == [("/a", 1), ("/b", 1)]
    assert result.statistics.bytes_scanned is None
    assert result.statistics.dollars is None
    assert result.statistics.seconds > 0


def test_answers_sql_with_values_bound_by_name(engine: DuckDbEngine) -> None:
    sql = "SELECT count(*) AS n FROM shop_events WHERE day IN ($day, $other, '$day')"

    result = engine.sql(sql, {"day": "31", "other": "29"})

    assert result.rows() == [(2,)]


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("SELECT $a", {}),
        ("SELECT 1", {"a": "x"}),
        # What a shell leaves of `SELECT 1 WHERE 'x' = $a`.
        ("SELECT 1 WHERE 'x' = ", {"a": "x"}),
    ],
)
def test_values_of_other_names_are_refused(
    engine: DuckDbEngine, sql: str, values: dict[str, str]
) -> None:
    with pytest.raises(QueryError, match=r"\n\n--param name=value is the value"):
        engine.sql(sql, values)


def test_answers_a_named_query_for_one_tenant_and_for_all(engine: DuckDbEngine) -> None:
    days = {"start": "2026-01-30", "end": "2026-01-31"}

    assert engine.run("daily-page-views", tenant="shop", **days).rows() == [
        (date(2026, 1, 30), 1), (date(2026, 1, 31), 2),
    ]  # fmt: skip  # they are one table
    assert engine.run("daily-page-views", **days).rows() == [
        (date(2026, 1, 30), 1), (date(2026, 1, 31), 3),
    ]  # fmt: skip  # they are one table


def test_several_results_are_read_side_by_side(engine: DuckDbEngine) -> None:
    first = engine.sql("SELECT * FROM range(5000)")
    second = engine.sql("SELECT * FROM range(5000)")

    assert [a for a, _ in zip(first, second, strict=True)] == [
        (n,) for n in range(5000)
    ]


def test_a_result_outlives_its_engine(engine: DuckDbEngine) -> None:
    with engine:
        result = engine.sql("SELECT 1")

    assert result.rows() == [(1,)]


def test_an_event_that_came_since_is_found(engine: DuckDbEngine) -> None:
    _store(engine.data_folder, "new", date(2026, 1, 31), "/d")

    assert engine.tenants() == ["my-blog", "new", "shop"]
    assert engine.sql("SELECT page FROM new_events").rows() == [("/d",)]


def test_says_which_days_there_are(engine: DuckDbEngine) -> None:
    (engine.data_folder / "shop/analytics/year=x/month=13/day=1").mkdir(parents=True)

    assert engine.days() == [date(2026, 1, 30), date(2026, 1, 31)]
    assert engine.days("my-blog") == [date(2026, 1, 31)]
    assert engine.days("nobody") == []


def test_an_unknown_tenant_is_told_which_there_are(engine: DuckDbEngine) -> None:
    with pytest.raises(
        ValueError, match=r"no tenant 'blog' in .*there are: my-blog, shop"
    ):
        engine.run("daily-page-views", tenant="blog")


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("", "asks nothing"),
        (";", "asks nothing"),
        ("SELECT 1; SELECT 2", "there are 2 statements"),
    ],
)
def test_refuses_what_is_not_one_query(
    engine: DuckDbEngine, sql: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        engine.sql(sql)


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT x FROM shop_events", "SELECT ?"])
def test_an_error_names_the_tables(engine: DuckDbEngine, sql: str) -> None:
    with pytest.raises(QueryError, match=r"tables: .*shop_events"):
        engine.sql(sql)


def test_an_error_between_rows_is_one_of_the_query(engine: DuckDbEngine) -> None:
    sql = "SELECT CASE WHEN range = 400000 THEN error('late') END FROM range(500000)"

    with pytest.raises(QueryError, match="late"):
        engine.sql(sql).rows()


@pytest.mark.parametrize("data", ["nowhere", "file"])
def test_a_folder_that_is_none_is_refused(tmp_path: Path, data: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ValueError, match=rf"{data} .*analytics-tracker dev"):
        DuckDbEngine(tmp_path / data)


@pytest.mark.parametrize("name", ["a?b", "a\\b"])
@pytest.mark.skipif(os.name == "nt", reason="no folder of Windows has such a name")
def test_a_folder_that_duckdb_would_read_a_part_of_is_refused(
    tmp_path: Path, name: str
) -> None:
    data = tmp_path / name / "data"
    _store(data, "shop", date(2026, 1, 31), "/a")

    with pytest.raises(ValueError, match=r"cannot read folders with \? or .*move it"):
        DuckDbEngine(data)


def test_another_thread_ends_a_query(engine: DuckDbEngine) -> None:
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            engine.sql(_ENDLESS).rows()
        except QueryError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    ends = time.monotonic() + 20
    while thread.is_alive() and time.monotonic() < ends:
        engine.cancel()
        thread.join(0.1)

    assert [type(error) for error in raised] == [QueryCancelled]
    assert not engine.cancel()


def test_the_rows_that_are_left_are_not_read_after_a_cancel(
    engine: DuckDbEngine, tmp_path: Path
) -> None:
    """Between two blocks nothing runs that could be interrupted."""
    first, second = (engine.sql("SELECT * FROM range(500000)") for _ in range(2))
    blocks = first.blocks()
    next(blocks)

    engine.cancel()

    with pytest.raises(QueryCancelled):
        next(blocks)
    with pytest.raises(QueryCancelled):
        second.parquet(tmp_path / "a.parquet")
    assert engine.sql("SELECT 1").rows() == [(1,)]


def test_a_closed_engine_leaves_its_results_to_be_read(engine: DuckDbEngine) -> None:
    with engine:
        result = engine.sql("SELECT 1")

    assert result.rows() == [(1,)]


def test_the_one_folder_below_with_events_is_found(tmp_path: Path) -> None:
    """`make demo` fills a folder in the usual one."""
    _store(tmp_path / "demo", "shop", date(2026, 1, 31), "/a")
    (tmp_path / "empty").mkdir()

    engine = DuckDbEngine(str(tmp_path))

    assert engine.data_folder == tmp_path / "demo"
    assert engine.tenants() == ["shop"]


def test_a_folder_with_events_is_taken_whatever_lies_below(tmp_path: Path) -> None:
    _store(tmp_path, "shop", date(2026, 1, 31), "/a")
    _store(tmp_path / "old", "blog", date(2026, 1, 31), "/a")

    assert DuckDbEngine(tmp_path).data_folder == tmp_path


def test_of_several_folders_below_none_is_taken(tmp_path: Path) -> None:
    for name in ("demo", "other"):
        _store(tmp_path / name, "shop", date(2026, 1, 31), "/a")

    engine = DuckDbEngine(tmp_path)

    assert engine.data_folder == tmp_path
    with pytest.raises(ValueError, match=r"there are: none; did you mean .*demo or "):
        engine.run("daily-page-views", tenant="shop")


@pytest.mark.parametrize(
    "end", ["", " -- the end", ";", ";;\n", "; -- the end", " /* a; */ ; /* ; */ -- é"]
)
def test_parquet_of_a_query_with_values_and_a_comment(
    engine: DuckDbEngine, tmp_path: Path, end: str
) -> None:
    result: Any = engine.sql(f"SELECT ? AS a, 'é;' AS \"b;\"{end}", [7])

    result.parquet(tmp_path / "a.parquet")

    read = DuckDbEngine(tmp_path).sql(f"FROM '{tmp_path / 'a.parquet'}'")
    assert read.rows() == [(7, "é;")]

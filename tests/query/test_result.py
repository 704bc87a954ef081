"""What becomes of a result's rows: tuples, Arrow, data frames, Parquet."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas
import pyarrow as pa
import pyarrow.parquet
import pytest

from analytics_tracker_construct._query import athena_rows, local
from analytics_tracker_construct.query import (
    AthenaEngine,
    DuckDbEngine,
    QueryCancelled,
    QueryError,
    Result,
)

from .fakes import FakeAthena, FakeS3, FakeSession

_COLUMNS = [
    ("page", "varchar"),
    ("views", "bigint"),
    ("share", "double"),
    ("price", "decimal(10,2)"),
    ("day", "date"),
    ("seen", "timestamp with time zone"),
    ("is_bot", "boolean"),
]
_CSV = b"""\
"page","views","share","price","day","seen","is_bot"
"/a","9007199254740993","0.5","1.50","2026-01-31","2026-01-31 12:00:00.000 UTC","true"
"",,,,,,
"""
_NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
_ROWS = [
    ("/a", 2**53 + 1, 0.5, Decimal("1.50"), date(2026, 1, 31), _NOON, True),
    ("", None, None, None, None, None, None),
]
_SQL = """
SELECT '/a' AS page, 9007199254740993 AS views, 0.5::DOUBLE AS share,
  1.5::DECIMAL(10, 2) AS price, DATE '2026-01-31' AS day,
  TIMESTAMPTZ '2026-01-31 12:00:00+00' AS seen, true AS is_bot
UNION ALL SELECT '', null, null, null, null, null, null
ORDER BY page DESC
"""


# DuckDB looks some hundred thousand rows ahead.
_LATE = """
SELECT CASE WHEN range = 400000 THEN error('too late') ELSE range END AS value
FROM range(500000)
"""


def _athena_engine(csv: bytes = _CSV) -> AthenaEngine:
    session = FakeSession(FakeAthena(columns=_COLUMNS), FakeS3(csv))
    return AthenaEngine("events", workgroup="all", session=session)


def _athena(csv: bytes = _CSV) -> Result:
    return _athena_engine(csv).sql("SELECT …")


_WAYS: dict[str, Callable[[Result, Path], object]] = {
    "rows": lambda result, _: result.rows(),
    "blocks": lambda result, _: list(result.blocks()),
    "iteration": lambda result, _: list(result),
    "arrow": lambda result, _: result.arrow(),
    "reader": lambda result, _: list(result.reader()),
    "pandas": lambda result, _: result.pandas(),
    "parquet": lambda result, folder: result.parquet(folder / "a.parquet"),
}
_ANY_WAY = pytest.mark.parametrize("read", _WAYS.values(), ids=_WAYS)


@pytest.fixture(params=["athena", "duckdb"])
def engine(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AthenaEngine | DuckDbEngine:
    """Each engine in turn; that of Athena has one answer to all."""
    return _athena_engine() if request.param == "athena" else DuckDbEngine(tmp_path)


@pytest.fixture
def result(engine: AthenaEngine | DuckDbEngine) -> Result:
    """The same rows of either engine."""
    return engine.sql(_SQL)


def test_rows_are_pythons_values(result: Result) -> None:
    assert result.rows() == _ROWS


def test_each_row_comes_once_whichever_way_it_is_read(result: Result) -> None:
    assert next(result) == _ROWS[0]
    assert list(result) == _ROWS[1:]
    assert next(result, None) is None


def _read(result: Result, way: str, folder: Path) -> list[tuple[object, ...]]:
    if way == "loop":
        return list(result)
    if way == "blocks":
        return [row for block in result.blocks(2) for row in block]
    if way == "rows":
        return result.rows()
    if way == "parquet":
        result.parquet(folder / "a.parquet")
        table = pyarrow.parquet.read_table(folder / "a.parquet")
    elif way == "pandas":
        table = pa.Table.from_pandas(result.pandas())
    else:
        table = result.arrow()
    return [tuple(row.values()) for row in table.to_pylist()]


_READINGS = ("loop", "blocks", "rows", "arrow", "pandas", "parquet")


@pytest.mark.parametrize("way", _READINGS)
@pytest.mark.parametrize("first", [1, 999, 1000, 1001, 2048])
@pytest.mark.parametrize("engine", ["athena", "duckdb"])
def test_the_rows_that_are_left_are_all_of_them(
    engine: str, first: int, way: str, tmp_path: Path
) -> None:
    """Wherever the engine or the result stands in a block that it read ahead."""
    if engine == "duckdb":
        numbers = DuckDbEngine(tmp_path).sql("SELECT range AS n FROM range(5000)")
    else:
        csv = "".join(f'"{number}"\n' for number in range(5000))
        athena = FakeAthena(columns=[("n", "bigint")])
        session = FakeSession(athena, FakeS3(b'"n"\n' + csv.encode()))
        numbers = AthenaEngine("events", workgroup="all", session=session).sql("…")

    assert [next(numbers) for _ in range(first)] == [(n,) for n in range(first)]
    assert _read(numbers, way, tmp_path) == [(n,) for n in range(first, 5000)]


@pytest.mark.parametrize("second", _READINGS)
@pytest.mark.parametrize("first", _READINGS)
def test_a_second_reading_is_an_error_that_says_so(
    result: Result, first: str, second: str, tmp_path: Path
) -> None:
    assert len(_read(result, first, tmp_path)) == len(_ROWS)

    with pytest.raises(RuntimeError, match=r"a result is read once.*ask again"):
        _read(result, second, tmp_path)


def test_a_value_that_arrow_does_not_take_from_python_is_named(tmp_path: Path) -> None:
    left = DuckDbEngine(tmp_path).sql("SELECT uuid() AS u FROM range(3)")
    next(left)

    with pytest.raises(QueryError, match="CAST its column to varchar"):
        left.arrow()


def test_blocks_are_as_long_as_asked(result: Result) -> None:
    assert list(result.blocks(1)) == [[row] for row in _ROWS]


def test_arrow_has_the_types(result: Result) -> None:
    table = result.arrow()

    assert table.schema.types[:5] == [
        pa.string(), pa.int64(), pa.float64(), pa.decimal128(10, 2), pa.date32(),
    ]  # fmt: skip  # they are one row
    assert pa.types.is_timestamp(table.schema.field("seen").type)
    assert [tuple(row.values()) for row in table.to_pylist()] == _ROWS


def test_a_data_frame_keeps_whole_numbers_whole(result: Result) -> None:
    """A float has no 9007199254740993."""
    frame = result.pandas()

    assert list(frame.columns) == [name for name, _ in _COLUMNS]
    assert frame["views"][0] == 2**53 + 1
    assert frame["views"].isna().tolist() == [False, True]
    assert frame["is_bot"].dtype == pandas.BooleanDtype()


def test_parquet_holds_the_rows(result: Result, tmp_path: Path) -> None:
    result.parquet(tmp_path / "it's.parquet")

    rows = pyarrow.parquet.read_table(tmp_path / "it's.parquet").to_pylist()
    assert [tuple(row.values()) for row in rows] == _ROWS


def test_parquet_is_written_in_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an answer of any size needs the memory of some rows."""
    monkeypatch.setattr(athena_rows, "_BATCH", 1)

    _athena().parquet(tmp_path / "a.parquet")

    written = pyarrow.parquet.ParquetFile(tmp_path / "a.parquet")
    assert written.num_row_groups == len(_ROWS)


def test_no_rows_still_have_columns(tmp_path: Path) -> None:
    none = _CSV.split(b"\n")[0] + b"\n"

    assert _athena(none).arrow().column_names == [name for name, _ in _COLUMNS]
    assert _athena(none).rows() == []
    _athena(none).parquet(tmp_path / "none.parquet")
    assert duckdb.read_parquet(str(tmp_path / "none.parquet")).fetchall() == []


@_ANY_WAY
def test_a_cancelled_result_says_so_whichever_way_it_is_read(
    read: Callable[[Result, Path], object],
    engine: AthenaEngine | DuckDbEngine,
    tmp_path: Path,
) -> None:
    result = engine.sql(_SQL)
    engine.cancel()

    with pytest.raises(QueryCancelled):
        read(result, tmp_path)


@_ANY_WAY
def test_a_value_that_cannot_be_read_is_an_error_whichever_way_it_is_read(
    read: Callable[[Result, Path], object], tmp_path: Path
) -> None:
    with pytest.raises(QueryError, match="cannot be read"):
        read(_athena(_CSV.replace(b"0.5", b"half")), tmp_path)


@_ANY_WAY
def test_a_query_that_fails_late_is_an_error_whichever_way_it_is_read(
    read: Callable[[Result, Path], object], tmp_path: Path
) -> None:
    result = DuckDbEngine(tmp_path).sql(_LATE)

    with pytest.raises(QueryError, match="too late"):
        read(result, tmp_path)


def test_a_query_that_duckdb_calls_interrupted_is_told_by_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB 1 tells now and then of another thread, which the failure ended."""

    def ended(_: object) -> pa.RecordBatchReader:
        def blocks() -> Iterator[pa.RecordBatch]:
            yield pa.record_batch({"value": [1]})
            raise OSError("INTERRUPT Error: Interrupted!")

        schema = pa.schema({"value": pa.int64()})
        return pa.RecordBatchReader.from_batches(schema, blocks())

    monkeypatch.setattr(local, "_arrow", ended)

    with pytest.raises(QueryError, match="too late"):
        DuckDbEngine(tmp_path).sql(_LATE).arrow()


def test_a_result_is_closed_with_its_block(result: Result) -> None:
    with result:
        next(result)


def test_a_result_says_its_columns() -> None:
    assert repr(_athena()).startswith("<Result of (page varchar, views bigint, ")


@pytest.mark.parametrize(
    ("hidden", "method", "needs"),
    [
        ("pyarrow", "arrow()", "pip install pyarrow"),
        ("pyarrow", "pandas()", "pip install pandas pyarrow"),
        ("pandas", "pandas()", "pip install pandas pyarrow"),
        ("duckdb", "rows()", "pip install 'analytics-tracker-construct[local]'"),
    ],
)
def test_a_missing_package_is_named_with_its_command(
    hidden: str, method: str, needs: str, tmp_path: Path
) -> None:
    code = (
        f"import sys; sys.modules[{hidden!r}] = None\n"
        "from analytics_tracker_construct import DuckDbEngine\n"
        f"try: DuckDbEngine({str(tmp_path)!r}).sql('SELECT 1').{method}\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert needs in done.stdout


@pytest.mark.parametrize(
    ("hidden", "code"),
    [
        (
            "boto3",
            "from analytics_tracker_construct import AthenaEngine\n"
            "try: AthenaEngine('events', workgroup='all')\n",
        ),
        (
            "pyarrow",
            "from tests.query.test_result import _athena\n"
            "try: _athena().parquet('x')\n",
        ),
    ],
)
def test_athena_names_what_it_needs(hidden: str, code: str) -> None:
    """Parquet of Athena's rows is written by pyarrow."""
    hide = f"import sys; sys.modules[{hidden!r}] = None\n"
    if hidden == "pyarrow":
        # The module above imports it, so it goes when that has been done.
        first, _, rest = code.partition("\n")
        code = (
            f"{first}\nimport sys; sys.modules['pyarrow'] = None\n"
            f"sys.modules['pyarrow.parquet'] = None\n{rest}"
        )
        hide = ""
    done = subprocess.run(
        [sys.executable, "-c", f"{hide}{code}except ImportError as e: print(e)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "pip install" in done.stdout

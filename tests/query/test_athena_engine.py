"""The engine for Athena: what it asks, and what comes back."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
)

from analytics_tracker_construct.query import (
    Column,
    Progress,
    QueryError,
)

from .fakes import ID, FakeAthena, FakeS3, execution, refusal
from .fakes import athena_engine as _engine


def test_asks_in_the_database_and_the_workgroup() -> None:
    athena = FakeAthena()

    _engine(athena).sql("SELECT 1 AS n")

    (request,) = athena.started
    token = request.pop("ClientRequestToken")
    assert request == {
        "QueryString": "SELECT 1 AS n",
        "QueryExecutionContext": {"Database": "events"},
        "WorkGroup": "all",
    }
    assert 32 <= len(token) <= 128


def test_each_query_has_its_own_token() -> None:
    athena = FakeAthena()
    engine = _engine(athena)

    engine.sql("SELECT 1")
    engine.sql("SELECT 1")

    first, second = athena.started
    assert first["ClientRequestToken"] != second["ClientRequestToken"]


def test_values_are_bound_as_literals() -> None:
    athena = FakeAthena()

    _engine(athena).sql(
        "SELECT 1 WHERE ? < ? AND ? = ?", ["it's", 2, None, date(2026, 1, 31)]
    )

    assert athena.started[0]["QueryString"] == "SELECT 1 WHERE ? < ? AND ? = ?"
    assert athena.started[0]["ExecutionParameters"] == [
        "'it''s'", "2", "NULL", "DATE '2026-01-31'",
    ]  # fmt: skip  # they are one list


def test_named_values_are_bound_by_their_places() -> None:
    athena = FakeAthena()

    _engine(athena).sql(
        "SELECT '$a', \"$path\" /* $b */ WHERE x = $b AND $_a1 < y AND z = $b -- $c",
        {"_a1": 2, "b": "it's"},
    )

    assert athena.started[0]["QueryString"] == (
        "SELECT '$a', \"$path\" /* $b */ WHERE x = ? AND ? < y AND z = ? -- $c"
    )
    assert athena.started[0]["ExecutionParameters"] == ["'it''s'", "2", "'it''s'"]


def test_without_values_a_query_goes_as_it_is() -> None:
    athena = FakeAthena()

    _engine(athena).sql("SELECT 'it\\'s $a'", {})

    assert athena.started[0]["QueryString"] == "SELECT 'it\\'s $a'"
    assert "ExecutionParameters" not in athena.started[0]


@pytest.mark.parametrize(
    ("sql", "parameters", "problem"),
    [
        ("", (), "asks nothing"),
        (" \n", (), "asks nothing"),
        ("SELECT '" + "é" * 131_072 + "'", (), "at most 262,144 bytes"),
        ("SELECT ?", ("x" * 1023,), "at most 1,024 characters"),
        ("SELECT $a, $b", {"a": "1"}, r"parameters \$a, \$b, and there are .* \$a; "),
        ("SELECT ", {"a": "1"}, r"parameters none, .* \$a; .* within single quotes"),
    ],
)
def test_refuses_what_athena_would_not_take(
    sql: str, parameters: tuple[str, ...] | dict[str, str], problem: str
) -> None:
    athena = FakeAthena()

    with pytest.raises(ValueError, match=problem):
        _engine(athena).sql(sql, parameters)

    assert athena.started == []


def test_reads_typed_rows_and_tells_null_from_empty() -> None:
    athena = FakeAthena(
        columns=[("page", "varchar"), ("views", "bigint"), ("day", "date")]
    )
    s3 = FakeS3(b'"page","views","day"\n"/a","12","2026-01-31"\n"",,\n,"0",\n')

    result = _engine(athena, s3).sql("SELECT …")

    assert result.columns == (
        Column("page", "varchar"), Column("views", "bigint"), Column("day", "date"),
    )  # fmt: skip  # they are one row
    assert result.rows() == [
        ("/a", 12, date(2026, 1, 31)), ("", None, None), (None, 0, None),
    ]  # fmt: skip  # one row a line says less
    assert result.query_id == ID
    assert s3.requests == [{"Bucket": "results", "Key": f"shop/{ID}.csv"}]
    assert athena.results == [{"QueryExecutionId": ID, "MaxResults": 1}]


def test_rows_come_as_they_are_asked_for() -> None:
    """Also an answer that is larger than memory."""
    lines = itertools.chain(
        [b'"n"\n'], (f'"{n}"\n'.encode() for n in itertools.count())
    )

    class Endless:
        def iter_chunks(self, _: int) -> Any:
            return lines

        def close(self) -> None: ...

    s3 = FakeS3()
    s3.get_object = lambda **_: {"Body": Endless(), "ContentLength": 1, "ETag": ""}  # type: ignore[method-assign]  # a body without end

    rows = iter(_engine(s3=s3).sql("SELECT …"))

    assert [next(rows) for _ in range(2500)] == [(n,) for n in range(2500)]


def test_says_what_the_query_took() -> None:
    statistics = _engine().sql("SELECT 1 AS n").statistics

    assert statistics.bytes_scanned == 12_345_678
    assert statistics.engine_seconds == 1.5
    # 13 MB at $5 for a million of them.
    assert statistics.dollars == pytest.approx(13 * 5 / 1e6)
    assert 0 < statistics.seconds < 60
    assert not statistics.reused


@pytest.mark.parametrize(
    ("changes", "dollars"),
    [
        ({"Statistics": {"DataScannedInBytes": 1}}, 10 * 5 / 1e6),
        ({"Statistics": {"DataScannedInBytes": 10**12}}, 5),
        ({"StatementType": "DDL", "Statistics": {}}, 0),
        ({"StatementType": "UTILITY", "Statistics": {"DataScannedInBytes": 0}}, 0),
        # CREATE TABLE AS, and EXPLAIN ANALYZE.
        ({"StatementType": "DDL"}, 13 * 5 / 1e6),
        ({"StatementType": "UTILITY"}, 13 * 5 / 1e6),
        (
            {"Statistics": {"ResultReuseInformation": {"ReusedPreviousResult": True}}},
            0,
        ),
    ],
)
def test_costs_what_athena_asks(changes: dict[str, Any], dollars: float) -> None:
    """Ten megabytes at least; nothing for what reads nothing."""
    athena = FakeAthena([execution(**changes)])

    assert _engine(athena).sql("…").statistics.dollars == pytest.approx(dollars)


def test_progress_is_told_at_each_look() -> None:
    heard: list[Progress] = []
    queued = execution("QUEUED", Statistics={})
    athena = FakeAthena([queued, "RUNNING", "SUCCEEDED"])

    _engine(athena, on_progress=heard.append).sql("SELECT 1")

    assert [(p.state, p.bytes_scanned) for p in heard] == [
        ("QUEUED", 0), ("RUNNING", 12_345_678), ("SUCCEEDED", 12_345_678),
    ]  # fmt: skip  # they are one course
    assert [p.seconds for p in heard] == sorted(p.seconds for p in heard)


def test_what_has_no_csv_is_read_page_by_page() -> None:
    """`SHOW TABLES` has a text file, and no row with the columns' names."""
    athena = FakeAthena(
        [
            execution(
                StatementType="UTILITY",
                ResultConfiguration={"OutputLocation": "s3://b/x.txt"},
            )
        ],
        columns=[("tab_name", "string")],
        pages=[[["a_events"], ["tab_name"]], [["b_events"]]],
    )
    s3 = FakeS3()

    assert _engine(athena, s3).sql("SHOW TABLES").rows() == [
        ("a_events",), ("tab_name",), ("b_events",),
    ]  # fmt: skip  # they are one column
    assert s3.requests == []


def test_describe_is_split_into_its_columns() -> None:
    athena = FakeAthena(
        [execution(StatementType="UTILITY", ResultConfiguration={})],
        columns=[
            ("col_name", "string"),
            ("data_type", "string"),
            ("comment", "string"),
        ],
        pages=[[["page                \tstring              \t"], ["year\tstring"]]],
    )

    assert _engine(athena).sql("DESCRIBE shop_events").rows() == [
        ("page", "string", ""), ("year", "string", None),
    ]  # fmt: skip  # they are one table


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {
            "OutputLocation": "s3://b/x.csv",
            "EncryptionConfiguration": {"EncryptionOption": "CSE_KMS"},
        },
    ],
)
def test_a_select_without_a_readable_csv_has_its_head_left_out(
    kept: dict[str, Any],
) -> None:
    """Results that Athena manages, or that are encrypted for their reader alone."""
    athena = FakeAthena(
        [execution(ResultConfiguration=kept)],
        columns=[("page", "varchar"), ("n", "bigint")],
        pages=[[["page", "n"], ["", "1"]], [[None, "2"]]],
    )

    assert _engine(athena).sql("SELECT …").rows() == [("", 1), (None, 2)]


def test_a_statement_without_an_answer_has_no_rows() -> None:
    athena = FakeAthena(
        [execution(StatementType="DDL", ResultConfiguration={})], columns=[], pages=[[]]
    )

    result = _engine(athena).sql("CREATE VIEW …")

    assert (result.columns, result.rows()) == ((), [])


def test_who_may_not_read_the_answer_hears_of_it_at_once() -> None:
    s3 = FakeS3()
    s3.error = refusal("GetObject", "AccessDenied", status=403)

    with pytest.raises(ClientError, match="AccessDenied"):
        _engine(s3=s3).sql("SELECT 1")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'"n"\n"x"\n', "cannot be read: .*'x'.*CAST"),
        (b'"n"\n"1","2"\n', "cannot be read"),
        (b'"n"\n"1', "ends within a record"),
    ],
)
def test_an_answer_that_is_not_what_it_says_is_an_error(
    body: bytes, problem: str
) -> None:
    result = _engine(s3=FakeS3(body)).sql("SELECT 1")

    with pytest.raises(QueryError, match=problem):
        result.rows()

"""What Athena says of a query that failed, and what helps."""

from __future__ import annotations

import pytest

from analytics_tracker_construct.query import (
    QueryCancelled,
    QueryError,
)

from .fakes import ID, FakeAthena, execution
from .fakes import athena_engine as _engine


@pytest.mark.parametrize(
    ("reason", "way_out"),
    [
        (
            "COLUMN_NOT_FOUND: line 1:8: Column 'pages' cannot be resolved",
            "DESCRIBE <table>",
        ),
        ("TABLE_NOT_FOUND: line 1:15: Table 'a.b' does not exist", "SHOW TABLES"),
        ("SCHEMA_NOT_FOUND: line 1:15: Schema 'x' does not exist", "database"),
        ("Access denied when writing output", "grant_query"),
        ("HIVE_BAD_DATA: Error parsing field value", "`analytics-tracker doctor`"),
        ("Query exhausted resources at this scale factor", "fewer days"),
        ("SYNTAX_ERROR: line 1:8: mismatched input", "Trino's SQL"),
        ("Something new", "Something new"),
    ],
)
def test_a_failure_says_why_and_what_helps(reason: str, way_out: str) -> None:
    athena = FakeAthena([execution("FAILED", status={"StateChangeReason": reason})])

    with pytest.raises(QueryError) as caught:
        _engine(athena).sql("SELECT 1")

    assert str(caught.value).startswith(f"the query failed: {reason}")
    assert way_out in str(caught.value)
    assert caught.value.query_id == ID
    assert athena.stopped == []


def test_a_failure_without_a_reason_says_so() -> None:
    with pytest.raises(QueryError, match="gives no reason"):
        _engine(FakeAthena(["FAILED"])).sql("SELECT 1")


def test_a_failure_that_may_pass_says_so() -> None:
    status = {"AthenaError": {"Retryable": True, "ErrorMessage": "Internal"}}
    athena = FakeAthena([execution("FAILED", status=status)])

    with pytest.raises(QueryError, match="Internal; Athena says that it may succeed"):
        _engine(athena).sql("SELECT 1")


def test_the_scan_limit_says_how_it_is_raised() -> None:
    reason = "Bytes scanned limit was exceeded"
    athena = FakeAthena([execution("CANCELLED", status={"StateChangeReason": reason})])

    with pytest.raises(QueryCancelled, match=f"{reason}; .*bytes_scanned_cutoff"):
        _engine(athena).sql("SELECT 1")

"""The stand-in for Athena's API answers as Athena does."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from .athena_values import text_of, type_name
from .bed import Bed
from .deployment import DATABASE, RESULTS, Workgroup
from .s3_server import ACCESS_KEY, REGION, SECRET_KEY
from .service import AthenaService

_ENDLESS = (
    "SELECT count(1) FROM UNNEST(sequence(1, 10000)) CROSS JOIN "
    "UNNEST(sequence(1, 10000)) CROSS JOIN UNNEST(sequence(1, 10000))"
)


def _client(url: str) -> Any:
    return boto3.client(
        "athena",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


@pytest.fixture(scope="module")
def athena(bed: Bed) -> Any:
    return _client(bed.athena.url)


def _start(athena: Any, sql: str, *parameters: str, **more: Any) -> str:
    given = {"ExecutionParameters": list(parameters)} if parameters else {}
    answer = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": DATABASE},
        **{"WorkGroup": DATABASE, **given, **more},
    )
    return str(answer["QueryExecutionId"])


def _ended(athena: Any, query: str) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        told = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        if told["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return told
        time.sleep(0.1)
    raise AssertionError("the query does not end")


def test_a_result_is_on_s3_with_everything_quoted(bed: Bed, athena: Any) -> None:
    sql = """SELECT 'a "b", c' AS x, NULL AS "Y z", 2 AS n, true AS t WHERE 1 = ?"""
    told = _ended(athena, _start(athena, sql, "1"))
    assert told["Status"]["State"] == "SUCCEEDED"
    assert told["ExecutionParameters"] == ["1"]
    location = told["ResultConfiguration"]["OutputLocation"]
    folder = bed.deployment.workgroups[DATABASE].location
    assert location == f"{folder}{told['QueryExecutionId']}.csv"
    key = location.removeprefix(f"s3://{RESULTS}/")
    body = bed.s3.get_object(Bucket=RESULTS, Key=key)["Body"].read().decode()
    assert body == '"x","Y z","n","t"\n"a ""b"", c",,"2","true"\n'
    assert bed.s3.head_object(Bucket=RESULTS, Key=f"{key}.metadata")


def test_bytes_are_trinos_own(bed: Bed, athena: Any) -> None:
    sql = "SELECT eventId FROM shop_events WHERE year = ? AND month = ? AND day = ?"
    day = "'2026'", "'03'", "'02'"
    told = _ended(athena, _start(athena, sql, *day))
    listed = ", ".join(day)
    quoted = f"EXECUTE IMMEDIATE '{sql}' USING {listed}"
    scanned = told["Statistics"]["DataScannedInBytes"]
    assert scanned == bed.query(quoted).stats["physicalInputBytes"] > 0


def test_rows_come_in_pages_with_the_names_first(athena: Any) -> None:
    query = _start(athena, "SELECT n FROM UNNEST(sequence(1, 5)) AS t (n)")
    _ended(athena, query)
    pages = athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=query, PaginationConfig={"PageSize": 2}
    )
    found = [page["ResultSet"]["Rows"] for page in pages]
    assert [len(rows) for rows in found] == [2, 2, 2]
    values = [row["Data"][0]["VarCharValue"] for rows in found for row in rows]
    assert values == ["n", "1", "2", "3", "4", "5"]


def test_what_is_no_sql_is_refused_at_once(athena: Any) -> None:
    with pytest.raises(ClientError, match="mismatched input 'SELEC'") as caught:
        _start(athena, "SELEC 1")
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"


def test_a_failure_has_the_engines_words(athena: Any) -> None:
    query = _start(athena, "SELECT nothing FROM shop_events")
    status = _ended(athena, query)["Status"]
    assert status["State"] == "FAILED"
    reason = status["StateChangeReason"]
    assert reason == "COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved"
    assert status["AthenaError"]["ErrorMessage"] == reason
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        athena.get_query_results(QueryExecutionId=query)


def test_a_query_can_be_stopped(bed: Bed, athena: Any) -> None:
    query = _start(athena, _ENDLESS)
    with pytest.raises(ClientError, match="has not yet finished"):
        athena.get_query_results(QueryExecutionId=query)
    athena.stop_query_execution(QueryExecutionId=query)
    assert _ended(athena, query)["Status"]["State"] == "CANCELLED"
    running = "SELECT count(*) FROM system.runtime.queries WHERE state = 'RUNNING'"
    deadline = time.monotonic() + 30
    # The one that asks is itself one.
    while bed.rows(running) != [[1]]:
        assert time.monotonic() < deadline, "the engine goes on with it"
        time.sleep(0.1)


def test_a_query_that_reads_too_much_is_cancelled(bed: Bed) -> None:
    small = {"small": Workgroup(f"s3://{RESULTS}/small/", 100)}
    service = AthenaService(bed.trino, bed.s3, small)
    try:
        athena = _client(service.url)
        sql = "SELECT * FROM shop_events WHERE year = '2026' AND month = '03'"
        status = _ended(athena, _start(athena, sql, WorkGroup="small"))["Status"]
    finally:
        service.stop()
    assert status["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in status["StateChangeReason"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"WorkGroup": "nobodys"}, "WorkGroup nobodys is not found."),
        ({"ExecutionParameters": ["'" + "x" * 1023 + "'"]}, "1 to 1024"),
    ],
)
def test_a_request_that_cannot_be_is_refused(
    athena: Any, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        _start(athena, "SELECT 1 WHERE 'x' = ?", **more)


def test_one_token_starts_one_query(athena: Any) -> None:
    token = "0123456789abcdef0123456789abcdef"
    first, second = (
        _start(athena, "SELECT 1", ClientRequestToken=token) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("value", "trino", "text"),
    [
        (None, "varchar", None),
        (True, "boolean", "true"),
        (0.5, "double", "0.5"),
        (12345678.0, "double", "1.2345678E7"),
        (1e-5, "double", "1.0E-5"),
        ([1, None], "array(integer)", "[1, null]"),
        (["PT", None], "row(country varchar, city varchar)", "{country=PT, city=null}"),
        ({"a": [2]}, "map(varchar, array(bigint))", "{a=[2]}"),
        ("AQI=", "varbinary", "01 02"),
    ],
)
def test_a_value_is_written_as_athena_writes_it(
    value: Any, trino: str, text: str | None
) -> None:
    assert text_of(value, trino) == text


def test_types_have_athenas_names() -> None:
    assert type_name("row(a varchar)") == "row"
    assert type_name("timestamp(3) with time zone") == "timestamp with time zone"
    assert type_name("real") == "float"

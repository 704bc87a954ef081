"""Athena and S3 at the seam of boto3's clients, with faults as a script says."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from analytics_tracker_construct.query import AthenaEngine

ID = "11111111-2222-3333-4444-555555555555"
LOCATION = f"s3://results/shop/{ID}.csv"

#: What one look finds: a state, an answer, or an error that is raised.
Look = str | Mapping[str, Any] | BaseException


def refusal(
    operation: str, code: str, message: str = "no", status: int = 400
) -> ClientError:
    """Return an error of a service's."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        operation,
    )


def execution(state: str = "SUCCEEDED", **changes: Any) -> dict[str, Any]:
    """Return what Athena says of a query."""
    return {
        "QueryExecutionId": ID,
        "StatementType": "DML",
        "SubstatementType": "SELECT",
        "Status": {"State": state, **changes.pop("status", {})},
        "ResultConfiguration": {"OutputLocation": LOCATION},
        "Statistics": {
            "DataScannedInBytes": 12_345_678,
            "EngineExecutionTimeInMillis": 1500,
        },
        **changes,
    }


class FakeAthena:
    """Athena: one query, whose looks and results are given.

    Args:
        looks: What `GetQueryExecution` finds, one after the other; the last stays.
        columns: Name and type of the result's columns.
        pages: Rows of `GetQueryResults`, page by page; None for a missing value.
    """

    def __init__(
        self,
        looks: Iterable[Look] = ("SUCCEEDED",),
        columns: Iterable[tuple[str, str]] = (("n", "bigint"),),
        pages: Iterable[list[list[str | None]]] = (),
    ) -> None:
        self.looks = list(looks)
        self.columns = list(columns)
        self.pages = list(pages) or [[[name for name, _ in self.columns]]]
        self.started: list[dict[str, Any]] = []
        self.stopped: list[str] = []
        self.results: list[dict[str, Any]] = []
        self.on_start: Callable[[], None] = lambda: None
        self.looked = threading.Event()

    def start_query_execution(self, **request: Any) -> dict[str, Any]:
        self.started.append(request)
        self.on_start()
        return {"QueryExecutionId": ID}

    def get_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803  as Athena's
        assert QueryExecutionId == ID
        self.looked.set()
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, BaseException):
            raise look
        return {"QueryExecution": execution(look) if isinstance(look, str) else look}

    def stop_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803  as Athena's
        self.stopped.append(QueryExecutionId)
        return {}

    def get_query_results(self, **request: Any) -> dict[str, Any]:
        self.results.append(request)
        at = int(request.get("NextToken", 0))
        told = [{"Name": name, "Type": kind} for name, kind in self.columns]
        rows = [
            {"Data": [{"VarCharValue": v} if v is not None else {} for v in row]}
            for row in self.pages[at]
        ]
        more = {"NextToken": str(at + 1)} if at + 1 < len(self.pages) else {}
        return {
            "ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": told}},
            **more,
        }


class FakeS3:
    """S3 with one object.

    Args:
        body: Its bytes.
        breaks: After how many bytes each read breaks, one after the other.
    """

    def __init__(self, body: bytes = b"", breaks: Iterable[int] = ()) -> None:
        self.body = body
        self.breaks = list(breaks)
        self.requests: list[dict[str, Any]] = []
        self.error: BaseException | None = None

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if self.error:
            raise self.error
        first = int(request.get("Range", "bytes=0-").removeprefix("bytes=")[:-1])
        rest = self.body[first:]
        sent = rest[: self.breaks.pop(0)] if self.breaks else rest
        return {
            "Body": StreamingBody(io.BytesIO(sent), len(rest)),
            "ContentLength": len(rest),
            "ETag": '"tag"',
        }


class FakeGlue:
    """Glue with the tables of a database."""

    def __init__(self, *names: str, error: Exception | None = None) -> None:
        self.names = names
        self.error = error

    def get_paginator(self, operation: str) -> FakeGlue:
        assert operation == "get_tables"
        return self

    def paginate(self, DatabaseName: str) -> Iterator[dict[str, Any]]:  # noqa: N803  as Glue's
        assert DatabaseName == "events"
        if self.error:
            raise self.error
        for name in self.names:
            yield {"TableList": [{"Name": name}]}


class FakeSession:
    """A session of boto3's."""

    def __init__(
        self, athena: FakeAthena, s3: FakeS3 | None = None, glue: FakeGlue | None = None
    ) -> None:
        self.clients = {
            "athena": athena,
            "s3": s3 or FakeS3(b'"n"\n"1"\n'),
            "glue": glue or FakeGlue(),
        }

    def client(self, service: str, **_: Any) -> Any:
        return self.clients[service]


def athena_engine(
    athena: FakeAthena | None = None,
    s3: FakeS3 | None = None,
    glue: FakeGlue | None = None,
    **options: Any,
) -> AthenaEngine:
    """Return an engine over fakes."""
    session = FakeSession(athena or FakeAthena(), s3, glue)
    return AthenaEngine("events", workgroup="all", session=session, **options)

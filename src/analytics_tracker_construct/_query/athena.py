"""Queries in Amazon Athena."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import _costs
from .._handler import buckets
from .._sql import queries, tables
from .._sql.literals import Value, by_place, literals
from .._version import __version__
from . import athena_csv, s3_stream
from .athena_execution import Answer, Execution, Progress
from .athena_failures import lacks_relation
from .athena_rows import AthenaRows, paged
from .athena_types import column
from .engine import QueryEngine
from .errors import QueryError, needed
from .open_rows import OpenRows
from .result import Column, Result, Statistics

if TYPE_CHECKING:
    from datetime import date

#: Bytes of a query.
#: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
_QUERY_BYTES = 262_144


class AthenaEngine(QueryEngine):
    """Answers queries in Athena, over the tables of a tracker's catalog.

    Args:
        database: The catalog's database.
        workgroup: The workgroup that the queries run in: the catalog's, or a tenant's.
        session: A session of boto3's.
            Default: a new one.
        region: The catalog's region.
            Default: the session's.
        on_progress: Called every now and then while a query runs.
            Default: nobody is told.

    Raises:
        ImportError: If boto3 is not installed.
    """

    def __init__(
        self,
        database: str,
        *,
        workgroup: str,
        session: Any = None,
        region: str | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        boto3: Any = needed(
            "boto3", "'analytics-tracker-construct[aws]'", "queries in Athena need"
        )
        self.database = database
        self.workgroup = workgroup
        self._session = session or boto3.Session()
        self._region = region
        self._on_progress = on_progress
        self._athena = self._client("athena")
        self._s3 = self._client("s3")
        self._running: set[Execution] = set()
        self._lock = threading.Lock()
        self._open = OpenRows()

    def sql(
        self, text: str, parameters: Sequence[Value] | Mapping[str, Value] = ()
    ) -> Result:
        """Answer one query in Athena's SQL.

        Args:
            text: The query.
            parameters: A value for each `?` in it, in order, or by name for each
                `$name`. Athena takes them in WHERE alone.

        Returns:
            The answer.

        Raises:
            QueryError: If the query fails.
            ValueError: If Athena cannot take it.
            botocore.exceptions.BotoCoreError: If AWS cannot be reached.
            botocore.exceptions.ClientError: If AWS refuses, or takes no query for one.
        """
        if parameters and isinstance(parameters, Mapping):
            text, parameters = by_place(text, parameters)
        size = len(text.encode("utf-8", "surrogatepass"))
        if not text.strip():
            raise ValueError("the query asks nothing")
        if size > _QUERY_BYTES:
            raise ValueError(
                f"a query must be at most {_QUERY_BYTES:,} bytes, got {size:,}"
            )
        request: dict[str, Any] = {
            "QueryString": text,
            "QueryExecutionContext": {"Database": self.database},
            "WorkGroup": self.workgroup,
        }
        if parameters:
            request["ExecutionParameters"] = literals(parameters)
        began = time.monotonic()
        answer = self._run(Execution(self._athena, request, self._on_progress))
        return self._result(answer, began)

    def cancel(self) -> bool:
        """Stop the queries that run, and end results whose rows are not all read.

        Any thread may call this. It waits for a query that is being started.

        Returns:
            Whether a query ran.

        Raises:
            botocore.exceptions.BotoCoreError: If AWS cannot be reached.
            botocore.exceptions.ClientError: If AWS refuses. The other queries are
                stopped all the same.
        """
        self._open.cancel()
        return self._stop()

    def close(self) -> None:
        """Stop the queries that run; results that were returned stay usable.

        Raises:
            botocore.exceptions.BotoCoreError: If AWS cannot be reached.
            botocore.exceptions.ClientError: If AWS refuses.
        """
        self._stop()

    def tenants(self) -> list[str]:
        """Return the names of the tenants whose tables the database has.

        Raises:
            botocore.exceptions.BotoCoreError: If AWS cannot be reached.
            botocore.exceptions.ClientError: If AWS refuses.
        """
        pages = self._client("glue").get_paginator("get_tables")
        names = (
            str(table["Name"])
            for page in pages.paginate(DatabaseName=self.database)
            for table in page["TableList"]
        )
        return sorted(
            name.removesuffix(tables.TABLE_SUFFIX).replace("_", "-")
            for name in names
            if name.endswith(tables.TABLE_SUFFIX) and name != tables.ALL_EVENTS
        )

    def _ask(
        self,
        query: queries.Query,
        tenant: str | None,
        values: Mapping[str, str | int | date],
    ) -> Result:
        relations = queries.Relations.all()
        if tenant is not None:
            if not buckets.TENANT_NAME.fullmatch(tenant):
                raise ValueError(
                    f"there is no tenant {tenant!r} in {self.database}; "
                    f"{self._known_tenants()}"
                )
            relations = queries.Relations.of(tables.table_of(tenant))
        bound = query.bind(values)
        text, names = query.render(relations, style="?")
        try:
            return self.sql(text, [bound[name] for name in names])
        except QueryError as error:
            if not lacks_relation(error):
                raise
            wrong = self._no_all(query) if tenant is None else self._no_tenant(tenant)
            if wrong is None:
                raise
            raise ValueError(wrong) from error

    def _no_all(self, query: queries.Query) -> str:
        """Return what is wrong where the views over all tenants are missing."""
        lacking = f"{self.database} has no views over all tenants"
        if query.is_over_all:
            return f"{lacking}, which {query.name} compares; a tracker's catalog has"
        return f"{lacking}; name one with 'tenant' (--tenant); {self._known_tenants()}"

    def _no_tenant(self, tenant: str) -> str | None:
        """Return what is wrong with a tenant; None if it is one."""
        known = self._known_tenants(tenant)
        return known and f"there is no tenant {tenant!r} in {self.database}; {known}"

    def _known_tenants(self, asked: str = "") -> str | None:
        """Return which tenants there are, in words; None if `asked` is among them."""
        from botocore import exceptions as errors  # noqa: PLC0415  an extra

        try:
            known = self.tenants()
        except (errors.BotoCoreError, errors.ClientError) as error:
            return f"which there are could not be listed: {error}"
        if asked in known:
            return None
        return f"there are: {', '.join(known)}" if known else "there are none: add one"

    def _stop(self) -> bool:
        with self._lock:
            running = list(self._running)
        # One that is being started may take minutes, and the others need not wait.
        running.sort(key=lambda each: each.id is None)
        answers = [_stopped(each) for each in running]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return any(answers)

    def _run(self, execution: Execution) -> Answer:
        with self._lock:
            self._running.add(execution)
        try:
            return execution.run()
        finally:
            with self._lock:
                self._running.discard(execution)

    def _result(self, answer: Answer, began: float) -> Result:
        query_id = str(answer["QueryExecutionId"])
        columns, records = self._records(answer, query_id)
        statistics = _statistics(answer, time.monotonic() - began)
        rows = AthenaRows(columns, records, query_id, self._open.begin(query_id))
        return Result(rows, statistics, query_id)

    def _records(
        self, answer: Answer, query_id: str
    ) -> tuple[tuple[Column, ...], Iterator[athena_csv.Record]]:
        place = _csv_object(answer)
        first = self._athena.get_query_results(
            QueryExecutionId=query_id, **({"MaxResults": 1} if place else {})
        )
        told = first["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])
        columns = tuple(map(column, told))
        if place:
            records = athena_csv.records(s3_stream.chunks(self._s3, *place))
            # Now, so that who may not read it hears of it before the first row.
            next(records, None)
            return columns, records
        return columns, paged(
            first,
            self._pages(query_id, first.get("NextToken")),
            has_head=answer.get("StatementType") == "DML",
        )

    def _pages(self, query_id: str, token: str | None) -> Iterator[Answer]:
        while token:
            page = self._athena.get_query_results(
                QueryExecutionId=query_id, NextToken=token
            )
            yield page
            token = page.get("NextToken")

    def _client(self, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415  an extra

        return self._session.client(
            service,
            region_name=self._region,
            config=Config(
                connect_timeout=10,
                read_timeout=60,
                retries={"mode": "standard", "max_attempts": 5},
                user_agent_extra=f"analytics-tracker/{__version__}",
            ),
        )


def _stopped(execution: Execution) -> bool | Exception:
    """Stop a query; return whether it ran, or why it cannot be stopped."""
    try:
        return execution.stop()
    except Exception as error:  # noqa: BLE001  raised once the others are stopped
        return error


def _csv_object(answer: Answer) -> tuple[str, str] | None:
    """Return bucket and key of a query's CSV; None where it has none to be read."""
    kept = answer.get("ResultConfiguration", {})
    location = str(kept.get("OutputLocation", ""))
    encryption = kept.get("EncryptionConfiguration", {}).get("EncryptionOption")
    if not location.endswith(".csv") or encryption == "CSE_KMS":
        return None
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key


def _statistics(answer: Answer, seconds: float) -> Statistics:
    told = answer.get("Statistics", {})
    scanned = int(told.get("DataScannedInBytes", 0))
    reused = bool(
        told.get("ResultReuseInformation", {}).get("ReusedPreviousResult", False)
    )
    # Definitions, SHOW and DESCRIBE read nothing and cost nothing, but EXPLAIN ANALYZE
    # and CREATE TABLE AS read; an answer given again costs nothing.
    free = reused or (answer.get("StatementType") != "DML" and not scanned)
    return Statistics(
        seconds=seconds,
        engine_seconds=told.get("EngineExecutionTimeInMillis", 0) / 1000,
        bytes_scanned=scanned,
        dollars=0.0 if free else _costs.query_dollars(scanned),
        reused=reused,
    )

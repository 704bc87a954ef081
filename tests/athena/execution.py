"""One query of the stand-in for Athena: run in Trino, its result written to S3."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from .athena_values import text_of, type_name
from .deployment import Workgroup
from .trino import CATALOG, Trino

#: Seconds that a start waits for the parser's word.
_PARSED = 5.0
_DDL = ("CREATE", "DROP", "ALTER", "MSCK")
_UTILITY = ("SHOW", "DESCRIBE", "DESC", "EXPLAIN")


class Execution:
    """One query.

    Args:
        trino: The engine.
        s3: boto3's client of where the result goes.
        sql: The query.
        parameters: A literal for each `?`.
        database: The database it runs in.
        workgroup_name: The name of its workgroup.
        workgroup: Its workgroup.
    """

    def __init__(
        self,
        trino: Trino,
        s3: Any,
        *,
        sql: str,
        parameters: Sequence[str],
        database: str,
        workgroup_name: str,
        workgroup: Workgroup,
    ) -> None:
        self.id = str(uuid.uuid4())
        self.state = "QUEUED"
        self.sql = sql
        self.parameters = list(parameters)
        self._trino = trino
        self._s3 = s3
        self._database = database
        self._workgroup_name = workgroup_name
        self._workgroup = workgroup
        self._reason: str | None = None
        self._malformed: str | None = None
        self._columns: list[tuple[str, str]] = []
        self._rows: list[list[str | None]] = []
        self._stats: Mapping[str, Any] = {}
        self._trino_id: str | None = None
        self._submitted = time.time()
        self._completed: float | None = None
        self._parsed = threading.Event()
        self._lock = threading.Lock()

    @property
    def statement_type(self) -> str:
        """Athena's kind of statement."""
        word = self.sql.split(None, 1)[0].upper()
        if word in _DDL:
            return "DDL"
        return "UTILITY" if word in _UTILITY else "DML"

    @property
    def location(self) -> str:
        """Where its result goes: CSV only for what returns rows of data."""
        suffix = "csv" if self.statement_type == "DML" else "txt"
        return f"{self._workgroup.location.rstrip('/')}/{self.id}.{suffix}"

    def start(self) -> str | None:
        """Start it; return what is wrong where it is no SQL at all."""
        threading.Thread(target=self._run, daemon=True).start()
        self._parsed.wait(_PARSED)
        return self._malformed

    def stop(self) -> None:
        """Stop it unless it has ended."""
        if self._end("CANCELLED") and self._trino_id is not None:
            self._trino.cancel(self._trino_id)

    def described(self) -> dict[str, Any]:
        """Return it as `GetQueryExecution` does."""
        status: dict[str, Any] = {
            "State": self.state,
            "SubmissionDateTime": self._submitted,
        }
        if self._completed is not None:
            status["CompletionDateTime"] = self._completed
        if self._reason is not None:
            status["StateChangeReason"] = self._reason
            status["AthenaError"] = {
                "ErrorCategory": 2,
                "ErrorMessage": self._reason,
                "Retryable": False,
            }
        elapsed = int(self._stats.get("elapsedTimeMillis", 0))
        queued = int(self._stats.get("queuedTimeMillis", 0))
        described = {
            "QueryExecutionId": self.id,
            "Query": self.sql,
            "StatementType": self.statement_type,
            "ResultConfiguration": {"OutputLocation": self.location},
            "QueryExecutionContext": {"Database": self._database, "Catalog": CATALOG},
            "Status": status,
            "Statistics": {
                "DataScannedInBytes": self._scanned,
                "EngineExecutionTimeInMillis": elapsed - queued,
                "QueryQueueTimeInMillis": queued,
                "TotalExecutionTimeInMillis": elapsed,
            },
            "WorkGroup": self._workgroup_name,
        }
        if self.parameters:
            described["ExecutionParameters"] = self.parameters
        return described

    def column_info(self) -> list[dict[str, Any]]:
        """Return the columns as `GetQueryResults` describes them."""
        return [
            {"CatalogName": "hive", "Name": name, "Label": name, "Type": type_name(of)}
            for name, of in self._columns
        ]

    def records(self) -> list[list[str | None]]:
        """Return the rows as text; a query's first is its columns' names."""
        head: list[list[str | None]] = [[name for name, _ in self._columns]]
        return [*(head if self.statement_type == "DML" else ()), *self._rows]

    @property
    def _scanned(self) -> int:
        return int(self._stats.get("physicalInputBytes", 0))

    def _run(self) -> None:
        statement = self.sql
        if self.parameters:
            quoted = self.sql.replace("'", "''")
            listed = ", ".join(self.parameters)
            statement = f"EXECUTE IMMEDIATE '{quoted}' USING {listed}"
        try:
            for page in self._trino.pages(statement, schema=self._database):
                self._take(page)
                if self.state == "CANCELLED":
                    return
            if self._reason is None:
                self._write()
                self._end("SUCCEEDED")
        except Exception as error:  # noqa: BLE001 - Athena too has words for any fault
            self._fail(f"GENERIC_INTERNAL_ERROR: {error}")
        finally:
            self._parsed.set()

    def _take(self, page: Mapping[str, Any]) -> None:
        self._trino_id = page["id"]
        self._stats = page["stats"]
        if self._scanned > self._workgroup.cutoff:
            self._reason = "Query cancelled! : Bytes scanned limit was exceeded"
            self.stop()
        if "error" in page:
            self._refuse(page["error"])
        state = self._stats["state"]
        if state not in ("QUEUED", "WAITING_FOR_RESOURCES", "DISPATCHING"):
            self._parsed.set()
        with self._lock:
            if self.state == "QUEUED" and state != "QUEUED":
                self.state = "RUNNING"
        if "columns" in page:
            self._columns = [(c["name"], c["type"]) for c in page["columns"]]
        types = [type_ for _, type_ in self._columns]
        for row in page.get("data", ()):
            self._rows.append([text_of(v, t) for v, t in zip(row, types, strict=True)])

    def _refuse(self, error: Mapping[str, Any]) -> None:
        name, message = error["errorName"], error["message"]
        if name == "SYNTAX_ERROR" and "mismatched input" in message:
            self._malformed = message
        self._fail(f"{name}: {message}")

    def _fail(self, reason: str) -> None:
        self._reason = reason
        self._end("FAILED")

    def _end(self, state: str) -> bool:
        with self._lock:
            if self.state not in ("QUEUED", "RUNNING"):
                return False
            self.state = state
            self._completed = time.time()
            return True

    def _write(self) -> None:
        """Put the result where Athena does: values in quotes, nulls as nothing."""
        bucket, _, key = self.location.removeprefix("s3://").partition("/")
        if self.statement_type == "DML":
            lines = (",".join(map(_quoted, record)) for record in self.records())
        else:
            lines = ("\t".join(v or "" for v in record) for record in self._rows)
        body = "".join(f"{line}\n" for line in lines).encode()
        self._s3.put_object(Bucket=bucket, Key=key, Body=body)
        names = ",".join(name for name, _ in self._columns)
        self._s3.put_object(Bucket=bucket, Key=f"{key}.metadata", Body=names.encode())


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'

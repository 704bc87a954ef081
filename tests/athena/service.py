"""Athena's API over a real Trino: what boto3's client needs to run queries.

https://docs.aws.amazon.com/athena/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .deployment import Workgroup
from .execution import Execution
from .trino import Trino

#: Rows of a page of results where the caller does not say.
_PAGE = 1000


class Refused(Exception):
    """An answer of Athena's that is an error: its code and its words."""

    def __init__(self, message: str, code: str = "InvalidRequestException") -> None:
        super().__init__(message)
        self.body = {"__type": code, "Message": message}


class AthenaService:
    """The service; its queries run in Trino, their results go to S3.

    Args:
        trino: The engine.
        s3: boto3's client of where results go.
        workgroups: The workgroups that there are.
    """

    def __init__(
        self, trino: Trino, s3: Any, workgroups: Mapping[str, Workgroup]
    ) -> None:
        self.executions: dict[str, Execution] = {}
        """Every query that was started, by its id."""
        self._trino = trino
        self._s3 = s3
        self._workgroups = workgroups
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._answer))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where boto3 finds it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Stop it and every query that runs."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for execution in self.executions.values():
            execution.stop()

    def _answer(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        operations: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._get,
            "GetQueryResults": self._results,
            "StopQueryExecution": self._stop,
        }
        if operation not in operations:
            raise Refused(f"{operation} is none that this service has")
        return operations[operation](request)

    def _start(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        name = request.get("WorkGroup", "primary")
        workgroup = self._workgroups.get(name)
        if workgroup is None:
            raise Refused(f"WorkGroup {name} is not found.")
        parameters = request.get("ExecutionParameters", [])
        if any(not 1 <= len(parameter) <= 1024 for parameter in parameters):
            raise Refused("ExecutionParameters must have length from 1 to 1024")
        token = request.get("ClientRequestToken", uuid.uuid4().hex)
        with self._lock:
            known = self._tokens.get(token)
            if known is not None:
                return {"QueryExecutionId": known}
            execution = Execution(
                self._trino,
                self._s3,
                sql=request["QueryString"],
                parameters=parameters,
                database=request["QueryExecutionContext"]["Database"],
                workgroup_name=name,
                workgroup=workgroup,
            )
            self._tokens[token] = execution.id
            self.executions[execution.id] = execution
        malformed = execution.start()
        if malformed is not None:
            raise Refused(malformed)
        return {"QueryExecutionId": execution.id}

    def _get(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"QueryExecution": self._find(request).described()}

    def _stop(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._find(request).stop()
        return {}

    def _results(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        execution = self._find(request)
        state = execution.state
        if state in ("QUEUED", "RUNNING"):
            raise Refused(f"Query has not yet finished. Current state: {state}")
        if state != "SUCCEEDED":
            raise Refused(
                f"Query did not finish successfully. Final query state: {state}"
            )
        records = execution.records()
        first = int(request.get("NextToken", "0"))
        after = first + int(request.get("MaxResults", _PAGE))
        rows = [
            {"Data": [{} if v is None else {"VarCharValue": v} for v in record]}
            for record in records[first:after]
        ]
        page: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": rows,
                "ResultSetMetadata": {"ColumnInfo": execution.column_info()},
            },
        }
        if after < len(records):
            page["NextToken"] = str(after)
        return page

    def _find(self, request: Mapping[str, Any]) -> Execution:
        asked = request["QueryExecutionId"]
        if asked not in self.executions:
            raise Refused(f"QueryExecution {asked} was not found")
        return self.executions[asked]


def _handler(
    answer: Callable[[str, Mapping[str, Any]], Mapping[str, Any]],
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            length = int(self.headers["Content-Length"])
            request = json.loads(self.rfile.read(length))
            try:
                status, body = 200, dict(answer(operation, request))
            except Refused as refused:
                status, body = 400, refused.body
            encoded = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(encoded)))
            self.send_header("x-amzn-RequestId", str(time.time_ns()))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - its name
            """Say nothing."""

    return Handler

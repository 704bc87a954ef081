"""`analytics-tracker query` in Athena, as its user meets it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from analytics_tracker_construct import cli
from analytics_tracker_construct._query import athena_execution

from ..query.fakes import (
    ID,
    FakeAthena,
    FakeGlue,
    FakeS3,
    FakeSession,
    execution,
    refusal,
)
from .running import COMMAND, inside

_WHERE = ("--database", "events", "--workgroup", "all")
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "none",
    "AWS_SHARED_CREDENTIALS_FILE": "none",
}


class _Formation:
    """CloudFormation with one stack."""

    def __init__(self, *resources: tuple[str, str]) -> None:
        self.resources = resources

    def list_stack_resources(self, StackName: str) -> dict[str, Any]:  # noqa: N803  as AWS's
        if StackName != "Website":
            raise refusal("ListStackResources", "ValidationError")
        return {
            "StackResourceSummaries": [
                {"ResourceType": kind, "PhysicalResourceId": name}
                for kind, name in self.resources
            ]
        }


@contextmanager
def _aws(
    athena: FakeAthena,
    s3: FakeS3 | None = None,
    formation: _Formation | None = None,
    glue: FakeGlue | None = None,
) -> Iterator[None]:
    session: Any = FakeSession(athena, s3, glue)
    session.region_name = "eu-west-1"
    session.clients["cloudformation"] = formation
    with patch("boto3.Session", lambda **_: session):
        yield


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(athena_execution, "_SOON", 0.001)


def test_prints_the_answer_and_says_what_it_cost() -> None:
    s3 = FakeS3(b'"date","page_views"\n"2026-01-31","12"\n"2026-02-01",\n')
    athena = FakeAthena(columns=[("date", "date"), ("page_views", "bigint")])
    with _aws(athena, s3):
        done = inside(
            "query", "daily-page-views", *_WHERE, "--tenant", "shop",
            "--from", "2026-01-01", "--to", "2026-01-31", "--format", "csv",
        )  # fmt: skip  # one argument a line hides the command

    assert done.returncode == 0
    assert done.stdout == "date,page_views\n2026-01-31,12\n2026-02-01,\n"
    assert done.stderr.startswith("12.3 MB read in ")
    assert done.stderr.endswith(
        "s; $0.000065 at the list price of us-east-1 (2026-11)\n"
    )
    (request,) = athena.started
    assert request["WorkGroup"] == "all"
    assert request["QueryExecutionContext"] == {"Database": "events"}
    assert "DATE '2026-01-01'" in request["ExecutionParameters"]


def test_a_parameter_is_bound_in_sql_too() -> None:
    athena = FakeAthena()
    with _aws(athena):
        done = inside(
            "query", "SELECT 1 WHERE page = $page", *_WHERE, "--param", "page=/it's"
        )

    assert done.returncode == 0
    (request,) = athena.started
    assert request["QueryString"] == "SELECT 1 WHERE page = ?"
    assert request["ExecutionParameters"] == ["'/it''s'"]


def test_an_answer_that_is_given_again_costs_nothing() -> None:
    again = {"ResultReuseInformation": {"ReusedPreviousResult": True}}
    with _aws(FakeAthena([execution(Statistics=again)])):
        done = inside("query", "SELECT 1", *_WHERE)

    assert done.stderr == "an earlier answer, given again: no cost\n"


@pytest.mark.parametrize(
    ("options", "workgroup"),
    [
        ((), "website_tracker"),
        (("--tenant", "shop"), "website_tracker-shop"),
        (("--workgroup", "mine"), "mine"),
    ],
)
def test_the_stack_tells_database_and_workgroup(
    options: tuple[str, ...], workgroup: str
) -> None:
    """A tenant's analysts have that tenant's workgroup alone."""
    athena = FakeAthena()
    formation = _Formation(
        ("AWS::Lambda::Function", "function"),
        ("AWS::Glue::Database", "website_tracker"),
        ("AWS::Athena::WorkGroup", "website_tracker"),
    )
    with _aws(athena, formation=formation):
        done = inside("query", "SELECT 1", "--stack", "Website", *options)

    assert done.returncode == 0, done.stderr
    assert athena.started[0]["WorkGroup"] == workgroup
    assert athena.started[0]["QueryExecutionContext"] == {"Database": "website_tracker"}


@pytest.mark.parametrize(
    ("stack", "resources", "problem"),
    [
        ("Website", [], "stack Website has no catalog"),
        (
            "Website",
            [("AWS::Glue::Database", "a"), ("AWS::Glue::Database", "b")],
            "has 2 databases; name one with --database and its --workgroup: a, b",
        ),
        ("Other", [], "there is no stack Other in eu-west-1"),
    ],
)
def test_a_stack_without_one_catalog_is_refused(
    stack: str, resources: list[tuple[str, str]], problem: str
) -> None:
    with _aws(FakeAthena(), formation=_Formation(*resources)):
        done = inside("query", "SELECT 1", "--stack", stack)

    assert done.returncode == 2
    assert problem in done.stderr


@pytest.mark.parametrize(
    ("look", "status", "problem"),
    [
        (
            execution("FAILED", status={"StateChangeReason": "COLUMN_NOT_FOUND: x"}),
            1,
            "the query failed: COLUMN_NOT_FOUND: x; the columns of a table: DESCRIBE",
        ),
        (
            refusal("GetQueryExecution", "AccessDeniedException"),
            1,
            "AWS refuses athena:GetQueryExecution",
        ),
        (
            refusal("GetQueryExecution", "ExpiredTokenException", "expired"),
            1,
            "does not take these credentials: expired",
        ),
        (NoCredentialsError(), 1, "there are no AWS credentials to use"),
    ],
)
def test_what_goes_wrong_is_said_with_what_helps(
    look: Any, status: int, problem: str
) -> None:
    with _aws(FakeAthena([look])):
        done = inside("query", "SELECT 1", *_WHERE)

    assert (done.returncode, done.stdout) == (status, "")
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_a_query_that_athena_cannot_read_says_what_athena_says() -> None:
    athena = FakeAthena()
    wrong = refusal("StartQueryExecution", "InvalidRequestException", "line 1:1: SELEC")
    with (
        _aws(athena),
        patch.object(athena, "start_query_execution", side_effect=wrong),
    ):
        done = inside("query", "SELEC 1", *_WHERE)

    assert done.returncode == 1
    assert "athena:StartQueryExecution failed: line 1:1: SELEC" in done.stderr


def test_an_endpoint_that_is_not_there_says_what_to_look_at() -> None:
    athena = FakeAthena()
    lost = EndpointConnectionError(endpoint_url="https://athena")
    with (
        _aws(athena),
        patch.object(athena, "start_query_execution", side_effect=lost),
    ):
        done = inside("query", "SELECT 1", *_WHERE)

    assert done.returncode == 1
    assert "check the network" in done.stderr


def test_results_that_may_not_be_read_name_the_right() -> None:
    s3 = FakeS3()
    s3.error = refusal("GetObject", "AccessDenied", status=403)
    with _aws(FakeAthena(), s3):
        done = inside("query", "SELECT 1", *_WHERE)

    assert "AWS refuses s3:GetObject; allow it to your user or role" in done.stderr


def test_an_unknown_tenant_is_told_which_there_are() -> None:
    reason = "TABLE_NOT_FOUND: View 'shopp_events_unique' does not exist"
    athena = FakeAthena([execution("FAILED", status={"StateChangeReason": reason})])
    with _aws(athena, glue=FakeGlue("shop_events")):
        done = inside("query", "top-pages", *_WHERE, "--tenant", "shopp")

    assert done.returncode == 2
    assert "there is no tenant 'shopp' in events; there are: shop" in done.stderr


def test_writes_parquet_as_rows_come(tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"
    with _aws(FakeAthena(), FakeS3(b'"n"\n"1"\n\n')):
        inside(
            "query", "SELECT 1", *_WHERE, "--format", "parquet", "--output", str(path)
        )

    assert pyarrow.parquet.read_table(path).to_pylist() == [{"n": 1}, {"n": None}]


@pytest.mark.parametrize(
    ("hidden", "form", "problem"),
    [
        ("pyarrow", "parquet", "Parquet needs pyarrow: pip install pyarrow"),
        ("rich", "table", "analytics-tracker-construct[aws]', or choose --format"),
    ],
)
def test_a_missing_package_is_named_before_a_query_costs_anything(
    hidden: str, form: str, problem: str
) -> None:
    athena = FakeAthena()
    with _aws(athena), patch.dict("sys.modules", {hidden: None}):
        done = inside("query", "SELECT 1", *_WHERE, "--format", form)

    assert done.returncode == 1
    assert problem in done.stderr
    assert athena.started == []


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("terminal", [_Terminal(), io.StringIO()])
def test_progress_is_shown_on_a_terminal_alone(terminal: io.StringIO) -> None:
    athena = FakeAthena(["QUEUED", "RUNNING", "SUCCEEDED"])
    with (
        _aws(athena),
        patch("sys.stderr", terminal),
        patch("sys.stdout", io.StringIO()),
    ):
        cli.main(["query", "SELECT 1", *_WHERE])

    shown = terminal.getvalue()
    assert ("running, 12.3 MB read, 0 s" in shown) == terminal.isatty()
    assert ("\r" in shown) == terminal.isatty()
    assert shown.rpartition("\x1b[K")[2].startswith("12.3 MB read in ")


class _StandIn(ThreadingHTTPServer):
    """Athena's API at a real address; its queries run for ever."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.calls: list[str] = []
        self.running = threading.Event()


class _Answers(BaseHTTPRequestHandler):
    server: _StandIn

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        call = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.server.calls.append(call)
        answers = {
            "StartQueryExecution": {"QueryExecutionId": ID},
            "GetQueryExecution": {"QueryExecution": execution("RUNNING")},
        }
        body = json.dumps(answers.get(call, {})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if call == "GetQueryExecution":
            self.server.running.set()

    def log_message(self, *_: object) -> None: ...


def test_an_interrupt_stops_the_query_in_athena() -> None:
    """Over HTTP, at the endpoint that the environment names."""
    with _StandIn() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with subprocess.Popen(
            [*COMMAND, "query", "SELECT 1", *_WHERE],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **_ENVIRONMENT, "AWS_ENDPOINT_URL_ATHENA": url},
        ) as process:
            assert server.running.wait(30)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=20)
        server.shutdown()
        thread.join()

    assert process.returncode == 130
    assert said == ("", "note: the query was cancelled in Athena\n")
    assert server.calls.count("StopQueryExecution") == 1

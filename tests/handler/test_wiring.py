"""Settings, requests, metrics and the entry that Lambda calls."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import handler
from handler import app, request, settings
from handler.invocation import request_id
from handler.log import Log
from handler.metrics import Meter
from handler.refusals import Refusal
from handler.request import Request
from handler.s3 import S3Store
from handler.settings import Settings, Tenant
from handler.storage import Fault, StorageError

from . import scripted_s3, scripted_sqs
from .conftest import Tracker
from .fakes import NOON, Context, event_of, message_of, rest

SOURCE = Path(handler.__file__).parent
#: What Lambda sets for every function.
CREDENTIALS = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
}


def test_an_empty_environment_allows_nothing_and_breaks_nothing() -> None:
    read = settings.read({})

    assert not read.patterns.allow("website-analytics")
    assert read.patterns.names == frozenset()
    assert read._replace(patterns=Settings().patterns) == Settings()


def test_the_environment_says_everything() -> None:
    read = settings.read(
        {
            settings.ALLOWED_BUCKETS: "website-analytics, *-lake,",
            settings.TENANTS: json.dumps(
                {
                    "blog": {"bucket": "blog-b"},
                    "shop": {
                        "bucket": "shop-b",
                        "owner": "2" * 12,
                        "origins": ["https://shop.example"],
                    },
                }
            ),
            settings.BUCKET_OWNER: "1" * 12,
            settings.CORS_ORIGINS: "https://a.example,https://b.example",
            settings.SALT_BUCKET: "salts",
            settings.SALT_BUCKET_OWNER: "1" * 12,
            settings.OBJECT_ACL: "bucket-owner-full-control",
            settings.HONOR_PRIVACY_SIGNALS: "0",
            settings.VIEWER_COUNTRY: "1",
            settings.FRONT_DOOR: "new-secret,old-secret",
            settings.COMPRESS: "0",
            settings.METRICS: "1",
            settings.QUEUE_URL: "https://sqs.eu-central-1.amazonaws.com/1/events",
            settings.BUFFERED: "1",
        }
    )

    assert read.patterns.names == {"website-analytics"}
    assert read.patterns.allow("data-lake")
    assert read._replace(patterns=Settings().patterns) == Settings(
        tenants={
            "blog": Tenant("blog", "blog-b"),
            "shop": Tenant(
                "shop", "shop-b", "2" * 12, frozenset({"https://shop.example"})
            ),
        },
        bucket_owner="1" * 12,
        cors_origins=frozenset({"https://a.example", "https://b.example"}),
        salt_bucket="salts",
        salt_bucket_owner="1" * 12,
        object_acl="bucket-owner-full-control",
        honor_privacy_signals=False,
        viewer_country=True,
        front_door=("new-secret", "old-secret"),
        metrics=True,
        queue_url="https://sqs.eu-central-1.amazonaws.com/1/events",
        buffered=True,
        compress=False,
    )


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"requestContext": {"http": "x", "identity": "x"}},
        {"requestContext": {"http": {"method": 5, "sourceIp": 5}}, "rawPath": 5},
        {"requestContext": {"http": {"a": 1}}, "rawQueryString": 5, "routeKey": 5},
        {"httpMethod": 5, "path": 5, "resource": 5, "body": 5, "headers": 5},
        {"queryStringParameters": [5], "isBase64Encoded": "true"},
        {"requestContext": {"identity": {"sourceIp": 5}}},
    ],
)
def test_what_is_missing_in_a_request_or_of_another_type_is_empty(
    event: dict[str, Any],
) -> None:
    nothing = Request("", "", {}, None, is_base64=False, address="")

    assert request.read(event) == nothing


def test_every_setting_has_its_name_in_the_list() -> None:
    constants = {
        value
        for value in vars(settings).values()
        if isinstance(value, str) and value.startswith("TRACKER_")
    }

    assert constants == set(settings.NAMES)


@pytest.mark.parametrize(
    ("members", "headers"),
    [
        ({"headers": {"A": "1"}, "multiValueHeaders": {"A": ["2"]}}, {"a": "1"}),
        ({"multiValueHeaders": {"A": ["1", "2", "3"], "B": []}}, {"a": "3"}),
        ({"headers": {"A": None, "B": "1"}}, {"b": "1"}),
        ({"headers": ["A"], "multiValueHeaders": {"A": ["2"]}}, {"a": "2"}),
        ({"headers": []}, {}),
    ],
)
def test_headers_are_read_from_where_they_are(
    members: dict[str, Any], headers: dict[str, str]
) -> None:
    assert request.read(members).headers == headers


@pytest.mark.parametrize(
    ("members", "query"),
    [
        (
            {"queryStringParameters": {"a": "", "b": None, "c": "1"}},
            {"a": "", "c": "1"},
        ),
        (
            {
                "requestContext": {"http": {"method": "GET"}},
                "rawQueryString": "a=&c=1&c=2",
            },
            {"a": "", "c": "2"},
        ),
        ({"queryStringParameters": []}, {}),
    ],
)
def test_parameters_are_read_from_where_they_are(
    members: dict[str, Any], query: dict[str, str]
) -> None:
    assert request.read(members).query == query


def test_refusals_have_one_label_each_and_a_status_of_an_error() -> None:
    labels = [refusal.label for refusal in Refusal]

    assert len(labels) == len(set(labels))
    assert all(400 <= refusal.status <= 503 for refusal in Refusal)


def test_a_stored_event_is_counted_for_the_function_and_the_tenant(
    tracker: Tracker,
) -> None:
    tracker.send(rest(event_of(bucket=None, tenant="blog")))

    (document,) = tracker.metrics
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "AnalyticsTracker"
    assert directive["Dimensions"] == [["FunctionName"], ["FunctionName", "Tenant"]]
    assert directive["Metrics"] == [
        {"Name": "StorageLatency", "Unit": "Milliseconds"},
        {"Name": "StoredEvents", "Unit": "Count"},
    ]
    assert document["_aws"]["Timestamp"] == 1772625600000
    assert (document["FunctionName"], document["Tenant"]) == ("tracker", "blog")
    assert (document["StoredEvents"], document["StorageLatency"]) == (1, [0.0])


def test_how_long_the_store_took_is_told_to_a_tenth_of_a_millisecond(
    tracker: Tracker,
) -> None:
    tracker.store.seconds = 0.12346

    tracker.send(rest(event_of()))
    tracker.write([message_of("event-0001")])

    assert [document["StorageLatency"] for document in tracker.metrics] == [
        [123.5],
        [123.5],
    ]


def test_logs_and_metrics_tell_the_time_of_utc_wherever_they_are_written(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        tracker.send(rest({}))
        tracker.write([""])
    finally:
        monkeypatch.undo()
        time.tzset()

    assert [line["timestamp"] for line in tracker.log] == [
        "2026-03-04T12:00:00.000Z"
    ] * 2
    assert [document["_aws"]["Timestamp"] for document in tracker.metrics] == [
        1772625600000
    ] * 2


def test_a_bucket_of_a_pattern_makes_no_dimension(tracker: Tracker) -> None:
    """Anyone could make up such names, and each would cost a metric."""
    tracker.send(rest(event_of(bucket="data-lake")))

    assert tracker.metrics[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [
        ["FunctionName"]
    ]


def test_a_duplicate_is_counted_as_one(tracker: Tracker) -> None:
    for _ in range(2):
        tracker.send(rest(event_of(eventId="12345678")))

    assert [("DuplicateEvents" in document) for document in tracker.metrics] == [
        False,
        True,
    ]


def test_a_refusal_is_counted_and_logged_by_its_label(tracker: Tracker) -> None:
    tracker.send(rest(event_of(bucket="evil-bucket")))

    (document,) = tracker.metrics
    assert document["Reason"] == "bucket_forbidden"
    assert document["RefusedEvents"] == 1
    assert tracker.log == [
        {
            "timestamp": "2026-03-04T12:00:00.000Z",
            "level": "INFO",
            "message": "refused",
            "requestId": "8f6b8e2c-1f5a-4a8e-9b53-0c1f3c1f0a11",
            "reason": "bucket_forbidden",
            "status": 403,
            "count": 1,
        }
    ]


def test_each_kind_of_line_has_its_level_and_its_members() -> None:
    """Lambda filters by the level, alarms and queries by the rest."""
    lines: list[str] = []
    log = Log(lines.append, "id", NOON)

    log.refused(Refusal.TOO_DEEP)
    log.fault(StorageError(Fault.REFUSED, "403 AccessDenied"), "queue")
    log.unreadable(ValueError("the message is not JSON"))
    log.unfinished(3)

    assert lines == [
        f'{{"timestamp":"2026-03-04T12:00:00.000Z",{rest},"requestId":"id",{members}}}'
        for rest, members in (
            (
                '"level":"INFO","message":"refused"',
                '"reason":"too_deep","status":400,"count":1',
            ),
            (
                '"level":"WARN","message":"storage fault"',
                '"what":"queue","detail":"refused: 403 AccessDenied"',
            ),
            (
                '"level":"ERROR","message":"unreadable message"',
                '"detail":"the message is not JSON"',
            ),
            ('"level":"WARN","message":"out of time"', '"messages":3'),
        )
    ]


def test_values_of_one_request_add_up_by_dimension() -> None:
    meter = Meter("tracker")
    meter.add("StoredEvents", 2, tenant="blog")
    meter.add("StoredEvents", 3, tenant="blog")
    meter.add("RefusedEvents", reason="too_deep")
    meter.add("StorageLatency", 1.5)
    meter.add("StorageLatency", 2.5)

    assert not any(" " in line for line in meter.lines(0.0))
    documents = [json.loads(line) for line in meter.lines(0.0)]

    assert [document.get("StoredEvents") for document in documents] == [5, None, None]
    assert documents[1]["Reason"] == "too_deep"
    assert documents[2]["StorageLatency"] == [1.5, 2.5]


def test_without_metrics_nothing_is_printed(
    tracker_with: Callable[..., Tracker],
) -> None:
    tracker = tracker_with(metrics=False)

    tracker.send(rest(event_of()))

    assert tracker.lines == []


@pytest.mark.parametrize("early", [False, True])
def test_lambdas_entry_is_wired_from_the_environment_once(
    monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    """In Lambda while it starts, elsewhere at the first request."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    if early:
        monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    else:
        monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API", raising=False)
    try:
        fresh = importlib.reload(app)
        assert (fresh._app is not None) is early

        replies = [fresh.handler(rest(method="OPTIONS"), None) for _ in range(2)]

        assert [reply["statusCode"] for reply in replies] == [204, 204]
    finally:
        monkeypatch.undo()
        importlib.reload(app)


@pytest.mark.parametrize("buffered", ["0", "1"])
def test_the_queue_is_the_environments_and_kept_open(
    monkeypatch: pytest.MonkeyPatch, buffered: str
) -> None:
    """In BUFFERED it is opened while Lambda starts, in DIRECT when it is needed."""
    environment = {
        **CREDENTIALS,
        settings.ALLOWED_BUCKETS: "website-analytics",
        settings.QUEUE_URL: "https://sqs.eu-central-1.amazonaws.com/1/events",
        settings.BUFFERED: buffered,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    refuse = scripted_s3.answer(403)
    with (
        scripted_s3.ScriptedS3([refuse, refuse]) as s3,
        scripted_sqs.ScriptedSqs() as sqs,
    ):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", sqs.url)
        store = S3Store.from_environment(os.environ)
        monkeypatch.setattr(S3Store, "from_environment", lambda _: store)
        serve = app._from_environment()

        statuses = [serve(rest(event_of()), None)["statusCode"] for _ in range(2)]

        assert statuses == [202, 202]
        for request in s3.requests:
            assert "/eu-central-1/s3/aws4_request," in request.headers["authorization"]
        for request in sqs.requests:
            assert "/eu-central-1/sqs/aws4_request," in request.headers["authorization"]
        named = {json.loads(request.body)["QueueUrl"] for request in sqs.requests}
        assert named == {environment[settings.QUEUE_URL]}
        assert len(sqs.messages) == 2
        assert len(s3.requests) == (0 if buffered == "1" else 2)
        assert {request.connection for request in sqs.requests} == {
            sqs.requests[0].connection
        }
        store.pool.close()


def test_without_a_queue_the_client_is_asked_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(settings.ALLOWED_BUCKETS, "website-analytics")
    monkeypatch.delenv(settings.QUEUE_URL, raising=False)
    with scripted_s3.ScriptedS3([scripted_s3.answer(403)]) as s3:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
        store = S3Store.from_environment(os.environ)
        monkeypatch.setattr(S3Store, "from_environment", lambda _: store)

        reply = app._from_environment()(rest(event_of()), None)
        store.pool.close()

    assert reply["statusCode"] == 503


def test_a_request_has_no_id_where_nobody_gives_it_one() -> None:
    assert request_id(None) == ""


@pytest.mark.parametrize("name", ["shop-analytics-tracker", None])
def test_the_entry_tells_whose_function_and_whose_request_it_was(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str | None,
) -> None:
    for variable, value in CREDENTIALS.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv(settings.METRICS, "1")
    if name is None:
        monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    else:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", name)
    monkeypatch.setattr(app, "_app", None)

    app.handler(rest({}), Context())

    refused, counted = map(json.loads, capsys.readouterr().out.splitlines())
    assert refused["requestId"] == Context.aws_request_id
    assert counted["FunctionName"] == (name or "")


@pytest.mark.parametrize("module", ["front_door", "sqs"])
def test_a_cold_start_does_without_what_most_trackers_lack(module: str) -> None:
    """Delivery DIRECT hardly ever asks the queue; few have a distribution."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, handler.app\n"
            "from handler import settings\n"
            "handler.app.make_app(settings.Settings(), None)\n"
            f"sys.exit('handler.{module}' in sys.modules)",
        ],
        cwd=SOURCE.parent,
        check=False,
    )

    assert done.returncode == 0


@pytest.mark.parametrize(
    "module", ["app", "writer", "sqs", "pixel", "front_door", "script"]
)
def test_the_function_needs_the_standard_library_alone(module: str) -> None:
    """Copied elsewhere and run without site-packages, it still imports."""
    script = (
        f"import sys, handler.{module}\n"
        "ours = [m for m in sys.modules if m.split('.')[0] == 'handler']\n"
        "known = sys.stdlib_module_names | set(sys.builtin_module_names)\n"
        "strange = {m.split('.')[0] for m in sys.modules} - known\n"
        "sys.exit(str(strange - {'handler', '__main__'}) if len(ours) < 3 or "
        "strange - {'handler', '__main__'} else 0)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "handler")
        copy.mkdir()
        for source in SOURCE.glob("*.py"):
            (copy / source.name).write_bytes(source.read_bytes())
        done = subprocess.run(
            [
                sys.executable,
                "-I",
                "-S",
                "-c",
                f"import sys; sys.path.insert(0, {folder!r})\n{script}",
            ],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")

"""What `analytics-tracker doctor` tells of a queue and its readers.

CloudWatch takes no metrics of AWS's own services from others, so botocore's Stubber
answers in its place.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from analytics_tracker_construct._handler import settings
from analytics_tracker_construct.cli._deployed import Queue
from analytics_tracker_construct.cli._doctor import queue
from analytics_tracker_construct.cli._doctor.subject import Subject

from .cloud import ACCOUNT, REGION

_NOW = datetime(2026, 3, 4, tzinfo=timezone.utc)
_QUEUE = Queue(
    url="https://sqs.eu-west-1.amazonaws.com/123456789012/tracker",
    arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:tracker",
    visible=1234,
    in_flight=5,
    retention=14 * 86_400,
    visibility=420,
    dead_letters=f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead",
)
_MAPPING: dict[str, Any] = {
    "UUID": "0a1b",
    "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:writer",
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "MaximumBatchingWindowInSeconds": 60,
    "State": "Enabled",
    "LastProcessingResult": "OK",
}


class _CloudWatch:
    """It knows how old the oldest message is, and was before."""

    region = REGION

    def __init__(self, age: float | None) -> None:
        self._client = boto3.client(
            "cloudwatch",
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        points = [] if age is None else [(_NOW, age), (_NOW - timedelta(hours=1), 9e6)]
        stub = Stubber(self._client)
        stub.add_response(
            "get_metric_statistics",
            {"Datapoints": [{"Timestamp": at, "Maximum": old} for at, old in points]},
            {
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": "tracker"}],
                "StartTime": ANY,
                "EndTime": ANY,
                "Period": 300,
                "Statistics": ["Maximum"],
            },
        )
        stub.activate()

    def client(self, _: str) -> Any:
        """Return the client, as `Aws` does."""
        return self._client


def _depth(age: float | None, **changes: Any) -> list[tuple[str, str]]:
    subject = Subject(
        aws=_CloudWatch(age),  # type: ignore[arg-type]  # it has what is asked of it
        function="ingest",
        arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ingest",
        settings=settings.Settings(),
        roles=(),
        now=_NOW,
    )
    found = queue.depth(subject, _QUEUE._replace(**changes))
    return [(finding.outcome.value, finding.found) for finding in found]


@pytest.mark.parametrize(
    ("age", "outcome", "said"),
    [
        (None, "ok", "CloudWatch knows no age of the oldest"),
        (40, "ok", "the oldest is 40 seconds old"),
        (3599, "ok", "the oldest is 60 minutes old"),
        (7200, "warning", "the oldest is 2 hours old"),
        (86_400, "failure", "the oldest is 24 hours old"),
        (300_000, "failure", "the oldest is 3 days old"),
    ],
)
def test_old_messages_mean_that_the_writer_does_not_keep_up(
    age: float | None, outcome: str, said: str
) -> None:
    ((found, words),) = _depth(age)

    assert found == outcome
    assert words.startswith("1,234 messages wait, 5 are in flight")
    assert words.endswith(said)


def test_messages_that_are_kept_too_short_are_a_warning() -> None:
    assert ("warning", "messages are kept for 4.0 days, not 14") in _depth(
        40, retention=345_600
    )


def test_a_queue_without_dead_letters_fails() -> None:
    assert [outcome for outcome, _ in _depth(40, dead_letters=None)] == [
        "failure",
        "ok",
    ]


@pytest.mark.parametrize(
    ("changes", "outcomes"),
    [
        ({}, ["ok"]),
        ({"LastProcessingResult": "PROBLEM: Function call failed"}, ["failure"]),
        ({"State": "Disabling"}, ["failure"]),
        ({"State": "Updating"}, ["warning"]),
        ({"FunctionResponseTypes": []}, ["ok", "failure"]),
        ({"MaximumBatchingWindowInSeconds": 61}, ["ok", "warning"]),
    ],
)
def test_a_writer_reads_as_it_must(
    changes: dict[str, Any], outcomes: list[str]
) -> None:
    found = queue.readers([_MAPPING | changes], _QUEUE, timeout=60)

    assert [finding.outcome.value for finding in found] == outcomes


def test_a_mapping_that_tells_no_failures_is_set_by_its_id() -> None:
    mapping = _MAPPING | {"FunctionResponseTypes": []}

    _, finding = queue.readers([mapping], _QUEUE, timeout=60)

    assert finding.advice == (
        "set it: aws lambda update-event-source-mapping --function-response-types "
        "ReportBatchItemFailures --uuid 0a1b"
    )

"""Metrics, dashboard and alarms."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_sns as sns

from analytics_tracker_construct import AnalyticsTracker, Delivery, TrackerApi
from analytics_tracker_construct._deployed_numbers import RETENTION_DAYS
from analytics_tracker_construct._handler import metrics

from .templates import Built, build, flat

#: What the functions count: the metric, and what is made of its values.
METHODS = {
    "metric_duplicate_events": (metrics.DUPLICATE, "Sum"),
    "metric_failed_messages": (metrics.FAILED_MESSAGES, "Sum"),
    "metric_missing_salts": (metrics.MISSING_SALTS, "Sum"),
    "metric_queue_faults": (metrics.QUEUE_FAULTS, "Sum"),
    "metric_queued_events": (metrics.QUEUED, "Sum"),
    "metric_recovered_events": (metrics.STORED, "Sum"),
    "metric_refused_events": (metrics.REFUSED, "Sum"),
    "metric_storage_faults": (metrics.STORAGE_FAULTS, "Sum"),
    "metric_storage_latency": (metrics.STORAGE_LATENCY, "p99"),
    "metric_stored_events": (metrics.STORED, "Sum"),
}
#: Those that the writer writes, always and with delivery BUFFERED.
OF_THE_WRITER = {"metric_failed_messages", "metric_recovered_events"}
OF_THE_WRITER_BUFFERED = OF_THE_WRITER | {
    "metric_duplicate_events",
    "metric_storage_faults",
    "metric_storage_latency",
    "metric_stored_events",
}
#: What SQS itself counts: the queue's id, the metric.
OF_SQS = {
    "metric_dead_letters": (
        "DeadLetterQueue",
        "ApproximateNumberOfMessagesVisible",
    ),
    "metric_oldest_message_age": ("Queue", "ApproximateAgeOfOldestMessage"),
    "metric_waiting_messages": ("Queue", "ApproximateNumberOfMessagesVisible"),
}


def test_nothing_is_measured_by_default(minimal: Built) -> None:
    minimal.template.resource_count_is("AWS::CloudWatch::Dashboard", 0)
    minimal.template.resource_count_is("AWS::CloudWatch::Alarm", 0)
    assert minimal.tracker.dashboard is None
    assert minimal.tracker.alarms == ()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_metric_is_that_of_a_function(full: Built, method: str) -> None:
    metric = getattr(full.tracker, method)()
    tracker = full.tracker
    function = tracker.writer if method in OF_THE_WRITER else tracker.function

    name, statistic = METHODS[method]
    assert (metric.namespace, metric.metric_name) == (metrics.NAMESPACE, name)
    assert metric.statistic == statistic
    assert metric.period.to_minutes() == 5
    assert metric.dimensions == {metrics.FUNCTION: function.function_name}


def test_buffered_the_writers_metrics_tell_of_storing(stack: Stack) -> None:
    tracker = AnalyticsTracker(
        stack, "Tracker", delivery=Delivery.BUFFERED, enable_metrics=True
    )

    of_the_writer = {
        method
        for method in METHODS
        if getattr(tracker, method)().dimensions
        == {metrics.FUNCTION: tracker.writer.function_name}
    }

    assert of_the_writer == OF_THE_WRITER_BUFFERED


@pytest.mark.parametrize("method", sorted(OF_SQS))
def test_the_queues_metrics_are_always_there(minimal: Built, method: str) -> None:
    """SQS counts by itself, without `enable_metrics`."""
    metric = getattr(minimal.tracker, method)()

    queue, name = OF_SQS[method]
    made = {
        "Queue": minimal.tracker.queue,
        "DeadLetterQueue": minimal.tracker.dead_letter_queue,
    }
    assert (metric.namespace, metric.metric_name) == ("AWS/SQS", name)
    assert metric.dimensions == {"QueueName": made[queue].queue_name}
    assert (metric.statistic, metric.period.to_minutes()) == ("Maximum", 5)


def test_every_metric_of_the_handler_has_its_method() -> None:
    names = {
        value
        for name, value in vars(metrics).items()
        if name.isupper()
        and not name.startswith("_")
        and name not in {"NAMESPACE", "FUNCTION", "TENANT", "REASON"}
    }

    assert {name for name, _ in METHODS.values()} == names


@pytest.mark.parametrize("method", sorted({*METHODS, *OF_SQS}))
def test_the_callers_options_win(full: Built, method: str) -> None:
    metric = getattr(full.tracker, method)(
        label="mine", period=Duration.hours(1), statistic="Minimum"
    )

    assert (metric.label, metric.statistic) == ("mine", "Minimum")
    assert metric.period.to_hours() == 1


def test_events_can_be_counted_by_tenant(full: Built) -> None:
    tenant = full.tracker.tenants["acme"]

    for metric in (
        full.tracker.metric_stored_events(tenant=tenant),
        full.tracker.metric_duplicate_events(tenant=tenant),
        full.tracker.metric_queued_events(tenant=tenant),
        full.tracker.metric_recovered_events(tenant=tenant),
    ):
        assert (metric.dimensions or {})[metrics.TENANT] == "acme"


def test_refusals_can_be_counted_by_reason(full: Built) -> None:
    metric = full.tracker.metric_refused_events(reason="bucket_forbidden")

    assert (metric.dimensions or {})[metrics.REASON] == "bucket_forbidden"


def _line(metric: list[Any]) -> str:
    """What a line of a graph shows, and what it is called."""
    said = metric[-1] if isinstance(metric[-1], dict) else {}
    if "expression" in said:
        return str(said["expression"]).partition(f" {metrics.FUNCTION}=")[0]
    return f"{metric[1]} {said.get('label', '')}".strip()


def test_each_graph_of_the_dashboard_has_its_lines(full: Built) -> None:
    body = json.loads(flat(full.only("AWS::CloudWatch::Dashboard")["DashboardBody"]))

    graphs = {
        widget["properties"]["title"]: list(map(_line, widget["properties"]["metrics"]))
        for widget in body["widgets"]
    }
    by = f"SEARCH('{{{metrics.NAMESPACE},{metrics.FUNCTION},"
    assert graphs == {
        "Events": [
            f"{metrics.STORED} stored",
            f"{metrics.DUPLICATE} duplicate",
            f"{metrics.QUEUED} queued",
            f"{metrics.REFUSED} refused",
        ],
        "Stored by tenant": [f'{by}{metrics.TENANT}}} MetricName="{metrics.STORED}"'],
        "Refused by reason": [f'{by}{metrics.REASON}}} MetricName="{metrics.REFUSED}"'],
        "Storage latency (ms)": [
            f"{metrics.STORAGE_LATENCY} p50",
            f"{metrics.STORAGE_LATENCY} p99",
        ],
        "Faults": [
            f"{metrics.STORAGE_FAULTS} storage",
            f"{metrics.QUEUE_FAULTS} queue",
            f"{metrics.MISSING_SALTS} missing salts",
        ],
        "Messages": [
            "ApproximateNumberOfMessagesVisible waiting",
            "ApproximateNumberOfMessagesVisible dead letters",
            f"{metrics.FAILED_MESSAGES} failed",
        ],
        "Oldest message (s)": ["ApproximateAgeOfOldestMessage"],
        "Stored by the writer": [
            f"{metrics.STORED} stored",
            f"{metrics.DUPLICATE} duplicate",
        ],
        "Errors and throttles": [
            "Errors errors",
            "Throttles throttles",
            "Errors writer's errors",
            "Throttles writer's throttles",
        ],
        "Function duration (ms)": [
            "Duration p50",
            "Duration p99",
            "Duration writer's p99",
        ],
        "Function concurrency": ["ConcurrentExecutions"],
        "API requests": ["Count"],
        "API errors": ["4XXError", "5XXError"],
        "API latency (ms)": ["Latency p50", "Latency p99"],
    }


def test_the_dashboards_name_is_not_fixed(full: Built) -> None:
    assert "DashboardName" not in full.only("AWS::CloudWatch::Dashboard")


def test_these_things_raise_an_alarm_at_once(full: Built) -> None:
    watched = {
        name.removeprefix("TrackerAlarms")[:-8]: (
            alarm["Properties"]["Namespace"],
            alarm["Properties"]["MetricName"],
            alarm["Properties"]["Threshold"],
        )
        for name, alarm in full.all("AWS::CloudWatch::Alarm").items()
    }

    assert watched == {
        "ApiServerErrors": ("AWS/ApiGateway", "5XXError", 1),
        "DeadLetters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", 1),
        "FunctionErrors": ("AWS/Lambda", "Errors", 1),
        "FunctionThrottles": ("AWS/Lambda", "Throttles", 1),
        "MissingSalts": (metrics.NAMESPACE, metrics.MISSING_SALTS, 1),
        "OldestMessage": ("AWS/SQS", "ApproximateAgeOfOldestMessage", 3600),
        "QueueFaults": (metrics.NAMESPACE, metrics.QUEUE_FAULTS, 1),
        "StorageFaults": (metrics.NAMESPACE, metrics.STORAGE_FAULTS, 1),
        "WriterErrors": ("AWS/Lambda", "Errors", 1),
    }


def test_an_alarm_goes_off_at_what_it_says_within_five_minutes(full: Built) -> None:
    for name, alarm in full.all("AWS::CloudWatch::Alarm").items():
        properties = alarm["Properties"]
        waits = "DeadLetters" in name or "OldestMessage" in name
        assert properties["Statistic"] == ("Maximum" if waits else "Sum")
        assert (properties["Period"], properties["EvaluationPeriods"]) == (300, 1)
        assert properties["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_an_alarm_watches_the_part_that_it_is_named_after(full: Built) -> None:
    watched = {
        name.removeprefix("TrackerAlarms")[:-8]: sorted(
            flat(each["Value"]) for each in alarm["Properties"]["Dimensions"]
        )
        for name, alarm in full.all("AWS::CloudWatch::Alarm").items()
    }

    ingest = f"<{full.id_of('AWS::Lambda::Function', 'Function')}>"
    writer = f"<{full.id_of('AWS::Lambda::Function', 'Writer')}>"
    api = flat(full.all("AWS::ApiGateway::RestApi"))
    assert watched.pop("ApiServerErrors") == [
        each["Properties"]["Name"] for each in api.values()
    ]
    queue, dead = (
        [f"<{full.id_of('AWS::SQS::Queue', name)}.QueueName>"]
        for name in ("Queue", "DeadLetterQueue")
    )
    assert watched == {
        "DeadLetters": dead,
        "FunctionErrors": [ingest],
        "FunctionThrottles": [ingest],
        "MissingSalts": [ingest],
        "OldestMessage": queue,
        "QueueFaults": [ingest],
        "StorageFaults": [ingest],
        "WriterErrors": [writer],
    }


def test_dead_letters_are_told_of_with_the_way_back(full: Built) -> None:
    """There is a time limit, and a command that brings them back."""
    made = full.all("AWS::CloudWatch::Alarm")
    (found,) = [made[i] for i in made if "DeadLetters" in i]

    description = found["Properties"]["AlarmDescription"]
    assert f"for {RETENTION_DAYS} days from their arrival" in description
    assert "`analytics-tracker replay`" in description
    (dimension,) = found["Properties"]["Dimensions"]
    assert "DeadLetterQueue" in str(dimension["Value"])


def test_an_alarm_says_what_to_do_and_whom_it_tells(full: Built) -> None:
    for alarm in full.all("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        assert properties["TreatMissingData"] == "notBreaching"
        assert properties["AlarmDescription"].count(". ") >= 1
        (action,) = properties["AlarmActions"]
        assert action["Ref"].startswith("Topic")


def test_metrics_come_without_alarms_if_nobody_listens(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", enable_metrics=True)

    build(tracker).template.resource_count_is("AWS::CloudWatch::Alarm", 0)
    assert tracker.alarms == ()


@pytest.mark.parametrize("heard", [False, True])
def test_the_dashboard_is_exposed_whether_or_not_somebody_listens(
    stack: Stack, heard: bool
) -> None:
    topic = sns.Topic(stack, "Topic") if heard else None
    tracker = AnalyticsTracker(stack, "Tracker", alarm_topic=topic, enable_metrics=True)

    assert tracker.dashboard is not None
    assert tracker.dashboard.node.path == "Host/Tracker/Dashboard"


def test_alarms_are_exposed(full: Built) -> None:
    assert {alarm.node.id for alarm in full.tracker.alarms} == {
        "ApiServerErrors",
        "DeadLetters",
        "FunctionErrors",
        "FunctionThrottles",
        "MissingSalts",
        "OldestMessage",
        "QueueFaults",
        "StorageFaults",
        "WriterErrors",
    }


def test_an_existing_api_has_no_alarm(stack: Stack) -> None:
    """Its errors are not only the tracker's."""
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        alarm_topic=sns.Topic(stack, "Topic"),
        api=TrackerApi.existing_rest(apigateway.RestApi(stack, "Api")),
        enable_metrics=True,
    )

    assert "ApiServerErrors" not in {alarm.node.id for alarm in tracker.alarms}

"""Metrics, dashboard and alarms."""

from __future__ import annotations

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_sns as sns

from analytics_tracker_construct import AnalyticsTracker, TrackerApi
from analytics_tracker_construct._handler import metrics

from .templates import Built, build, flat

METHODS = {
    "metric_duplicate_events": (metrics.DUPLICATE, "Sum"),
    "metric_missing_salts": (metrics.MISSING_SALTS, "Sum"),
    "metric_refused_events": (metrics.REFUSED, "Sum"),
    "metric_storage_faults": (metrics.STORAGE_FAULTS, "Sum"),
    "metric_storage_latency": (metrics.STORAGE_LATENCY, "p99"),
    "metric_stored_events": (metrics.STORED, "Sum"),
}


def test_nothing_is_measured_by_default(minimal: Built) -> None:
    minimal.template.resource_count_is("AWS::CloudWatch::Dashboard", 0)
    minimal.template.resource_count_is("AWS::CloudWatch::Alarm", 0)
    assert minimal.tracker.dashboard is None
    assert minimal.tracker.alarms == ()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_metric_is_that_of_the_function(full: Built, method: str) -> None:
    metric = getattr(full.tracker, method)()

    name, statistic = METHODS[method]
    assert (metric.namespace, metric.metric_name) == (metrics.NAMESPACE, name)
    assert metric.statistic == statistic
    assert metric.period.to_minutes() == 5
    assert metric.dimensions == {metrics.FUNCTION: full.tracker.function.function_name}


def test_every_metric_of_the_handler_has_its_method() -> None:
    names = {
        value
        for name, value in vars(metrics).items()
        if name.isupper()
        and not name.startswith("_")
        and name not in {"NAMESPACE", "FUNCTION", "TENANT", "REASON"}
    }

    assert {name for name, _ in METHODS.values()} == names


def test_the_callers_options_win(full: Built) -> None:
    metric = full.tracker.metric_storage_latency(
        label="slowest", period=Duration.hours(1), statistic="Maximum"
    )

    assert (metric.label, metric.statistic) == ("slowest", "Maximum")
    assert metric.period.to_hours() == 1


def test_events_can_be_counted_by_tenant(full: Built) -> None:
    tenant = full.tracker.tenants["acme"]

    for metric in (
        full.tracker.metric_stored_events(tenant=tenant),
        full.tracker.metric_duplicate_events(tenant=tenant),
    ):
        assert (metric.dimensions or {})[metrics.TENANT] == "acme"


def test_refusals_can_be_counted_by_reason(full: Built) -> None:
    metric = full.tracker.metric_refused_events(reason="bucket_forbidden")

    assert (metric.dimensions or {})[metrics.REASON] == "bucket_forbidden"


@pytest.mark.parametrize(
    "shown",
    [
        *(name for name, _ in METHODS.values()),
        "{AnalyticsTracker,FunctionName,Reason}",
        "{AnalyticsTracker,FunctionName,Tenant}",
        "Throttles",
        "ConcurrentExecutions",
        "Duration",
        "4XXError",
        "5XXError",
        "Latency",
        '"p50"',
        '"p99"',
    ],
)
def test_the_dashboard_shows(full: Built, shown: str) -> None:
    body = flat(full.only("AWS::CloudWatch::Dashboard")["DashboardBody"])

    assert shown in body


def test_the_dashboards_name_is_not_fixed(full: Built) -> None:
    assert "DashboardName" not in full.only("AWS::CloudWatch::Dashboard")


def test_these_things_raise_an_alarm(full: Built) -> None:
    watched = {
        (alarm["Properties"]["Namespace"], alarm["Properties"]["MetricName"])
        for alarm in full.all("AWS::CloudWatch::Alarm").values()
    }

    assert watched == {
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/ApiGateway", "5XXError"),
        (metrics.NAMESPACE, metrics.STORAGE_FAULTS),
        (metrics.NAMESPACE, metrics.MISSING_SALTS),
    }


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


def test_alarms_are_exposed(full: Built) -> None:
    assert {alarm.node.id for alarm in full.tracker.alarms} == {
        "ApiServerErrors",
        "FunctionErrors",
        "FunctionThrottles",
        "MissingSalts",
        "StorageFaults",
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

"""What a tracker shows of its metrics: the dashboard and the alarms."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from ._alarms import make_alarms
from ._api_plan import ApiMetrics
from ._dashboard import make_dashboard
from ._delivery import DeliveryMembers
from ._metrics import MetricMethods, Metrics, TrackerMetrics
from .delivery import Delivery


class Monitoring(NamedTuple):
    """What there is with `enable_metrics`."""

    metrics: TrackerMetrics | None = None
    dashboard: cloudwatch.Dashboard | None = None
    alarms: tuple[cloudwatch.Alarm, ...] = ()


class MonitoringMembers(MetricMethods):
    """The metrics of a tracker, its dashboard and its alarms."""

    _dashboard: cloudwatch.Dashboard | None
    _alarms: tuple[cloudwatch.Alarm, ...]

    @property
    def dashboard(self) -> cloudwatch.Dashboard | None:
        """The dashboard, with `enable_metrics`."""
        return self._dashboard

    @property
    def alarms(self) -> tuple[cloudwatch.Alarm, ...]:
        """The alarms, with `alarm_topic`."""
        return self._alarms


def monitor(
    scope: Construct,
    alarm_topic: sns.ITopic | None,
    *,
    function: lambda_.IFunction,
    queued: DeliveryMembers,
    api: ApiMetrics | None,
) -> Monitoring:
    """Define the metrics, the dashboard and, for a topic, the alarms.

    Args:
        scope: The tracker.
        alarm_topic: Where alarms are sent, if there are any.
        function: The function that takes requests.
        queued: The tracker's queue and writer.
        api: The metrics of an API that is the tracker's own.
    """
    ingest = Metrics(function.function_name)
    writer = Metrics(queued.writer.function_name)
    buffered = queued.delivery is Delivery.BUFFERED
    own = TrackerMetrics(ingest, writer, writer if buffered else ingest)
    dashboard = make_dashboard(
        scope, api=api, function=function, own=own, queued=queued
    )
    if alarm_topic is None:
        return Monitoring(own, dashboard)
    alarms = make_alarms(
        scope, alarm_topic, api=api, function=function, own=own, queued=queued
    )
    return Monitoring(own, dashboard, alarms)

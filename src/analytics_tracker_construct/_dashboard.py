"""The dashboard of a tracker: what comes in, what is refused, how fast it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ._api_plan import ApiMetrics
from ._delivery import DeliveryMembers
from ._handler import metrics
from ._metrics import PERIOD, TrackerMetrics

#: CloudWatch's columns; widgets of a row share them.
_COLUMNS = 24


class _Graph(NamedTuple):
    title: str
    lines: Sequence[cloudwatch.IMetric]


def make_dashboard(
    scope: Construct,
    *,
    function: lambda_.IFunction,
    queued: DeliveryMembers,
    own: TrackerMetrics,
    api: ApiMetrics | None,
) -> cloudwatch.Dashboard:
    """Return a dashboard; its name is made by CloudFormation.

    Args:
        scope: The tracker.
        function: The function that takes requests.
        queued: The tracker's queue and writer.
        own: The metrics that the functions write.
        api: The metrics of an API that is the tracker's own.
    """
    rows = [
        [
            _graph(
                "Events",
                own.storing.get(metrics.STORED).with_(label="stored"),
                own.storing.get(metrics.DUPLICATE).with_(label="duplicate"),
                own.ingest.get(metrics.QUEUED).with_(label="queued"),
                own.ingest.get(metrics.REFUSED).with_(label="refused"),
            ),
            _graph("Stored by tenant", own.storing.by(metrics.STORED, metrics.TENANT)),
            _graph("Refused by reason", own.ingest.by(metrics.REFUSED, metrics.REASON)),
        ],
        [
            _graph(
                "Storage latency (ms)",
                own.storing.get(metrics.STORAGE_LATENCY, "p50").with_(label="p50"),
                own.storing.get(metrics.STORAGE_LATENCY, "p99").with_(label="p99"),
            ),
            _graph(
                "Faults",
                own.storing.get(metrics.STORAGE_FAULTS).with_(label="storage"),
                own.ingest.get(metrics.QUEUE_FAULTS).with_(label="queue"),
                own.ingest.get(metrics.MISSING_SALTS).with_(label="missing salts"),
            ),
        ],
        [
            _graph(
                "Messages",
                queued.metric_waiting_messages(label="waiting"),
                queued.metric_dead_letters(label="dead letters"),
                own.writer.get(metrics.FAILED_MESSAGES).with_(label="failed"),
            ),
            _graph("Oldest message (s)", queued.metric_oldest_message_age()),
            _graph(
                "Stored by the writer",
                own.writer.get(metrics.STORED).with_(label="stored"),
                own.writer.get(metrics.DUPLICATE).with_(label="duplicate"),
            ),
        ],
        [
            _graph(
                "Errors and throttles",
                function.metric_errors(period=PERIOD, label="errors"),
                function.metric_throttles(period=PERIOD, label="throttles"),
                queued.writer.metric_errors(period=PERIOD, label="writer's errors"),
                queued.writer.metric_throttles(
                    period=PERIOD, label="writer's throttles"
                ),
            ),
            _graph(
                "Function duration (ms)",
                function.metric_duration(period=PERIOD, statistic="p50", label="p50"),
                function.metric_duration(period=PERIOD, statistic="p99", label="p99"),
                queued.writer.metric_duration(
                    period=PERIOD, statistic="p99", label="writer's p99"
                ),
            ),
            _graph(
                "Function concurrency",
                function.metric("ConcurrentExecutions", statistic="Maximum"),
            ),
        ],
    ]
    if api is not None:
        rows.append(
            [
                _graph("API requests", api.requests),
                _graph("API errors", api.client_errors, api.server_errors),
                _graph(
                    "API latency (ms)",
                    api.latency.with_(statistic="p50", label="p50"),
                    api.latency.with_(statistic="p99", label="p99"),
                ),
            ]
        )
    dashboard = cloudwatch.Dashboard(scope, "Dashboard")
    for row in rows:
        width = _COLUMNS // len(row)
        dashboard.add_widgets(
            *(
                cloudwatch.GraphWidget(
                    left=list(graph.lines), title=graph.title, width=width
                )
                for graph in row
            )
        )
    return dashboard


def _graph(title: str, *lines: cloudwatch.IMetric) -> _Graph:
    return _Graph(title, lines)

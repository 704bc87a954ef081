"""The dashboard of a tracker: what comes in, what is refused, how fast it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ._front import ApiMetrics
from ._handler import metrics
from ._metrics import PERIOD, Metrics

#: CloudWatch's columns; widgets of a row share them.
_COLUMNS = 24


class _Graph(NamedTuple):
    title: str
    lines: Sequence[cloudwatch.IMetric]


def make_dashboard(
    scope: Construct,
    *,
    function: lambda_.IFunction,
    own: Metrics,
    api: ApiMetrics | None,
) -> cloudwatch.Dashboard:
    """Return a dashboard; its name is made by CloudFormation."""
    rows = [
        [
            _graph(
                "Events",
                own.get(metrics.STORED).with_(label="stored"),
                own.get(metrics.DUPLICATE).with_(label="duplicate"),
                own.get(metrics.REFUSED).with_(label="refused"),
            ),
            _graph("Stored by tenant", own.by(metrics.STORED, metrics.TENANT)),
            _graph("Refused by reason", own.by(metrics.REFUSED, metrics.REASON)),
        ],
        [
            _graph(
                "Storage latency (ms)",
                own.get(metrics.STORAGE_LATENCY, "p50").with_(label="p50"),
                own.get(metrics.STORAGE_LATENCY, "p99").with_(label="p99"),
            ),
            _graph(
                "Storage faults and missing salts",
                own.get(metrics.STORAGE_FAULTS).with_(label="storage faults"),
                own.get(metrics.MISSING_SALTS).with_(label="missing salts"),
            ),
        ],
        [
            _graph(
                "Function errors and throttles",
                function.metric_errors(period=PERIOD),
                function.metric_throttles(period=PERIOD),
            ),
            _graph(
                "Function duration (ms)",
                function.metric_duration(period=PERIOD, statistic="p50", label="p50"),
                function.metric_duration(period=PERIOD, statistic="p99", label="p99"),
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

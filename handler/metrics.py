"""Metrics in CloudWatch's embedded metric format: counted here, printed as JSON lines.

The names are a contract with the construct's `metric_*` methods, dashboard and alarms.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

NAMESPACE = "AnalyticsTracker"

FUNCTION = "FunctionName"
"""Dimension: the function's name. Every metric has it."""
TENANT = "Tenant"
"""Dimension: the registered tenant of a stored or duplicate event."""
REASON = "Reason"
"""Dimension: the label of a refusal."""

STORED = "StoredEvents"
DUPLICATE = "DuplicateEvents"
REFUSED = "RefusedEvents"
STORAGE_FAULTS = "StorageFaults"
MISSING_SALTS = "MissingSalts"
STORAGE_LATENCY = "StorageLatency"
QUEUED = "QueuedEvents"
QUEUE_FAULTS = "QueueFaults"
FAILED_MESSAGES = "FailedMessages"

_UNITS = {STORAGE_LATENCY: "Milliseconds"}
# Values of one metric that a line may have; with more, all of it would be lost.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
_VALUES = 100


class Meter:
    """What one request adds to the metrics.

    Args:
        function: The value of the `FunctionName` dimension.
        on: Whether anybody asked for metrics; else nothing is noted.
    """

    def __init__(self, function: str, *, on: bool = True) -> None:
        self._function = function
        self.on = on
        """Whether anything is noted."""
        # One group for each set of extra dimensions, since a line has one value each.
        self._groups: dict[tuple[str, str], dict[str, list[float]]] = {}

    def add(
        self,
        metric: str,
        value: float = 1,
        *,
        tenant: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Note one value of a metric.

        Args:
            metric: One of the names above.
            value: The value; the unit is the metric's own.
            tenant: The tenant it also counts for.
            reason: The refusal it also counts for.
        """
        if not self.on:
            return
        extra = (TENANT, tenant) if tenant else (REASON, reason) if reason else ("", "")
        self._groups.setdefault(extra, {}).setdefault(metric, []).append(value)

    def add_write(
        self, seconds: float, events: int, *, duplicate: bool, tenant: str | None
    ) -> None:
        """Note a write that the store has acknowledged.

        Args:
            seconds: How long it took.
            events: How many events it held.
            duplicate: Whether they had been there before.
            tenant: Whose they are.
        """
        self.add(STORAGE_LATENCY, round(seconds * 1000, 1), tenant=tenant)
        self.add(DUPLICATE if duplicate else STORED, events, tenant=tenant)

    def lines(self, now: float) -> list[str]:
        """Return lines of JSON for each set of dimensions that got a value.

        Args:
            now: Seconds since the epoch.
        """
        return [
            self._line(name, value, part, now)
            for (name, value), metrics in self._groups.items()
            for part in _parts(metrics)
        ]

    def _line(
        self, name: str, value: str, metrics: Mapping[str, object], now: float
    ) -> str:
        dimensions = [[FUNCTION], [FUNCTION, name]] if name else [[FUNCTION]]
        document: dict[str, object] = {
            "_aws": {
                "Timestamp": int(now * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": dimensions,
                        "Metrics": [
                            {"Name": metric, "Unit": _UNITS.get(metric, "Count")}
                            for metric in metrics
                        ],
                    }
                ],
            },
            FUNCTION: self._function,
        }
        if name:
            document[name] = value
        return json.dumps({**document, **metrics}, separators=(",", ":"))


def _parts(metrics: Mapping[str, list[float]]) -> Iterator[dict[str, object]]:
    """Return what a line may say of each metric, and what is left for the next."""
    part: dict[str, object] = {}
    left: dict[str, list[float]] = {}
    for metric, values in metrics.items():
        if metric not in _UNITS:
            # Counts of one line are one sum; latencies keep their distribution.
            part[metric] = sum(values)
            continue
        part[metric] = values[:_VALUES]
        if len(values) > _VALUES:
            left[metric] = values[_VALUES:]
    yield part
    if left:
        yield from _parts(left)

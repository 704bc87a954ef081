"""The metrics that the function writes, as CloudWatch objects."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from typing_extensions import Unpack

from ._handler import metrics, refusals
from .tenant import Tenant

PERIOD = Duration.minutes(5)


class MetricOptions(TypedDict, total=False):
    """What a `metric_*` method lets the caller change."""

    account: str
    color: str
    label: str
    period: Duration
    region: str
    statistic: str


class Metrics(NamedTuple):
    """The metrics of one function.

    Args:
        function_name: The value of their first dimension.
    """

    function_name: str

    def get(
        self,
        name: str,
        statistic: str = cloudwatch.Stats.SUM,
        dimension: tuple[str, str] | None = None,
    ) -> cloudwatch.Metric:
        """Return one metric over five minutes.

        Args:
            name: The metric's name.
            statistic: What is made of its values.
            dimension: A second dimension and its value.
                Default: all events of the function.
        """
        dimensions = {metrics.FUNCTION: self.function_name}
        if dimension is not None:
            dimensions[dimension[0]] = dimension[1]
        return cloudwatch.Metric(
            dimensions_map=dimensions,
            metric_name=name,
            namespace=metrics.NAMESPACE,
            period=PERIOD,
            statistic=statistic,
        )

    def by(self, name: str, dimension: str) -> cloudwatch.MathExpression:
        """Return one metric as a line for each value of a second dimension."""
        return cloudwatch.MathExpression(
            expression=(
                f"SEARCH('{{{metrics.NAMESPACE},{metrics.FUNCTION},{dimension}}} "
                f'MetricName="{name}" {metrics.FUNCTION}="{self.function_name}"\', '
                f"'Sum', {int(PERIOD.to_seconds())})"
            ),
            label="",
            period=PERIOD,
            using_metrics={},
        )


class MetricMethods:
    """The `metric_*` methods of a tracker; each takes `enable_metrics=True`."""

    _metrics: Metrics | None

    def metric_stored_events(
        self, tenant: Tenant | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events stored; by default, their sum over 5 minutes.

        Args:
            tenant: Whose events to count.
                Default: everybody's.
            options: What to change of the metric.
        """
        return self._metric(metrics.STORED, _of(tenant)).with_(**options)

    def metric_duplicate_events(
        self, tenant: Tenant | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events that were stored before; by default, their sum.

        Args:
            tenant: Whose events to count.
                Default: everybody's.
            options: What to change of the metric.
        """
        return self._metric(metrics.DUPLICATE, _of(tenant)).with_(**options)

    def metric_refused_events(
        self, reason: str | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events refused; by default, their sum over 5 minutes.

        Args:
            reason: The label of one refusal, such as `bucket_forbidden`.
                Default: all of them.
            options: What to change of the metric.

        Raises:
            ValueError: If there is no such reason.
        """
        labels = sorted(refusal.label for refusal in refusals.Refusal)
        if reason is not None and reason not in labels:
            raise ValueError(
                f"'reason' must be a refusal's label, got {reason!r}; "
                f"one of {', '.join(labels)}"
            )
        dimension = None if reason is None else (metrics.REASON, reason)
        return self._metric(metrics.REFUSED, dimension).with_(**options)

    def metric_storage_faults(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events that S3 did not take; by default, their sum."""
        return self._metric(metrics.STORAGE_FAULTS).with_(**options)

    def metric_missing_salts(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events stored without `ip` for want of a salt, their sum."""
        return self._metric(metrics.MISSING_SALTS).with_(**options)

    def metric_storage_latency(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """How long S3 takes for an event, in ms; by default, the 99th percentile."""
        return self._metric(metrics.STORAGE_LATENCY, statistic="p99").with_(**options)

    def _metric(
        self,
        name: str,
        dimension: tuple[str, str] | None = None,
        statistic: str = cloudwatch.Stats.SUM,
    ) -> cloudwatch.Metric:
        if self._metrics is None:
            raise ValueError(
                f"the metric {name} is not written, because 'enable_metrics' is False; "
                "pass enable_metrics=True to the tracker"
            )
        return self._metrics.get(name, statistic, dimension)


def _of(tenant: Tenant | None) -> tuple[str, str] | None:
    return None if tenant is None else (metrics.TENANT, tenant.name)

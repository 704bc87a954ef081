"""The metrics that the functions write, as CloudWatch objects."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypedDict

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from typing_extensions import Unpack

from . import _tenant_checks
from ._handler import metrics, refusals
from .tenant import Tenant

PERIOD = Duration.minutes(5)


class MetricOptions(TypedDict, total=False):
    """What a `metric_*` method lets the caller change.

    Attributes:
        account: The account whose metric it is.
            Default: the stack's.
        color: The colour of its line on a dashboard, such as `#1f77b4`.
            Default: CloudWatch's choice.
        label: What it is called on a dashboard.
            Default: the metric's name.
        period: The time of which one value is made.
            Default: 5 minutes.
        region: The region whose metric it is.
            Default: the stack's.
        statistic: What is made of the values of a period, such as `Sum` or `p99`.
            Default: what the method says.
    """

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


class TrackerMetrics(NamedTuple):
    """The metrics of a tracker's functions, by what they do."""

    ingest: Metrics
    """Of the function that takes requests."""
    writer: Metrics
    """Of the function that stores what waits in the queue."""
    storing: Metrics
    """Of the one that stores every event, unless S3 or SQS fails."""


class MetricMethods:
    """The `metric_*` methods of a tracker; each takes `enable_metrics=True`.

    Those about storing are the function's own with delivery DIRECT, and the writer's
    with BUFFERED.
    """

    _metrics: TrackerMetrics | None
    _tenants: dict[str, Tenant]

    def metric_stored_events(
        self, tenant: Tenant | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events stored; by default, their sum over 5 minutes.

        With delivery DIRECT, `metric_recovered_events` counts those that took the way
        through the queue. With BUFFERED this is the same, and what the function stores
        by itself while the queue fails is in neither.

        Args:
            tenant: Whose events to count.
                Default: everybody's.
            options: What to change of the metric.

        Raises:
            ValueError: Without `enable_metrics`, or if `tenant` is not one of this
                tracker's.
        """
        return self._metric("storing", metrics.STORED, options, tenant=tenant)

    def metric_recovered_events(
        self, tenant: Tenant | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events that the writer stored; by default, their sum.

        Args:
            tenant: Whose events to count.
                Default: everybody's.
            options: What to change of the metric.

        Raises:
            ValueError: Without `enable_metrics`, or if `tenant` is not one of this
                tracker's.
        """
        return self._metric("writer", metrics.STORED, options, tenant=tenant)

    def metric_duplicate_events(
        self, tenant: Tenant | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events that were stored before; by default, their sum.

        Args:
            tenant: Whose events to count.
                Default: everybody's.
            options: What to change of the metric.

        Raises:
            ValueError: Without `enable_metrics`, or if `tenant` is not one of this
                tracker's.
        """
        return self._metric("storing", metrics.DUPLICATE, options, tenant=tenant)

    def metric_queued_events(
        self, tenant: Tenant | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events put on the queue; by default, their sum.

        Args:
            tenant: Whose events to count.
                Default: everybody's.
            options: What to change of the metric.

        Raises:
            ValueError: Without `enable_metrics`, or if `tenant` is not one of this
                tracker's.
        """
        return self._metric("ingest", metrics.QUEUED, options, tenant=tenant)

    def metric_refused_events(
        self, reason: str | None = None, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events refused; by default, their sum over 5 minutes.

        Args:
            reason: The label of one refusal, such as `bucket_forbidden`.
                Default: all of them.
            options: What to change of the metric.

        Raises:
            ValueError: If there is no such reason, or without `enable_metrics`.
        """
        labels = sorted(refusal.label for refusal in refusals.Refusal)
        if reason is not None and reason not in labels:
            raise ValueError(
                f"'reason' must be a refusal's label, got {reason!r}; "
                f"one of {', '.join(labels)}"
            )
        return self._metric("ingest", metrics.REFUSED, options, reason=reason)

    def metric_storage_faults(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of times that S3 took no object; by default, their sum.

        Args:
            options: What to change of the metric.

        Raises:
            ValueError: Without `enable_metrics`.
        """
        return self._metric("storing", metrics.STORAGE_FAULTS, options)

    def metric_queue_faults(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of times that SQS took no message; by default, their sum.

        Args:
            options: What to change of the metric.

        Raises:
            ValueError: Without `enable_metrics`.
        """
        return self._metric("ingest", metrics.QUEUE_FAULTS, options)

    def metric_failed_messages(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of messages that the writer gave back; by default, their sum.

        Args:
            options: What to change of the metric.

        Raises:
            ValueError: Without `enable_metrics`.
        """
        return self._metric("writer", metrics.FAILED_MESSAGES, options)

    def metric_missing_salts(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """The number of events stored without `ip` for want of a salt, their sum.

        Args:
            options: What to change of the metric.

        Raises:
            ValueError: Without `enable_metrics`.
        """
        return self._metric("ingest", metrics.MISSING_SALTS, options)

    def metric_storage_latency(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """How long S3 takes for an object, in ms; by default, the 99th percentile.

        Args:
            options: What to change of the metric.

        Raises:
            ValueError: Without `enable_metrics`.
        """
        return self._metric(
            "storing", metrics.STORAGE_LATENCY, options, statistic="p99"
        )

    def _metric(
        self,
        function: Literal["ingest", "writer", "storing"],
        name: str,
        options: MetricOptions,
        *,
        statistic: str = cloudwatch.Stats.SUM,
        tenant: Tenant | None = None,
        reason: str | None = None,
    ) -> cloudwatch.Metric:
        """Return a metric of one function, of one tenant's or of one reason alone."""
        if self._metrics is None:
            raise ValueError(
                f"the metric {name} is not written, because 'enable_metrics' is False; "
                "pass enable_metrics=True to the tracker"
            )
        dimension = None
        if tenant is not None:
            _tenant_checks.check_own(tenant, self._tenants)
            dimension = metrics.TENANT, tenant.name
        elif reason is not None:
            dimension = metrics.REASON, reason
        own: Metrics = getattr(self._metrics, function)
        return own.get(name, statistic, dimension).with_(**options)

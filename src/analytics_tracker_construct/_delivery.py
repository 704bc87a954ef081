"""What a tracker shows of its queue and its writer."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from typing_extensions import Unpack

from ._metrics import PERIOD, MetricOptions
from ._numbers import Buffering
from ._queue import Queues
from .delivery import Delivery


class DeliveryParts(NamedTuple):
    """What stands between the function and S3."""

    delivery: Delivery
    buffering: Buffering
    queues: Queues
    writer: lambda_.Function
    writer_role: iam.IRole
    writer_log_group: logs.LogGroup


class DeliveryMembers:
    """The properties and metrics of a tracker's queue and writer."""

    _parts: DeliveryParts

    @property
    def delivery(self) -> Delivery:
        """When an event that was answered is in S3."""
        return self._parts.delivery

    @property
    def queue(self) -> sqs.Queue:
        """The queue that takes events where S3 does not, or before S3 does."""
        return self._parts.queues.events

    @property
    def dead_letter_queue(self) -> sqs.Queue:
        """The queue of what could not be stored, kept for 14 days from its arrival."""
        return self._parts.queues.dead_letters

    @property
    def writer(self) -> lambda_.Function:
        """The function that stores what waits in the queue."""
        return self._parts.writer

    @property
    def writer_role(self) -> iam.IRole:
        """The role that the writer runs as."""
        return self._parts.writer_role

    @property
    def writer_log_group(self) -> logs.LogGroup:
        """The writer's log group."""
        return self._parts.writer_log_group

    def metric_waiting_messages(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """How many messages wait in the queue; by default, the most in 5 minutes.

        SQS counts this itself, also without `enable_metrics`.

        Args:
            options: What to change of the metric.
        """
        metric = self.queue.metric_approximate_number_of_messages_visible(
            period=PERIOD, statistic=cloudwatch.Stats.MAXIMUM
        )
        return metric.with_(**options)

    def metric_oldest_message_age(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """How long the oldest message has waited, in s; by default, the longest.

        SQS counts this itself, also without `enable_metrics`.

        Args:
            options: What to change of the metric.
        """
        metric = self.queue.metric_approximate_age_of_oldest_message(
            period=PERIOD, statistic=cloudwatch.Stats.MAXIMUM
        )
        return metric.with_(**options)

    def metric_dead_letters(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """How many messages could not be stored; by default, the most in 5 minutes.

        SQS counts this itself, also without `enable_metrics`.

        Args:
            options: What to change of the metric.
        """
        queue = self.dead_letter_queue
        metric = queue.metric_approximate_number_of_messages_visible(
            period=PERIOD, statistic=cloudwatch.Stats.MAXIMUM
        )
        return metric.with_(**options)

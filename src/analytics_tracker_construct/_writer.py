"""The writer: the function that stores what waits in the queue."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ._asset import WRITER_ENTRY
from ._function import make_function
from ._network import Network
from ._numbers import MOST_WINDOW_SECONDS, Buffering

TIMEOUT = Duration.seconds(60)
MEMORY_MIB = 512


def visibility(buffering: Buffering) -> Duration:
    """Return how long a message that was received stays hidden.

    Six times the function's time and the window on top, as Lambda's guide advises: a
    throttled batch is tried again before others see its messages.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    if buffering.interval.is_unresolved():
        # CloudFormation cannot add, so a window of the deployment's gets the longest.
        return _visibility(Duration.seconds(MOST_WINDOW_SECONDS))
    return _visibility(buffering.interval)


def _visibility(window: Duration) -> Duration:
    return Duration.seconds(6 * TIMEOUT.to_seconds() + window.to_seconds())


def make_writer(
    scope: Construct,
    *,
    buffering: Buffering,
    environment: Mapping[str, str],
    log_group: logs.ILogGroup,
    name: str | None,
    queue: sqs.IQueue,
    role: iam.IRole,
    encryption_key: kms.IKey | None,
    network: Network | None,
) -> lambda_.Function:
    """Return the writer, which Lambda calls with batches of the queue's messages."""
    writer = make_function(
        scope,
        "Writer",
        description="Stores analytics events that wait in the queue",
        encryption_key=encryption_key,
        entry=WRITER_ENTRY,
        environment=environment,
        log_group=log_group,
        memory_size=MEMORY_MIB,
        name=name,
        network=network,
        reserved_concurrent_executions=None,
        role=role,
        timeout=TIMEOUT,
    )
    # Not the event source of `aws_lambda_event_sources`: it grants more than Lambda
    # needs here.
    lambda_.EventSourceMapping(
        scope,
        "WriterSource",
        batch_size=buffering.batch_size,
        event_source_arn=queue.queue_arn,
        max_batching_window=buffering.interval,
        report_batch_item_failures=True,
        target=writer,
    )
    return writer

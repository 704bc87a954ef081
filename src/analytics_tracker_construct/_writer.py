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
from ._deployed_numbers import (
    MOST_WINDOW_SECONDS,
    WRITER_MEMORY_MIB,
    WRITER_TIMEOUT_SECONDS,
    hidden_seconds,
)
from ._function import make_function
from ._network import Network
from ._numbers import Buffering


def visibility(buffering: Buffering) -> Duration:
    """Return how long a message that was received stays hidden."""
    # CloudFormation cannot add, so a window of the deployment's gets the longest.
    window = (
        MOST_WINDOW_SECONDS
        if buffering.interval.is_unresolved()
        else int(buffering.interval.to_seconds())
    )
    return Duration.seconds(hidden_seconds(WRITER_TIMEOUT_SECONDS, window))


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
        memory_size=WRITER_MEMORY_MIB,
        name=name,
        network=network,
        reserved_concurrent_executions=None,
        role=role,
        timeout=Duration.seconds(WRITER_TIMEOUT_SECONDS),
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

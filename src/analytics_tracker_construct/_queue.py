"""The queue that events wait in, and the one for those that could not be stored."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import Aws, Duration, Fn, Names, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ._children import resource_of
from ._deployed_numbers import RETENTION_DAYS

#: Times that the writer is given a message before it becomes a dead letter: with the
#: default visibility six hours, so that a fault of S3's is sat out without anybody's
#: doing, and the alarm on the oldest message comes first.
MAX_RECEIVES = 50

#: Characters of a queue's name, and of what makes one a stack's own.
_NAME_CHARS = 80
_UUID_CHARS = 36


class Queues(NamedTuple):
    """Both queues."""

    events: sqs.Queue
    dead_letters: sqs.Queue


def make_queues(
    scope: Construct,
    *,
    visibility: Duration,
    removal_policy: RemovalPolicy,
    encryption_key: kms.IKey | None,
) -> Queues:
    """Return the queues: encrypted, TLS only, one the other's only source.

    Args:
        scope: The tracker.
        visibility: How long a message that was received is hidden from others.
        removal_policy: What happens to both when the stack is deleted.
        encryption_key: The KMS key of both; None for SQS's own.
    """
    name = _name(scope)
    managed = sqs.QueueEncryption.SQS_MANAGED
    encryption = sqs.QueueEncryption.KMS if encryption_key else managed
    if removal_policy == RemovalPolicy.RETAIN:
        # A queue whose creation was rolled back would keep its name from the next try.
        removal_policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    dead_letters = sqs.Queue(
        scope,
        "DeadLetterQueue",
        encryption=encryption,
        encryption_master_key=encryption_key,
        enforce_ssl=True,
        removal_policy=removal_policy,
        retention_period=Duration.days(RETENTION_DAYS),
    )
    events = sqs.Queue(
        scope,
        "Queue",
        dead_letter_queue=sqs.DeadLetterQueue(
            max_receive_count=MAX_RECEIVES, queue=dead_letters
        ),
        encryption=encryption,
        encryption_master_key=encryption_key,
        enforce_ssl=True,
        queue_name=name,
        removal_policy=removal_policy,
        retention_period=Duration.days(RETENTION_DAYS),
        visibility_timeout=visibility,
    )
    resource = resource_of(dead_letters, sqs.CfnQueue)
    # The queue refers to this one, so a reference back would be a cycle; and the
    # queue's class has an argument for it only in newer versions of the CDK.
    resource.redrive_allow_policy = {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [
            Stack.of(scope).format_arn(resource=name, service="sqs"),
        ],
    }
    for queue in (events, dead_letters):
        # A queue that is kept must go on refusing what does not come over TLS.
        policy = queue.node.find_child("Policy")
        assert isinstance(policy, sqs.QueuePolicy)  # noqa: S101 - for the type only
        policy.apply_removal_policy(removal_policy)
    return Queues(events, dead_letters)


def _name(scope: Construct) -> str:
    """A name that no other stack has, nor this one after it was made anew.

    The dead-letter queue must know it before the queue exists.
    """
    unique = Names.unique_resource_name(
        scope, max_length=_NAME_CHARS - _UUID_CHARS - len("-")
    )
    return f"{unique}-{Fn.select(2, Fn.split('/', Aws.STACK_ID))}"

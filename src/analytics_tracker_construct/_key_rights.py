"""What the tracker's own KMS key must allow, to whom: no action more than is used.

A bucket of a tenant's with a key is granted by `_permissions.EventWrites`, those who
query by `_query_rights`, those who read by `_permissions.read_events`. Lambda takes the
right to open a function's environment as a grant of its own, which whoever deploys the
function gives it by `kms:CreateGrant`.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
"""

from __future__ import annotations

from aws_cdk import Annotations, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from . import _checks, _kinds, _places
from ._actions import DECRYPT, KEEP_LOGS, USE_KEY


def check_key(scope: Construct, key: kms.IKey | None) -> None:
    """Refuse a key that cannot be granted, or is known to be elsewhere.

    Raises:
        ValueError: If it is none, an alias whose key is not known, or in another
            account or region than `scope`.
    """
    _kinds.key("encryption_key", key)
    if key is None:
        return
    _checks.encryption_key(key)
    apart = _places.difference(key.env, Stack.of(scope))
    if apart is not None:
        raise ValueError(
            f"'encryption_key' is in {apart.what} {apart.theirs} and the tracker in "
            f"{apart.ours}, and CloudWatch Logs takes no key from there; pass a key of "
            f"the tracker's own {apart.what}"
        )


def let_ingest(role: iam.IRole, key: kms.IKey) -> None:
    """Let the function store and read salts, and put events on the queue.

    Whoever sends to a queue must be able to decrypt: SQS verifies its data key so.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    key.grant(role, *USE_KEY)


def let_write(role: iam.IRole, key: kms.IKey) -> None:
    """Let the writer have the queue's messages."""
    key.grant(role, DECRYPT)


def let_keep_logs(scope: Construct, key: kms.IKey) -> None:
    """Let CloudWatch Logs encrypt log groups of the stack's with a key.

    A log group's name is made by CloudFormation and begins with the stack's; its ARN
    here would make a cycle, since the log group needs the key first.
    """
    stack = Stack.of(scope)
    # A nested stack has no name that another stack could be told.
    home = Stack.of(key).node.path == stack.node.path or not stack.nested_stack_parent
    groups = f"{stack.stack_name}-*" if home else "*"
    service = f"logs.{stack.region}.{stack.url_suffix}"
    added = key.add_to_resource_policy(
        iam.PolicyStatement(
            actions=list(KEEP_LOGS),
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": (
                        f"arn:{stack.partition}:logs:{stack.region}:{stack.account}"
                        f":log-group:{groups}"
                    )
                }
            },
            principals=[iam.ServicePrincipal(service)],
            resources=["*"],
        )
    )
    if not added.statement_added:
        Annotations.of(scope).add_warning_v2(
            "analytics-tracker:key-policy-not-changed",
            f"The policy of the key {key.node.path} cannot be changed here, for it was "
            "imported: let the service logs.<region>.amazonaws.com use it for log "
            f"groups ({', '.join(KEEP_LOGS)}) in its key policy, or the log groups "
            "cannot be made",
        )

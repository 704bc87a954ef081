"""The buckets that are made here: private, encrypted, TLS only, kept or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import Annotations, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from . import _acknowledgements
from ._actions import STORE
from ._children import resource_of

#: What becomes of what holds data, unless the user says so: it is kept, but not where
#: its very creation was rolled back, for the next attempt makes it anew.
KEPT = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


class Keeping(NamedTuple):
    """How buckets are kept, which is the same for all of one owner's."""

    removal_policy: RemovalPolicy
    key: kms.IKey | None = None
    """The KMS key that objects are encrypted with; None for S3's own keys."""
    access_logs: s3.IBucket | None = None
    """The bucket that takes the others' server access logs, if they are logged."""


def make_bucket(
    scope: Construct,
    construct_id: str,
    *,
    keeping: Keeping,
    lifecycle_rules: Sequence[s3.LifecycleRule],
    logs_prefix: str,
    versioned: bool = False,
) -> s3.Bucket:
    """Return a private bucket.

    Args:
        scope: What it becomes a part of.
        construct_id: Its name there.
        keeping: With which key, logged where, and what happens to it in the end.
        lifecycle_rules: What becomes of its objects.
        logs_prefix: Where its lines are in the bucket of access logs.
        versioned: Whether what is overwritten or deleted stays as a version.
    """
    key = keeping.key
    bucket = s3.Bucket(
        scope,
        construct_id,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        # One call of KMS's for many objects: without it each PUT would pay for its own.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
        bucket_key_enabled=True if key else None,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        enforce_ssl=True,
        lifecycle_rules=list(lifecycle_rules),
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        removal_policy=keeping.removal_policy,
        versioned=versioned,
    )
    if bucket.policy is not None:
        # A bucket that is kept must go on refusing what does not come over TLS.
        bucket.policy.apply_removal_policy(keeping.removal_policy)
    if keeping.access_logs is None:
        _acknowledgements.acknowledge(bucket, _acknowledgements.BUCKET_LOGS)
    else:
        _log_access(bucket, keeping.access_logs, logs_prefix)
    return bucket


def _log_access(bucket: s3.Bucket, target: s3.IBucket, prefix: str) -> None:
    """Have a bucket's requests logged in another.

    The CDK's own way gives the right by an ACL, unless the app has a feature flag; a
    bucket whose owner is enforced takes no ACL.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """
    resource = resource_of(bucket, s3.CfnBucket)
    resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
        destination_bucket_name=target.bucket_name, log_file_prefix=prefix
    )
    added = target.add_to_resource_policy(
        iam.PolicyStatement(
            actions=[STORE],
            # Not the bucket's ARN beside it: where the target is in another stack, each
            # stack would need the other.
            conditions={
                "StringEquals": {"aws:SourceAccount": Stack.of(bucket).account}
            },
            principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
            resources=[target.arn_for_objects(f"{prefix}*")],
        )
    )
    if not added.statement_added:
        Annotations.of(bucket).add_warning_v2(
            "analytics-tracker:access-logs-imported-bucket",
            f"The policy of {target.node.path} cannot be changed here, for it was "
            "imported: let logging.s3.amazonaws.com put objects below "
            f"{prefix} in that bucket's policy, or no access is logged",
        )

"""The buckets of tenants that are made here, with their lifecycle."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from . import _buckets
from ._children import resource_of
from ._handler import columns

#: Days after which S3 may move an object between access tiers by itself.
TIERING_DAYS = 90
#: S3 tiers nothing smaller.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-overview.html
TIERING_BYTES = 128 * 1024
#: Days for which a bucket that is or was versioned keeps what was deleted.
VERSION_DAYS = 30


def make_bucket(
    scope: Construct,
    name: str,
    retention: Duration | None,
    keeping: _buckets.Keeping,
    *,
    versioned: bool,
) -> s3.Bucket:
    """Return a private bucket for one tenant's events.

    Its rules touch events only, never what else its owner puts into it.
    """
    bucket = _buckets.make_bucket(
        scope,
        name,
        keeping=keeping,
        lifecycle_rules=_lifecycle(retention),
        logs_prefix=f"tenants/{name}/",
        versioned=versioned,
    )
    if _is_tiered(retention):
        resource = resource_of(bucket, s3.CfnBucket)
        # CloudFormation's schema has a string here; the CDK writes a number, and its
        # newer versions then warn of that.
        resource.add_property_override(
            "LifecycleConfiguration.Rules.0.ObjectSizeGreaterThan", str(TIERING_BYTES)
        )
    return bucket


def _lifecycle(retention: Duration | None) -> list[s3.LifecycleRule]:
    rules = []
    if _is_tiered(retention):
        rules.append(
            s3.LifecycleRule(
                id="EventsAreTiered",
                prefix=columns.PREFIX,
                object_size_greater_than=TIERING_BYTES,
                transitions=[
                    s3.Transition(
                        storage_class=s3.StorageClass.INTELLIGENT_TIERING,
                        transition_after=Duration.days(TIERING_DAYS),
                    )
                ],
            )
        )
    if retention is not None:
        rules.append(
            s3.LifecycleRule(
                id="EventsExpire", prefix=columns.PREFIX, expiration=retention
            )
        )
    # In every bucket: one that was versioned once never is without versions again, only
    # suspended, and what is deleted there later, by the rule above too, would be kept
    # for ever. https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
    rules.append(
        s3.LifecycleRule(
            id="OldVersionsExpire",
            prefix=columns.PREFIX,
            expired_object_delete_marker=True,
            noncurrent_version_expiration=Duration.days(VERSION_DAYS),
        )
    )
    return rules


def _is_tiered(retention: Duration | None) -> bool:
    """Whether events are known to live long enough to be tiered.

    S3 refuses a transition that does not come before the expiration.
    """
    return retention is None or (
        not retention.is_unresolved() and retention.to_days() > TIERING_DAYS
    )

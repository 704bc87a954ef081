"""The bucket that keeps the day's salt, without which no stored hash can be undone."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ._handler import settings


def make_salt_bucket(scope: Construct, removal_policy: RemovalPolicy) -> s3.Bucket:
    """Return a private bucket in which nothing outlives its second day.

    The function destroys old salts itself; the lifecycle rule is the backstop. There
    are no versions: a version would keep what was destroyed.
    """
    return s3.Bucket(
        scope,
        "Salts",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        removal_policy=removal_policy,
        versioned=False,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="SaltsAreDestroyed",
                prefix=settings.SALT_PREFIX,
                # S3 counts from the writing and rounds up to midnight, so this ends
                # with the day after the salt's own.
                # https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
                expiration=Duration.days(1),
            )
        ],
    )

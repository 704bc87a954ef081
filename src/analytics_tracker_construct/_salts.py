"""The bucket that keeps the day's salt, without which no stored hash can be undone."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ._buckets import Keeping, make_bucket
from ._handler import settings


def make_salt_bucket(scope: Construct, keeping: Keeping) -> s3.Bucket:
    """Return a private bucket in which nothing outlives its second day.

    The function destroys old salts itself; the lifecycle rule is the backstop. There
    are no versions: a version would keep what was destroyed.
    """
    return make_bucket(
        scope,
        "Salts",
        keeping=keeping,
        logs_prefix="salts/",
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

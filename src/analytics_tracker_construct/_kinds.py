"""Checks of what kind an argument is, for those whose wrong kinds jsii would refuse.

Its own words name a parameter of some method of the CDK's, not the argument here.
"""

from __future__ import annotations

from enum import Enum

from aws_cdk import RemovalPolicy

#: What every bucket has, and a `CfnBucket`, which has no key and no grants, has not.
OF_A_BUCKET = "arn_for_objects"


def flags(**given: object) -> None:
    """Check bools: `"no"` would count as true."""
    for argument, value in given.items():
        if not isinstance(value, bool):
            raise ValueError(f"{argument!r} must be True or False, got {value!r}")


def member(argument: str, value: object, kind: type[Enum], example: str) -> None:
    """Check a member of one of the CDK's enums; None is the default."""
    if value is not None and not isinstance(value, kind):
        raise ValueError(
            f"{argument!r} must be a {kind.__name__}, got {value!r}; "
            f"pass {kind.__name__}.{example}"
        )


def removal_policy(value: RemovalPolicy | None) -> None:
    """Check what happens to buckets and queues, of which nobody takes a snapshot."""
    member("removal_policy", value, RemovalPolicy, "RETAIN")
    if value == RemovalPolicy.SNAPSHOT:
        raise ValueError(
            f"'removal_policy' is {value!r}, and there are no snapshots of buckets, "
            "queues and log groups; pass RemovalPolicy.RETAIN or RemovalPolicy.DESTROY"
        )


def resource(argument: str, value: object, attribute: str, way_out: str) -> None:
    """Check a resource, which has the attribute that all of its interface have."""
    if value is not None and not hasattr(value, attribute):
        raise ValueError(f"{argument!r} is {value!r}, which is none; {way_out}")


def bucket(argument: str, value: object) -> None:
    """Check what is to be a bucket; None is the default."""
    resource(
        argument, value, OF_A_BUCKET, "import it with s3.Bucket.from_bucket_name(…)"
    )


def key(argument: str, value: object) -> None:
    """Check what is to be a KMS key; None is the default."""
    resource(argument, value, "key_arn", "import it with kms.Key.from_key_arn(…)")

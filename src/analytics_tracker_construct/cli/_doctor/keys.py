"""KMS keys of queues and buckets, by the ARN that the simulator needs."""

from __future__ import annotations

from collections.abc import Iterator

from .._aws import call
from .subject import Subject

# Whoever in the account may use a service may use AWS's own key through it.
# https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk
_AMAZONS = "alias/aws/"


def of_bucket(subject: Subject, bucket: str, owner: str) -> Iterator[str]:
    """Yield the ARNs of the keys that a bucket encrypts with by default.

    Args:
        subject: The tracker.
        bucket: The bucket's name.
        owner: The account that it is in.

    Raises:
        AwsError: If AWS does not tell.
    """
    answer = call(
        "s3:GetEncryptionConfiguration",
        subject.client("s3").get_bucket_encryption,
        Bucket=bucket,
    )
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        key = default.get("KMSMasterKeyID")
        if key and str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            yield from arn_of(subject, key, owner)


def arn_of(subject: Subject, key: str, owner: str) -> Iterator[str]:
    """Yield the ARN of a key that needs a right, and none for AWS's own.

    Args:
        subject: The tracker.
        key: The key's ARN or id, or an alias's ARN or name.
        owner: The account that it is in, where it does not say.

    Raises:
        AwsError: If AWS does not tell what an alias stands for.
    """
    if _AMAZONS in key:
        return
    prefix = f"arn:{subject.partition}:kms:{subject.aws.region}:{owner}:"
    if key.startswith("arn:") and ":alias/" not in key:
        yield key
    elif not key.startswith(("arn:", "alias/")):
        yield f"{prefix}key/{key}"
    else:
        answer = call("kms:DescribeKey", subject.client("kms").describe_key, KeyId=key)
        yield str(answer["KeyMetadata"]["Arn"])

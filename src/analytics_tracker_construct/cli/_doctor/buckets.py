"""Checks of the buckets that events go to: there, owned, writable, as meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ... import _actions
from ..._handler import buckets as names
from ..._sql import tables
from .._aws import AwsError, call
from . import keys, rights
from .findings import Finding, failure, ok, unknown, warning
from .subject import Subject

# Buckets that fit a pattern and are looked at one by one; more are only counted.
_MATCHES = 20
_LOOK = "s3:ListBucket"


def of_account(subject: Subject) -> list[str]:
    """Return the names of all buckets of the account that asks.

    Raises:
        AwsError: If AWS does not tell.
    """
    answer = call("s3:ListAllMyBuckets", subject.client("s3").list_buckets)
    return [bucket["Name"] for bucket in answer.get("Buckets", [])]


def matches(patterns: Sequence[str], found: Sequence[str]) -> dict[str, list[str]]:
    """Return the names that fit each pattern, as the function would let them."""
    return {
        pattern: [name for name in found if names.Patterns([pattern]).allow(name)]
        for pattern in patterns
    }


def matched(fits: dict[str, list[str]], named: Sequence[str]) -> list[str]:
    """Return buckets that are allowed by a pattern only, as many as are looked at."""
    fit = dict.fromkeys(name for each in fits.values() for name in each)
    return [name for name in fit if name not in named][:_MATCHES]


def patterns(subject: Subject, fits: dict[str, list[str]]) -> Iterator[Finding]:
    """Yield what each pattern stands for today."""
    for pattern, found in fits.items():
        check = f"pattern {pattern}"
        if subject.settings.salt_bucket in found:
            yield warning(
                check,
                "it fits the bucket of the salts, and a request may name that",
                "choose a narrower pattern in allowed_buckets and deploy",
            )
        if not found:
            yield warning(
                check,
                "no bucket of this account fits it",
                "make one, or remove the pattern from allowed_buckets",
            )
            continue
        shown = ", ".join(found[:_MATCHES])
        more = f" and {len(found) - _MATCHES} more" if len(found) > _MATCHES else ""
        yield ok(
            check, f"it fits {len(found)} of this account's buckets: {shown}{more}"
        )


def reachable(subject: Subject, bucket: str) -> Iterator[Finding]:
    """Yield whether a bucket is there and whose it is."""
    check = f"bucket {bucket}"
    s3 = subject.client("s3")
    try:
        answer = call(_LOOK, s3.head_bucket, Bucket=bucket)
    except AwsError as error:
        if error.missing:
            yield failure(
                check,
                "it does not exist",
                "make it, or remove its name from the tracker and deploy",
            )
            return
        yield unknown(check, error)
        return
    region = answer.get("BucketRegion", "a region that S3 does not tell")
    owner = subject.owner_of(bucket)
    if owner is not None:
        try:
            call(_LOOK, s3.head_bucket, Bucket=bucket, ExpectedBucketOwner=owner)
        except AwsError as error:
            if not error.denied:
                raise
            # It was just answered without an owner, so this refusal is about that.
            yield failure(
                check,
                f"account {owner} does not own it, so the function does not write",
                "choose a bucket of that account, or add its owner to "
                "trusted_accounts and deploy",
            )
            return
    if region != subject.aws.region:
        yield ok(check, f"it is in {region}, which costs transfer between regions")
        return
    whose = f", owned by account {owner}" if owner else ""
    yield ok(check, f"it is in {region}{whose}")


def writable(subject: Subject, bucket: str) -> Iterator[Finding]:
    """Yield whether the tracker's roles may store events in a bucket.

    Raises:
        AwsError: If the simulator cannot be asked.
    """
    check = f"rights on {bucket}"
    owner = subject.owner_of(bucket) or subject.account
    folder = tables.folder_of(subject.now)
    resource = f"arn:{subject.partition}:s3:::{bucket}/{folder}/doctor.json"
    context = {"aws:ResourceAccount": owner}
    acl = subject.settings.object_acl
    for role in subject.roles:
        yield from rights.may(
            subject, role, (_actions.STORE,), resource, context, check=check
        )
        if acl:
            yield from rights.may(
                subject,
                role,
                (_actions.HAND_OVER,),
                resource,
                {**context, "s3:x-amz-acl": acl},
                check=check,
            )


def encryptable(subject: Subject, bucket: str) -> Iterator[Finding]:
    """Yield whether the tracker's roles may use the key that a bucket asks for.

    Raises:
        AwsError: If AWS does not tell.
    """
    owner = subject.owner_of(bucket) or subject.account
    for arn in keys.of_bucket(subject, bucket, owner):
        for role in subject.roles:
            yield from rights.may(
                subject, role, (_actions.ENCRYPT,), arn, {}, check=f"key of {bucket}"
            )

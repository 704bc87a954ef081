"""Checks of the salts: those of two days, and nothing that would undo an old hash.

Only their keys are read, which are dates. Nobody but the function needs a salt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from ... import _actions
from ..._handler import settings
from .._aws import AwsError, call
from . import keys, rights
from .findings import (
    RECREATE,
    UNCHANGED,
    Finding,
    failure,
    guarded,
    ok,
    unknown,
    warning,
)
from .subject import Subject

_CHECK = "salts"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Days after which the bucket's lifecycle rule has removed a salt, late as it may be.
_LIFECYCLE = 4


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is kept of salts, and whether the function may keep them."""
    bucket = subject.settings.salt_bucket
    if bucket is None:
        yield warning(
            _CHECK,
            "there is no bucket for them, and every event's ip is null",
            f"set {settings.SALT_BUCKET} of the function to the stack's bucket of "
            f"salts; {UNCHANGED}",
        )
        return
    yield from guarded(_CHECK, _kept(subject, bucket))
    yield from guarded("salts, versions", _versions(subject, bucket))
    yield from guarded("rights on salts", rights_on(subject, bucket))
    yield from guarded("key of the salts", may_use_key(subject, bucket))


def rights_on(subject: Subject, bucket: str) -> Iterator[Finding]:
    """Yield whether the function may make, read and destroy salts.

    Raises:
        AwsError: If the simulator cannot be asked.
    """
    key = f"{settings.SALT_PREFIX}{subject.now.date().isoformat()}"
    yield from rights.may(
        subject,
        subject.ingest_role,
        _actions.KEEP_SALTS,
        f"arn:{subject.partition}:s3:::{bucket}/{key}",
        {"aws:ResourceAccount": _owner(subject)},
        check="rights on salts",
    )


def may_use_key(subject: Subject, bucket: str) -> Iterator[Finding]:
    """Yield whether the function may use the key that the salts' bucket asks for.

    Raises:
        AwsError: If AWS does not tell, or the simulator cannot be asked.
    """
    for arn in keys.of_bucket(subject, bucket, _owner(subject)):
        yield from rights.may(
            subject,
            subject.ingest_role,
            _actions.USE_KEY,
            arn,
            {},
            check="key of the salts",
            grant=rights.OWN_KEY,
        )


def _owner(subject: Subject) -> str:
    return subject.settings.salt_bucket_owner or subject.account


def _kept(subject: Subject, bucket: str) -> Iterator[Finding]:
    owner = subject.settings.salt_bucket_owner
    try:
        answer = call(
            "s3:ListBucket",
            subject.client("s3").list_objects_v2,
            Bucket=bucket,
            Prefix=settings.SALT_PREFIX,
            **({"ExpectedBucketOwner": owner} if owner else {}),
        )
    except AwsError as error:
        if not error.missing:
            yield unknown(_CHECK, error)
            return
        yield failure(
            _CHECK,
            f"bucket {bucket} does not exist, and every event's ip is null",
            f"{RECREATE}; it needs a lifecycle rule that expires "
            f"{settings.SALT_PREFIX} after a day, and no versions",
        )
        return
    keys = [item["Key"] for item in answer.get("Contents", [])]
    days = [key.removeprefix(settings.SALT_PREFIX) for key in keys]
    yield _judge([day for day in days if _DAY.fullmatch(day)], subject.now.date())
    strange = sum(not _DAY.fullmatch(day) for day in days)
    if strange:
        yield warning(
            _CHECK,
            f"{strange} objects beside the salts are none",
            f"find out who wrote below {settings.SALT_PREFIX}, and remove them",
        )


def _judge(days: list[str], today: date) -> Finding:
    kept = ", ".join(sorted(days)) or "none, since no event came"
    yesterday = (today - timedelta(days=1)).isoformat()
    tomorrow = (today + timedelta(days=1)).isoformat()
    old = sorted(day for day in days if day < yesterday)
    if not old:
        strange = any(day > tomorrow for day in days)
        if strange:
            return warning(
                _CHECK, f"salts of days to come are kept: {kept}", "remove them"
            )
        return ok(_CHECK, f"kept for {kept}")
    found = f"salts of {', '.join(old)} are kept, so those days' hashes can be undone"
    # The function sweeps when it makes a day's salt, and the rule comes a day later.
    swept = today.isoformat() in days
    late = old[0] < (today - timedelta(days=_LIFECYCLE)).isoformat()
    if swept or late:
        return failure(
            _CHECK,
            found,
            "remove those objects; see whether the function may s3:DeleteObject, and "
            "whether the bucket still has its lifecycle rule",
        )
    return warning(
        _CHECK,
        found,
        "nothing, if no event came today: the first one, or the lifecycle rule, "
        "removes them",
    )


def _versions(subject: Subject, bucket: str) -> Iterator[Finding]:
    check = "salts, versions"
    answer = call(
        "s3:GetBucketVersioning",
        subject.client("s3").get_bucket_versioning,
        Bucket=bucket,
    )
    status = answer.get("Status")
    if status == "Enabled":
        yield failure(
            check,
            "versioning is Enabled, and versions keep what was destroyed",
            f"suspend it: aws s3api put-bucket-versioning --bucket {bucket} "
            "--versioning-configuration Status=Suspended; then look again",
        )
    elif status and (kept := _kept_versions(subject, bucket)):
        yield failure(
            check,
            f"{kept} of the time before versioning was suspended keep what was "
            "destroyed",
            "delete each: aws s3api list-object-versions lists them, and aws s3api "
            "delete-object with --version-id deletes one",
        )
    else:
        yield ok(check, "none are kept")


def _kept_versions(subject: Subject, bucket: str) -> int:
    """Return how many versions deleting a key leaves, as far as one page tells."""
    answer = call(
        "s3:ListBucketVersions",
        subject.client("s3").list_object_versions,
        Bucket=bucket,
        Prefix=settings.SALT_PREFIX,
    )
    # What is written while versioning is suspended has this id, and is replaced.
    return sum(each["VersionId"] != "null" for each in answer.get("Versions", []))

"""The tenants' buckets: how one is made, and who owns one that was given."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aws_cdk import CfnResource, Duration, Stack, Token
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from . import _buckets, _checks, _kinds, _numbers
from ._api_plan import PATHS, Limit
from ._handler import columns
from ._sql.tables import table_of
from .tenant import Tenant
from .write_key import WriteKey

#: Valid write keys of one kind: the one in use, and the next while senders change.
KEYS_OF_A_KIND = 2
#: Paths that API Gateway answers by itself where an API has a domain of its own.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
RESERVED_PATHS = ("ping", "sping")
#: Days after which S3 may move an object between access tiers by itself.
TIERING_DAYS = 90
#: S3 tiers nothing smaller.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-overview.html
TIERING_BYTES = 128 * 1024
#: Days for which a versioned bucket keeps what was deleted.
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
        lifecycle_rules=_lifecycle(retention, versioned=versioned),
        logs_prefix=f"tenants/{name}/",
        versioned=versioned,
    )
    if _is_tiered(retention):
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - for the type only
        # CloudFormation's schema has a string here; the CDK writes a number, and its
        # newer versions then warn of that.
        resource.add_property_override(
            "LifecycleConfiguration.Rules.0.ObjectSizeGreaterThan", str(TIERING_BYTES)
        )
    return bucket


def _lifecycle(
    retention: Duration | None, *, versioned: bool
) -> list[s3.LifecycleRule]:
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
    if versioned:
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


class Wanted(NamedTuple):
    """What a tenant is to have, checked."""

    origins: tuple[str, ...]
    """The origins that its events may come from; none: every origin."""
    keys: tuple[WriteKey, ...]
    limit: Limit | None
    """That of its own routes, if it has any."""


def checked(
    name: str,
    *,
    bucket: s3.IBucket | None,
    allowed_origins: Sequence[str] | None,
    retention: Duration | None,
    write_keys: Sequence[WriteKey],
    throttling_rate_limit: float | None,
    throttling_burst_limit: int | None,
    versioned: bool,
    own_api: bool,
) -> Wanted:
    """Return what the arguments of `add_tenant` ask for.

    Raises:
        ValueError: If an argument cannot work, whatever other tenants there are.
    """
    _checks.tenant_name(name)
    wanted = Wanted(
        _checks.tenant_origins(allowed_origins),
        _keys(name, write_keys),
        _limit(name, throttling_rate_limit, throttling_burst_limit, own_api=own_api),
    )
    if retention is not None:
        _checks.retention(name, retention)
        if bucket is not None:
            raise ValueError(
                f"'retention' of tenant {name!r} is given with 'bucket', whose "
                "lifecycle is its owner's; add a lifecycle rule to that bucket, or "
                "leave 'bucket' out"
            )
    _kinds.flags(versioned=versioned)
    if versioned and bucket is not None:
        raise ValueError(
            f"'versioned' of tenant {name!r} is given with 'bucket', whose "
            "versions are its owner's; set it on that bucket, or leave 'bucket' out"
        )
    _kinds.resource(
        "bucket", bucket, "bucket_name", "import it with s3.Bucket.from_bucket_name(…)"
    )
    if bucket is not None:
        _checks.bucket_name(
            name, bucket.bucket_name, "give another bucket, or none to have one made"
        )
    return wanted


def _keys(name: str, value: Sequence[WriteKey]) -> tuple[WriteKey, ...]:
    """Return a tenant's write keys.

    Raises:
        ValueError: If they are none, or too many.
    """
    is_list = isinstance(value, Iterable) and not isinstance(value, str)
    keys = tuple(value) if is_list else ()
    wrong = [key for key in keys if not isinstance(key, WriteKey)]
    if not is_list or wrong:
        # Only its kind is told: the value may be a secret key that was put there.
        got = f"one with a {type(wrong[0]).__name__}" if wrong else type(value).__name__
        raise ValueError(
            f"'write_keys' of tenant {name!r} must be a list of WriteKey, got {got}; "
            "write [WriteKey.public(…)] or [WriteKey.secret(sha256=…)]"
        )
    for what, of_kind in (
        ("public", [key for key in keys if not key.is_secret]),
        ("secret", [key for key in keys if key.is_secret]),
    ):
        if len(of_kind) > KEYS_OF_A_KIND:
            raise ValueError(
                f"'write_keys' of tenant {name!r} has {len(of_kind)} {what} keys, and "
                f"at most {KEYS_OF_A_KIND} are valid at once, the old and the new; "
                "take out those that no sender uses any more"
            )
    if len(set(keys)) < len(keys):
        raise ValueError(
            f"'write_keys' of tenant {name!r} has the same key twice; take one out"
        )
    return keys


def _limit(
    name: str, rate: float | None, burst: int | None, *, own_api: bool
) -> Limit | None:
    """Return the limit of a tenant's own routes; None: it has none.

    Raises:
        ValueError: If there can be no such limit.
    """
    if rate is None and burst is None:
        return None
    if not own_api:
        raise ValueError(
            f"'throttling_rate_limit' of tenant {name!r} is {rate!r}, but 'api' is an "
            "API that exists, of whose stage the tracker changes nothing; leave the "
            "argument out, or give the tracker an API of its own, TrackerApi.rest() "
            "or TrackerApi.http()"
        )
    if rate is None:
        raise ValueError(
            f"'throttling_burst_limit' of tenant {name!r} is {burst!r} without a rate, "
            "at which API Gateway would go on; pass throttling_rate_limit too"
        )
    _numbers.throttles(rate, burst)
    if name in (*PATHS, *RESERVED_PATHS):
        raise ValueError(
            f"'name' {name!r} of a tenant with a limit of its own would be a path that "
            f"means something else; choose another, such as '{name}-sites'"
        )
    if burst is None and Token.is_unresolved(rate):
        raise ValueError(
            f"'throttling_rate_limit' of tenant {name!r} is known at deployment only, "
            "so twice of it is not; pass throttling_burst_limit too"
        )
    return Limit(rate, burst or math.ceil(2 * rate))


def is_defined_here(resource: IConstruct) -> bool:
    """Whether a resource is defined in this app, and not imported into it."""
    child = resource.node.default_child
    return child is not None and CfnResource.is_cfn_resource(child)


def check_new(
    name: str, bucket: s3.IBucket | None, others: Mapping[str, s3.IBucket]
) -> None:
    """Refuse a tenant whose name or bucket another one has.

    Args:
        name: The new tenant's name.
        bucket: Its bucket; None for one that is yet to be made.
        others: The buckets of the others, by name.

    Raises:
        ValueError: If it has.
    """
    if name in others:
        raise ValueError(
            f"'name' {name!r} gives the table {table_of(name)!r}, which tenant "
            f"{name!r} has; give each tenant a name of its own, which no other tracker "
            "of the same catalog has either"
        )
    for other, taken in others.items():
        if bucket is not None and _names(taken) & _names(bucket):
            raise ValueError(
                f"'bucket' of tenant {name!r} is that of tenant {other!r}, and "
                "each would read the other's events; give each tenant its own bucket"
            )


def _names(bucket: s3.IBucket) -> set[str]:
    """What a bucket is known by; one defined here may have a name of the user's."""
    defined = bucket.node.default_child
    given = defined.bucket_name if isinstance(defined, s3.CfnBucket) else None
    return {bucket.bucket_name} | ({given} if given else set())


def check_own(tenant: Tenant, tenants: Mapping[str, Tenant]) -> None:
    """Refuse a tenant of another tracker.

    Raises:
        ValueError: If it is none of `tenants`.
    """
    if not isinstance(tenant, Tenant) or tenants.get(tenant.name) is not tenant:
        raise ValueError(
            f"'tenant' must be one of this tracker's tenants, got {tenant!r}; pass "
            "what add_tenant returned, or tracker.tenants['<name>']"
        )


def owner_of(tenant: Tenant, stack: Stack, trusted: Sequence[str]) -> str | None:
    """Return the account that owns a tenant's bucket, if several may and it is known.

    Raises:
        ValueError: If it is one that the tracker may not write to.
    """
    bucket = tenant.bucket
    account = bucket.env.account
    ours = (stack.account, *trusted)
    if not any(Token.is_unresolved(a) for a in (account, *ours)) and (
        account not in ours
    ):
        raise ValueError(
            f"'bucket' of tenant {tenant.name!r} is in account {account}, which is "
            f"neither the stack's nor one of 'trusted_accounts'; add {account!r} to "
            "'trusted_accounts'"
        )
    if not trusted:
        # The one owner of all buckets is a setting of its own.
        return None
    if is_defined_here(bucket):
        return account
    # An imported bucket that names no account is given the stack's: a guess.
    if Token.is_unresolved(account) or account == stack.account:
        return None
    return account


def known_owner(bucket: s3.IBucket) -> str | None:
    """Return the account that owns a bucket; None where that would be a guess."""
    account = bucket.env.account
    if is_defined_here(bucket):
        return account
    # An imported bucket that names no account is given that of its stack.
    if Token.is_unresolved(account) or account == Stack.of(bucket).account:
        return None
    return account

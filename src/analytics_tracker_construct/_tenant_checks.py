"""Checks of what `add_tenant` is given, and of a tenant among others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aws_cdk import Duration, Token
from aws_cdk import aws_s3 as s3

from . import _checks, _kinds, _numbers
from ._api_plan import PATHS, Limit
from ._sql.tables import table_of
from .tenant import Tenant
from .write_key import WriteKey

#: Valid write keys of one kind: the one in use, and the next while senders change.
KEYS_OF_A_KIND = 2
#: Paths that API Gateway answers by itself where an API has a domain of its own.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
RESERVED_PATHS = ("ping", "sping")


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
        _numbers.whole_days(
            f"'retention' of tenant {name!r}",
            retention,
            "pass Duration.days(365), or nothing to keep events for ever",
        )
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
    _kinds.bucket("bucket", bucket)
    if bucket is not None:
        _checks.tenant_bucket(
            name, bucket, "give another bucket, or none to have one made"
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

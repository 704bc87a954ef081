"""Where resources are, and whose: accounts and regions, as far as they are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from aws_cdk import CfnResource, Stack, Token
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from .tenant import Tenant


class Place(Protocol):
    """What a stack and a resource's environment have."""

    @property
    def account(self) -> str:
        """The account's number."""
        ...

    @property
    def region(self) -> str:
        """The region's name."""
        ...


class Difference(NamedTuple):
    """In what two places differ, and how it is called there."""

    what: str
    """`account` or `region`."""
    theirs: str
    ours: str


def difference(theirs: Place, ours: Place) -> Difference | None:
    """Return in what two places are known to differ; None: in nothing that is known."""
    for found in (
        Difference("account", theirs.account, ours.account),
        Difference("region", theirs.region, ours.region),
    ):
        if differ(found.theirs, found.ours):
            return found
    return None


def differ(one: str, other: str) -> bool:
    """Whether two accounts or regions are known, and not the same."""
    return (
        not Token.is_unresolved(one) and not Token.is_unresolved(other) and one != other
    )


def is_defined_here(resource: IConstruct) -> bool:
    """Whether a resource is defined in this app, and not imported into it."""
    child = resource.node.default_child
    return child is not None and CfnResource.is_cfn_resource(child)


def known_owner(bucket: s3.IBucket, guess: str) -> str | None:
    """Return the account that owns a bucket; None where that would be a guess.

    Args:
        bucket: Which.
        guess: The account that the CDK gives to an imported bucket that names none.
    """
    account = bucket.env.account
    if is_defined_here(bucket):
        return account
    return None if Token.is_unresolved(account) or account == guess else account


def owner_of(tenant: Tenant, stack: Stack, trusted: Sequence[str]) -> str | None:
    """Return the account that owns a tenant's bucket, if several may and it is known.

    Raises:
        ValueError: If it is one that the tracker may not write to.
    """
    account = tenant.bucket.env.account
    if all(differ(account, ours) for ours in (stack.account, *trusted)):
        raise ValueError(
            f"'bucket' of tenant {tenant.name!r} is in account {account}, which is "
            f"neither the stack's nor one of 'trusted_accounts'; add {account!r} to "
            "'trusted_accounts'"
        )
    # The one owner of all buckets is a setting of its own.
    return known_owner(tenant.bucket, stack.account) if trusted else None

"""What a query of Athena's needs of IAM: workgroup, catalog, results, and no more.

Athena acts as the one who asks, in Glue, in S3 and in KMS. The events themselves are
granted by `_permissions.read_events`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from . import _permissions
from ._actions import (
    FIND_CATALOG,
    FIND_DATABASE,
    KEEP_RESULTS,
    LIST,
    LOCATE,
    READ_RELATIONS,
    RUN,
    USE_KEY,
)
from ._catalog_results import Results, folder
from ._places import differ
from ._sql import tables


class Relations(NamedTuple):
    """The tables and views of a database that may be read."""

    database: str
    names: Iterable[str]


def let_query(
    catalog: Construct,
    grantee: iam.IGrantable,
    *,
    relations: Relations,
    results: Results,
    tenant: str | None = None,
    more: Sequence[str] = (),
) -> iam.Grant:
    """Let `grantee` run queries over relations in the workgroup of a tenant.

    Args:
        catalog: What the workgroup is a part of.
        grantee: Who may.
        relations: What may be read.
        results: Where results are.
        tenant: Whose workgroup.
            Default: that over all tenants.
        more: More actions upon the workgroup.

    Raises:
        ValueError: If `grantee` is no role of this account that can be changed, or the
            results' key cannot be granted.
    """
    stack = Stack.of(catalog)
    _check_grantee(grantee)
    _check_account(grantee, stack.account)

    def allow(
        actions: Iterable[str], *resources: str, prefix: str | None = None
    ) -> iam.Grant:
        return iam.Grant.add_to_principal(
            actions=list(actions),
            conditions=(
                {"StringLike": {"s3:prefix": [f"{prefix}*"]}} if prefix else None
            ),
            grantee=grantee,
            resource_arns=list(resources),
        )

    athena = f"arn:{stack.partition}:athena:{stack.region}:{stack.account}"
    glue = f"arn:{stack.partition}:glue:{stack.region}:{stack.account}"
    database = relations.database
    mine = folder(database, tenant)
    workgroup = tables.workgroup_of(database, tenant)
    grant = allow((*RUN, *more), f"{athena}:workgroup/{workgroup}")
    if not grant.success:
        raise ValueError(
            f"'grantee' {grantee!r} has no policy of its own, and Athena runs a query "
            "as who asks; pass a role of the catalog's account"
        )
    _permissions.check_changeable(grantee)
    for another in (
        allow([FIND_CATALOG], f"{athena}:datacatalog/AwsDataCatalog"),
        allow(
            READ_RELATIONS,
            f"{glue}:catalog",
            f"{glue}:database/{database}",
            *(f"{glue}:table/{database}/{name}" for name in relations.names),
        ),
        # Athena looks it up whichever database a query names.
        allow([FIND_DATABASE], f"{glue}:database/default"),
        allow(KEEP_RESULTS, results.bucket.arn_for_objects(f"{mine}*")),
        allow([LOCATE], results.bucket.bucket_arn),
        allow([LIST], results.bucket.bucket_arn, prefix=mine),
    ):
        grant = grant.combine(another)
    if results.key is not None:
        use = results.key.grant(grantee, *USE_KEY)
        if not use.success:
            raise ValueError(
                f"the results' key {results.key.node.path} lets nobody be granted its "
                f"use, and {grantee!r} could read no results; import it with "
                "kms.Key.from_key_arn(…), as 'encryption_key' or with the bucket"
            )
        grant = grant.combine(use)
    return grant


def _check_grantee(grantee: object) -> None:
    """Refuse what is no grantee, and those whose policies have no room for a grant.

    A grant takes about 2,100 characters. All inline policies of a user have 2,048 and
    those of a group 5,120, and the CDK splits only a role's.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    if not hasattr(grantee, "grant_principal"):
        raise ValueError(
            f"'grantee' is {grantee!r}, which can be granted nothing; pass a role of "
            "the catalog's account"
        )
    principal = grantee.grant_principal
    for kind, attribute in (("a user", "user_name"), ("a group", "group_name")):
        if hasattr(principal, attribute):
            raise ValueError(
                f"'grantee' {grantee!r} is {kind}, whose inline policies have no room "
                "for such grants; pass a role that they may assume"
            )


def _check_account(grantee: iam.IGrantable, account: str) -> None:
    theirs = grantee.grant_principal.principal_account
    if theirs is not None and differ(theirs, account):
        raise ValueError(
            f"'grantee' is of account {theirs}, and Athena has no queries from there "
            f"in the catalog's account {account}; make a role in {account} that "
            f"account {theirs} may assume, and pass that"
        )

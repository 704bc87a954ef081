"""Checks of a catalog's arguments: each names the argument, the value, a way out."""

from __future__ import annotations

from aws_cdk import Duration, Size, SizeRoundingBehavior, Stack, Token
from aws_cdk import aws_s3 as s3
from constructs import Construct

from . import _checks, _numbers, _places
from ._sql import tables

#: https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
CUTOFF_BYTES = 10_000_000

#: What tables and views may take of a template, of which CloudFormation takes a
#: million bytes; the rest is for a tracker and what else is in its stack.
#: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
TEMPLATE_BYTES = 700_000

#: Why results cannot be kept in another account, or region.
_NO_RESULTS = {
    "account": "grants do not reach it there",
    "region": "Athena stores no results there",
}
#: `default` and `information_schema` are databases that are there anyway, and `primary`
#: is a workgroup, which is called as the database is.
_RESERVED = ("default", "information_schema", "primary")


def catalog(value: Construct | None, kind: type[Construct], scope: Construct) -> None:
    """Refuse what is no catalog, and one that is known to be elsewhere.

    Args:
        value: What a tracker was given.
        kind: `EventCatalog`, whose own module imports this one.
        scope: Where the tracker is.
    """
    if value is None:
        return
    if not isinstance(value, kind):
        raise ValueError(
            f"'catalog' must be an EventCatalog, got {value!r}; pass "
            "EventCatalog(stack, 'Catalog'), or nothing to have one made"
        )
    apart = _places.difference(Stack.of(value), Stack.of(scope))
    if apart is not None:
        raise ValueError(
            f"'catalog' {value.node.path} is in {apart.what} {apart.theirs} and the "
            f"tracker in {apart.ours}; pass a catalog of the tracker's own "
            f"{apart.what}, or nothing to have one made"
        )


def database_name(value: str) -> None:
    """Check a database's name; views hold it in a form that takes no token."""
    if not isinstance(value, str) or Token.is_unresolved(value):
        raise ValueError(
            "'database_name' must be text that is known at synthesis, since it is "
            f"written into views, got {value!r}; leave it out to have a name made"
        )
    tables.check_name("database_name", value, tables.DATABASE_CHARS)
    if value in _RESERVED:
        raise ValueError(
            f"'database_name' {value!r} is taken in every account, as a database or a "
            "workgroup; choose another, or leave it out to have a name made"
        )


def cutoff(value: Size | None) -> None:
    """Check how much a query may read."""
    if value is None:
        return
    if not isinstance(value, Size):
        raise ValueError(
            f"'bytes_scanned_cutoff' must be a Size, got {value!r}; pass "
            "Size.gibibytes(100)"
        )
    if value.is_unresolved():
        try:
            value.to_bytes()
        except RuntimeError:
            # The CDK converts no token.
            raise ValueError(
                f"'bytes_scanned_cutoff' is {value!r}, whose amount is not known at "
                "synthesis; pass Size.bytes(…) for such a one"
            ) from None
        return
    given = value.to_bytes(rounding=SizeRoundingBehavior.NONE)
    if given % 1:
        raise ValueError(
            f"'bytes_scanned_cutoff' must be whole bytes, got {given:,}; pass "
            f"Size.bytes({given:.0f})"
        )
    if given < CUTOFF_BYTES:
        raise ValueError(
            f"'bytes_scanned_cutoff' must be at least {CUTOFF_BYTES:,} bytes, which is "
            f"the least that Athena takes, got {given:,.0f}; pass Size.mebibytes(10) "
            "or more"
        )


def results_bucket(value: s3.IBucket | None, scope: Construct) -> None:
    """Check that a bucket of results is not known to be elsewhere than its catalog."""
    if value is None:
        return
    apart = _places.difference(value.env, Stack.of(scope))
    if apart is not None:
        raise ValueError(
            f"'results_bucket' is in {apart.what} {apart.theirs} and the catalog in "
            f"{apart.ours}, and {_NO_RESULTS[apart.what]}; pass a bucket of the "
            f"catalog's own {apart.what}, or leave it out to have one made"
        )


def access_logs(value: s3.IBucket | None, results: object, scope: Construct) -> None:
    """Check where requests to a new bucket of results are logged."""
    if value is not None and results is not None:
        raise ValueError(
            "'server_access_logs_bucket' is given with 'results_bucket', whose logs "
            "are its owner's; set them on that bucket, or leave 'results_bucket' out"
        )
    _checks.logs_bucket(value, scope)


def size(database: str, taken: int, tenant: str) -> None:
    """Check that a catalog with one more tenant fits into a template."""
    if taken > TEMPLATE_BYTES:
        raise ValueError(
            f"tenant {tenant!r} makes the tables and views of database {database!r} "
            f"take {taken:,} bytes of a template, and {TEMPLATE_BYTES:,} are left for "
            "them of the million that CloudFormation takes; give the tracker a catalog "
            "in a stack of its own, catalog=EventCatalog(other_stack, …), or spread "
            "the tenants over several trackers, each with its own"
        )


def results_retention(value: Duration | None, bucket: object) -> None:
    """Check how long results are kept."""
    if value is None:
        return
    if bucket is not None:
        raise ValueError(
            f"'results_retention' is {value!r} and 'results_bucket' is given, whose "
            "lifecycle is its owner's; add a lifecycle rule to that bucket, or leave "
            "'results_bucket' out"
        )
    _numbers.whole_days("'results_retention'", value, "pass Duration.days(30)")

"""Checks of a catalog's arguments: each names the argument, the value, a way out."""

from __future__ import annotations

from aws_cdk import Duration, Size, Token

from ._sql import tables

#: https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
CUTOFF_BYTES = 10_000_000

_DAY = 86_400_000


def database_name(value: str) -> None:
    """Check a database's name; views hold it in a form that takes no token."""
    if not isinstance(value, str) or Token.is_unresolved(value):
        raise ValueError(
            "'database_name' must be text that is known at synthesis, since it is "
            f"written into views, got {value!r}; leave it out to have a name made"
        )
    tables.check_name("database_name", value, tables.DATABASE_CHARS)


def cutoff(value: Size | None) -> None:
    """Check how much a query may read."""
    if value is None:
        return
    if not isinstance(value, Size):
        raise ValueError(
            f"'bytes_scanned_cutoff' must be a Size, got {value!r}; pass "
            "Size.gibibytes(100)"
        )
    try:
        given = value.to_bytes()
    except RuntimeError:
        # The CDK converts no token.
        raise ValueError(
            f"'bytes_scanned_cutoff' is {value!r}, whose amount is not known at "
            "synthesis; pass Size.bytes(…) for such a one"
        ) from None
    if not value.is_unresolved() and given < CUTOFF_BYTES:
        raise ValueError(
            f"'bytes_scanned_cutoff' must be at least {CUTOFF_BYTES:,} bytes, which is "
            f"the least that Athena takes, got {given:,.0f}; pass Size.mebibytes(10) "
            "or more"
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
    if not isinstance(value, Duration):
        raise ValueError(
            f"'results_retention' must be a Duration, got {value!r}; pass "
            "Duration.days(30)"
        )
    if value.is_unresolved():
        return
    days = value.to_milliseconds() / _DAY
    if days < 1 or days % 1:
        raise ValueError(
            "'results_retention' must be whole days and at least one, "
            f"got {days:g} days; pass Duration.days(30)"
        )

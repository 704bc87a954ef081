"""A tenant: one of the sites or customers whose events a tracker keeps apart."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3

from ._sql.tables import table_of
from .write_key import WriteKey


@dataclass(frozen=True)
class Tenant:
    """A tenant, as `AnalyticsTracker.add_tenant` returned it.

    Attributes:
        name: The name that requests may give instead of the bucket's.
        bucket: The bucket that the tenant's events are stored in.
        allowed_origins: The origins that a browser may send from; empty: every origin.
        retention: How long events are kept in a bucket that was made for the tenant;
            None: for ever, or as the owner of a bucket that was given has it.
        write_keys: The keys, one of which each event must bring; empty: events need
            none.
        throttling_rate_limit: Requests a second on each route of the tenant's own;
            None: it has no such routes.
        throttling_burst_limit: Requests at once on each of these routes; None: it has
            no such routes.
    """

    name: str
    bucket: s3.IBucket
    allowed_origins: tuple[str, ...] = ()
    retention: Duration | None = None
    write_keys: tuple[WriteKey, ...] = ()
    throttling_rate_limit: float | None = None
    throttling_burst_limit: float | None = None

    @property
    def table_name(self) -> str:
        """The name of the tenant's table: `<name with underscores>_events`."""
        return table_of(self.name)

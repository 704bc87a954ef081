"""A tenant's table in a catalog, and what is named after it."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_s3 as s3

from ._sql import tables


@dataclass(frozen=True)
class EventTable:
    """A tenant's table, as `EventCatalog.add_tenant` returned it.

    Attributes:
        tenant: The tenant's name.
        bucket: The bucket that the table is over.
        table: The table: every stored line.
        workgroup: The workgroup of those who query this tenant alone.
    """

    tenant: str
    bucket: s3.IBucket
    table: glue.CfnTable
    workgroup: athena.CfnWorkGroup

    @property
    def table_name(self) -> str:
        """The table's name."""
        return tables.table_of(self.tenant)

    @property
    def unique_view_name(self) -> str:
        """The name of the view with one row for each event."""
        return tables.names(self.table_name).unique

    @property
    def sessions_view_name(self) -> str:
        """The name of the view with one row for each session."""
        return tables.names(self.table_name).sessions

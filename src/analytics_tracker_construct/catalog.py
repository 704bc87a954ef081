"""The catalog: a database of tables, views, workgroups and queries for Athena."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aws_cdk import Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from . import (
    _buckets,
    _catalog_checks,
    _catalog_names,
    _checks,
    _kinds,
    _permissions,
    _tenant_checks,
)
from ._actions import READ_QUERIES
from ._catalog_queries import make_queries
from ._catalog_results import Results, make_bucket, make_workgroup
from ._catalog_tables import (
    TenantTables,
    make_all_views,
    make_tables,
    template_bytes,
)
from ._children import child_of
from ._query_rights import Relations, let_query
from ._sql import tables
from .event_table import EventTable
from .tenant import Tenant

#: A query that would read more is stopped: at list price it costs half a dollar.
CUTOFF_GIB = 100
RETENTION_DAYS = 30


class EventCatalog(Construct):
    """A Glue database with a table for each tenant, and workgroups of Athena.

    A tracker makes one, or takes one that several trackers share. It also stands
    alone, over buckets that something else writes to. Where it is in another stack than
    the buckets, it refers to that stack, and those who query belong in a third.

    Each tenant has a table of all stored lines, a view with one row for each event, a
    view of sessions and a workgroup of its own. `all_events` and `all_sessions` are
    views over every tenant, for those who may see all.

    Args:
        scope: The stack or construct that it becomes a part of.
        construct_id: Its name there.
        database_name: The database's name, which is known at synthesis: 1 to 64
            lower-case letters, digits and underscores.
            Default: made from the stack's name and the construct's path, with a hash
            where these have more than letters and digits or are too long.
        bytes_scanned_cutoff: How much one query may read, 10 MB or more.
            Default: 100 GiB.
        results_bucket: Where results of queries are stored, below
            `results/<database>/`. It must be in the catalog's account and region.
            Default: a new private bucket.
        results_retention: Whole days after which results in a new bucket are deleted.
            Default: 30 days.
        encryption_key: The KMS key that results are encrypted with.
            Default: the key of `results_bucket`, else S3's own keys.
        server_access_logs_bucket: Where requests to a new bucket of results are logged,
            below `results/`.
            Default: they are not logged.
        removal_policy: What happens to a new bucket of results when the stack is
            deleted. A bucket with objects in it is never deleted.
            Default: it is kept, but not where making it failed.
            All else always goes with the stack: the database, with tables that were
            made in it by hand, and the workgroups, with their history and the queries
            saved in them. No event is lost with them.

    Raises:
        ValueError: If an argument cannot work; the message names the way out.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database_name: str | None = None,
        bytes_scanned_cutoff: Size | None = None,
        results_bucket: s3.IBucket | None = None,
        results_retention: Duration | None = None,
        encryption_key: kms.IKey | None = None,
        server_access_logs_bucket: s3.IBucket | None = None,
        removal_policy: RemovalPolicy | None = None,
    ) -> None:
        if database_name is not None:
            _catalog_checks.database_name(database_name)
        _catalog_checks.cutoff(bytes_scanned_cutoff)
        _kinds.bucket("results_bucket", results_bucket)
        _catalog_checks.results_bucket(results_bucket, scope)
        _catalog_checks.results_retention(results_retention, results_bucket)
        _kinds.key("encryption_key", encryption_key)
        _checks.encryption_key(encryption_key)
        _catalog_checks.access_logs(server_access_logs_bucket, results_bucket, scope)
        _kinds.removal_policy(removal_policy)

        super().__init__(scope, construct_id)

        stack = Stack.of(self)
        self._database_name = database_name or _catalog_names.database_of(self)
        _catalog_names.check_free(self, self._database_name)
        self._cutoff = bytes_scanned_cutoff or Size.gibibytes(CUTOFF_GIB)
        self._database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=stack.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                description="Analytics events: a table and views for each tenant",
                name=self._database_name,
            ),
        )
        bucket = results_bucket or make_bucket(
            self,
            "Results",
            keeping=_buckets.Keeping(
                removal_policy or _buckets.KEPT,
                encryption_key,
                server_access_logs_bucket,
            ),
            retention=results_retention or Duration.days(RETENTION_DAYS),
        )
        self._results = Results(bucket, encryption_key or bucket.encryption_key)
        self._workgroup = make_workgroup(
            self,
            "Workgroup",
            cutoff=self._cutoff,
            database=self._database_name,
            description="Queries over the events of every tenant",
            results=self._results,
        )
        self._tables: dict[str, EventTable] = {}
        self._parts: dict[str, TenantTables] = {}
        self._all_views: dict[str, glue.CfnTable] = {}
        self._named_queries: dict[str, athena.CfnNamedQuery] = {}
        self._readers: list[iam.IGrantable] = []

    @property
    def database_name(self) -> str:
        """The database's name."""
        return self._database_name

    @property
    def database(self) -> glue.CfnDatabase:
        """The database."""
        return self._database

    @property
    def workgroup(self) -> athena.CfnWorkGroup:
        """The workgroup of those who query every tenant; it has the named queries."""
        return self._workgroup

    @property
    def results_bucket(self) -> s3.IBucket:
        """The bucket that results of queries are stored in."""
        return self._results.bucket

    @property
    def tables(self) -> Mapping[str, EventTable]:
        """The tenants' tables by the tenants' names; it cannot be written to."""
        return MappingProxyType(self._tables)

    @property
    def named_queries(self) -> Mapping[str, athena.CfnNamedQuery]:
        """The queries that Athena's console offers; none before the first tenant."""
        return MappingProxyType(self._named_queries)

    def add_tenant(self, name: str, *, bucket: s3.IBucket) -> EventTable:
        """Define the table, the views and the workgroup of a tenant.

        A tracker does this for its own tenants.

        Args:
            name: 1 to 63 lower-case letters, digits and hyphens; begins with a letter.
            bucket: Where its events are stored, below `analytics/`.

        Returns:
            The tenant's table, and what is named after it.

        Raises:
            ValueError: If an argument cannot work, another tenant has it, or the
                catalog has no room for one more in a template.
        """
        _checks.tenant_name(name)
        if not hasattr(bucket, _kinds.OF_A_BUCKET):
            raise ValueError(
                f"'bucket' of tenant {name!r} is {bucket!r}, which is none; import it "
                "with s3.Bucket.from_bucket_name(…)"
            )
        _checks.tenant_bucket(name, bucket)
        self.check_new(name, bucket)
        home = Construct(child_of(self, "Tenants"), name)
        parts = make_tables(home, self._database, name, bucket)
        table = EventTable(
            name,
            bucket,
            parts.table,
            make_workgroup(
                home,
                "Workgroup",
                cutoff=self._cutoff,
                database=self._database_name,
                description=f"Queries over the events of {name}",
                results=self._results,
                tenant=name,
            ),
        )
        self._tables[name] = table
        self._parts[name] = parts
        self._all_views = make_all_views(
            child_of(self, "All"), self._database, self._parts
        )
        self._named_queries = self._named_queries or make_queries(
            child_of(self, "Queries"), self._database, self._workgroup
        )
        for grantee in self._readers:
            _permissions.read_events(self, grantee, bucket, "grant_query_all")
        return table

    def check_new(self, name: str, bucket: s3.IBucket | None) -> None:
        """Check that `add_tenant` would take a tenant.

        Args:
            name: Its name.
            bucket: Its bucket; None for one that is yet to be made.

        Raises:
            ValueError: If a tenant of this catalog has its name or its bucket, or the
                catalog has no room for one more in a template.
        """
        _tenant_checks.check_new(
            name, bucket, {each.tenant: each.bucket for each in self._tables.values()}
        )
        _catalog_checks.size(
            self._database_name,
            template_bytes(self._database_name, (*self._tables, name)),
            name,
        )

    def grant_query(
        self, grantee: iam.IGrantable, tenant: Tenant | EventTable | str
    ) -> iam.Grant:
        """Let `grantee` query one tenant's events in that tenant's workgroup.

        It may read the tenant's table and views, its events, and results of its
        workgroup. It may change nothing but these results, and sees no other tenant.

        Args:
            grantee: A role of the catalog's account, since Athena has no queries
                across accounts. People and groups assume it: their own policies have
                no room for a grant.
            tenant: Whose events: what `add_tenant` returned, or the name.

        Raises:
            ValueError: If `tenant` is none of this catalog's, or `grantee` cannot
                query here.
        """
        table = self._own(tenant)
        return let_query(
            self,
            grantee,
            relations=Relations(
                self._database_name, tables.names(tables.table_of(table.tenant))
            ),
            results=self._results,
            tenant=table.tenant,
        ).combine(_permissions.read_events(self, grantee, table.bucket, "grant_query"))

    def grant_query_all(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` query the events of every tenant in the catalog's workgroup.

        This covers tenants that are added later too; their statements are not in the
        grant that is returned.

        Args:
            grantee: A role of the catalog's account.

        Raises:
            ValueError: If `grantee` cannot query here.
        """
        grant = let_query(
            self,
            grantee,
            relations=Relations(self._database_name, ("*",)),
            results=self._results,
            more=READ_QUERIES,
        )
        for table in self._tables.values():
            grant = grant.combine(
                _permissions.read_events(self, grantee, table.bucket, "grant_query_all")
            )
        self._readers.append(grantee)
        return grant

    def _own(self, tenant: Tenant | EventTable | str) -> EventTable:
        """The catalog's table for what `grant_query` was given."""
        found = None
        if isinstance(tenant, str):
            found = self._tables.get(tenant)
        elif isinstance(tenant, EventTable):
            found = self._tables.get(tenant.tenant)
            found = found if found is tenant else None
        elif isinstance(tenant, Tenant):
            found = self._tables.get(tenant.name)
            found = found if found and found.bucket is tenant.bucket else None
        if found is None:
            raise ValueError(
                f"'tenant' must be one of this catalog's tenants, got {tenant!r}; pass "
                "what add_tenant returned, or one of the names "
                f"{sorted(self._tables)}"
            )
        return found

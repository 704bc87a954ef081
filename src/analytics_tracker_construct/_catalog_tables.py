"""Glue's tables: one over each tenant's events, and the views upon them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aws_cdk import Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ._handler import columns
from ._sql import tables, views

_Glue = glue.CfnTable

#: A location with the longest name of a bucket.
_LOCATION = tables.location("x" * 63)
#: About what a table has in a template beside columns, parameters and a view's text.
_AROUND = 1_200


class TenantTables(NamedTuple):
    """What Glue has of one tenant."""

    table: glue.CfnTable
    unique: glue.CfnTable
    sessions: glue.CfnTable


def make_tables(
    scope: Construct, database: glue.CfnDatabase, tenant: str, bucket: s3.IBucket
) -> TenantTables:
    """Return a tenant's table and its two views."""
    names = tables.names(tables.table_of(tenant))
    location = tables.location(bucket.bucket_name)
    table = _define(
        scope,
        "Table",
        database,
        _Glue.TableInputProperty(
            name=names.table,
            description=tables.comment(bucket.bucket_name),
            parameters=tables.parameters(location),
            partition_keys=_columns(tables.PARTITIONS),
            storage_descriptor=_Glue.StorageDescriptorProperty(
                columns=_columns(tables.COLUMNS),
                input_format=tables.INPUT_FORMAT,
                location=location,
                output_format=tables.OUTPUT_FORMAT,
                serde_info=_Glue.SerdeInfoProperty(
                    parameters=dict(tables.SERDE_PARAMETERS),
                    serialization_library=tables.SERDE,
                ),
            ),
            table_type=tables.TABLE_TYPE,
        ),
    )
    unique = _view(scope, "Unique", database, views.unique(names.table))
    sessions = _view(scope, "Sessions", database, views.sessions(names.table))
    # Athena calls a view stale whose relations do not exist. The resources' own method
    # for this changed its name over the CDK's versions; the tree's did not.
    unique.node.add_dependency(table)
    sessions.node.add_dependency(unique)
    return TenantTables(table, unique, sessions)


def make_all_views(
    scope: Construct,
    database: glue.CfnDatabase,
    tenants: Mapping[str, TenantTables],
) -> dict[str, glue.CfnTable]:
    """Return the views over all tenants by name; they grow with each tenant."""
    found = {}
    pairs = [(tenant, tables.table_of(tenant)) for tenant in tenants]
    for view_id, name, over in (
        ("Events", tables.ALL_EVENTS, [each.unique for each in tenants.values()]),
        ("Sessions", tables.ALL_SESSIONS, [each.sessions for each in tenants.values()]),
        ("Lines", views.ALL_LINES, [each.table for each in tenants.values()]),
    ):
        view = views.all_of(pairs, name)
        resource = scope.node.try_find_child(view_id)
        if isinstance(resource, glue.CfnTable):
            resource.table_input = _view_input(database, view)
        else:
            resource = _view(scope, view_id, database, view)
        for each in over:
            resource.node.add_dependency(each)
        found[view.name] = resource
    return found


def _view(
    scope: Construct, construct_id: str, database: glue.CfnDatabase, view: views.View
) -> glue.CfnTable:
    return _define(scope, construct_id, database, _view_input(database, view))


def _define(
    scope: Construct,
    construct_id: str,
    database: glue.CfnDatabase,
    table: glue.CfnTable.TableInputProperty,
) -> glue.CfnTable:
    return glue.CfnTable(
        scope,
        construct_id,
        catalog_id=Stack.of(scope).account,
        database_name=database.ref,
        table_input=table,
    )


def as_deployed(view: views.View) -> views.View:
    """Return a view without its query's indentation, which takes a template's room."""
    return view._replace(sql=re.sub(r"\n +", "\n", view.sql))


def template_bytes(database: str, tenants: Iterable[str]) -> int:
    """Return about how much of a template the tables and views of tenants take.

    Names of buckets count with as many characters as they may have.
    """
    pairs = [(tenant, tables.table_of(tenant)) for tenant in tenants]
    found = [views.all_of(pairs, name) for name in views.OVER_ALL]
    for _, table in pairs:
        found += [views.unique(table), views.sessions(table)]
    described = [
        {"Name": each.name, "Comment": each.comment, "Type": each.type}
        for each in (*tables.COLUMNS, *tables.PARTITIONS)
    ]
    one = len(_indented([described, tables.parameters(_LOCATION)])) + _AROUND
    return one * len(pairs) + sum(
        len(views.glue_view_text(as_deployed(each), database))
        + len(_indented([{"Name": n, "Type": type_} for n, type_ in each.columns]))
        + _AROUND
        for each in found
    )


def _indented(value: object) -> str:
    """Return JSON as the CDK writes it, as deep as columns are in a template."""
    return json.dumps(value, indent=1).replace("\n", "\n" + " " * 5)


def _view_input(
    database: glue.CfnDatabase, view: views.View
) -> glue.CfnTable.TableInputProperty:
    given = database.database_input
    assert isinstance(given, glue.CfnDatabase.DatabaseInputProperty)  # noqa: S101 - for the type only
    return _Glue.TableInputProperty(
        name=view.name,
        # As Athena's own views have it. Trino runs a view as its owner, and not at all
        # where there is none.
        owner="hadoop",
        parameters={"comment": "Presto View", "presto_view": "true"},
        # Without an empty list Athena cannot query the view.
        # https://docs.aws.amazon.com/athena/latest/ug/views-console.html
        partition_keys=[],
        storage_descriptor=_Glue.StorageDescriptorProperty(
            columns=[
                _Glue.ColumnProperty(name=name.lower(), type=hive_type(type_))
                for name, type_ in view.columns
            ],
            # It is told of no SerDe, and yet asked for one.
            serde_info=_Glue.SerdeInfoProperty(),
        ),
        table_type="VIRTUAL_VIEW",
        view_expanded_text="/* Presto View */",
        view_original_text=views.glue_view_text(as_deployed(view), str(given.name)),
    )


def _columns(given: Iterable[columns.Column]) -> list[glue.CfnTable.ColumnProperty]:
    return [
        _Glue.ColumnProperty(comment=each.comment, name=each.name, type=each.type)
        for each in given
    ]


_HIVE = {"varchar": "string", "integer": "int"}


def hive_type(type_: str) -> str:
    """Return what Glue calls a type of a view's, such as `row(width integer)`."""
    if type_.startswith("row("):
        members = (each.split() for each in type_[4:-1].split(", "))
        return f"struct<{','.join(f'{name}:{hive_type(of)}' for name, of in members)}>"
    return _HIVE.get(type_, type_)

"""Glue's tables: one over each tenant's events, and the views upon them."""

from __future__ import annotations

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
    # Athena calls a view stale whose relations do not exist.
    unique.add_dependency(table)
    sessions.add_dependency(unique)
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
            resource.add_dependency(each)
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
        view_original_text=views.glue_view_text(view, str(given.name)),
    )


def _columns(given: Iterable[columns.Column]) -> list[glue.CfnTable.ColumnProperty]:
    return [
        _Glue.ColumnProperty(comment=each.comment, name=each.name, type=each.type)
        for each in given
    ]


_HIVE = {"integer": "int", "real": "float", "varbinary": "binary"}
_MEMBERS = re.compile(r",\s*(?![^()]*\))")


def hive_type(type_: str) -> str:
    """Return what Glue calls a type of Trino's, such as `row(width integer)`."""
    text = type_.strip().lower()
    if text.startswith("row("):
        members = (each.split(maxsplit=1) for each in _MEMBERS.split(text[4:-1]))
        return f"struct<{','.join(f'{name}:{hive_type(of)}' for name, of in members)}>"
    if text.startswith("array("):
        return f"array<{hive_type(text[6:-1])}>"
    if text.startswith("varchar"):
        return "string"
    if text.startswith("timestamp"):
        return "timestamp"
    return _HIVE.get(text, text)

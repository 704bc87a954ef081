"""Checks of the tenants' tables and views in Glue against what is stored."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping

from ..._handler import columns, settings
from ..._sql import tables, views
from .._aws import Answer, AwsError, call
from .findings import Finding, failure, ok, warning
from .subject import Subject

_MAKE = (
    "deploy again with this version of the construct, or make it "
    "with what `analytics-tracker sql setup --bucket {bucket} --table {table}` prints"
)
_AGAIN = "it is stale: {make}"
_VIEW_TEXT = re.compile(r"/\* Presto View: (\S+) \*/")
_CHANGE = "change the table so, or drop and create it; stored objects stay as they are"


def which(stack: str, found: list[str]) -> Finding:
    """Return why the tables of a stack are not looked at: it has not one database."""
    if found:
        return warning(
            "tables",
            f"stack {stack} has {len(found)} databases: {', '.join(found)}",
            "name the tracker's with --database",
        )
    return warning(
        "tables",
        f"stack {stack} has no database",
        "name that of the tracker's catalog with --database; where the stack is older "
        "than the catalog, deploy with this version of the construct",
    )


def check(
    subject: Subject, database: str, tenant: settings.Tenant
) -> Iterator[Finding]:
    """Yield whether a tenant's table is as its objects are, and its views as now made.

    Raises:
        AwsError: If AWS does not tell.
    """
    names = tables.names(tables.table_of(tenant.name))
    make = _MAKE.format(bucket=tenant.bucket, table=names.table)
    what = f"table {database}.{names.table}"
    table = _look(subject, database, names.table)
    if table is None:
        yield failure(what, "it does not exist", make)
        return
    problems = list(_problems(table, tables.location(tenant.bucket)))
    if problems:
        yield failure(what, "; ".join(problems), _CHANGE)
    else:
        yield ok(what, f"its {len(tables.COLUMNS)} columns are those stored")
    for view in (views.unique(names.table), views.sessions(names.table)):
        what = f"view {database}.{view.name}"
        found = _look(subject, database, view.name)
        if found is None:
            yield warning(what, "it does not exist, and queries need it", make)
            continue
        problem = _stale(found, view, database)
        if problem is None:
            yield ok(what, "it is as this version makes it")
        else:
            yield failure(what, problem, _AGAIN.format(make=make))


def _look(subject: Subject, database: str, name: str) -> Answer | None:
    try:
        answer = call(
            "glue:GetTable",
            subject.client("glue").get_table,
            DatabaseName=database,
            Name=name,
        )
    except AwsError as error:
        if not error.missing:
            raise
        return None
    table: Answer = answer["Table"]
    return table


def _problems(table: Answer, location: str) -> Iterator[str]:
    stored = table.get("StorageDescriptor", {})
    if table.get("TableType") != tables.TABLE_TYPE:
        yield f"its type is {table.get('TableType')}, not {tables.TABLE_TYPE}"
    yield from _differences("column", stored.get("Columns", []), tables.COLUMNS)
    yield from _differences(
        "partition key", table.get("PartitionKeys", []), tables.PARTITIONS
    )
    if stored.get("Location", "").rstrip("/") != location.rstrip("/"):
        yield f"its location is not {location}"
    yield from _unlike(
        "parameter",
        table.get("Parameters", {}),
        {
            name: value
            for name, value in tables.parameters(location).items()
            if name.startswith(("projection.", "storage."))
        },
        # Folders named so are where Athena looks anyway.
        needless=("storage.location.template",),
    )
    serde = stored.get("SerdeInfo", {})
    if serde.get("SerializationLibrary") != tables.SERDE:
        yield f"its SerDe is not {tables.SERDE}"
    yield from _unlike(
        "SerDe parameter", serde.get("Parameters", {}), tables.SERDE_PARAMETERS
    )


def _stale(found: Answer, view: views.View, database: str) -> str | None:
    """Why a view is not the one that this version makes; None where it is."""
    if found.get("TableType") != "VIRTUAL_VIEW":
        return f"its type is {found.get('TableType')}, not VIRTUAL_VIEW"
    match = _VIEW_TEXT.fullmatch(found.get("ViewOriginalText", ""))
    try:
        kept = json.loads(base64.b64decode(match[1])) if match else None
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or "originalSql" not in kept:
        return "its text is none that Athena reads"
    return next(_unlike_ours(kept, view, database), None)


def _unlike_ours(kept: Answer, view: views.View, database: str) -> Iterator[str]:
    ours = json.loads(views.glue_view_json(view, database))
    if kept.get("columns") != ours["columns"]:
        yield "its columns are not those that this version makes"
    sql = str(kept["originalSql"])
    # Where Athena made the view, it keeps the query in its own words.
    if "FROM" in map(str.strip, sql.splitlines()):
        return
    if kept.get("schema") != database:
        yield f"it reads the database {kept.get('schema')}, not {database}"
    if sql.split() != view.sql.split():
        yield "its query is not the one that this version makes"


def _differences(
    what: str, found: list[Answer], wanted: Iterable[columns.Column]
) -> Iterator[str]:
    types = {each["Name"].lower(): _plain(each.get("Type", "")) for each in found}
    expected = {each.name: _plain(each.type) for each in wanted}
    for name, type_ in expected.items():
        if name not in types:
            yield f"{what} {name} is missing"
        elif types[name] != type_:
            yield f"{what} {name} is {types[name]}, not {type_}"
    for name in types.keys() - expected.keys():
        yield f"{what} {name} is not stored"


def _unlike(
    what: str,
    found: Mapping[str, str],
    wanted: Mapping[str, str],
    needless: Iterable[str] = (),
) -> Iterator[str]:
    for name, value in wanted.items():
        if name not in found:
            if name not in needless:
                yield f"{what} {name} is missing, and should be {value}"
        # What a mapping names is as the function writes it; the rest is not so exact.
        elif found[name] != value and (
            name.startswith("mapping.") or found[name].lower() != value.lower()
        ):
            yield f"{what} {name} is {found[name]}, not {value}"


def _plain(type_: str) -> str:
    return type_.lower().replace(" ", "")

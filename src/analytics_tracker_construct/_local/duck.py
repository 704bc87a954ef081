"""DuckDB over a data folder: one view for each bucket, and one over all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .._handler import buckets, columns

if TYPE_CHECKING:
    import duckdb

#: The view over every bucket, with the column `tenant`.
ALL = "all_events"

_SCALARS = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
}
_FOLDER = columns.PREFIX.rstrip("/")
# Athena passes over objects whose names begin with `_` or `.`, and so must this.
# https://docs.aws.amazon.com/athena/latest/ug/other-notable-limitations.html
_VISIBLE = "[A-Za-z0-9-]*"
#: Bytes of one line that DuckDB takes; an event has at most 64 KiB as sent.
_LINE_BYTES = 1024 * 1024


class View(NamedTuple):
    """A bucket's view."""

    name: str
    tenant: str
    """The tenant's name, or the bucket's where a request named that."""
    files: tuple[str, ...]
    """Patterns for its objects; empty: there are none."""


def table_name(tenant: str) -> str:
    """Return the name of a tenant's (or bucket's) table."""
    return tenant.replace("-", "_") + "_events"


def connect(data: Path) -> tuple[duckdb.DuckDBPyConnection, list[View]]:
    """Open an in-memory database whose views read the objects below `data`.

    A line that is not a JSON object is left out; a value of another type than its
    column's is null. Nothing is copied: each query reads the files as they are then.

    Args:
        data: The data folder of `analytics-tracker dev`.

    Returns:
        The connection and its views, without `all_events`.

    Raises:
        ImportError: If DuckDB is not installed.
    """
    import duckdb  # noqa: PLC0415  an extra; everything else works without it

    # A query must not download an extension behind its user's back.
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    views = list(_views(data))
    for view in views:
        # A tenant called `all` is found in the view over all of them only.
        if view.name != ALL:
            connection.execute(f'CREATE VIEW "{view.name}" AS {_rows(view.files)}')
    # Names come from folders whose form `_views` has checked; SQL takes no parameters
    # where it defines something.
    every = " UNION ALL ".join(
        f"SELECT '{view.tenant}' AS tenant, * FROM ({_rows(view.files)})"  # noqa: S608  above
        for view in views
    )
    nothing = f"SELECT CAST(NULL AS VARCHAR) AS tenant, * FROM ({_rows(())})"  # noqa: S608  constants
    connection.execute(f"CREATE VIEW {ALL} AS {every or nothing}")
    return connection, views


def data_folders(above: Path) -> list[Path]:
    """Return the folders right below `above` that have events, sorted by name."""
    first = columns.PARTITIONS[0].name
    return sorted(
        {path.parents[2] for path in above.glob(f"[!.]*/*/{_FOLDER}/{first}=*")}
    )


def duckdb_type(hive: str) -> str:
    """Return the DuckDB type of a Hive type, such as `struct<width:int>`.

    Raises:
        ValueError: If it is none that our columns have.
    """
    members = _members(hive)
    if members:
        inner = ", ".join(f'"{name}" {duckdb_type(type_)}' for name, type_ in members)
        return f"STRUCT({inner})"
    if hive not in _SCALARS:
        raise ValueError(f"no DuckDB type is known for the Hive type {hive!r}")
    return _SCALARS[hive]


def _members(hive: str) -> list[list[str]]:
    """Return names and types of a struct's members; none for another type."""
    struct = re.fullmatch(r"struct<([^<>]+)>", hive)
    return [member.split(":") for member in struct[1].split(",")] if struct else []


def _views(data: Path) -> Iterator[View]:
    levels = "/".join(f"{p.name}=*" for p in columns.PARTITIONS)
    for folder in sorted(data.glob(f"*/{_FOLDER}")):
        tenant = folder.parent.name
        if not buckets.TENANT_NAME.fullmatch(tenant) and buckets.name_problem(tenant):
            continue
        # A pattern that matches no file is an error to DuckDB.
        files = tuple(
            f"{_literally(folder.resolve())}/{levels}/{_VISIBLE}{suffix}"
            for suffix in (".json", ".json.gz")
            if next(folder.glob(f"{levels}/{_VISIBLE}{suffix}"), None)
        )
        yield View(table_name(tenant), tenant, files)


def _rows(files: tuple[str, ...]) -> str:
    """Return the query of a view."""
    if not files:
        every = (*columns.COLUMNS, *columns.PARTITIONS)
        nulls = (f'CAST(NULL AS {duckdb_type(c.type)}) AS "{c.name}"' for c in every)
        return f"SELECT {', '.join(nulls)} WHERE false"
    names = ", ".join(f'"{p.name}"' for p in columns.PARTITIONS)
    return (
        # Several times faster over many small files than `read_json` with columns.
        f"SELECT event.*, {names} FROM (SELECT {names}, json_transform("  # noqa: S608  see `_quoted`
        # Older versions pass on two values in one line, and then stumble over them.
        f"CASE WHEN json_valid(json) THEN json END, {_quoted(_structure())}) AS event "
        f"FROM read_ndjson_objects([{', '.join(map(_quoted, files))}], "
        f"ignore_errors = true, maximum_object_size = {_LINE_BYTES}, "
        f"hive_partitioning = true, hive_types = {_hive_types()})) "
        # A line that DuckDB cannot read is a null, and so are its members.
        'WHERE event."eventId" IS NOT NULL'
    )


def _structure() -> str:
    """Return the columns as `json_transform` takes them."""

    def of(hive: str) -> object:
        members = _members(hive)
        return {n: of(t) for n, t in members} if members else _SCALARS[hive]

    return json.dumps({column.name: of(column.type) for column in columns.COLUMNS})


def _hive_types() -> str:
    pairs = (f"{p.name}: {duckdb_type(p.type)}" for p in columns.PARTITIONS)
    return "{" + ", ".join(pairs) + "}"


def _literally(path: Path) -> str:
    """Return a path as a pattern that matches it alone."""
    return re.sub(r"[*?[]", lambda match: f"[{match[0]}]", path.as_posix())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

"""DuckDB over a data folder: the views of the construct, for each bucket and over all.

Their SQL is Athena's, translated; only the rows beneath are read otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .._handler import buckets, columns
from .._sql import hive, tables, views

if TYPE_CHECKING:
    import duckdb

#: The view over every bucket, each event once, with the column `tenant`.
ALL = tables.ALL_EVENTS
#: The folders of days below that of a bucket's events, as a pattern.
DAYS = "/".join(f"{each.name}=*" for each in columns.PARTITIONS)
# Where the views of a tenant called `all` are, whose names are taken.
_ASIDE = "aside"
# Stands for a table's name in SQL that is translated once for all.
_TABLE = "table_events"

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
# The object that a row lies in, under the name that Athena has for it.
# https://docs.aws.amazon.com/athena/latest/ug/querying-tables-columns.html
_PATH = '"$path"'


class View(NamedTuple):
    """A bucket's views: every stored line, each event once, and sessions."""

    name: str
    """The name of the view that has every stored line, as the table in Athena."""
    tenant: str
    """The tenant's name, or the bucket's where a request named that."""
    files: tuple[str, ...]
    """Patterns for its objects; empty: there are none."""

    @property
    def names(self) -> tuple[str, ...]:
        """What a query may call them; none where they would hide those over all."""
        return () if self.name == ALL else tables.names(self.name)


def connect(data: Path) -> tuple[duckdb.DuckDBPyConnection, list[View]]:
    """Open an in-memory database whose views read the objects below `data`.

    A line that is not a JSON object is left out; a value of another type than its
    column's is null. `<table>_unique` and `all_events` have one row for each `eventId`
    of a day, `<tenant>_sessions` and `all_sessions` one for each session. Nothing is
    copied: each query reads the files as they are then.

    Args:
        data: The data folder of `analytics-tracker dev`.

    Returns:
        The connection and its views, without those over all.

    Raises:
        ImportError: If DuckDB or sqlglot is not installed.
    """
    import duckdb  # noqa: PLC0415  an extra; everything else works without it

    # A query must not download an extension behind its user's back.
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    found = list(_views(data))
    connection.execute(f"CREATE SCHEMA {_ASIDE}")
    # To define a view is to list the files of every view below it. So they are defined
    # over empty ones, and those replaced once.
    for view in found:
        names, schema = tables.names(view.name), _schema(view)
        with_path, unique = _with_path(view), f'{schema}."{names.unique}"'
        for name, query in (
            (f'{schema}."{names.table}"', _rows(())),
            (with_path, _rows((), path=True)),
            (unique, _unique(with_path)),
            (f'{schema}."{names.sessions}"', _sessions(unique)),
        ):
            connection.execute(f"CREATE VIEW {name} AS {query}")
    for name in views.OVER_ALL:
        connection.execute(f"CREATE VIEW {name} AS {_over_all(found, name)}")
    for view in found:
        for name, query in (
            (f'{_schema(view)}."{view.name}"', _rows(view.files)),
            (_with_path(view), _rows(view.files, path=True)),
        ):
            if view.files:
                connection.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
    return connection, found


def data_folders(above: Path) -> list[Path]:
    """Return the folders right below `above` that have events, sorted by name."""
    first = columns.PARTITIONS[0].name
    return sorted(
        {path.parents[2] for path in above.glob(f"[!.]*/*/{_FOLDER}/{first}=*")}
    )


def duckdb_type(type_: str) -> str:
    """Return the DuckDB type of a Hive type, such as `struct<width:int>`.

    Raises:
        ValueError: If it is none that our columns have.
    """
    members = hive.members(type_)
    if members:
        inner = ", ".join(f'"{n}" {duckdb_type(of)}' for n, of in members.items())
        return f"STRUCT({inner})"
    if type_ not in _SCALARS:
        raise ValueError(f"no DuckDB type is known for the Hive type {type_!r}")
    return _SCALARS[type_]


def _views(data: Path) -> Iterator[View]:
    for folder in sorted(data.glob(f"*/{_FOLDER}")):
        tenant = folder.parent.name
        if not buckets.TENANT_NAME.fullmatch(tenant) and buckets.name_problem(tenant):
            continue
        # A pattern that matches no file is an error to DuckDB.
        files = tuple(
            f"{_literally(folder.resolve())}/{DAYS}/{_VISIBLE}{suffix}"
            for suffix in (".json", ".json.gz")
            if next(folder.glob(f"{DAYS}/{_VISIBLE}{suffix}"), None)
        )
        yield View(tables.table_of(tenant), tenant, files)


def _schema(view: View) -> str:
    return "main" if view.names else _ASIDE


def _with_path(view: View) -> str:
    """Return the name of the view that has every line and its object's name."""
    return f'{_ASIDE}."{view.name}_with_path"'


def _unique(lines: str) -> str:
    """Return the query of a view that has each event of the view `lines` once."""
    return _translated(views.unique(_TABLE).sql).replace(f'"{_TABLE}"', lines)


def _sessions(unique: str) -> str:
    """Return the query of a view that has each session of the view `unique`."""
    query = _translated(views.sessions(_TABLE).sql)
    return query.replace(f'"{tables.names(_TABLE).unique}"', unique)


def _over_all(found: list[View], name: str) -> str:
    """Return the query of a view over all: `all_events` and its like."""
    union = []
    for schema in ("main", _ASIDE):
        here = [(view.tenant, view.name) for view in found if schema == _schema(view)]
        if here:
            union.append(_translated(views.all_of(here, name, schema).sql))
    return " UNION ALL ".join(union) or _translated(views.all_of((), name).sql)


def _translated(sql: str) -> str:
    """Return Athena's SQL as DuckDB's."""
    from .._sql import dialect  # noqa: PLC0415  an extra, and slow to load

    return dialect.to_duckdb(sql)


def _rows(files: tuple[str, ...], *, path: bool = False) -> str:
    """Return the query of a view that has every stored line.

    Args:
        files: Patterns for its objects.
        path: Whether to add the object's name, which takes time.

    Returns:
        Without files, a query that returns nothing, in the same columns.
    """
    if not files:
        every = (*columns.COLUMNS, *columns.PARTITIONS)
        nulls = [f'CAST(NULL AS {duckdb_type(c.type)}) AS "{c.name}"' for c in every]
        if path:
            nulls.append(f"CAST(NULL AS VARCHAR) AS {_PATH}")
        return f"SELECT {', '.join(nulls)} WHERE false"
    names = ", ".join(f'"{p.name}"' for p in columns.PARTITIONS)
    names, found = (
        (f"{names}, {_PATH}", f"{names}, filename AS {_PATH}")
        if path
        else (names, names)
    )
    return (
        # Several times faster over many small files than `read_json` with columns.
        f"SELECT event.*, {names} FROM (SELECT {found}, json_transform("  # noqa: S608  see `_quoted`
        # Older versions pass on two values in one line, and then stumble over them.
        f"CASE WHEN json_valid(json) THEN json END, {_quoted(_structure())}) AS event "
        f"FROM read_ndjson_objects([{', '.join(map(_quoted, files))}], "
        f"ignore_errors = true, maximum_object_size = {_LINE_BYTES}, "
        f"filename = {str(path).lower()}, "
        f"hive_partitioning = true, hive_types = {_hive_types()})) "
        # A line that DuckDB cannot read is a null, and so are its members.
        'WHERE event."eventId" IS NOT NULL'
    )


def _structure() -> str:
    """Return the columns as `json_transform` takes them."""

    def of(type_: str) -> object:
        members = hive.members(type_)
        return {n: of(t) for n, t in members.items()} or _SCALARS[type_]

    return json.dumps({column.name: of(column.type) for column in columns.COLUMNS})


def _hive_types() -> str:
    pairs = (f"{p.name}: {duckdb_type(p.type)}" for p in columns.PARTITIONS)
    return "{" + ", ".join(pairs) + "}"


def _literally(path: Path) -> str:
    """Return a path as a pattern that matches it alone."""
    return re.sub(r"[*?[]", lambda match: f"[{match[0]}]", path.as_posix())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

"""The views over a tenant's table, and over all tenants', in Athena's SQL (Trino).

Each view has the partition columns, and partitions by them wherever it compares rows:
so a predicate on `year`, `month` and `day` goes through it to the objects' folders.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import NamedTuple

from .._handler import columns
from . import hive, sessions_view, tables

#: The view over every stored line of every tenant, beside those that `tables` names.
ALL_LINES = "all_lines"
#: Every view over all tenants: of their events, their sessions, their stored lines.
OVER_ALL = (tables.ALL_EVENTS, tables.ALL_SESSIONS, ALL_LINES)
_SCALARS = {"string": "varchar", "int": "integer", "boolean": "boolean"}
_DAY = tuple(column.name for column in columns.PARTITIONS)


class View(NamedTuple):
    """A view: its name, its query and what that returns."""

    name: str
    sql: str
    columns: tuple[tuple[str, str], ...]
    """Names, spelt as the stored columns are, and Trino's types."""


def trino_type(type_: str) -> str:
    """Return Trino's name of a Hive type, such as `struct<width:int>`.

    Raises:
        ValueError: If it is none that our columns have.
    """
    members = hive.members(type_)
    if members:
        inner = ", ".join(f"{name} {trino_type(of)}" for name, of in members.items())
        return f"row({inner})"
    if type_ not in _SCALARS:
        raise ValueError(f"no Trino type is known for the Hive type {type_!r}")
    return _SCALARS[type_]


#: The columns of a table, and of the view with each event once.
EVENT_COLUMNS = tuple(
    (column.name, trino_type(column.type))
    for column in (*columns.COLUMNS, *columns.PARTITIONS)
)


def unique(table: str, database: str | None = None) -> View:
    """Return the view of a table with one row for each `eventId` of a day.

    The first that was received stands; of several from one moment, that whose object's
    name comes first. Lines that lack what every event has are left out: the SerDe makes
    a row of nulls of a broken one, and takes the items of a list for columns.

    Args:
        table: The table's name.
        database: Its database.
            Default: the view's.
    """
    day = ", ".join(_DAY)
    names = ", ".join(_named(name) for name, _ in EVENT_COLUMNS)
    return View(
        tables.names(table).unique,
        f"""\
SELECT {names}
FROM (
  SELECT {names},
    row_number() OVER (
      PARTITION BY {day}, eventId
      ORDER BY serverTimestamp, "$path"
    ) AS occurrence
  FROM {relation(table, database)}
  WHERE eventId IS NOT NULL AND serverTimestamp LIKE '{sessions_view.STORED_TIME}'
)
WHERE occurrence = 1""",  # noqa: S608  names are quoted
        EVENT_COLUMNS,
    )


def sessions(table: str, database: str | None = None) -> View:
    """Return the view of a table with one row for each session of a day.

    A session is what one `sessionId`, or else one address and user agent, does on one
    UTC day with no more than 30 minutes between two events. Bots have none, nor have
    events that say neither. Of events of one instant page views are first, and else
    their ids say the order. The referrer and the metadata of a campaign are those of
    the first page view, or of the first event where there is no page view.

    Args:
        table: The table's name; the view reads that with each event once.
        database: Its database.
            Default: the view's.
    """
    names = tables.names(table)
    return View(
        names.sessions,
        sessions_view.SQL.replace("{unique}", relation(names.unique, database)),
        sessions_view.COLUMNS,
    )


def all_of(
    tenants: Iterable[tuple[str, str]], name: str, database: str | None = None
) -> View:
    """Return a view over every tenant, `tenant` first.

    A predicate on `tenant` leaves that tenant's branch alone, and so its objects.

    Args:
        tenants: Each tenant's name and table.
        name: `all_events`, `all_sessions` or `all_lines`.
        database: Where their relations are.
            Default: the view's.

    Raises:
        ValueError: If `name` is none of the three.
    """
    if name not in OVER_ALL:
        raise ValueError(
            f"'name' must be {tables.ALL_EVENTS!r}, {tables.ALL_SESSIONS!r} or "
            f"{ALL_LINES!r}, got {name!r}"
        )
    kept = sessions_view.COLUMNS if name == tables.ALL_SESSIONS else EVENT_COLUMNS
    every = ("tenant", "varchar"), *kept
    listed = ", ".join(_named(column) for column, _ in kept)
    branches = []
    for tenant, table in tenants:
        names = tables.names(table)
        source = {
            tables.ALL_EVENTS: names.unique,
            tables.ALL_SESSIONS: names.sessions,
            ALL_LINES: names.table,
        }[name]
        quoted = tenant.replace("'", "''")
        branches.append(
            f"SELECT CAST('{quoted}' AS varchar) AS tenant, {listed}\n"
            f"FROM {relation(source, database)}"
        )
    if not branches:
        nulls = ",\n  ".join(
            f"CAST(NULL AS {type_}) AS {_named(column)}" for column, type_ in every
        )
        branches = [f"SELECT\n  {nulls}\nWHERE false"]
    return View(name, "\nUNION ALL\n".join(branches), every)


def create(view: View, database: str | None = None) -> str:
    """Return the statement that makes a view in Athena, without a semicolon."""
    return f"CREATE OR REPLACE VIEW {relation(view.name, database)} AS\n{view.sql}"


def glue_view_text(view: View, database: str) -> str:
    """Return a view as the Glue catalog keeps it: `ViewOriginalText` of its table.

    The form is that of Presto and Trino's Hive connector, which Athena shares.
    https://trino.io/docs/current/connector/hive.html#hive-views

    Args:
        view: The view.
        database: The database that it is in, and finds its relations in.
    """
    encoded = base64.b64encode(glue_view_json(view, database).encode()).decode()
    return f"/* Presto View: {encoded} */"


def glue_view_json(view: View, database: str) -> str:
    """Return the text that :func:`glue_view_text` encodes."""
    return json.dumps(
        {
            "originalSql": view.sql,
            "catalog": "awsdatacatalog",
            "schema": database,
            "columns": [
                {"name": name.lower(), "type": type_} for name, type_ in view.columns
            ],
        },
        separators=(",", ":"),
    )


def relation(name: str, database: str | None = None) -> str:
    """Return the name of a table or view as SQL has it."""
    quoted = f'"{name}"'
    return quoted if database is None else f'"{database}".{quoted}'


def _named(column: str) -> str:
    # `timestamp` also begins a literal.
    return f'"{column}"' if column == "timestamp" else column

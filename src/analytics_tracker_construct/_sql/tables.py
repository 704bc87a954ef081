"""The table over a tenant's stored events: columns, SerDe, partitions, names, DDL.

The construct's Glue tables, the printed DDL and the checks of `doctor` are all made
from what is here, and this from the columns that the function writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from .._handler import buckets, columns

TABLE_SUFFIX = "_events"
UNIQUE_SUFFIX = "_unique"
SESSIONS_SUFFIX = "_sessions"
#: The views over every tenant; no tenant may be called `all`.
ALL_EVENTS = "all_events"
ALL_SESSIONS = "all_sessions"

#: What tells Athena that Glue's table is one over files.
TABLE_TYPE = "EXTERNAL_TABLE"
INPUT_FORMAT = "org.apache.hadoop.mapred.TextInputFormat"
OUTPUT_FORMAT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
SERDE = "org.openx.data.jsonserde.JsonSerDe"

#: The years that are looked for; a day outside of them is in no query's answer.
FIRST_YEAR, LAST_YEAR = 2020, 2050

#: What a name of a table may have; Glue takes 255 and a tenant's table needs 70.
#: https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
NAME_CHARS = 128
#: What is left for a database's name where a workgroup's, of 128 characters at most, is
#: `<database>-<tenant>`.
#: https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateWorkGroup.html
DATABASE_CHARS = 64

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Names(NamedTuple):
    """What the relations over one tenant's events are called."""

    table: str
    """The table: every stored line."""
    unique: str
    """The view with one row for each event."""
    sessions: str
    """The view with one row for each session."""


def table_of(tenant: str) -> str:
    """Return the name of a tenant's table; SQL takes no hyphens in names."""
    return tenant.replace("-", "_") + TABLE_SUFFIX


def names(table: str) -> Names:
    """Return the names of a table's relations."""
    return Names(
        table,
        table + UNIQUE_SUFFIX,
        table.removesuffix(TABLE_SUFFIX) + SESSIONS_SUFFIX,
    )


def workgroup_of(database: str, tenant: str | None = None) -> str:
    """Return the name of a tenant's workgroup, or of the one over all tenants."""
    return database if tenant is None else f"{database}-{tenant}"


def _as_glue_keeps(given: Iterable[columns.Column]) -> tuple[columns.Column, ...]:
    return tuple(
        columns.Column(
            each.name.lower(),
            each.type.lower(),
            # Clients that split a text into statements do not look for quotes.
            each.comment.replace(";", ","),
        )
        for each in given
    )


#: The columns as Glue keeps them, in lower case.
COLUMNS = _as_glue_keeps(columns.COLUMNS)
PARTITIONS = _as_glue_keeps(columns.PARTITIONS)

#: Where keys are folded to lower case, a line with two that then are one fails every
#: query of its day, or is skipped. So they are not, and each column whose name is not
#: in lower case says which key it is read from.
#: https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
SERDE_PARAMETERS: Mapping[str, str] = {
    "case.insensitive": "FALSE",
    "ignore.malformed.json": "TRUE",
    "use.null.for.invalid.data": "TRUE",
    **{
        f"mapping.{each.name.lower()}": each.name
        for each in columns.COLUMNS
        if each.name != each.name.lower()
    },
}


def folder_of(day: date) -> str:
    """Return the folder of a UTC day's events, without the slash at its end."""
    values = (f"{day:%Y}", f"{day:%m}", f"{day:%d}")
    pairs = zip(columns.PARTITIONS, values, strict=True)
    return columns.PREFIX + "/".join(f"{each.name}={value}" for each, value in pairs)


def location(bucket: str) -> str:
    """Return where a bucket's events are."""
    return f"s3://{bucket}/{columns.PREFIX}"


def parameters(location: str) -> dict[str, str]:
    """Return a table's parameters, by which Athena needs no list of partitions.

    Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
    """
    folders = "/".join(f"{each.name}=${{{each.name}}}" for each in PARTITIONS)
    return {
        "EXTERNAL": "TRUE",
        "classification": "json",
        "projection.enabled": "true",
        **_range("year", FIRST_YEAR, LAST_YEAR, 4),
        **_range("month", 1, 12, 2),
        **_range("day", 1, 31, 2),
        "storage.location.template": f"{location}{folders}/",
    }


def ddl(bucket: str, table: str, database: str | None = None) -> str:
    """Return the statement that makes the table in Athena, without a semicolon.

    Args:
        bucket: Where the events are stored.
        table: The table's name.
        database: Its database.
            Default: the one that the statement runs in.

    Raises:
        ValueError: If one of them cannot be such a name.
    """
    problem = buckets.name_problem(bucket)
    if problem is not None:
        raise ValueError(
            f"'bucket' {bucket!r} {problem}; name the bucket that the tracker writes to"
        )
    check_name("table", table)
    if database is not None:
        check_name("database", database, DATABASE_CHARS)
    where = location(bucket)
    # Athena knows of itself that the table is external.
    options = {k: v for k, v in parameters(where).items() if k != "EXTERNAL"}
    name = f"`{table}`" if database is None else f"`{database}`.`{table}`"
    return "\n".join(
        (
            f"CREATE EXTERNAL TABLE IF NOT EXISTS {name} (",
            _listed(map(_defined, COLUMNS)),
            ")",
            f"COMMENT {_quoted(comment(bucket))}",
            "PARTITIONED BY (",
            _listed(map(_defined, PARTITIONS)),
            ")",
            f"ROW FORMAT SERDE {_quoted(SERDE)}",
            "WITH SERDEPROPERTIES (",
            _listed(map(_assigned, SERDE_PARAMETERS.items())),
            ")",
            f"STORED AS INPUTFORMAT {_quoted(INPUT_FORMAT)}",
            f"OUTPUTFORMAT {_quoted(OUTPUT_FORMAT)}",
            f"LOCATION {_quoted(where)}",
            "TBLPROPERTIES (",
            _listed(map(_assigned, options.items())),
            ")",
        )
    )


def comment(bucket: str) -> str:
    """Return what a table says of itself."""
    return f"Every line of analytics events in {bucket}, repetitions among them"


def check_name(argument: str, value: str, most: int = NAME_CHARS) -> None:
    """Check the name of a table or a database.

    Raises:
        ValueError: If Athena would not take it as it is.
    """
    if not _NAME.fullmatch(value) or len(value) > most:
        raise ValueError(
            f"{argument!r} must be 1 to {most} lower-case letters, digits and "
            f"underscores that begin with a letter, got {value!r}; for example "
            "'shop_events'"
        )


def _range(key: str, first: int, last: int, digits: int) -> dict[str, str]:
    return {
        f"projection.{key}.type": "integer",
        f"projection.{key}.range": f"{first},{last}",
        f"projection.{key}.digits": str(digits),
    }


def _defined(column: columns.Column) -> str:
    return f"`{column.name}` {column.type} COMMENT {_quoted(column.comment)}"


def _assigned(item: tuple[str, str]) -> str:
    return f"{_quoted(item[0])} = {_quoted(item[1])}"


def _listed(lines: Iterable[str]) -> str:
    return ",\n".join(f"  {line}" for line in lines)


def _quoted(text: str) -> str:
    """A string of Hive's, which escapes with backslashes, not by doubling quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"

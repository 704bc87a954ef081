"""Checks of the tenants' tables in Glue against the columns that are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..._handler import columns, settings
from .._aws import Answer, AwsError, call
from .findings import Finding, failure, ok
from .subject import Subject

_MAKE = "create it over the stored objects, with the columns in README.md"
_CHANGE = "change the table so, or drop and create it; stored objects stay as they are"


def check(
    subject: Subject, database: str, tenant: settings.Tenant
) -> Iterator[Finding]:
    """Yield whether a tenant's table is as its objects are.

    Raises:
        AwsError: If AWS does not tell.
    """
    name = f"{tenant.name.replace('-', '_')}_events"
    what = f"table {database}.{name}"
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
        yield failure(what, "it does not exist", _MAKE)
        return
    table = answer["Table"]
    stored = table.get("StorageDescriptor", {})
    problems = [
        *_differences("column", stored.get("Columns", []), columns.COLUMNS),
        *_differences(
            "partition key", table.get("PartitionKeys", []), columns.PARTITIONS
        ),
    ]
    location = f"s3://{tenant.bucket}/{columns.PREFIX}"
    if stored.get("Location", "").rstrip("/") != location.rstrip("/"):
        problems.append(f"its location is not {location}")
    if problems:
        yield failure(what, "; ".join(problems), _CHANGE)
    else:
        yield ok(what, f"its {len(columns.COLUMNS)} columns are those stored")


def _differences(
    what: str, found: list[Answer], wanted: Iterable[columns.Column]
) -> Iterator[str]:
    # Glue keeps names in lower case, those of a struct's members too.
    types = {each["Name"].lower(): _plain(each.get("Type", "")) for each in found}
    expected = {each.name.lower(): _plain(each.type) for each in wanted}
    for name, type_ in expected.items():
        if name not in types:
            yield f"{what} {name} is missing"
        elif types[name] != type_:
            yield f"{what} {name} is {types[name]}, not {type_}"
    for name in types.keys() - expected.keys():
        yield f"{what} {name} is not stored"


def _plain(type_: str) -> str:
    return type_.lower().replace(" ", "")

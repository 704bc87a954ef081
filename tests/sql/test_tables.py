"""The table over stored events: one definition for Glue, for the DDL and for doctor."""

from __future__ import annotations

import re
from datetime import date

import pytest

from analytics_tracker_construct._handler import columns
from analytics_tracker_construct._sql import tables
from handler import lake


def test_columns_are_those_that_are_stored_in_glues_spelling() -> None:
    assert [(each.name, each.type) for each in tables.COLUMNS] == [
        (each.name.lower(), each.type) for each in columns.COLUMNS
    ]
    assert [each.name for each in tables.PARTITIONS] == ["year", "month", "day"]


def test_no_two_columns_are_one_in_lower_case() -> None:
    names = [each.name for each in (*tables.COLUMNS, *tables.PARTITIONS)]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "column", [*tables.COLUMNS, *tables.PARTITIONS], ids=lambda each: each.name
)
def test_glue_takes_each_comment(column: columns.Column) -> None:
    """And a client that splits statements at semicolons finds none in it."""
    assert 0 < len(column.comment.encode()) <= 255
    assert column.comment.isascii()
    assert ";" not in column.comment


def test_names_of_members_need_no_mapping() -> None:
    """The SerDe maps columns alone, and is told to keep the case of keys."""
    for column in columns.COLUMNS:
        assert column.type == column.type.lower()


@pytest.mark.parametrize(
    ("table", "unique", "sessions"),
    [
        ("shop_events", "shop_events_unique", "shop_sessions"),
        ("clicks", "clicks_unique", "clicks_sessions"),
        ("events", "events_unique", "events_sessions"),
    ],
)
def test_views_are_called_after_their_table(
    table: str, unique: str, sessions: str
) -> None:
    assert tables.names(table) == (table, unique, sessions)


def test_a_tenants_table_has_no_hyphen() -> None:
    assert tables.table_of("my-shop") == "my_shop_events"


def test_a_days_folder_is_that_which_events_are_stored_in() -> None:
    assert f"{tables.folder_of(date(2026, 3, 1))}/" == lake.key_of("2026-03-01", "")


def test_workgroups_are_called_after_database_and_tenant() -> None:
    assert tables.workgroup_of("web") == "web"
    assert tables.workgroup_of("web", "my-shop") == "web-my-shop"


def test_a_workgroups_longest_name_is_one_that_athena_takes() -> None:
    """128 characters of letters, digits, dots, hyphens and underscores."""
    name = tables.workgroup_of("d" * tables.DATABASE_CHARS, "t" * 63)

    assert len(name) == 128


DDL = tables.ddl("acme-lake", "shop_events", "web")


def test_the_statement_is_as_athena_documents_it() -> None:
    """Source: https://docs.aws.amazon.com/athena/latest/ug/create-table.html."""
    clauses = [line for line in DDL.splitlines() if not line.startswith((" ", ")"))]

    assert [re.match(r"[A-Z ]+[A-Z]", clause)[0] for clause in clauses] == [  # type: ignore[index] # each has one
        "CREATE EXTERNAL TABLE IF NOT EXISTS",
        "COMMENT",
        "PARTITIONED BY",
        "ROW FORMAT SERDE",
        "WITH SERDEPROPERTIES",
        "STORED AS INPUTFORMAT",
        "OUTPUTFORMAT",
        "LOCATION",
        "TBLPROPERTIES",
    ]
    assert ";" not in DDL


def test_the_statement_says_what_glue_is_told() -> None:
    location = tables.location("acme-lake")

    for column in (*tables.COLUMNS, *tables.PARTITIONS):
        assert f"  `{column.name}` {column.type} COMMENT " in DDL
    for name, value in tables.SERDE_PARAMETERS.items():
        assert f"  '{name}' = '{value}'" in DDL
    for name, value in tables.parameters(location).items():
        assert (f"  '{name}' = '{value}'" in DDL) == (name != "EXTERNAL")
    for text in (location, tables.SERDE, tables.INPUT_FORMAT, tables.OUTPUT_FORMAT):
        assert f"'{text}'" in DDL


def test_quotes_in_comments_are_escaped_as_hive_does_it() -> None:
    assert "the client\\'s or made here'" in DDL


def test_the_database_may_be_that_of_the_session() -> None:
    assert "EXISTS `web`.`shop_events` (" in DDL
    assert "EXISTS `shop_events` (" in tables.ddl("acme-lake", "shop_events")


@pytest.mark.parametrize(
    ("arguments", "argument", "way_out"),
    [
        (("acme.lake", "shop_events"), "bucket", "has a dot.*name the bucket"),
        (("a'; DROP", "shop_events"), "bucket", "lower-case letters"),
        (("acme-lake", "Shop"), "table", "for example 'shop_events'"),
        (("acme-lake", "shop-events"), "table", "underscores"),
        (("acme-lake", "s`"), "table", "got 's`'"),
        (("acme-lake", "s" * 129), "table", "1 to 128"),
        (("acme-lake", "shop_events", "my-db"), "database", "got 'my-db'"),
        (("acme-lake", "shop_events", "d" * 65), "database", "1 to 64"),
    ],
)
def test_refuses_names_that_athena_would_not_take(
    arguments: tuple[str, ...], argument: str, way_out: str
) -> None:
    with pytest.raises(ValueError, match=rf"'{argument}' .*{way_out}"):
        tables.ddl(*arguments)

"""`analytics-tracker sql`: text that others run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot

from analytics_tracker_construct._sql import queries, tables, views

from .running import ask, inside


def test_lists_each_query_with_its_title() -> None:
    lines = inside("sql", "list").stdout.splitlines()

    assert [line.split()[0] for line in lines] == list(queries.names())
    assert all(queries.load(line.split()[0]).title in line for line in lines)


def test_shows_a_query_with_its_parameters_in_order() -> None:
    done = inside("sql", "show", "top-pages", "--tenant", "my-shop")

    text, names = queries.load("top-pages").render(
        queries.Relations.of("my_shop_events")
    )
    assert re.findall(
        r"^-- Parameter (\d+) is (\w+), such as ", done.stdout, re.MULTILINE
    ) == [(str(at), name) for at, name in enumerate(names, 1)]
    assert (
        "\n-- Parameter 1 is from, such as DATE '2026-01-31': First day" in done.stdout
    )
    assert "is bots, such as 'exclude': " in done.stdout
    assert done.stdout.endswith(f"\n{text}\n")
    assert text.count("?") >= len(names)


@pytest.mark.parametrize(
    ("options", "relation"),
    [
        ((), '"all_events"'),
        (("--tenant", "my-shop"), '"my_shop_events_unique"'),
        (("--table", "old_events"), '"old_events_unique"'),
    ],
)
def test_a_shown_query_is_over_what_was_named(
    options: tuple[str, ...], relation: str
) -> None:
    assert relation in inside("sql", "show", "daily-page-views", *options).stdout


def test_a_query_shown_for_duckdb_runs_there(data: Path) -> None:
    shown = inside(
        "sql", "show", "top-pages", "--tenant", "shop", "--dialect", "duckdb"
    )

    given = {"from": "DATE '2026-01-01'", "to": "DATE '2026-01-31'", "limit": "1"}
    text = re.sub(
        r"\$(\w+)", lambda found: given.get(found[1], "'include'"), shown.stdout
    )
    done = ask(data, text, "--format", "csv")
    assert done.stdout.splitlines()[1:] == ["/a,1,0"], done.stderr


def test_a_shown_query_without_its_values_says_what_to_do(data: Path) -> None:
    shown = inside("sql", "show", "daily-page-views", "--dialect", "duckdb").stdout

    done = ask(data, shown)

    assert done.returncode == 1
    assert "from" in done.stderr
    assert "--param name=value is the value of $name" in done.stderr
    assert "\ntables: " not in done.stderr


def test_a_shown_query_takes_its_values_as_parameters(data: Path) -> None:
    shown = inside(
        "sql", "show", "top-pages", "--tenant", "shop", "--dialect", "duckdb"
    ).stdout
    given = {"from": "2026-01-31", "to": "2026-01-31", "bots": "include", "limit": "1"}
    values = [f"--param={name}={value}" for name, value in given.items()]

    done = ask(data, shown, *values, "--format", "csv")

    assert done.stdout.splitlines()[1:] == ["/a,1,0"], done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["what"], "there is no query 'what'; there are "),
        (["top-page"], "there is no query 'top-page'; did you mean top-pages"),
        (["top-pages", "--table", "Old Events"], "'table' must be"),
        (["top-pages", "--table", "old"], "for example 'old_events'"),
        (["top-pages", "--table", "all_events"], "is the view over all tenants"),
        (["top-pages", "--tenant", "A"], "not a tenant's name"),
        (["tenants", "--tenant", "shop"], "leave out --tenant"),
        (["top-pages", "--tenant", "a", "--table", "b"], "not allowed with"),
    ],
)
def test_refuses_to_show_what_is_not_there(arguments: list[str], problem: str) -> None:
    done = inside("sql", "show", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr


def _statements(script: str) -> list[str]:
    """Return the statements of a script, as a client does that splits at semicolons."""
    code = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    return [part.strip() for part in code.split(";") if part.strip()]


def test_setup_makes_table_and_views_in_order() -> None:
    done = inside("sql", "setup", "--bucket", "old-analytics", "--table", "old_events")

    assert (done.returncode, done.stderr) == (0, "")
    assert _statements(done.stdout) == [
        tables.ddl("old-analytics", "old_events"),
        views.create(views.unique("old_events")),
        views.create(views.sessions("old_events")),
    ]
    assert "Run the 3 statements below one by one" in done.stdout
    assert "s3://old-analytics/analytics/" in done.stdout


def test_setup_in_a_database_makes_that_first() -> None:
    done = inside(
        "sql", "setup", "--bucket", "old-analytics", "--table", "old_events",
        "--database", "web",
    )  # fmt: skip  # one argument a line hides the command

    first, table, *made = _statements(done.stdout)
    assert first == "CREATE DATABASE IF NOT EXISTS `web`"
    assert table.startswith("CREATE EXTERNAL TABLE IF NOT EXISTS `web`.`old_events` (")
    assert [statement.splitlines()[0] for statement in made] == [
        'CREATE OR REPLACE VIEW "web"."old_events_unique" AS',
        'CREATE OR REPLACE VIEW "web"."old_sessions" AS',
    ]
    assert "Run the 4 statements" in done.stdout


def test_views_of_a_setup_are_one_statement_each_to_a_parser() -> None:
    done = inside("sql", "setup", "--bucket", "old-analytics", "--table", "old_events")

    _, *made = _statements(done.stdout)
    for statement in made:
        assert len(sqlglot.parse(statement, read="trino")) == 1


@pytest.mark.parametrize(
    ("table", "example"), [("old", "'old_events'"), ("all_events", "'old_events'")]
)
def test_setup_refuses_a_table_that_no_tenant_would_mean(
    table: str, example: str
) -> None:
    done = inside("sql", "setup", "--bucket", "old-analytics", "--table", table)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"for example {example}" in done.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--bucket", "My_Bucket"),
        ("--bucket", "a'; DROP TABLE x"),
        ("--bucket", "x"),
        ("--table", "Old-Events"),
        ("--table", "`; DROP TABLE x"),
        ("--table", ""),
        ("--database", "1 db"),
        ("--database", 'x"y'),
    ],
)
def test_setup_refuses_bad_names(option: str, value: str) -> None:
    given = {"--bucket": "old-analytics", "--table": "old_events", option: value}

    done = inside("sql", "setup", *(part for pair in given.items() for part in pair))

    assert (done.returncode, done.stdout) == (2, "")
    assert f"'{option[2:]}'" in done.stderr

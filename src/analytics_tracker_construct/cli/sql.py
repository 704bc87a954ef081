"""`analytics-tracker sql`: the queries as text, and tables for other buckets."""

from __future__ import annotations

import argparse

from .._handler import columns
from .._query.engine import named
from .._sql import queries, tables, views
from .._sql.literals import literal
from .._sql.parameters import Parameter
from . import _options
from ._errors import CommandError
from ._printing import print_text

_DESCRIPTION = """\
Print SQL: the queries that come with the tracker, or the statements that make the
tables for a bucket of no stack. Nothing is asked and nothing is changed.
"""

_EPILOG = """\
examples:
  analytics-tracker sql list
  analytics-tracker sql show top-pages --tenant shop
  analytics-tracker sql show top-pages --tenant shop --dialect duckdb
  analytics-tracker sql setup --bucket old-analytics --table old_events > setup.sql
"""

_SETUP = """\
-- Tables and views over the events in s3://{bucket}/{prefix}
--
-- Run the {count} statements below one by one, in this order, in the bucket's region:
-- in the query editor of Athena's console, or with
--   aws athena start-query-execution --work-group NAME \\
--     --query-execution-context Database={database} --query-string "$STATEMENT"
-- Running them again does no harm. Days need no further statement: Athena works out
-- the folders from the table's projection ({first} to {last}).
"""
#: Values of parameters that have no default.
_EXAMPLES = {"date": "2026-01-31", "integer": "1", "names": "view,signup"}
_ABOUT = (
    "the database, unless there is one",
    "every stored line",
    "each event once: the view to count with",
    "each session of a day",
)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "sql",
        help="print queries, or the tables for a bucket of no stack",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(
        title="what", metavar="ACTION", dest="action", required=True
    )
    listing = actions.add_parser("list", help="the queries and what they answer")
    listing.set_defaults(run=_list)
    _add_show(actions)
    _add_setup(actions)


def _add_show(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    show = actions.add_parser("show", help="one query, ready to be pasted")
    show.add_argument("name", metavar="NAME", help="the query's name")
    whose = show.add_mutually_exclusive_group()
    whose.add_argument(
        "--tenant",
        type=_options.tenant_or_bucket,
        metavar="TENANT",
        help="whose events (default: those of all tenants)",
    )
    whose.add_argument(
        "--table", metavar="TABLE", help="over this table, as of `sql setup`"
    )
    show.add_argument(
        "--dialect",
        choices=("athena", "duckdb"),
        default="athena",
        help="whose SQL (default: %(default)s)",
    )
    show.set_defaults(run=_show)


def _add_setup(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    setup = actions.add_parser(
        "setup",
        help="the statements that make table and views",
        description="Print the statements that make the table and the views over a "
        "bucket that holds the tracker's events but is no tenant of a stack.",
    )
    setup.add_argument("--bucket", required=True, metavar="BUCKET", help="the bucket")
    setup.add_argument(
        "--table",
        required=True,
        metavar="TABLE",
        help=f"the table's name, such as old{tables.TABLE_SUFFIX}; it ends in "
        f"{tables.TABLE_SUFFIX}",
    )
    setup.add_argument(
        "--database",
        metavar="NAME",
        help="the database (default: the one that the statements run in)",
    )
    setup.set_defaults(run=_setup)


def _list(_: argparse.Namespace) -> int:
    names = queries.names()
    width = max(map(len, names))
    print_text("\n".join(f"{n:<{width}}  {queries.load(n).title}" for n in names))
    return 0


def _show(options: argparse.Namespace) -> int:
    try:
        print_text(_shown(options))
    except ImportError as error:
        raise CommandError(
            f"{error}: pip install 'analytics-tracker-construct[local]'"
        ) from None
    except ValueError as error:
        raise CommandError(str(error), status=2) from None
    return 0


def _shown(options: argparse.Namespace) -> str:
    query = named(options.name)
    if query.is_over_all and (options.tenant or options.table):
        raise ValueError(
            f"{query.name} compares all tenants; leave out --tenant and --table"
        )
    relations = _relations(options)
    if options.dialect == "athena":
        text, names = query.render(relations, style="?")
    else:
        from .._sql.dialect import to_duckdb  # noqa: PLC0415  needs an extra

        text, names = query.render(relations, style="$")
        text = to_duckdb(text)
    return "\n".join([*_head(query, names, options.dialect), text])


def _relations(options: argparse.Namespace) -> queries.Relations:
    table = options.table
    if options.tenant:
        table = tables.table_of(options.tenant)
    if table is None:
        return queries.Relations.all()
    _check_suffix(table)
    return queries.Relations.of(table)


def _head(query: queries.Query, names: list[str], dialect: str) -> list[str]:
    """Return comments that say what the query is, and what to bind."""
    lines = [query.title, *query.description.splitlines()]
    known = {parameter.name: parameter for parameter in query.parameters}
    if dialect == "athena":
        lines += [
            f"Parameter {at} is {name}, such as {_example(known[name])}: "
            f"{known[name].meaning}"
            for at, name in enumerate(names, 1)
        ]
    else:
        lines += [
            f"${each.name} ({each.type}): {each.meaning}" for each in known.values()
        ]
    return [f"-- {line}".rstrip() for line in lines]


def _example(parameter: Parameter) -> str:
    """Return a value of a parameter as Athena's console takes it."""
    given = _EXAMPLES.get(parameter.type, parameter.default)
    return literal(parameter.value_of(parameter.default or given or "text"))


def _setup(options: argparse.Namespace) -> int:
    database = options.database
    try:
        _check_suffix(options.table)
        statements = [
            tables.ddl(options.bucket, options.table, database),
            views.create(views.unique(options.table, database), database),
            views.create(views.sessions(options.table, database), database),
        ]
    except ValueError as error:
        raise CommandError(str(error), status=2) from None
    if database is not None:
        statements.insert(0, f"CREATE DATABASE IF NOT EXISTS `{database}`")
    about = _ABOUT[-len(statements) :]
    head = _SETUP.format(
        bucket=options.bucket,
        prefix=columns.PREFIX,
        count=len(statements),
        database=database or "NAME",
        first=tables.FIRST_YEAR,
        last=tables.LAST_YEAR,
    )
    parts = [
        f"-- {at}. {what}\n{statement};"
        for at, (what, statement) in enumerate(zip(about, statements, strict=True), 1)
    ]
    print_text("\n\n".join([head.rstrip(), *parts]))
    return 0


def _check_suffix(table: str) -> None:
    """Refuse a table that no `--tenant` of `query` would mean.

    Raises:
        ValueError: If its name is not that of a tenant's table.
    """
    tables.check_name("table", table)
    if table == tables.ALL_EVENTS:
        raise ValueError(
            f"'table' {table!r} is the view over all tenants; for example 'old_events'"
        )
    if not table.endswith(tables.TABLE_SUFFIX):
        raise ValueError(
            f"'table' must end in {tables.TABLE_SUFFIX!r}, so that `query --tenant` "
            f"finds it, got {table!r}; for example '{table}{tables.TABLE_SUFFIX}'"
        )

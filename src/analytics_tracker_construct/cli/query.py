"""`analytics-tracker query`: questions about the stored events."""

from __future__ import annotations

import argparse
import io
import re
import sys

from .._query.engine import DAYS, DEFAULT_DAYS, QueryEngine, named, window
from .._query.result import Column, Result, Row
from .._sql import queries
from . import _asking, _aws, _options, _progress, _target
from ._errors import CommandError
from ._interrupt import interruptible

_DESCRIPTION = """\
Answer a question about the stored events: one of the queries that come with the
tracker, or any SQL. It is asked in Athena (with the extra `aws`) or, with --local, of
the folder that `analytics-tracker dev` fills (DuckDB, with the extra `local`).

`analytics-tracker sql list` shows the queries. They cover whole UTC days, the last
seven unless told otherwise, and all tenants unless one is named.

Each tenant or bucket has a table with its name, hyphens as underscores, and
`_events`: every stored line. `<table>_unique` has each event once, however often it
was sent (one row for each eventId of a day, the first received), and `<name>_sessions`
each session of a day. `all_events` and `all_sessions` are those of all tenants with
the column `tenant`. SQL is that of the engine: Athena's or DuckDB's.
"""

_EPILOG = """\
examples:
  analytics-tracker query daily-page-views --local
  analytics-tracker query top-pages --local --tenant shop --param limit=10
  analytics-tracker query daily-visitors --stack Website --tenant shop
      --from 2026-01-01 --to 2026-01-31 --format csv --output january.csv
  analytics-tracker query --stack Website "SELECT page, count(*) AS views
      FROM shop_events_unique WHERE year = '2026' AND month = '01' GROUP BY page"
  analytics-tracker query --local --param type=signup
      'SELECT count(*) AS n FROM all_events WHERE eventType = $type'
  analytics-tracker query --local "SHOW TABLES"
  analytics-tracker query --local "DESCRIBE all_events"
  analytics-tracker query --local --format csv - < question.sql > answer.csv
"""

#: Columns of named queries that count; where all of them are 0, nothing was found.
_COUNTS = frozenset({"events", "page_views", "people", "visitors"})
#: What is one word can be no question in SQL.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "query",
        help="answer a question about the stored events",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "query",
        metavar="NAME|SQL",
        help="the name of a query, or one query in SQL; - reads SQL from stdin",
    )
    what = parser.add_argument_group("what a named query is about")
    what.add_argument(
        "--tenant",
        type=_options.tenant_or_bucket,
        metavar="TENANT",
        help="whose events (default: those of all tenants)",
    )
    what.add_argument(
        "--from",
        dest="start",
        metavar="DAY",
        help=f"first UTC day, such as 2026-01-31 (default: {DEFAULT_DAYS} days in all)",
    )
    what.add_argument(
        "--to", dest="end", metavar="DAY", help="last UTC day (default: today)"
    )
    what.add_argument(
        "--param",
        action="append",
        type=_options.assignment,
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the named query, or in SQL the text that $NAME stands "
        "for; may be repeated",
    )
    _asking.add_to(parser)
    _target.add_to(parser)
    _aws.add_to(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the answer to one question."""
    question = _question(options)
    _target.check(options)
    opened: list[QueryEngine] = []

    def stop() -> None:
        for engine in opened:
            _cancel(engine, options)

    def give_up() -> None:
        _progress.note(
            "the query may run on in Athena: it could not be stopped in time"
        )

    return interruptible(
        lambda: _answer(question, options, opened), stop, give_up, _target.discard
    )


def _cancel(engine: QueryEngine, options: argparse.Namespace) -> None:
    try:
        if engine.cancel() and not options.local:
            _progress.note("the query was cancelled in Athena")
    except Exception as error:  # noqa: BLE001  the command ends, whatever AWS says
        _progress.note(f"the query may run on in Athena: {error}")


def _answer(
    question: str | queries.Query,
    options: argparse.Namespace,
    opened: list[QueryEngine],
) -> int:
    """Ask and print; put the engine into `opened` as soon as there is one."""
    with _asking.explained():
        engine = _asking.engine(options)
        opened.append(engine)
        if isinstance(question, str):
            result = engine.sql(question, dict(options.param))
        else:
            result = _ask(engine, question, options)
        found = _Found(result.columns)
        result.on_block = found.look
        with result:
            _target.write(result, options)
        _progress.summary(result.statistics)
        if (
            isinstance(question, queries.Query)
            and found.nothing
            and _leaves_bots_out(question, options)
        ):
            _progress.note(
                "bots are left out, and curl and scripts are bots; count them with "
                "--param bots=include"
            )
    return 0


class _Found:
    """Whether an answer found anything; events that were sent by hand are bots'."""

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self.nothing = True
        self._counts = [at for at, each in enumerate(columns) if each.name in _COUNTS]

    def look(self, block: list[Row]) -> None:
        """Look at rows that were read."""
        if self.nothing:
            self.nothing = bool(self._counts) and not any(
                row[at] for row in block for at in self._counts
            )


def _leaves_bots_out(query: queries.Query, options: argparse.Namespace) -> bool:
    given = dict(options.param).get("bots", "exclude")
    return (
        given == "exclude"
        # Its rows are not looked at.
        and options.format != "parquet"
        and "bots" in {parameter.name for parameter in query.parameters}
    )


def _ask(
    engine: QueryEngine, query: queries.Query, options: argparse.Namespace
) -> Result:
    if {"from", "to"} <= {parameter.name for parameter in query.parameters}:
        _asking.note_days(engine, window(options.start, options.end), options)
    return engine.run(
        query.name,
        tenant=options.tenant,
        start=options.start,
        end=options.end,
        **dict(options.param),
    )


def _question(options: argparse.Namespace) -> str | queries.Query:
    """Return the named query, or the SQL."""
    given = options.query
    if _NAME.fullmatch(given):
        try:
            query = named(given.lower().replace("_", "-"))
            _check_parameters(query, dict(options.param))
        except ValueError as error:
            raise CommandError(str(error), status=2) from None
        return query
    for option, value in (
        ("--tenant", options.local and options.tenant),
        ("--from", options.start),
        ("--to", options.end),
    ):
        if value:
            raise CommandError(
                f"{option} is for named queries; SQL says it itself, in WHERE", status=2
            )
    return _sql(given)


def _check_parameters(query: queries.Query, given: dict[str, str]) -> None:
    """Refuse what is no parameter, or is given by an option of its own.

    Raises:
        ValueError: If there is such a one.
    """
    options = {"tenant": "--tenant", "from": "--from", "to": "--to"}
    options |= {"start": "--from", "end": "--to"}
    known = {parameter.name for parameter in query.parameters} - DAYS.keys()
    for name in given.keys() - known:
        if name in options:
            raise ValueError(f"{name!r} is given with {options[name]}, not --param")
        query.bind({name: given[name]})


def _sql(argument: str) -> str:
    """Return the query as text, also where the locale is not that of its bytes."""
    if argument == "-":
        if sys.stdin is None:
            raise CommandError("cannot read the query: standard input is closed")
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="surrogateescape")
        argument = sys.stdin.read()
    try:
        return _options.utf_8(argument)
    except UnicodeError:
        raise CommandError("the query is not UTF-8 text", status=2) from None

"""`analytics-tracker query`: SQL over the stored events."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .._local import duck
from . import _output
from ._errors import CommandError
from ._interrupt import interruptible
from .dev import DATA

if TYPE_CHECKING:
    import duckdb

_DESCRIPTION = """\
Answer SQL over the events that `analytics-tracker dev` stored (DuckDB).

Each tenant or bucket has a table with its name, hyphens as underscores, and
`_events`: every stored line. `<table>_unique` has each event once, however often it
was sent (one row for each eventId of a day, the first received), and `all_events`
is those of all tenants with the column `tenant`. Columns are those of the stored
objects, with year, month and day of the folder they lie in.
"""

_EPILOG = """\
examples:
  analytics-tracker query --local "SHOW TABLES"
  analytics-tracker query --local "DESCRIBE all_events"
  analytics-tracker query --local "SELECT left(timestamp, 10) AS day, count(*) AS views
      FROM all_events WHERE eventType = 'page_view' GROUP BY day ORDER BY day"
  analytics-tracker query --local --format csv - < question.sql > answer.csv
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "query",
        help="answer SQL over the stored events",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sql", metavar="SQL", help="one query; - reads it from stdin")
    parser.add_argument(
        "--local",
        action="store_true",
        help="query the data folder of this machine; this version asks nothing else",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA,
        metavar="FOLDER",
        help="the data folder (default: %(default)s)",
    )
    parser.add_argument(
        "--format",
        choices=_output.FORMATS,
        default="table",
        help="how rows are printed (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the rows of one query."""
    if not options.local:
        raise CommandError(
            "this version queries local data only; add --local",
            status=2,
        )
    sql = _sql(options.sql)
    opened: list[duckdb.DuckDBPyConnection] = []

    def stop() -> None:
        for connection in opened:
            connection.interrupt()

    return interruptible(lambda: _answer(sql, options, opened), stop)


def _sql(argument: str) -> str:
    """Return the query as text, also where the locale is not that of its bytes."""
    if argument == "-":
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="surrogateescape")
        argument = sys.stdin.read()
    try:
        return argument.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        raise CommandError("the query is not UTF-8 text", status=2) from None


def _answer(
    sql: str, options: argparse.Namespace, opened: list[duckdb.DuckDBPyConnection]
) -> int:
    """Ask and print; put the connection into `opened` as soon as there is one."""
    try:
        import duckdb  # noqa: PLC0415  an extra, and slow to load

        _check_folder(options.data)
        connection, views = duck.connect(options.data)
    except ImportError:
        raise CommandError(
            "queries need DuckDB: pip install 'analytics-tracker-construct[local]'"
        ) from None
    opened.append(connection)
    if not any(view.files for view in views):
        _note(_no_events(options.data))
    try:
        _check_one(connection, sql)
        connection.execute(sql)
        _print(connection, options.format)
    except duckdb.Error as error:
        names = [name for view in views for name in view.names]
        tables = ", ".join([*names, duck.ALL])
        way_out = f"{error}\n\ntables: {tables}"
        # What these say is about names and grammar, not about files or memory.
        if isinstance(error, duckdb.ProgrammingError):
            way_out += (
                f"\ncolumns: DESCRIBE {duck.ALL}\nhyphens in names are underscores"
            )
        raise CommandError(way_out) from None
    return 0


def _check_folder(data: Path) -> None:
    if not data.is_dir():
        wrong = "is not a folder" if data.exists() else "does not exist"
        raise CommandError(
            f"{data} {wrong}; `analytics-tracker dev` makes it, "
            "or name another folder with --data"
        )


def _no_events(data: Path) -> str:
    nothing = f"there are no events in {data}; "
    for folder in duck.data_folders(data):
        return f"{nothing}did you mean --data {folder}"
    return (
        f"{nothing}start `analytics-tracker dev`, send some, "
        "or name another folder with --data"
    )


def _check_one(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse what has no answer, or several of which only the last would be shown."""
    texts = [statement.query for statement in connection.extract_statements(sql)]
    # DuckDB 1 makes several statements of one PIVOT, none of them with a text.
    count = len([text for text in texts if text]) + ("" in texts)
    if count == 0:
        raise CommandError("the query asks nothing", status=2)
    if count > 1:
        raise CommandError(f"there are {count} statements; ask one at a time", status=2)


def _print(connection: duckdb.DuckDBPyConnection, form: str) -> None:
    if sys.stdout is None:
        raise CommandError("cannot write the answer: standard output is closed")
    try:
        _output.write(connection, form, sys.stdout)
    except BrokenPipeError:
        # The reader, such as head, has enough. Python would complain at exit.
        sys.stdout = None
    except OSError as error:
        # What could not be written would be tried again at exit.
        sys.stdout = None
        raise CommandError(
            f"cannot write the answer: {error.strerror or error}"
        ) from None


def _note(text: str) -> None:
    sys.stderr.write(f"note: {text}\n")

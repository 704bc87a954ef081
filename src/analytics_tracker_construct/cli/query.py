"""`analytics-tracker query`: SQL over the stored events."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .._local import duck
from . import _output
from ._errors import CommandError
from .dev import DATA

_DESCRIPTION = """\
Answer SQL over the events that `analytics-tracker dev` stored (DuckDB).

Each tenant or bucket has a table with its name, hyphens as underscores, and
`_events`; `all_events` has them all and the column `tenant`. Columns are those of
the stored objects, with year, month and day of the folder they lie in.
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
    parser.add_argument("sql", metavar="SQL", help="the query; - reads it from stdin")
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
    sql = sys.stdin.read() if options.sql == "-" else options.sql
    try:
        import duckdb  # noqa: PLC0415  an extra, and slow to load

        connection, views = duck.connect(options.data)
    except ImportError:
        raise CommandError(
            "queries need DuckDB: pip install 'analytics-tracker-construct[local]'"
        ) from None
    if not any(view.files for view in views):
        _note(
            f"there are no events in {options.data}; start `analytics-tracker dev`, "
            "send some, or name another folder with --data"
        )
    try:
        connection.execute(sql)
        if not connection.description:
            raise CommandError("the query asks nothing", status=2)
        _output.write(connection, options.format, sys.stdout)
    except duckdb.Error as error:
        tables = ", ".join([*(view.name for view in views), duck.ALL])
        raise CommandError(f"{error}\n\ntables: {tables}") from None
    except BrokenPipeError:
        # The reader, such as head, has enough. Python would complain at exit.
        sys.stdout = None
    return 0


def _note(text: str) -> None:
    sys.stderr.write(f"note: {text}\n")

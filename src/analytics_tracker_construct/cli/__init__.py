"""The command line: `analytics-tracker`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

from .._version import __version__
from . import _interrupt
from ._errors import CommandError
from ._printing import tell

_DESCRIPTION = """\
Run the analytics tracker on this machine.

  analytics-tracker dev        the deployed function on localhost, objects in a folder
  analytics-tracker openapi    the routes and answers, as an OpenAPI description
  analytics-tracker key        a new write key for a tenant

Ask what was stored, here (with the extra `local`) or in Athena (with `aws`).

  analytics-tracker query      page views, visitors, funnels and more, or any SQL
  analytics-tracker sql        the queries as text, and tables for other buckets

Look after a deployed tracker (with the extra `aws`).

  analytics-tracker doctor     check a deployed tracker and say what to do
  analytics-tracker replay     move dead letters back to the queue
  analytics-tracker erase      erase stored events, such as one person's
"""

_EPILOG = """\
try it:
  analytics-tracker dev
  analytics-tracker query daily-page-views --local

`analytics-tracker COMMAND --help` tells more about a command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What follows the program's name.
            Default: those of this process.

    Returns:
        The exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character gets its escape, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        options = _parser().parse_args(arguments)
        return int(options.run(options))
    except CommandError as error:
        tell(f"analytics-tracker: {error}")
        return error.status
    except KeyboardInterrupt:
        return _interrupt.STATUS


def _parser() -> argparse.ArgumentParser:
    # To load them takes a while, in which Ctrl-C is to end the program as ever.
    from . import dev, doctor, erase, key, openapi, query, replay, sql  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="analytics-tracker",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"analytics-tracker {__version__}"
    )
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    dev.add_to(commands)
    openapi.add_to(commands)
    key.add_to(commands)
    query.add_to(commands)
    sql.add_to(commands)
    doctor.add_to(commands)
    replay.add_to(commands)
    erase.add_to(commands)
    return parser

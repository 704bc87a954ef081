"""Which engine `analytics-tracker query` and `erase` ask, and what its errors mean."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from .._query import duck, folder
from .._query.athena import AthenaEngine
from .._query.engine import DEFAULT_DAYS, QueryEngine
from .._query.errors import QueryError
from .._query.local import DuckDbEngine
from .._sql import tables
from . import _progress
from ._aws import Aws, call
from ._deployed import databases
from ._errors import CommandError
from ._options import DATA, name

# Operations whose IAM actions are not Athena's.
_ACTIONS = {"GetObject": "s3:GetObject", "GetTables": "glue:GetTables"}


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the events are."""
    where = parser.add_argument_group(
        "where the events are", "--local, or --stack, or --database and --workgroup"
    )
    where.add_argument(
        "--local", action="store_true", help="in the data folder of this machine"
    )
    where.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help=f"the data folder, or one with that folder alone in it (default: {DATA})",
    )
    where.add_argument(
        "--stack",
        type=name,
        metavar="NAME",
        help="in the catalog of this CloudFormation stack",
    )
    where.add_argument(
        "--database", type=name, metavar="NAME", help="in this database of Glue's"
    )
    where.add_argument(
        "--workgroup",
        type=name,
        metavar="NAME",
        help="the workgroup of Athena's to ask in (default with --stack: the "
        "catalog's, or with --tenant the tenant's)",
    )


def engine(options: argparse.Namespace) -> AthenaEngine | DuckDbEngine:
    """Return the engine that the options mean.

    Raises:
        CommandError: If they mean none.
        ImportError: If a package is missing.
    """
    _check(options)
    return _local(options) if options.local else _athena(options)


@contextmanager
def explained() -> Iterator[None]:
    """Say what an engine's error means.

    Raises:
        CommandError: If the block raises an error of the question's or of AWS.
    """
    try:
        yield
    except (ImportError, QueryError) as error:
        raise CommandError(str(error)) from None
    except ValueError as error:
        raise CommandError(str(error), status=2) from None
    except Exception as error:
        if not type(error).__module__.startswith("botocore."):
            raise
        operation = getattr(error, "operation_name", "StartQueryExecution")
        call(_ACTIONS.get(operation, f"athena:{operation}"), _raising(error))


def note_days(
    engine: QueryEngine, days: tuple[date, date], options: argparse.Namespace
) -> None:
    """Say which days are asked about, and which there are if none of them is one."""
    first, last = days
    if options.start is None and options.end is None:
        _progress.note(
            f"{first} to {last}, UTC: the last {DEFAULT_DAYS} days; "
            "others with --from and --to"
        )
    if not isinstance(engine, DuckDbEngine):
        return
    there = engine.days(options.tenant)
    if there and not any(first <= day <= last for day in there):
        _progress.note(
            f"no event is of these days; there are events of {_spoken(there)}: "
            f"--from {there[0]} --to {there[-1]}"
        )


def _check(options: argparse.Namespace) -> None:
    athena = options.stack or options.database or options.workgroup
    wrong = None
    if options.local and athena:
        wrong = "--local asks this machine's data; leave out what names a catalog"
    elif options.local:
        return
    elif options.data:
        wrong = "--data is of this machine; add --local"
    elif options.stack and options.database:
        wrong = "--stack finds the database; leave out --database"
    elif not options.stack and not (options.database and options.workgroup):
        wrong = (
            "say where the events are: --local, or --stack NAME, or --database NAME "
            "and --workgroup NAME"
        )
    if wrong:
        raise CommandError(wrong, status=2)


def _local(options: argparse.Namespace) -> DuckDbEngine:
    """Return the engine over the data folder, and say where that is not the named."""
    named: Path = options.data or DATA
    try:
        engine = DuckDbEngine(named)
    except ValueError as error:
        raise CommandError(f"{error}, or name another folder with --data") from None
    if engine.data_folder != named:
        _progress.note(
            f"asking {engine.data_folder}, the one folder in {named} with events"
        )
    elif not folder.has_events(named):
        helps = folder.hint(named) or (
            "; start `analytics-tracker dev`, send some, or name another folder with "
            "--data"
        )
        _progress.note(f"there are no events in {named}{helps}")
    elif others := duck.data_folders(named):
        # `make demo` keeps its events below those of `analytics-tracker dev`.
        _progress.note(
            f"asking {named}; there are events in {' and '.join(map(str, others))} "
            "too: name one with --data"
        )
    return engine


def _athena(options: argparse.Namespace) -> AthenaEngine:
    aws = Aws(region=options.region, profile=options.profile)
    database, workgroup = options.database, options.workgroup
    if options.stack:
        database = _database(aws, options.stack)
        workgroup = workgroup or tables.workgroup_of(database, options.tenant)
    return AthenaEngine(
        database,
        workgroup=workgroup,
        session=aws.session,
        on_progress=_progress.shown(),
    )


def _database(aws: Aws, stack: str) -> str:
    """Return the database of the one catalog in a stack.

    Raises:
        CommandError: If there is not exactly one.
    """
    found = databases(aws, stack)
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(
            f"stack {stack} has {len(found)} databases; name one with --database and "
            f"its --workgroup: {', '.join(found)}",
            status=2,
        )
    raise CommandError(
        f"stack {stack} has no catalog; name the stack that has it, or its --database "
        "and --workgroup",
        status=2,
    )


def _raising(error: Exception) -> Any:
    def again() -> None:
        raise error

    return again


def _spoken(days: Sequence[date]) -> str:
    if len(days) == 1:
        return str(days[0])
    return f"{len(days)} days from {days[0]} to {days[-1]}"

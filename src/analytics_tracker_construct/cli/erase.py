"""`analytics-tracker erase`: certain stored events, gone."""

from __future__ import annotations

import argparse
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone

from .._query.athena import AthenaEngine
from .._query.engine import QueryEngine, window
from .._query.local import DuckDbEngine
from .._sql import tables
from . import _asking, _aws, _options, _progress
from ._aws import Aws, ends_all
from ._errors import CommandError
from ._interrupt import interruptible
from ._printing import print_text, tell
from ._selection import Selection
from ._stored import Failed, Found, Stored, StoredHere
from ._stored_in_s3 import StoredInBuckets
from ._text import visible
from ._versions import WORKERS

_DESCRIPTION = """\
Erase stored events, such as all of one person who asks for it.

Without --yes it only counts them. Objects that have such events are written anew
without them, and removed where no event is left; in a versioned bucket their earlier
versions are removed too. Nothing else is touched: the tracker may run, and whatever is
interrupted can be run again.

Not erased: events that wait in the queue or among the dead letters (`analytics-tracker
replay` first); objects that were deleted before, which a versioned bucket keeps, and
archived ones, which no query reads; the answers of earlier queries, which stay as long
as the catalog keeps results; backups, replicas and copies of yours. An event that a
client sends again is stored again. An object that is written anew begins its
`retention` anew.
"""

_EPILOG = """\
examples:
  analytics-tracker erase --stack Website --tenant shop --metadata user_id=42
  analytics-tracker erase --stack Website --tenant shop --metadata user_id=42 --yes
  analytics-tracker erase --local --tenant shop --session-id 5f0c6a7e --yes

It needs what `analytics-tracker query` needs; s3:GetBucketVersioning on the tenant's
bucket; s3:GetObject, s3:PutObject and s3:DeleteObject on its objects, in a versioned
bucket s3:ListBucketVersions, s3:GetObjectVersion and s3:DeleteObjectVersion too; and
where a key of yours encrypts them, kms:Decrypt and kms:GenerateDataKey on it.
Exit status: 0 erased, or counted, 1 some could not be erased or AWS refused, 2 wrong
arguments, 130 interrupted.
"""

#: Queries look for no earlier year.
_FIRST = f"{tables.FIRST_YEAR}-01-01"


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "erase",
        help="erase stored events, such as one person's",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--tenant",
        type=_options.tenant_or_bucket,
        metavar="TENANT",
        required=True,
        help="whose events",
    )
    which = parser.add_argument_group(
        "which events", "those of which all that is given holds; at least one is needed"
    )
    which.add_argument(
        "--metadata",
        action="append",
        type=_member,
        default=[],
        metavar="NAME=VALUE",
        help="a member of the metadata and its value; may be repeated",
    )
    which.add_argument(
        "--session-id", type=_options.name, metavar="ID", help="the events' sessionId"
    )
    which.add_argument(
        "--event-id", type=_options.name, metavar="ID", help="the event's eventId"
    )
    which.add_argument(
        "--from", dest="start", metavar="DAY", help="first UTC day (default: any)"
    )
    which.add_argument(
        "--to", dest="end", metavar="DAY", help="last UTC day (default: any)"
    )
    parser.add_argument("--yes", action="store_true", help="erase, and not only count")
    _options.add_format(parser, "how the summary is printed")
    _asking.add_to(parser)
    _aws.add_to(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Erase what was asked for."""
    selection = Selection(options.event_id, options.session_id, tuple(options.metadata))
    if selection == Selection():
        raise CommandError(
            "say which events: --metadata NAME=VALUE, --session-id or --event-id",
            status=2,
        )
    ended = threading.Event()
    opened: list[QueryEngine] = []

    def stop() -> None:
        ended.set()
        tell("interrupted; run the command again for what is left")
        for engine in opened:
            engine.cancel()

    return interruptible(lambda: _erase(selection, options, opened, ended), stop)


def _erase(
    selection: Selection,
    options: argparse.Namespace,
    opened: list[QueryEngine],
    ended: threading.Event,
) -> int:
    with _asking.explained():
        first, last = window(
            _FIRST if options.start is None else options.start,
            _last() if options.end is None else options.end,
        )
        engine = _asking.engine(options)
        opened.append(engine)
        stored = _stored(engine, options)
        found, failed = stored.find(selection, first, last)
    erased: list[Found] = []
    if options.yes:
        erased, more = _erase_all(stored, found, selection, ended)
        failed = [*failed, *more]
    _print(found, erased, failed, options)
    return 1 if failed else 0


def _erase_all(
    stored: Stored, found: list[Found], selection: Selection, ended: threading.Event
) -> tuple[list[Found], list[Failed]]:
    """Erase until it is no use, or somebody says that it ends."""
    erased: list[Found] = []
    failed: list[Failed] = []
    begun: list[Found] = []

    def erase(each: Found) -> None:
        if ended.is_set():
            return
        begun.append(each)
        try:
            events = stored.erase(each, selection)
        except CommandError as error:
            failed.append(Failed(each.place, str(error)))
            if ends_all(error):
                ended.set()
            return
        if events:
            erased.append(each._replace(events=events))
        if events < each.events:
            why = f"{each.events - events} of its events are not found in it"
            failed.append(Failed(each.place, why))
        _progress.counted(len(erased), len(found), "objects")

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(erase, found))
    _progress.counted_all()
    if left := len(found) - len(begun):
        tell(f"{left:,} objects were not begun; run the command again")
    return sorted(erased), sorted(failed)


def _member(text: str) -> tuple[str, str]:
    """Return a member's name and its value."""
    named, value = _options.assignment(text)
    if not value.strip():
        # Of a variable of the shell's that is unset; and many have no value, often.
        raise argparse.ArgumentTypeError(f"{text!r} has no value")
    return named, value


def _last() -> date:
    """Return the last day that an event may be stored under: clocks may be fast."""
    return datetime.now(timezone.utc).date() + timedelta(1)


def _stored(engine: AthenaEngine | DuckDbEngine, options: argparse.Namespace) -> Stored:
    if isinstance(engine, DuckDbEngine):
        return StoredHere(engine, options.tenant)
    aws = Aws(region=options.region, profile=options.profile)
    return StoredInBuckets(engine, aws, options.tenant)


def _print(
    found: list[Found],
    erased: list[Found],
    failed: list[Failed],
    options: argparse.Namespace,
) -> None:
    for place, reason in failed:
        tell(f"not erased: {visible(f'{place}: {reason}')}")
    if options.format == "json":
        text = json.dumps(
            {
                "dry_run": not options.yes,
                "found": _counts(found),
                "erased": _counts(erased),
                "failed": [{"object": place, "why": why} for place, why in failed],
                "objects": [each.place for each in found],
            },
            indent=2,
        )
    elif not found:
        text = f"{options.tenant} has no such events"
    elif options.yes:
        text = f"erased {_spoken(erased)}"
    else:
        text = f"found {_spoken(found)}; --yes erases them"
    print_text(text, "cannot write the summary")


def _counts(objects: list[Found]) -> dict[str, int]:
    return {
        "events": sum(each.events for each in objects),
        "objects": len(objects),
    }


def _spoken(objects: list[Found]) -> str:
    counts = _counts(objects)
    events, places = counts["events"], counts["objects"]
    return (
        f"{events:,} event{'s' * (events != 1)} in "
        f"{places:,} object{'s' * (places != 1)}"
    )

"""Sends the page views of an access log through a running tracker.

    python -m tools.import_access_log LOG[.gz] --url http://127.0.0.1:8787 \
        --bucket NAME-analytics [--check --data analytics-data]

Each page request of the log (see :mod:`tools.access_log`) becomes a `page_view` with
the time, page, referrer and user agent as logged; the address in the log is not sent.
Ids are made from the lines: the same log sent again on the same day stores nothing.

`--check` then counts page views per day and hour, pages, browsers and bots in the log
itself, and asks the stored events for the same figures; `--check-only` does that alone.
The exit status is 1 where they differ. It counts every imported page view of the
bucket: give a log one of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from analytics_tracker_construct._local import answers
from analytics_tracker_construct._query import duck
from handler import limits
from handler.device import device_of

from . import access_log
from .access_log import Figures, Malformed, PageView, Who
from .client import Post, send_all

#: Malformed lines that are named; the others are counted.
_NAMED = 20
#: Page views between two lines of progress, where there is no terminal.
_NEWS = 10_000
#: Rows that a table of pages or browsers shows; all are compared.
_SHOWN = 10


def main() -> int:
    """Import a log; return the exit status."""
    options = _options()
    out = Console(width=None if sys.stdout.isatty() else 100, highlight=False)
    try:
        wrong = False if options.check_only else _import(options, out)
        if options.check or options.check_only:
            wrong = _check(options, out) or wrong
    except OSError as error:
        out.print(f"[bold red]cannot go on:[/] {error}")
        return 1
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.import_access_log",
        description="Send the page views of an access log through a tracker.",
    )
    parser.add_argument("log", type=Path, help="combined format, gzipped or not")
    parser.add_argument(
        "--url", default="http://127.0.0.1:8787", help="default: %(default)s"
    )
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument("--bucket", help="where they go")
    to.add_argument("--tenant", help="where they go")
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare the figures of the log with those of the stored events",
    )
    parser.add_argument(
        "--check-only", action="store_true", help="compare, and send nothing"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("analytics-data"),
        help="the tracker's data folder, for --check (default: %(default)s)",
    )
    return parser.parse_args()


def _import(options: argparse.Namespace, out: Console) -> bool:
    """Send the log; return whether anything was refused."""
    where = {"bucket": options.bucket} if options.bucket else {"tenant": options.tenant}
    counts: Counter[str] = Counter()
    got = answers.Tally()
    columns = (SpinnerColumn(), TextColumn("{task.completed} page views answered"))
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        task = progress.add_task("", total=None)

        def posts() -> Iterator[Post]:
            for entry in access_log.read(options.log):
                counts[type(entry).__name__] += 1
                if isinstance(entry, Malformed):
                    if counts["Malformed"] <= _NAMED:
                        out.print(f"line {entry.number} is not in the combined format")
                elif isinstance(entry, PageView):
                    yield Post(_event(entry, where))

        def heard(status: int, body: bytes) -> None:
            got.add(status, body)
            progress.advance(task)
            answered = got.stored + got.duplicate + got.refused.total()
            if not out.is_terminal and answered % _NEWS == 0:
                out.print(f"  {answered} page views answered")

        send_all(options.url, posts(), heard)
    out.print(
        f"{counts.total()} lines: {counts['PageView']} page requests, "
        f"{counts['Other']} others, {counts['Malformed']} malformed"
    )
    out.print(f"{got.stored} stored, {got.duplicate} stored before")
    for why, count in got.refused.items():
        out.print(
            f"[bold red]{count} refused:[/] {why.status} {why.error}: {why.message}"
        )
    return bool(got.refused)


def _event(view: PageView, where: dict[str, str]) -> bytes:
    event = {
        **where,
        "eventId": view.event_id,
        "eventType": "page_view",
        "timestamp": view.at.isoformat(),
        "page": view.page,
        "referrer": view.referrer,
        "userAgent": view.user_agent,
    }
    return json.dumps({k: v for k, v in event.items() if v is not None}).encode()


def _check(options: argparse.Namespace, out: Console) -> bool:
    """Print both sides' figures; return whether they differ."""
    logged = _logged(options.log)
    stored = _stored(options.data, options.bucket or options.tenant)
    named: tuple[tuple[str, Counter[str], Counter[str], int | None], ...] = (
        ("Page views per day", logged.days, stored.days, None),
        ("Page views per hour", logged.hours, stored.hours, None),
        ("Top pages", logged.pages, stored.pages, _SHOWN),
        ("Browsers of people", logged.browsers, stored.browsers, _SHOWN),
        ("Bots and people", logged.bots, stored.bots, None),
    )
    wrong = [_compare(*each, out=out) for each in named]
    if any(wrong):
        out.print("\n[bold red]The stored events differ from the log.[/]")
    else:
        out.print("\n[bold green]The stored events say what the log says.[/]")
    return any(wrong)


def _logged(log: Path) -> Figures:
    figures = Figures()
    for entry in access_log.read(log):
        if isinstance(entry, PageView):
            device = device_of(entry.user_agent or "")
            figures.add(
                entry.at.strftime("%Y-%m-%d %H"),
                entry.page[: limits.TEXT_CHARS],
                Who(device["browser"], device["is_bot"]),
            )
    return figures


def _stored(data: Path, tenant: str) -> Figures:
    connection, _ = duck.connect(data)
    rows = connection.execute(
        "SELECT left(timestamp, 10) || ' ' || substr(timestamp, 12, 2), page, "
        "device.browser, device.is_bot, count(*) FROM all_events "
        "WHERE tenant = ? AND eventType = 'page_view' AND starts_with(eventId, ?) "
        "GROUP BY ALL",
        [tenant, access_log.ID_PREFIX],
    )
    figures = Figures()
    for hour, page, browser, bot, count in rows.fetchall():
        figures.add(hour, page, Who(browser, bot), count)
    return figures


def _compare(
    title: str,
    logged: Counter[str],
    stored: Counter[str],
    shown: int | None,
    *,
    out: Console,
) -> bool:
    """Print two columns; return whether they differ."""
    table = Table(title=title, title_justify="left")
    table.add_column("", overflow="fold")
    table.add_column("Log", justify="right")
    table.add_column("Stored", justify="right")
    names = logged.keys() | stored.keys()
    if shown is None:
        ordered = sorted(names)
    else:
        ordered = sorted(names, key=lambda name: (-logged[name], name))
    for place, name in enumerate(ordered):
        differs = logged[name] != stored[name]
        if differs or shown is None or place < shown:
            style = "bold red" if differs else None
            table.add_row(name, str(logged[name]), str(stored[name]), style=style)
    table.add_section()
    table.add_row(
        f"all {len(names)}", str(logged.total()), str(stored.total()), style="bold"
    )
    out.print()
    out.print(table)
    return logged != stored


if __name__ == "__main__":
    sys.exit(main())

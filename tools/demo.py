"""The demonstration behind `make demo`: a day of events through the local tracker.

It synthesises `examples/minimal`, starts `analytics-tracker dev`, sends it the seeded
day of :mod:`traffic.days` over HTTP, and compares what was stored and refused with
what the day says. The exit status is 1 where the two differ.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.table import Table

from analytics_tracker_construct._local import answers
from analytics_tracker_construct._local.folder import INCOMING
from analytics_tracker_construct._query import duck
from traffic import days

from .client import Post, send_all

_ROOT = Path(__file__).parents[1]
_EXAMPLE = _ROOT / "examples" / "minimal"
_DATA = Path("analytics-data/demo")

Rows = list[tuple[Any, ...]]


def main() -> int:
    """Run the demonstration; return the exit status."""
    options = _options()
    out = Console(width=None if sys.stdout.isatty() else 100, highlight=False)
    began = time.monotonic()
    if not options.no_synth:
        _synthesise(out)
    _clear(options.data)
    day = days.make(options.seed, datetime.now(timezone.utc), options.scale)
    with _tracker(options.data) as url:
        out.print(f"\n[bold]The deployed function, on this machine[/] at {url}/track")
        got = _send(day, url, out)
    wrong = _report(day, got, options.data, out)
    out.print(f"\nDone in {time.monotonic() - began:.0f} s. To look further:")
    _commands(options.data, out)
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Send a made-up day of events.")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--data", type=Path, default=_DATA, help="default: %(default)s")
    parser.add_argument(
        "--scale", type=float, default=1, help="sessions, beside the usual number"
    )
    parser.add_argument(
        "--no-synth", action="store_true", help="do not synthesise the example"
    )
    return parser.parse_args()


def _synthesise(out: Console) -> None:
    """Print what the smallest example would deploy."""
    with tempfile.TemporaryDirectory() as folder:
        with out.status("Synthesising examples/minimal"):
            done = subprocess.run(
                [sys.executable, "app.py"],
                cwd=_EXAMPLE,
                env={**os.environ, "CDK_OUTDIR": folder},
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise SystemExit(f"{_EXAMPLE} was not synthesised:\n{done.stderr}")
        types: Counter[str] = Counter()
        for path in Path(folder).glob("*.template.json"):
            resources = json.loads(path.read_text("utf-8")).get("Resources", {})
            types.update(resource["Type"] for resource in resources.values())
    types.pop("AWS::CDK::Metadata", None)
    table = Table(
        title=f"examples/minimal makes {types.total()} resources",
        title_justify="left",
    )
    table.add_column("Type")
    table.add_column("Count", justify="right")
    for name, count in sorted(types.items()):
        table.add_row(name, str(count))
    out.print(table)


def _clear(data: Path) -> None:
    if data.exists() and any(data.iterdir()):
        if not (data / INCOMING).is_dir():
            raise SystemExit(f"{data} holds something else; name another folder")
        shutil.rmtree(data)


@contextmanager
def _tracker(data: Path) -> Iterator[str]:
    """Run `analytics-tracker dev` on a free port; yield its address."""
    command = [
        sys.executable,
        "-m",
        "analytics_tracker_construct.cli",
        "dev",
        "--quiet",
    ]
    command += ["--port", "0", "--data", str(data)]
    for name, origins in days.TENANTS.items():
        command += ["--tenant", f"{name}={','.join(origins)}"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            if not first.startswith("url: "):
                log.seek(0)
                raise SystemExit(f"the tracker did not start: {log.read().decode()}")
            yield first.removeprefix("url: ").strip()
        finally:
            process.terminate()
            process.communicate()


def _send(day: days.Day, url: str, out: Console) -> answers.Tally:
    got = answers.Tally()
    total = len(day.requests)
    posts = (Post(r.body, r.headers) for r in day.requests)
    columns = (
        TextColumn("Sending a day of events"),
        BarColumn(),
        MofNCompleteColumn(),
        Elapsed(),
    )
    began = time.monotonic()
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        task = progress.add_task("", total=total)
        sent = 0

        def heard(status: int, body: bytes) -> None:
            nonlocal sent
            sent += 1
            got.add(status, body)
            progress.advance(task)
            if not out.is_terminal and sent % (total // 5) == 0:
                out.print(f"  {sent} of {total} requests sent")

        send_all(url, posts, heard)
    seconds = time.monotonic() - began
    out.print(
        f"{total} requests in {seconds:.1f} s ({total / seconds:.0f}/s), "
        "each stored event flushed to disk before its answer"
    )
    return got


def _report(day: days.Day, got: answers.Tally, data: Path, out: Console) -> list[str]:
    connection, _ = duck.connect(data)

    def rows(sql: str) -> Rows:
        return connection.execute(sql).fetchall()

    by_tenant: dict[str, int] = dict(
        rows("SELECT tenant, count(*) FROM all_events GROUP BY 1")
    )
    views = rows(
        "SELECT tenant, left(timestamp, 10) AS day, count(*) FROM all_events "
        "WHERE eventType = 'page_view' GROUP BY ALL ORDER BY ALL"
    )
    private, hashes = rows(
        "SELECT count(*) FILTER (ip IS NULL AND sessionId IS NULL "
        "AND userAgent IS NULL), count(DISTINCT ip) FROM all_events"
    )[0]
    wrong = _outcomes(day, got, by_tenant, out)
    if {(tenant, date): count for tenant, date, count in views} != day.page_views:
        wrong.append("page views per tenant and day")
    if private != day.private:
        wrong.append(f"private events: {private}, expected {day.private}")
    _print("Page views per day", ("Tenant", "Day", "Page views"), views, out)
    _print("Devices", ("Tenant", "Device", "Browser", "Events"), _devices(rows), out)
    out.print(
        f"\n{private} events came with Sec-GPC: they are kept without address hash, "
        "session and user agent.\n"
        f"The others carry {hashes} different address hash(es): every request came "
        "from this machine, and\nthe hash is keyed with a salt that is destroyed "
        "when its day is over."
    )
    if wrong:
        out.print("\n[bold red]Not as expected:[/] " + "; ".join(wrong))
    else:
        said = "Everything is as the day says: nothing lost, nothing counted twice."
        out.print(f"\n[bold green]{said}[/]")
    return wrong


def _outcomes(
    day: days.Day, got: answers.Tally, by_tenant: dict[str, int], out: Console
) -> list[str]:
    """Print what became of every request; return what differs from the day."""
    lines: list[tuple[str, str, int, int]] = [
        ("stored", name, day.stored[name], by_tenant.get(name, 0))
        for name in sorted(day.stored.keys() | by_tenant.keys())
    ]
    lines.append(("stored", "answered 200", day.stored.total(), got.stored))
    lines.append(("duplicate", "answered 200", day.duplicates, got.duplicate))
    for why in sorted(day.refused.keys() | got.refused.keys()):
        words = f"{why.status} {why.error}: {why.message}"
        lines.append(("refused", words, day.refused[why], got.refused[why]))
    table = Table(title="What became of the events", title_justify="left")
    for name in ("Outcome", "Tenant, or the answer's words"):
        table.add_column(name)
    for name in ("Expected", "Found"):
        table.add_column(name, justify="right")
    for outcome, what, expected, found in lines:
        style = None if expected == found else "bold red"
        table.add_row(outcome, what, str(expected), str(found), style=style)
    out.print(table)
    return [f"{o} {w}: {f}, expected {e}" for o, w, e, f in lines if e != f]


def _devices(rows: Any) -> Rows:
    return list(
        rows(
            "SELECT tenant, coalesce(device.device_type, 'bot'), "
            "coalesce(device.browser, '-'), count(*) FROM all_events "
            "GROUP BY ALL ORDER BY 1, 4 DESC, 2, 3"
        )
    )


def _print(title: str, heads: tuple[str, ...], rows: Rows, out: Console) -> None:
    table = Table(title=title, title_justify="left")
    for head in heads[:-1]:
        table.add_column(head)
    table.add_column(heads[-1], justify="right")
    for row in rows:
        table.add_row(*map(str, row))
    out.print()
    out.print(table)


def _commands(data: Path, out: Console) -> None:
    program = Path(sys.executable).with_name("analytics-tracker")
    name = os.path.relpath(program) if program.exists() else "analytics-tracker"
    python = os.path.relpath(sys.executable) if program.exists() else "python"
    place = f"--data {data}"
    lines = (
        f"{name} query daily-page-views --local {place}",
        f"{name} query top-pages --local {place} --tenant shop",
        f'{name} query --local {place} "SHOW TABLES"',
        f"{name} sql list    # the queries that have names",
        f"{name} dev {place} --tenant shop    # the live page: http://127.0.0.1:8787/",
        f"{python} examples/website/serve.py    # a site that uses the browser client: "
        "http://127.0.0.1:8080/",
    )
    for line in lines:
        out.print(f"  {line}", soft_wrap=True, markup=False)


if __name__ == "__main__":
    sys.exit(main())

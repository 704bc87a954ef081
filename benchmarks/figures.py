"""The documents' measured parts, from the records that the benchmarks leave."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from . import ingest, markdown, report, scenarios
from . import worst as worst_bodies
from .queries import RESULTS as _LAKE

_LOAD = Path(__file__).parent / "load.json"
_CLIENT = Path(__file__).parent / "client.json"
_WORST = Path(__file__).parent / "worst.json"
#: Bodies that are listed; the others take less.
_LISTED = 6
_LAYOUTS = {
    "one-event-objects": "as objects of one",
    "few-batches": "in batches",
    "batches": "in batches",
    "parquet": "as Parquet",
}


def speed() -> str:
    """What the ingest path costs in short, and what was aimed at."""
    results = json.loads(ingest.RESULTS.read_text("utf-8"))
    tables = report.tables(results)
    return "\n\n".join(
        (
            report.occasion(results),
            tables["summary"],
            "What was aimed at:",
            tables["targets"],
            _load_in_short(),
        )
    )


def bench() -> str:
    """What the ingest path costs beside its peers."""
    results = json.loads(ingest.RESULTS.read_text("utf-8"))
    tables = report.tables(results)
    return "\n\n".join(
        (
            report.conditions(results),
            "One event a request:",
            tables["single"],
            f"{scenarios.BATCH} events a request; a peer without batches stores each:",
            tables["batch"],
            "The queue: what `BUFFERED` sends to it, and what the writer makes of it:",
            tables["queue"],
            "From the start of a process to its first answer:",
            tables["cold"],
        )
    )


def lake() -> str:
    """What the queries read and take, by layout and each alone."""
    found = json.loads(_LAKE.read_text("utf-8"))
    rows = found["queries"]
    month = max(row["days"] for row in rows)
    # A query that has no span of days cannot be asked for a month.
    spanned = [row["query"] for row in rows if row["days"] == month]
    names = list(dict.fromkeys(spanned))
    measured = {
        (row["query"], row["layout"], row["engine"], row["days"]): row for row in rows
    }

    def seconds(layout: str, engine: str, days: int) -> str:
        of_all = [measured.get((name, layout, engine, days)) for name in names]
        known = [row["seconds"] for row in of_all if row]
        return f"{statistics.median(known):.1f}" if known else ""

    def read(layout: str, days: int) -> str:
        sizes = [measured[name, layout, "trino", days]["bytes"] for name in names]
        texts = dict.fromkeys(f"{size / 1e6:.2g}" for size in (min(sizes), max(sizes)))
        return " to ".join(texts)

    def alone(name: str, layout: str, engine: str, days: int) -> str:
        row = measured.get((name, layout, engine, days))
        return f"{row['seconds']:.1f}" if row else ""

    layouts = markdown.table(
        (
            f"events of {month} days",
            "objects",
            "MB read for a day",
            f"for {month} days",
            "seconds for a day",
            f"for {month} days",
            f"DuckDB, {month} days",
        ),
        [
            (
                f"{each['events']:,} {_LAYOUTS[each['name']]}",
                f"{each['objects']:,}",
                *(read(each["name"], days) for days in (1, month)),
                *(seconds(each["name"], "trino", days) for days in (1, month)),
                seconds(each["name"], "duckdb", month),
            )
            for each in found["layouts"]
        ],
    )
    columns = (
        ("batches", "trino", 1),
        ("batches", "trino", month),
        ("parquet", "trino", 1),
        ("parquet", "trino", month),
        ("batches", "duckdb", month),
    )
    queries_alone = markdown.table(
        (
            "seconds",
            "batches, a day",
            f"{month} days",
            "Parquet, a day",
            f"{month} days",
            f"DuckDB, batches, {month} days",
        ),
        [
            (f"`{name}`", *(alone(name, *column) for column in columns))
            for name in dict.fromkeys(row["query"] for row in rows)
        ],
    )
    return (
        f"{layouts}\n\nSeconds are the median of {len(names)} queries, each asked "
        f"once; {found['machine']}.\n\n"
        f"Each query over the million:\n\n{queries_alone}"
    )


def load() -> str:
    """What became of many events from concurrent clients."""
    found = json.loads(_LOAD.read_text("utf-8"))
    times, memory = found["milliseconds"], found["memory_mib"]
    rows = [
        (f"{kind}: p50, p99", f"{times[kind]['p50']:g} ms, {times[kind]['p99']:g} ms")
        for kind in ("single", "batch", "pixel")
    ]
    right = found["reconciled"]
    made = markdown.table(
        (f"{found['events']:,} events, {found['connections']} connections", ""),
        [
            ("events a second", f"{found['events_per_second']:,}"),
            ("requests a second", f"{found['requests_per_second']:,}"),
            *rows,
            (
                "memory at the start, after a tenth, at the end",
                f"{memory['start']:g}, {memory['each_tenth'][0]:g}, "
                f"{memory['each_tenth'][-1]:g} MiB",
            ),
            (
                f"sent again on purpose: {found['answers']['sent_again']:,}; "
                f"lines stored: {right['stored_lines']:,}; rows of the view",
                f"{right['rows']:,}",
            ),
            ("missing, altered, doubled or unknown", f"{_wrong(found)}"),
        ],
    )
    return f"{made}\n\nMeasured on {found['date']}; each event is flushed to the disk."


def _load_in_short() -> str:
    found = json.loads(_LOAD.read_text("utf-8"))
    single = found["milliseconds"]["single"]
    return (
        f"`make load` ({found['date']}): {found['events']:,} events from "
        f"{found['connections']} connections, {found['events_per_second']:,} a second, "
        f"each event alone answered in {single['p50']:g} ms (p50) and "
        f"{single['p99']:g} ms (p99); missing, altered, doubled or unknown afterwards: "
        f"{_wrong(found)}."
    )


def _wrong(found: dict[str, Any]) -> int:
    """Return how many events of a load were not stored once and as they were sent."""
    right = found["reconciled"]
    return sum(right[each] for each in ("missing", "altered", "doubled", "unknown"))


def worst() -> str:
    """The bodies that take the function longest."""
    found = json.loads(_WORST.read_text("utf-8"))
    return (
        f"{worst_bodies.table(found, _LISTED)}\n\nThe worst of "
        f"{len(found['bodies'])}, measured on {found['date']}."
    )


def client() -> str:
    """What the browser client takes of a visit beside its peers."""
    found = json.loads(_CLIENT.read_text("utf-8"))
    return markdown.table(
        ("script", "bytes, gzipped", "main thread, ms", "requests", "bytes sent"),
        [
            (
                row["name"],
                f"{row['bytes']:,}",
                f"{row['script_ms']:g}",
                f"{row['requests']:g}"
                + (f" and {row['preflights']:g} before them" * (row["preflights"] > 0)),
                f"{row['bytes_sent']:,.0f}",
            )
            for row in found["scripts"]
        ],
    )

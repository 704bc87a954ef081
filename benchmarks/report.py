"""The measurements as Markdown, and the targets that they are held to."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from . import markdown
from .contenders import (
    BOTO3,
    BOTO3_SOURCES,
    BUFFERED,
    EMPTY,
    OURS,
    SOURCES,
    WRITER,
)

Results = dict[str, Any]
_Row = dict[str, Any]


class Target(NamedTuple):
    """A ratio that must not be exceeded."""

    text: str
    limit: float
    ratio: float

    @property
    def reached(self) -> bool:
        """Whether it is."""
        return self.ratio <= self.limit


def tables(results: Results) -> dict[str, str]:
    """Return Markdown by name: `summary`, `targets`, and those with all figures.

    Args:
        results: What `benchmarks/results.json` holds.
    """
    return {
        "summary": _summary(results),
        "single": _requests(results, "single"),
        "batch": _requests(results, "batch"),
        "queue": _queue(results),
        "cold": _cold(results),
        "targets": _targets(results),
    }


def occasion(results: Results) -> str:
    """Return when and on what the results were made, as a sentence."""
    machine = results["machine"]
    return (
        f"Measured on {results['date']} on {machine['processors']} processors "
        f"({machine['processor']})."
    )


def conditions(results: Results) -> str:
    """Return that and with what they were made."""
    used = ", ".join(
        f"{name} {version.removeprefix('OpenSSL ')}"
        for name, version in results["versions"].items()
    )
    return f"{occasion(results).removesuffix('.')} with {used}."


def targets(results: Results) -> list[Target]:
    """Return the targets that the results can be held to."""
    found: list[Target] = []

    def warm(text: str, limit: int, **which: object) -> None:
        found.extend(
            Target(text, 1 / limit, row["of_boto3"])
            for row in _warm(results, **which)
            if "of_boto3" in row
        )

    def cold(text: str, limit: float, one: str, other: str) -> None:
        ours, theirs = _starts(results, one), _starts(results, other)
        if ours and theirs:
            ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
            found.append(Target(text, limit, statistics.median(ratios)))

    alone = "boto3 alone at one event a request"
    warm(f"one event a request, of {alone}", 14, contender=OURS, kind="single")
    warm(f"25 events a request, of {alone}", 50, contender=OURS, kind="batch")
    for number, words in ((1, "one event"), (25, "25 events")):
        text = f"the writer, full of messages of {words}, of {alone}"
        warm(text, 100, contender=WRITER, events_per_request=number)
    cold("cold start, of boto3 alone", 1 / 5, OURS, BOTO3)
    cold("cold start, of an empty handler", 3.5, OURS, EMPTY)
    cold("without bytecode, of boto3 alone without", 1 / 5, SOURCES, BOTO3_SOURCES)
    cold("without bytecode, of an empty handler", 3.5, SOURCES, EMPTY)
    return found


def _summary(results: Results) -> str:
    """Return each handler that answers requests, as a row of what matters."""
    batches = {row["contender"]: row for row in _warm(results, kind="batch")}
    starts = {row["contender"]: row for row in results["cold"]}
    rows = []
    for row in _warm(results, kind="single"):
        if row["contender"] == BUFFERED:
            continue
        batch, start = batches.get(row["contender"]), starts.get(row["contender"])
        rows.append(
            (
                row["label"],
                _us(row["cpu_us"]),
                _share(row),
                _us(batch["cpu_us"]) if batch else "",
                _share(batch) if batch else "",
                f"{start['wall_ms']:.0f}" if start else "",
                f"{row['rss_mb']:.0f}",
                _stored(row)[0],
                _stored(batch)[0] if batch else "",
            )
        )
    head = (
        "handler",
        "CPU µs per event, one a request",
        "of boto3 alone",
        "25 a request",
        "of boto3 alone",
        "ms from start to first answer",
        "memory MB",
        "bytes stored per event",
        "25 a request",
    )
    return markdown.table(head, rows)


def _requests(results: Results, kind: str) -> str:
    rows = [
        (
            row["label"],
            _us(row["cpu_us"]),
            _share(row),
            f"{row['rss_mb']:.0f}",
            *_stored(row),
        )
        for row in _warm(results, kind=kind)
        if row["contender"] != BUFFERED
    ]
    head = (
        "handler",
        "CPU µs per event",
        "of boto3 alone",
        "memory MB",
        "bytes stored per event",
        "requests to S3 per event",
    )
    return markdown.table(head, rows)


def _queue(results: Results) -> str:
    wanted = [
        *_warm(results, contender=BUFFERED),
        *_warm(results, contender=WRITER),
    ]
    rows = [
        (
            row["label"],
            str(row["events_per_request"]),
            f"{row['events_per_invocation']:,.0f}",
            _us(row["cpu_us"]),
            _share(row),
            f"{row['rss_mb']:.0f}",
            *_stored(row),
        )
        for row in wanted
    ]
    head = (
        "function",
        "events per request or message",
        "events per invocation",
        "CPU µs per event",
        "of boto3 alone",
        "memory MB",
        "bytes sent per event",
        "requests to SQS or S3 per event",
    )
    return markdown.table(head, rows)


def _cold(results: Results) -> str:
    empty, boto3 = _starts(results, EMPTY), _starts(results, BOTO3)

    def ratio(row: _Row, others: Sequence[float], form: Callable[[float], str]) -> str:
        if not others:
            return ""
        pairs = zip(row["runs_ms"], others, strict=True)
        return form(statistics.median(one / other for one, other in pairs))

    rows = [
        (
            row["label"],
            f"{row['wall_ms']:.0f}",
            f"{row['cpu_ms']:.0f}",
            ratio(row, boto3, _fraction),
            ratio(row, empty, "{:.1f} times".format),
        )
        for row in results["cold"]
    ]
    head = ("handler", "ms", "CPU ms", "of boto3 alone", "of an empty handler")
    return markdown.table(head, rows)


def _targets(results: Results) -> str:
    rows = [
        (
            target.text,
            _fraction(target.limit),
            _fraction(target.ratio),
            "reached" if target.reached else "**missed**",
        )
        for target in targets(results)
    ]
    return markdown.table(("target", "at most", "measured", ""), rows)


def _warm(results: Results, **which: object) -> Iterable[_Row]:
    return [
        row
        for row in results["warm"]
        if all(row[name] == value for name, value in which.items())
    ]


def _starts(results: Results, contender: str) -> list[float]:
    return next(
        (row["runs_ms"] for row in results["cold"] if row["contender"] == contender), []
    )


def _stored(row: _Row) -> tuple[str, str]:
    if not row["writes_per_event"]:
        return "", ""
    return f"{row['bytes_per_event']:.0f}", f"{row['writes_per_event']:.3g}"


def _share(row: _Row) -> str:
    return _fraction(row["of_boto3"]) if "of_boto3" in row else ""


def _us(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{max(value, 0):.1f}"


def _fraction(ratio: float) -> str:
    if ratio > 0.9:
        return f"{ratio:.2f}"
    return f"1/{1 / ratio:.1f}" if ratio > 0.1 else f"1/{1 / ratio:.0f}"

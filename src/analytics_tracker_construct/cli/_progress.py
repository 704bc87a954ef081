"""What `analytics-tracker query` says beside the answer, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

from .. import _costs
from .._query.athena_execution import Progress
from .._query.result import Statistics

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
# Carriage return, and erase to the end of the line.
_AGAIN = "\r\x1b[K"


def note(text: str) -> None:
    """Say something that its reader may want to know."""
    _say(f"{_AGAIN if _is_terminal() else ''}note: {text}\n")


def shown() -> Callable[[Progress], None] | None:
    """Return what shows how far a query is; None where nobody would see it."""
    return _show if _is_terminal() else None


def summary(statistics: Statistics) -> None:
    """Say what a query in Athena read and cost."""
    if statistics.bytes_scanned is None:
        return
    if statistics.reused:
        _say("an earlier answer, given again: no cost\n")
        return
    dollars = statistics.dollars or 0
    # Most queries cost a fraction of a cent.
    digits = 2 if dollars >= 1 or not dollars else 6
    _say(
        f"{size(statistics.bytes_scanned)} read in {statistics.seconds:.1f} s; "
        f"${dollars:.{digits}f} at the list price of {_costs.REGION} "
        f"({_costs.PRICED})\n"
    )


def size(count: int) -> str:
    """Return a number of bytes as it is spoken."""
    number = float(count)
    for unit in _UNITS:
        if number < 1000 or unit == _UNITS[-1]:
            break
        number /= 1000
    return f"{count} bytes" if unit == _UNITS[0] else f"{number:.1f} {unit}"


def _show(progress: Progress) -> None:
    if progress.state in ("QUEUED", "RUNNING"):
        _say(
            f"{_AGAIN}{progress.state.lower()}, {size(progress.bytes_scanned)} read, "
            f"{progress.seconds:.0f} s"
        )
    else:
        _say(_AGAIN)


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _say(text: str) -> None:
    # Nobody may be reading any more, which is no fault of the query's.
    with suppress(OSError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()

"""What `query` and `erase` say beside the answer, on standard error."""

from __future__ import annotations

from collections.abc import Callable

from .. import _costs
from .._query.athena_execution import Progress
from .._query.result import Statistics
from ._printing import tell, tells_a_terminal

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
# Carriage return, and erase to the end of the line.
_AGAIN = "\r\x1b[K"


def note(text: str) -> None:
    """Say something that its reader may want to know."""
    tell(f"{_AGAIN if tells_a_terminal() else ''}note: {text}")


def shown() -> Callable[[Progress], None] | None:
    """Return what shows how far a query is; None where nobody would see it."""
    return _show if tells_a_terminal() else None


def counted(done: int, total: int, what: str) -> None:
    """Show on a terminal how many are done."""
    if tells_a_terminal():
        tell(f"{_AGAIN}{done:,} of {total:,} {what}", end="")


def counted_all() -> None:
    """Remove what `counted` shows."""
    if tells_a_terminal():
        tell(_AGAIN, end="")


def summary(statistics: Statistics) -> None:
    """Say what a query in Athena read and cost."""
    if statistics.bytes_scanned is None:
        return
    if statistics.reused:
        tell("an earlier answer, given again: no cost")
        return
    dollars = statistics.dollars or 0
    # Most queries cost a fraction of a cent.
    digits = 2 if dollars >= 1 or not dollars else 6
    tell(
        f"{size(statistics.bytes_scanned)} read in {statistics.seconds:.1f} s; "
        f"${dollars:.{digits}f} at the list price of {_costs.REGION} "
        f"({_costs.PRICED})"
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
        tell(
            f"{_AGAIN}{progress.state.lower()}, {size(progress.bytes_scanned)} read, "
            f"{progress.seconds:.0f} s",
            end="",
        )
    else:
        tell(_AGAIN, end="")

"""SECURITY.md's table: its rows, and the column of tests that is made from `rows`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from .threats import Threat

FILE = Path(__file__).parents[2] / "SECURITY.md"
_CELLS = 3


def rows(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield threat, defence and tests of each row of the first table."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("|---"):
            break
    for line in lines:
        if not line.startswith("|"):
            return
        threat, defence, tests = _cells(line)
        yield threat, defence, tests


def column(threat: Threat) -> str:
    """Return the cell with a row's tests."""
    return ", ".join(f"`{test}`" for test in threat.tests)


def renewed(text: str, threats: Sequence[Threat]) -> str:
    """Return the document with the tests of each row that is known put in.

    Raises:
        ValueError: If a row has other than three cells.
    """
    columns = {threat.words: column(threat) for threat in threats}
    lines = []
    for line in text.splitlines():
        words = line.removeprefix("| ").partition(" | ")[0]
        if line.startswith("| ") and words in columns:
            threat, defence, _ = _cells(line)
            lines.append(f"| {threat} | {defence} | {columns[words]} |")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _cells(line: str) -> list[str]:
    cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    if len(cells) == _CELLS - 1:
        # A row that was just written has no tests yet.
        cells.append("")
    if len(cells) != _CELLS:
        raise ValueError(f"not threat, defence and tests: {line}")
    return [cell.strip(" |") for cell in cells]

"""What a row of SECURITY.md's table stands on: defences, and what proves each."""

from __future__ import annotations

from typing import NamedTuple


class Removal(NamedTuple):
    """A defence taken out of a source file, and the tests that must notice."""

    defence: str
    """What is taken out, in a few words; unique in the table."""
    path: str
    """The file, from the repository's root."""
    old: str
    """Text that is in the file exactly once."""
    new: str
    """What comes in its place. It must still run: a name that is not there proves
    nothing about a defence."""
    tests: tuple[str, ...]
    """`file::test` of each test that passes before and fails after."""


class Threat(NamedTuple):
    """A row of the table."""

    words: str
    """The row's first cell."""
    removals: tuple[Removal, ...]
    """Its defences, one by one."""

    @property
    def tests(self) -> tuple[str, ...]:
        """Every test that proves a part of the row, each once."""
        return tuple(dict.fromkeys(t for each in self.removals for t in each.tests))

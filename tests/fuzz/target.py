"""The process that atheris fuzzes; `fuzz` runs it."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["handler"]):
    import handler.app
    import handler.pixel
    import handler.writer  # noqa: F401 - it must be instrumented, too

from tests.fuzz.oracle import check
from tests.fuzz.script import read


def one(raw: bytes) -> None:
    """Check one input."""
    check(read(raw))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()

"""Writes the tests that prove each row into SECURITY.md: `python -m tests.defences`."""

from __future__ import annotations

from .document import FILE, renewed
from .rows import THREATS

FILE.write_text(renewed(FILE.read_text("utf-8"), THREATS), "utf-8")

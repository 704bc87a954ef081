"""Inputs that the fuzzer kept, one in base64 a line."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

FILE = Path(__file__).with_name("corpus.txt")


def load() -> list[bytes]:
    """Return the inputs."""
    return [base64.b64decode(line) for line in FILE.read_text().splitlines()]


def save(inputs: Iterable[bytes]) -> int:
    """Keep these inputs and no others; return how many they are."""
    lines = sorted({base64.b64encode(raw).decode() for raw in inputs if raw})
    FILE.write_text("".join(f"{line}\n" for line in lines))
    return len(lines)

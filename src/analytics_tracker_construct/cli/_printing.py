"""Text for whoever reads what a command prints, or no longer does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from ._errors import CommandError


def print_text(text: str, failure: str = "cannot write") -> None:
    """Print a text on the standard output.

    Args:
        text: What is printed, without the newline at its end.
        failure: What is said where that cannot be.

    Raises:
        CommandError: If it cannot be written.
    """
    with printing(failure):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


@contextmanager
def printing(failure: str) -> Iterator[None]:
    """Write to the standard output within the block.

    A reader that goes, such as head, has had enough and is no error: the block ends,
    and whatever is printed later goes nowhere. So work goes on, and ends with its own
    exit status.

    Args:
        failure: What is said where something cannot be written.

    Raises:
        CommandError: If something cannot be written.
    """
    if sys.stdout is None:
        raise CommandError(f"{failure}: standard output is closed")
    try:
        yield
    except OSError as error:
        _give_up(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            raise CommandError(f"{failure}: {error.strerror or error}") from None


def tell(text: str, end: str = "\n") -> None:
    """Say something beside the output, on the standard error, if somebody reads it."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{text}{end}")
        sys.stderr.flush()
    except OSError:
        _give_up(sys.stderr)


def tells_a_terminal() -> bool:
    """Whether what is told is shown at once, and may be written over."""
    return sys.stderr is not None and sys.stderr.isatty()


def _give_up(stream: TextIO) -> None:
    """Let go of what could not be written, which would be tried again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)

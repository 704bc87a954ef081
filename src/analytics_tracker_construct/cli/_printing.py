"""Text on the standard output, whoever reads it or no longer does."""

from __future__ import annotations

import sys

from ._errors import CommandError


def print_text(text: str) -> int:
    """Print a text; return the exit status.

    Raises:
        CommandError: If it cannot be written.
    """
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:
        # What could not be written would be tried again at exit.
        sys.stdout = None
        if isinstance(error, BrokenPipeError):
            return 0
        raise CommandError(f"cannot write: {error.strerror or error}") from None
    return 0

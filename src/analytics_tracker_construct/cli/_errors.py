"""What the command line says instead of a traceback."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot go on, for a reason that its user can do something about.

    Args:
        message: What is wrong and the way out.
        status: The exit status: 2 where the arguments are wrong, else 1.
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status

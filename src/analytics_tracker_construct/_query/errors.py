"""What goes wrong with a query, other than a wrong argument."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class QueryError(Exception):
    """A query has no answer; the message says why, and what helps.

    Attributes:
        query_id: Athena's id of the query, or None.
    """

    def __init__(self, message: str, query_id: str | None = None) -> None:
        super().__init__(message)
        self.query_id = query_id


class QueryCancelled(QueryError):
    """A query that was ended before it had an answer."""


def needed(module: str, pip: str, what: str) -> ModuleType:
    """Return an optional module.

    Args:
        module: Its name.
        pip: What `pip install` takes for it.
        what: What needs it, to begin a sentence.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{what} {module}: pip install {pip}", name=error.name
        ) from None

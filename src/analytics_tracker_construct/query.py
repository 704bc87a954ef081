"""Queries over stored events, in Athena or in DuckDB: for notebooks and programs.

>>> from analytics_tracker_construct import DuckDbEngine
>>> engine = DuckDbEngine("analytics-data")
>>> engine.run("daily-page-views", tenant="shop").rows()  # doctest: +SKIP
"""

from __future__ import annotations

from ._query.athena import AthenaEngine
from ._query.athena_execution import Progress
from ._query.engine import QueryEngine
from ._query.errors import QueryCancelled, QueryError
from ._query.local import DuckDbEngine
from ._query.result import Column, Result, Statistics

__all__ = [
    "AthenaEngine",
    "Column",
    "DuckDbEngine",
    "Progress",
    "QueryCancelled",
    "QueryEngine",
    "QueryError",
    "Result",
    "Statistics",
]

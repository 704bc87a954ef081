"""Why a query failed in Athena, and what helps.

https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import QueryCancelled, QueryError

# Not a missing database: its name says nothing about tenants.
_NO_RELATION = r"TABLE_NOT_FOUND|\b(Table|View) \S+ does not exist"
#: Words of Athena's reason, and what helps; the first that fits.
_WAYS_OUT = tuple(
    (re.compile(words, re.IGNORECASE), way_out)
    for words, way_out in (
        (
            r"bytes scanned limit",
            "ask about fewer days, or raise the catalog's 'bytes_scanned_cutoff'",
        ),
        (
            r"COLUMN_NOT_FOUND|Column .* cannot be resolved",
            "the columns of a table: DESCRIBE <table>; "
            "what is in metadata: json_extract_scalar(metadata, '$.name')",
        ),
        (
            _NO_RELATION,
            "the tables there are: SHOW TABLES",
        ),
        (
            r"SCHEMA_NOT_FOUND|(Schema|Database) .* (does not exist|not found)",
            "name the database of the tracker's catalog",
        ),
        (
            r"access ?denied|insufficient .*permission|not authorized",
            "the catalog's 'grant_query' gives the rights that a tenant's queries need",
        ),
        (
            r"HIVE_(BAD_DATA|CURSOR_ERROR|CANNOT_OPEN_SPLIT|FILESYSTEM_ERROR)",
            "some object is damaged; `analytics-tracker doctor` samples objects, and "
            "fewer days tell which day's it is",
        ),
        (
            r"EXHAUSTED|EXCEEDED_|resources? (exhausted|limit)|timeout",
            "ask about fewer days or fewer columns",
        ),
        (
            r"syntax|mismatched input|SYNTAX_ERROR",
            "Athena speaks Trino's SQL; texts stand in single quotes",
        ),
    )
)


def lacks_relation(error: QueryError) -> bool:
    """Whether a query failed for a table or a view that is not there."""
    return re.search(_NO_RELATION, str(error), re.IGNORECASE) is not None


def failed(answer: Mapping[str, Any]) -> QueryError:
    """Return the error for a query that ended without an answer."""
    status, query_id = answer["Status"], answer.get("QueryExecutionId")
    told = status.get("AthenaError", {})
    reason = status.get("StateChangeReason") or told.get("ErrorMessage") or ""
    helps = [way_out for words, way_out in _WAYS_OUT if words.search(reason)][:1]
    if status["State"] == "CANCELLED":
        message = f"the query was cancelled in Athena: {reason or 'nobody says why'}"
        kind: type[QueryError] = QueryCancelled
    else:
        message = f"the query failed: {reason or 'Athena gives no reason'}"
        kind = QueryError
    if told.get("Retryable"):
        helps.append("Athena says that it may succeed if it is asked again")
    return kind("; ".join([message, *helps]) + f" (query {query_id})", query_id)

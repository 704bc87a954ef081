"""What rules of translation are made with: refusals and replacements."""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import exp

#: What names of parameters begin with while sqlglot has them: it takes no keyword.
MARK = "p_"

Change = Callable[[], exp.Expr]
"""Makes the replacement of a node, once those below it are replaced."""


def refused(node: exp.Expr, why: str) -> ValueError:
    """Return the error that names part of a query, and why it is refused."""
    text = node.sql(dialect="trino", comments=False).replace(f":{MARK}", ":")
    short = text if len(text) <= 60 else f"{text[:60]}…"
    return ValueError(
        f"{short!r} cannot be asked of DuckDB with the same answer: {why}"
    )


def duck(sql: str, **parts: exp.Expr) -> exp.Expr:
    """Return DuckDB's expression `sql`, in which each name of `parts` is that part."""
    template = sqlglot.parse_one(sql, read="duckdb")

    def put(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name in parts:
            return exp.Paren(this=parts[node.name].copy())
        return node

    return template.transform(put)

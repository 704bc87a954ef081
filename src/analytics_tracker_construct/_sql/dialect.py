"""Athena's SQL (Trino) as DuckDB's, with the same answer or with none.

Much of what Trino's SQL says DuckDB takes too and means otherwise: `7 / 2` is 3 or 3.5,
`date_diff` counts whole units or boundaries, a regular expression without a match gives
null or nothing. So only what is known to agree passes; what can be said otherwise in
DuckDB is rewritten, and everything else is a `ValueError`. Each rule has its test.
"""

from __future__ import annotations

import re
from functools import lru_cache

import sqlglot
from sqlglot import exp

from . import kinds, rules
from .kinds import Kinds
from .rewriting import MARK, refused

_PARAMETER = re.compile(
    r"""(?P<other>'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|::)
    |[:$](?P<name>[a-z_]+)|(?P<nameless>\?)""",
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=256)
def to_duckdb(sql: str) -> str:
    """Return DuckDB's SQL for one query of Trino's.

    Args:
        sql: The query; its parameters are written `:name` or `$name`.

    Returns:
        The query with parameters as `$name`.

    Raises:
        ValueError: If it is not one query, or if part of it is not known to give the
            same answer; the message names the part and a way out.
    """
    try:
        trees = sqlglot.parse(_PARAMETER.sub(_marked, sql), read="trino")
    except sqlglot.errors.SqlglotError as error:
        # What it underlines in a terminal would be noise elsewhere.
        what = re.sub(r"\x1b\[\d*m", "", str(error))
        raise ValueError(f"this is not Trino's SQL: {what}") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ValueError("one SELECT is expected, without a semicolon")
    tree: exp.Expr = trees[0]
    known = Kinds(tree)
    nodes = list(tree.walk())
    for node in nodes:
        _check(node, known)
    # Kinds follow from what was written, so they are found before anything changes.
    changes = [(node, rules.change_of(node, known)) for node in reversed(nodes)]
    for node, change in changes:
        if change is not None:
            node.replace(change())
    return tree.sql(dialect="duckdb", comments=False)


def _marked(match: re.Match[str]) -> str:
    if match["nameless"]:
        raise ValueError("a parameter must have a name here: write :name for ?")
    return f":{MARK}{match['name']}" if match["name"] else match[0]


#: What means the same wherever it stands, or whose parts say whether it does.
_PLAIN: tuple[type[exp.Expr], ...] = (
    exp.Alias,
    exp.And,
    exp.Between,
    exp.Boolean,
    exp.Case,
    exp.Coalesce,
    exp.Column,
    exp.ColumnDef,
    exp.Count,
    exp.CTE,
    exp.DataType,
    exp.Distinct,
    exp.DPipe,
    exp.EQ,
    exp.Filter,
    exp.From,
    exp.Group,
    exp.GT,
    exp.GTE,
    exp.Having,
    exp.Identifier,
    exp.If,
    exp.In,
    exp.Is,
    exp.Join,
    exp.JSONPath,
    exp.JSONPathPart,
    exp.Like,
    exp.Limit,
    exp.Literal,
    # But for 40 letters that came with Unicode 14, which not every Java knows.
    exp.Lower,
    exp.Length,
    exp.LT,
    exp.LTE,
    exp.Max,
    exp.Min,
    exp.NEQ,
    exp.Not,
    exp.Null,
    exp.Nullif,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Or,
    exp.Order,
    exp.Ordered,
    exp.Paren,
    exp.Placeholder,
    exp.Rank,
    exp.DenseRank,
    exp.RowNumber,
    exp.Select,
    exp.Star,
    exp.Subquery,
    exp.Sum,
    exp.Table,
    exp.TableAlias,
    exp.Tuple,
    exp.Union,
    exp.Values,
    exp.Var,
    exp.Where,
    exp.Window,
    exp.WindowSpec,
    exp.With,
)

#: What is written otherwise, for those who meet a refusal.
_WAYS_OUT: dict[str, str] = {
    "APPROX_DISTINCT": "write count(DISTINCT x)",
    "APPROX_QUANTILE": "it is an estimate on either",
    "AVG": "write CAST(sum(x) AS double) / nullif(count(x), 0)",
    "CONCAT": "write a || b, which is null where one is on both",
    "COUNT_IF": "write count(*) FILTER (WHERE x)",
    "GREATEST": "write CASE WHEN a > b THEN a ELSE b END; nulls differ",
    "LEAST": "write CASE WHEN a < b THEN a ELSE b END; nulls differ",
    "JSON_EXTRACT": "write json_extract_scalar",
    "TRIM": "the engines differ about what white space is",
}

_COMPARED = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Neg)


def _check(node: exp.Expr, known: Kinds) -> None:
    """Refuse a node that has no rule, or whose parts are of kinds that do not fit."""
    if isinstance(node, _ARITHMETIC):
        operands = [node.this, node.expression] if node.expression else [node.this]
        if any(known.of(each) not in kinds.NUMBERS for each in operands):
            raise refused(node, "CAST each side to bigint or double")
    elif isinstance(node, _COMPARED):
        _check_comparison(node, known)
    elif isinstance(node, exp.Select):
        _check_names(node)
    elif isinstance(node, exp.Union):
        _check_union(node, known)
    elif not isinstance(node, _PLAIN) and type(node) not in rules.RULES:
        name = (
            node.name
            if isinstance(node, exp.Anonymous)
            else type(node).sql_name()
            if isinstance(node, exp.Func)
            else type(node).__name__
        )
        way_out = _WAYS_OUT.get(name.upper(), "no rule of this project covers it")
        raise refused(node, way_out)


def _check_comparison(node: exp.Expr, known: Kinds) -> None:
    """Refuse what is an error to Trino and a cast to DuckDB: text against numbers."""
    sides = [
        value for value in node.iter_expressions() if not isinstance(value, exp.Query)
    ]
    found = {known.of(side) for side in sides} - {None, kinds.PARAMETER}
    if len(found) > 1 and not found <= kinds.NUMBERS:
        raise refused(node, f"it compares {' with '.join(sorted(map(str, found)))}")


def _check_names(select: exp.Select) -> None:
    """Refuse a name that is a column to Trino and perhaps another value to DuckDB."""
    given = {
        each.alias.lower()
        for each in select.expressions
        if isinstance(each, exp.Alias)
        and not (isinstance(each.this, exp.Column) and each.this.name == each.alias)
    }
    for clause in ("where", "group", "having"):
        part = select.args.get(clause)
        for column in part.find_all(exp.Column) if part else ():
            own = column.find_ancestor(exp.Select) is select
            if own and not column.table and column.name.lower() in given:
                raise refused(
                    column, f"{clause.upper()} cannot use what SELECT names; rename it"
                )


def _check_union(union: exp.Union, known: Kinds) -> None:
    for left, right in zip(union.left.selects, union.right.selects, strict=False):
        found = {known.of(left), known.of(right)} - {None}
        if len(found) > 1:
            raise refused(right, f"UNION mixes {' and '.join(sorted(map(str, found)))}")

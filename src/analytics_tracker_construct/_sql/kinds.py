"""What kind of value an expression of Trino's SQL has, as far as its text tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlglot import exp

from . import sessions_view, views

INTEGER = "an integer"
DOUBLE = "a double"
TEXT = "text"
DATE = "a date"
TIME = "a time"
BOOLEAN = "a boolean"
#: What is bound: whatever it is compared with.
PARAMETER = "a parameter"

NUMBERS = frozenset({INTEGER, DOUBLE})

_TYPES = {
    exp.DataType.Type.BIGINT: INTEGER,
    exp.DataType.Type.INT: INTEGER,
    exp.DataType.Type.DOUBLE: DOUBLE,
    exp.DataType.Type.VARCHAR: TEXT,
    exp.DataType.Type.TEXT: TEXT,
    exp.DataType.Type.DATE: DATE,
    exp.DataType.Type.BOOLEAN: BOOLEAN,
}
_STORED = {"varchar": TEXT, "integer": INTEGER, "bigint": INTEGER, "boolean": BOOLEAN}

_ALWAYS: dict[type[exp.Expr], str] = {
    exp.Boolean: BOOLEAN,
    exp.Connector: BOOLEAN,
    exp.Count: INTEGER,
    exp.DateDiff: INTEGER,
    exp.DPipe: TEXT,
    exp.FromISO8601Timestamp: TIME,
    exp.GenerateSeries: INTEGER,
    exp.JSONExtractScalar: TEXT,
    exp.Length: INTEGER,
    exp.Lower: TEXT,
    exp.MapKeys: TEXT,
    exp.Not: BOOLEAN,
    exp.Placeholder: PARAMETER,
    exp.Predicate: BOOLEAN,
    exp.Rank: INTEGER,
    exp.DenseRank: INTEGER,
    exp.RegexpExtract: TEXT,
    exp.RegexpReplace: TEXT,
    exp.Replace: TEXT,
    exp.RowNumber: INTEGER,
    exp.SplitPart: TEXT,
    exp.StrPosition: INTEGER,
    exp.Substring: TEXT,
    exp.TimeToStr: TEXT,
}
#: What has the kind of what it is made of.
_PASSED = (
    exp.Alias,
    exp.ArgMax,
    exp.ArgMin,
    exp.DateAdd,
    exp.DateTrunc,
    exp.Filter,
    exp.Lag,
    exp.Max,
    exp.Min,
    exp.Mod,
    exp.Neg,
    exp.Nullif,
    exp.Paren,
    exp.Round,
    exp.Sum,
    exp.TimestampTrunc,
    exp.Try,
    exp.Window,
)


def of_type(target: exp.DataType) -> str | None:
    """Return the kind of a type; None for one that has none here."""
    return _TYPES.get(target.this)


class Kinds:
    """The kinds of the expressions of one query.

    A column's kind is that of the stored column, or of everything in the query that has
    its name; where those differ it is not known.

    Args:
        tree: The query.
    """

    def __init__(self, tree: exp.Expr) -> None:
        self._stored: dict[str, set[str | None]] = defaultdict(set)
        self._given: dict[str, list[exp.Expr]] = defaultdict(list)
        self._asked: set[str] = set()
        for name, type_ in (*views.EVENT_COLUMNS, *sessions_view.COLUMNS):
            self._stored[name.lower()].add(_STORED.get(type_))
        for alias in tree.find_all(exp.Alias):
            self._given[alias.alias.lower()].append(alias.this)
        for source in tree.find_all(exp.Values, exp.Unnest):
            for position, name in enumerate(source.alias_column_names):
                self._given[name.lower()].extend(_values(source, position))

    def of(self, node: exp.Expr) -> str | None:  # noqa: PLR0911  one for each sort of node
        """Return the kind of an expression; None if it is not known."""
        if isinstance(node, exp.Column):
            return self._column(node)
        if isinstance(node, exp.Literal):
            return _literal(node)
        if isinstance(node, (exp.Cast, exp.TryCast)):
            return of_type(node.to)
        if isinstance(node, _PASSED):
            return self.of(node.this)
        if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
            sides = {self.of(node.this), self.of(node.expression)}
            return (
                (DOUBLE if DOUBLE in sides else INTEGER) if sides <= NUMBERS else None
            )
        if isinstance(node, exp.Coalesce):
            return self._common((node.this, *node.expressions))
        if isinstance(node, exp.Case):
            results = [each.args["true"] for each in node.args["ifs"]]
            default = node.args.get("default")
            return self._common([*results, default] if default else results)
        for type_, kind in _ALWAYS.items():
            if isinstance(node, type_):
                return kind
        return None

    def _column(self, column: exp.Column) -> str | None:
        name = column.name.lower()
        if isinstance(column.this, exp.Star) or name in self._asked:
            return None
        self._asked.add(name)
        try:
            found = {self.of(each) for each in self._given.get(name, ())}
        finally:
            self._asked.discard(name)
        # A name that stands for itself, `min(day) AS day`, says nothing new.
        found = (found - {None}) | self._stored.get(name, set())
        return found.pop() if len(found) == 1 else None

    def _common(self, nodes: Iterable[exp.Expr]) -> str | None:
        found = {self.of(node) for node in nodes if not isinstance(node, exp.Null)}
        return found.pop() if len(found) == 1 else None


def _values(source: exp.Expr, position: int) -> list[exp.Expr]:
    if isinstance(source, exp.Values):
        return [
            row.expressions[position] if isinstance(row, exp.Tuple) else row
            for row in source.expressions
        ]
    return list(source.expressions)


def _literal(node: exp.Literal) -> str | None:
    if node.is_string:
        return TEXT
    if node.is_int:
        return INTEGER
    # What has a point is a decimal to both, of other digits after a division.
    return DOUBLE if "e" in node.name.lower() else None

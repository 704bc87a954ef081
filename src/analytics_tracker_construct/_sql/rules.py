"""How parts of Trino's SQL are said in DuckDB's: a rule for each kind of part.

A rule looks at a part and refuses it, or returns what makes its replacement, or None
where it may stay as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from . import json_rules, kinds
from .kinds import Kinds
from .rewriting import MARK, Change, duck, refused

#: How times are stored, and the only form of ISO 8601 that is read alike.
_STORED_TIME = "%Y-%m-%dT%H:%M:%S.%gZ"
_WHOLE_UNITS = frozenset({"MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK"})
_EXACT_UNITS = frozenset({"SECOND", "MINUTE", "HOUR", "DAY", "WEEK"})
_TRUNCATED = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})
_FORMAT = re.compile(r"(?:[^%]|%[YmdHMS])*")
# With `$` and `.` the engines differ at ends of lines; a group that took no part is
# null to one and empty to the other.
_SAFE_PATTERN = re.compile(
    r"(?:\\[.?/+*()\[\]]|\[\^?[^\]\\\[$]*\][*+]?|\^|[\w=:/@&, -]|[()])*"
)


def change_of(node: exp.Expr, known: Kinds) -> Change | None:
    """Return what makes the replacement of a node; None if it stays.

    Raises:
        ValueError: If its rule refuses it.
    """
    rule = RULES.get(type(node))
    return rule(node, known) if rule else None


def _placeholder(node: exp.Expr, _: Kinds) -> Change:
    return lambda: exp.Placeholder(this=node.name.removeprefix(MARK))


def _division(node: exp.Expr, known: Kinds) -> Change | None:
    divisor = node.expression.unnest()
    is_sure = (isinstance(divisor, exp.Nullif) and divisor.expression.name == "0") or (
        divisor.is_number and float(divisor.name) != 0
    )
    if not is_sure:
        raise refused(node, "a division by zero differs; write a / nullif(b, 0)")
    sides = {known.of(node.this), known.of(node.expression)}
    if not sides <= kinds.NUMBERS:
        raise refused(node, "CAST one side to double, or both to bigint")
    if kinds.DOUBLE in sides:
        return None
    return lambda: exp.IntDiv(this=node.this.copy(), expression=node.expression.copy())


def _remainder(node: exp.Expr, known: Kinds) -> None:
    divisor = node.expression.unnest()
    if not _whole(divisor):
        raise refused(node, "write it with a number other than 0 on the right")
    if known.of(node.this) != kinds.INTEGER:
        raise refused(node, "CAST the left side to bigint")


def _round(node: exp.Expr, known: Kinds) -> Change:
    decimals = _whole(node.args.get("decimals"))
    if known.of(node.this) != kinds.DOUBLE or decimals is None:
        raise refused(node, "write round(CAST(x AS double), 2)")
    # DuckDB 2 rounds what a double holds, 74.34999… for 74.35; Trino the product.
    return lambda: duck(f"(round(x * 1e{decimals}) / 1e{decimals})", x=node.this)


def _cast(node: exp.Expr, known: Kinds) -> Change | None:
    value, target = node.this, node.args["to"]
    kind = known.of(value)
    to = kinds.of_type(target)
    if isinstance(value, exp.Null) or isinstance(node.parent, exp.MapKeys):
        return None
    allowed = {
        kinds.TEXT: {kinds.TEXT, kinds.INTEGER, kinds.DATE, kinds.PARAMETER},
        kinds.DOUBLE: kinds.NUMBERS,
        kinds.INTEGER: {kinds.INTEGER},
        kinds.DATE: {kinds.DATE},
    }
    if kind in allowed.get(to or "", ()) or (_is_day(value) and to == kinds.DATE):
        return None
    form = {kinds.INTEGER: "[+-]?[0-9]{1,18}", kinds.DATE: "[0-9]{4}-[0-9]{2}-[0-9]{2}"}
    if isinstance(node, exp.TryCast) and kind == kinds.TEXT and to in form:
        # DuckDB takes more than that for a number, or for a day.
        return lambda: duck(
            f"CASE WHEN regexp_full_match(x, '{form[to]}') THEN cast_ END",
            x=node.this,
            cast_=node,
        )
    raise refused(
        node, f"a cast from {kind or 'what is not known'} is not known to agree"
    )


def _whole(node: exp.Expr | None) -> int | None:
    """Return the number of a literal without a sign; None for anything else."""
    is_whole = isinstance(node, exp.Literal) and node.is_int
    return int(node.name) if node is not None and is_whole else None


def _is_day(node: exp.Expr) -> bool:
    """Tell whether a node is the text of a literal such as DATE '2026-01-31'."""
    return node.is_string and bool(re.fullmatch(r"\d{4}-\d\d-\d\d", node.name))


def _try(node: exp.Expr, _: Kinds) -> Change:
    inner = node.this
    if isinstance(inner, exp.FromISO8601Timestamp):
        return lambda: duck(f"try_strptime(x, '{_STORED_TIME}')", x=inner.this)
    if isinstance(inner, exp.MapKeys):
        return lambda: duck(
            "CASE WHEN json_valid(x) THEN list_distinct(json_keys(x)) END",
            x=json_rules.parsed(inner),
        )
    raise refused(node, "only times and keys of JSON may be tried")


def _instant(node: exp.Expr, _: Kinds) -> Change | None:
    if isinstance(node.parent, exp.Try):
        return None
    return lambda: duck(f"strptime(x, '{_STORED_TIME}')", x=node.this)


def _date_diff(node: exp.Expr, _: Kinds) -> Change:
    unit = node.text("unit").upper()
    if unit not in _WHOLE_UNITS:
        raise refused(node, "months and years are not whole alike; count days")
    # `date_diff` counts the boundaries between the two; `date_sub` whole units.
    return lambda: duck(
        f"date_sub('{unit.lower()}', a, b)", a=node.expression, b=node.this
    )


def _date_add(node: exp.Expr, known: Kinds) -> Change:
    unit, count = node.text("unit").upper(), node.expression
    kind = known.of(node.this)
    number = count.this if isinstance(count, exp.Neg) else count
    if unit not in _EXACT_UNITS or _whole(number) is None or kind is None:
        raise refused(node, "write date_add('day', 1, x) of a time or a day")
    sum_ = f"x + to_{unit.lower()}s({count.sql()})"
    return lambda: duck(
        f"CAST({sum_} AS DATE)" if kind == kinds.DATE else sum_, x=node.this
    )


def _date_trunc(node: exp.Expr, known: Kinds) -> Change:
    unit = node.text("unit").upper()
    if unit not in _TRUNCATED or known.of(node.this) != kinds.DATE:
        raise refused(node, "write date_trunc('week', x) of a day")
    # Some versions make a time of it.
    return lambda: duck(f"CAST(date_trunc('{unit.lower()}', x) AS DATE)", x=node.this)


def _date_format(node: exp.Expr, known: Kinds) -> None:
    if not _FORMAT.fullmatch(node.text("format")) or known.of(node.this) is None:
        raise refused(node, "of a time's format %Y %m %d %H %i %s agree")


def _split_part(node: exp.Expr, _: Kinds) -> Change | None:
    delimiter, index = node.args["delimiter"], node.args["part_index"]
    if not delimiter.is_string or not delimiter.name:
        raise refused(node, "its delimiter must be a literal")
    if _whole(index) == 1:
        return None
    if not isinstance(index, exp.Column) and (_whole(index) or 0) < 1:
        raise refused(node, "its index must be 1 or more")
    # A part that is not there is null to Trino.
    return lambda: duck(
        "CASE WHEN i <= len(string_split(x, d)) THEN split_part(x, d, i) END",
        x=node.this,
        d=delimiter,
        i=index,
    )


def _substring(node: exp.Expr, _: Kinds) -> None:
    start, length = node.args.get("start"), node.args.get("length")
    if (_whole(start) or 0) < 1:
        raise refused(node, "its start must be 1 or more, a literal")
    # A negative one counts backwards to DuckDB.
    if length is not None and _whole(length) is None:
        raise refused(node, "its length must be 0 or more, a literal")


def _position(node: exp.Expr, _: Kinds) -> None:
    if node.args.get("occurrence") or node.args.get("position"):
        raise refused(node, "write it with two arguments")


def _replacement(node: exp.Expr, _: Kinds) -> None:
    # Trino finds an empty text between all characters, DuckDB nowhere.
    if not node.expression.is_string or not node.expression.name:
        raise refused(node, "what it searches for must be a literal, and not empty")


def _lag(node: exp.Expr, _: Kinds) -> None:
    if node.args.get("offset") or node.args.get("default"):
        raise refused(node, "write it with one argument")


def _series(node: exp.Expr, _: Kinds) -> None:
    bounds = [node.args.get("start"), node.args.get("end"), node.args.get("step")]
    if not all(bound is None or _whole(bound) is not None for bound in bounds):
        raise refused(node, "its bounds must be whole numbers, literals")


def _unnest(node: exp.Expr, _: Kinds) -> None:
    if node.args.get("offset") or len(node.expressions) != 1:
        raise refused(node, "unnest one list, without ordinality")


def _arg(name: str) -> Callable[[exp.Expr, Kinds], Change]:
    # DuckDB's `arg_min` passes over rows whose value is null, Trino's does not.
    def rule(node: exp.Expr, _: Kinds) -> Change:
        if node.args.get("count"):
            raise refused(node, "write it with two arguments")
        return lambda: duck(f"{name}(x, y)", x=node.this, y=node.expression)

    return rule


def _pattern_of(node: exp.Expr) -> str:
    pattern = node.expression
    if not pattern.is_string or not _SAFE_PATTERN.fullmatch(pattern.name):
        raise refused(
            node, "its pattern must be a literal without | $ ( )? and escapes"
        )
    return str(pattern.name)


def _regexp_extract(node: exp.Expr, _: Kinds) -> Change:
    _pattern_of(node)
    group = node.args.get("group") or exp.Literal.number(0)
    return lambda: duck(
        "CASE WHEN regexp_matches(x, p) THEN regexp_extract(x, p, g) END",
        x=node.this,
        p=node.expression,
        g=group,
    )


def _regexp_replace(node: exp.Expr, _: Kinds) -> None:
    _pattern_of(node)
    new = node.args.get("replacement")
    if new is not None and (not new.is_string or re.search(r"[$\\]", new.name)):
        raise refused(node, "its replacement must be a literal without $ and \\")


def _regexp_like(node: exp.Expr, _: Kinds) -> None:
    _pattern_of(node)


def _same(_: exp.Expr, __: Kinds) -> None:
    """Nothing is to be changed: what is checked is checked elsewhere."""


RULES: dict[type[exp.Expr], Callable[[exp.Expr, Kinds], Change | None]] = {
    exp.Add: _same,
    exp.ArgMax: _arg("arg_max_null"),
    exp.ArgMin: _arg("arg_min_null"),
    exp.Cast: _cast,
    exp.DateAdd: _date_add,
    exp.DateDiff: _date_diff,
    exp.DateTrunc: _date_trunc,
    exp.Div: _division,
    exp.FromISO8601Timestamp: _instant,
    exp.GenerateSeries: _series,
    exp.JSONExtractScalar: json_rules.scalar,
    exp.Lag: _lag,
    exp.MapKeys: json_rules.map_keys,
    exp.Mod: _remainder,
    exp.ParseJSON: json_rules.parse_json,
    exp.Placeholder: _placeholder,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpLike: _regexp_like,
    exp.RegexpReplace: _regexp_replace,
    exp.Replace: _replacement,
    exp.Round: _round,
    exp.SplitPart: _split_part,
    exp.StrPosition: _position,
    exp.Substring: _substring,
    exp.TimestampTrunc: _date_trunc,
    exp.TimeToStr: _date_format,
    exp.Try: _try,
    exp.TryCast: _cast,
    exp.Unnest: _unnest,
}

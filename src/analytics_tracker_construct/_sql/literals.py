"""Values as the literals that Athena takes for the `?` of a query."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

Value = str | int | float | bool | Decimal | date | datetime | None

#: Characters of one literal, its quotes among them.
#: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
PARAMETER_CHARS = 1024
_BIGINT = 2**63
#: What is said of a query whose parameters are not those that values are given for.
NAMED = (
    "--param name=value is the value of $name, and a shell leaves $name alone within "
    "single quotes"
)
#: Digits that a decimal of Trino's has at most.
_DECIMAL_DIGITS = 38
#: Texts, quoted names and comments, to be taken whole, so that nothing is found in
#: them. For patterns with the flags `VERBOSE` and `DOTALL`.
OPAQUE = r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/"""
_NAMED = re.compile(rf"{OPAQUE} | \$(?P<name>[A-Za-z_]\w*)", re.VERBOSE | re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def literals(values: Iterable[Value]) -> list[str]:
    """Return values as Athena's `ExecutionParameters`.

    Raises:
        ValueError: If Athena would not take one of them.
    """
    return [_checked(value, literal(value)) for value in values]


def by_place(text: str, values: Mapping[str, Value]) -> tuple[str, list[Value]]:
    """Return a query with `?` for each `$name`, and the values in their order.

    Raises:
        ValueError: If a name has no value, or a value no place.
    """
    names: list[str] = []

    def put(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match[0]
        names.append(match["name"])
        return "?"

    placed = _NAMED.sub(put, text)
    if set(names) != values.keys():
        raise ValueError(
            f"the query has the parameters {_listed(names)}, and there are values for "
            f"{_listed(values)}; {NAMED}"
        )
    return placed, [values[name] for name in names]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"${name}" for name in sorted(set(names))) or "none"


def literal(value: Value) -> str:
    """Return a value as an SQL literal of Trino's.

    A text is quoted: nothing in it can end the literal. A number stands as it is, a
    float with an exponent, without which it would be a decimal. A time with a zone is
    given in UTC.

    Raises:
        ValueError: If no literal means it.
    """
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    raise ValueError(
        f"a parameter must be text, a number, a date, a time or None, got {value!r}"
    )


def _text(value: str) -> str:
    if _LONE_SURROGATE.search(value):
        raise ValueError(f"a parameter must be text that UTF-8 can hold, got {value!r}")
    return "'" + value.replace("'", "''") + "'"


def _integer(value: int) -> str:
    if not -_BIGINT <= value < _BIGINT:
        raise ValueError(
            f"a parameter must be a number of 64 bits, got {value}; "
            "pass a Decimal for a longer one"
        )
    # The parser reads the digits before it sees the sign.
    return str(value) if value > -_BIGINT else f"BIGINT '{value}'"


def _double(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"a parameter must be a finite number, got {value!r}")
    digits = repr(value).upper()
    return digits if "E" in digits else f"{digits}E0"


def _decimal(value: Decimal) -> str:
    digits = f"{value:f}"
    if not value.is_finite() or sum(map(str.isdigit, digits)) > _DECIMAL_DIGITS:
        raise ValueError(
            f"a parameter must be a decimal of at most {_DECIMAL_DIGITS} digits, "
            f"got {value!r}"
        )
    return f"DECIMAL '{digits}'"


def _timestamp(value: datetime) -> str:
    zone = ""
    if value.tzinfo is not None:
        value, zone = value.astimezone(timezone.utc).replace(tzinfo=None), " UTC"
    return f"TIMESTAMP '{value.isoformat(' ', 'microseconds')}{zone}'"


#: By type; a truth value is a number to Python, and a time a date.
_WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (type(None), lambda _: "NULL"),
    (bool, lambda value: str(value).upper()),
    (str, _text),
    (int, _integer),
    (float, _double),
    (Decimal, _decimal),
    (datetime, _timestamp),
    (date, lambda value: f"DATE '{value.isoformat()}'"),
)


def _checked(value: Value, written: str) -> str:
    if len(written) > PARAMETER_CHARS:
        raise ValueError(
            f"a parameter must be at most {PARAMETER_CHARS:,} characters long with its "
            f"quotes, got one of {len(written):,} that begins with {str(value)[:40]!r}"
        )
    return written

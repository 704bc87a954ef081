"""Values as Athena's literals: nothing in a value becomes SQL."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from analytics_tracker_construct._sql.literals import (
    PARAMETER_CHARS,
    literal,
    literals,
)

#: A string of Trino's grammar.
_STRING = re.compile(r"'(?:[^']|'')*'", re.DOTALL)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def _parsed(written: str) -> exp.Expression:
    """Return what a parser that is not ours sees between two other values."""
    (query,) = sqlglot.parse(f"SELECT 1, {written}, 2", read="trino")
    assert isinstance(query, exp.Select)
    before, value, after = query.expressions
    assert (before, after) == (exp.Literal.number(1), exp.Literal.number(2))
    assert isinstance(value, exp.Expression)
    return value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (False, "FALSE"),
        ("", "''"),
        ("it's", "'it''s'"),
        ("\\' OR 1 = 1 --", "'\\'' OR 1 = 1 --'"),
        (0, "0"),
        (-7, "-7"),
        (-(2**63), "BIGINT '-9223372036854775808'"),
        (2**63 - 1, "9223372036854775807"),
        (1.5, "1.5E0"),
        (-0.0, "-0.0E0"),
        (1e-7, "1E-07"),
        (1e300, "1E+300"),
        (Decimal("1.50"), "DECIMAL '1.50'"),
        (Decimal("-1E+3"), "DECIMAL '-1000'"),
        (date(2026, 1, 31), "DATE '2026-01-31'"),
        (datetime(2026, 1, 31, 12), "TIMESTAMP '2026-01-31 12:00:00.000000'"),
        (
            datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2))),
            "TIMESTAMP '2026-01-31 10:00:00.000000 UTC'",
        ),
    ],
)
def test_each_type_has_its_literal(value: Any, written: str) -> None:
    assert literal(value) == written


@given(_TEXTS)
def test_a_text_stays_one_string_with_the_same_characters(text: str) -> None:
    written = literal(text)

    assert _STRING.fullmatch(written)
    assert written[1:-1].replace("''", "'") == text


@given(st.text("'\"\\-;/*?$:{}\n\0 a%_é", max_size=30))
def test_no_text_ends_its_string(text: str) -> None:
    """What quotes, comments and escapes are made of, for a parser that is not ours."""
    value = _parsed(literal(text))

    assert value == exp.Literal.string(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_a_double_of_the_same_value(number: float) -> None:
    """Without an exponent it would be a decimal."""
    written = literal(number)

    assert re.fullmatch(r"-?\d+(\.\d+)?E[+-]?\d+", written)
    assert float(written) == number


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_is_itself(number: int) -> None:
    assert int(literal(number).removeprefix("BIGINT '").removesuffix("'")) == number


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (2**63, "64 bits"),
        (-(2**63) - 1, "64 bits"),
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        (Decimal("NaN"), "38 digits"),
        (Decimal("Infinity"), "38 digits"),
        (Decimal(10**38), "38 digits"),
        ("\ud800", "UTF-8"),
        (b"bytes", "must be text"),
        (["list"], "must be text"),
    ],
)
def test_refuses_what_no_literal_means(value: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        literal(value)


@pytest.mark.parametrize("text", ["x" * (PARAMETER_CHARS - 2), "'" * 511])
def test_takes_what_just_fits(text: str) -> None:
    (written,) = literals([text])

    assert len(written) == PARAMETER_CHARS


@pytest.mark.parametrize("text", ["x" * (PARAMETER_CHARS - 1), "'" * 512])
def test_refuses_what_athena_finds_too_long(text: str) -> None:
    """Its quotes count, and those that are doubled."""
    with pytest.raises(ValueError, match="at most 1,024 characters"):
        literals(["short", text])

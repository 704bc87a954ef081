"""Athena's texts as values of Python's and of Arrow's."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from analytics_tracker_construct._query.athena_types import (
    arrow_type,
    column,
    converter,
)
from analytics_tracker_construct.query import Column

_UTC = timezone.utc


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("bigint", "-9223372036854775808", -(2**63)),
        ("integer", "12", 12),
        ("tinyint", "-1", -1),
        ("double", "1.0E-7", 1e-7),
        ("double", "Infinity", math.inf),
        ("double", "-Infinity", -math.inf),
        ("float", "0.1", 0.1),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("date", "2026-01-31", date(2026, 1, 31)),
        ("time", "12:30:00.250", time(12, 30, 0, 250_000)),
        (
            "timestamp",
            "2026-01-31 12:00:00.123",
            datetime(2026, 1, 31, 12, 0, 0, 123_000),
        ),
        (
            "timestamp(6)",
            "2026-01-31 12:00:00.123456",
            datetime(2026, 1, 31, 12, 0, 0, 123_456),
        ),
        (
            "timestamp",
            "2026-01-31 12:00:00.123456789",
            datetime(2026, 1, 31, 12, 0, 0, 123_456),
        ),
        ("timestamp", "2026-01-31 12:00:00", datetime(2026, 1, 31, 12)),
        (
            "timestamp with time zone",
            "2026-01-31 12:00:00.000 UTC",
            datetime(2026, 1, 31, 12, tzinfo=_UTC),
        ),
        (
            "timestamp with time zone",
            "2026-07-31 12:00:00.000 Europe/Berlin",
            datetime(2026, 7, 31, 10, tzinfo=_UTC),
        ),
        (
            "timestamp(3) with time zone",
            "2026-01-31 12:00:00.000 -03:30",
            datetime(2026, 1, 31, 15, 30, tzinfo=_UTC),
        ),
        (
            "decimal(38,2)",
            "123456789012345678901234567890.10",
            Decimal("123456789012345678901234567890.10"),
        ),
        ("varchar", "", ""),
        ("varchar(10)", "12", "12"),
        ("varbinary", "68 65 79", b"hey"),
        ("array", "[1, 2]", "[1, 2]"),
        ("row", "{a=1}", "{a=1}"),
        ("json", '{"a":1}', '{"a":1}'),
    ],
)
def test_each_type_has_its_value(kind: str, text: str, value: Any) -> None:
    found = converter(kind)(text)

    assert (found, type(found)) == (value, type(value))


def test_not_a_number_is_a_double() -> None:
    assert math.isnan(converter("double")("NaN"))


def test_a_time_keeps_its_zone() -> None:
    found = converter("timestamp with time zone")("2026-01-31 12:00:00.000 Asia/Tokyo")

    assert found.tzinfo == ZoneInfo("Asia/Tokyo")
    assert found.utcoffset() == timedelta(hours=9)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("bigint", "1.5"),
        ("boolean", "yes"),
        ("date", "-0001-01-01"),
        ("timestamp", "+12026-01-31 12:00:00.000"),
        ("timestamp", "2026-13-31 12:00:00.000"),
        ("time", "25:00:00"),
        ("timestamp with time zone", "2026-01-31 12:00:00.000 Mars/Base"),
        ("varbinary", "6"),
    ],
)
def test_refuses_what_python_has_no_value_for(kind: str, text: str) -> None:
    with pytest.raises((ValueError, LookupError)):
        converter(kind)(text)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("bigint", pa.int64()),
        ("decimal(10,2)", pa.decimal128(10, 2)),
        ("timestamp(3)", pa.timestamp("us")),
        ("timestamp with time zone", pa.timestamp("us", "UTC")),
        ("varchar(3)", pa.string()),
        ("array", pa.string()),
    ],
)
def test_each_type_has_its_arrow_type(kind: str, expected: pa.DataType) -> None:
    assert arrow_type(kind) == expected


def test_a_decimal_says_its_digits() -> None:
    told = {"Name": "n", "Type": "decimal", "Precision": 10, "Scale": 2}

    assert column(told) == Column("n", "decimal(10,2)")
    assert column({"Name": "n", "Type": "varchar", "Precision": 5}) == Column(
        "n", "varchar"
    )

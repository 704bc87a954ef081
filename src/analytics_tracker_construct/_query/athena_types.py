"""Athena's values, which all come as text, as those of Python and of Arrow.

https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from .result import Column

if TYPE_CHECKING:
    import pyarrow

Convert = Callable[[str], Any]

_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d) (?P<clock>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?"
    r"(?: (?P<zone>\S+))?"
)
_CLOCK = re.compile(r"(?P<clock>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?")
_LENGTH = re.compile(r"\([\d, ]*\)")
_OFFSET = re.compile(r"[+-]\d\d:\d\d")


def column(told: Mapping[str, Any]) -> Column:
    """Return a column of a `ColumnInfo` of Athena's."""
    name, kind = str(told["Name"]), str(told["Type"])
    if kind == "decimal":
        kind = f"decimal({told.get('Precision', 38)},{told.get('Scale', 0)})"
    return Column(name, kind)


def converter(kind: str) -> Convert:
    """Return what makes a value of Python's from the text of one.

    Arrays, maps and rows stay text: Athena does not quote what is in them, so that
    their text may mean several values. JSON does, and a query can make it:
    `json_format(CAST(x AS JSON))`.
    """
    return _CONVERTERS.get(_LENGTH.sub("", kind), str)


def arrow_type(kind: str) -> pyarrow.DataType:
    """Return the Arrow type of a column."""
    import pyarrow as pa  # noqa: PLC0415  an optional package

    decimal = _DECIMAL.fullmatch(kind)
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    types = {
        "bigint": pa.int64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "double": pa.float64(),
        "float": pa.float32(),
        "int": pa.int32(),
        "integer": pa.int32(),
        "real": pa.float32(),
        "smallint": pa.int16(),
        "time": pa.time64("us"),
        "timestamp": pa.timestamp("us"),
        "timestamp with time zone": pa.timestamp("us", "UTC"),
        "tinyint": pa.int8(),
        "varbinary": pa.binary(),
    }
    return types.get(_LENGTH.sub("", kind), pa.string())


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is no boolean")
    return text == "true"


def _moment(text: str) -> datetime:
    match = _MOMENT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no time from the year 1 to 9999")
    plain = datetime.fromisoformat(f"{match['day']}T{match['clock']}")
    plain = plain.replace(microsecond=_micros(match["fraction"]))
    zone = match["zone"]
    if zone is None:
        return plain
    if _OFFSET.fullmatch(zone):
        return datetime.fromisoformat(f"{plain.isoformat()}{zone}")
    return plain.replace(tzinfo=ZoneInfo(zone))


def _clock(text: str) -> time:
    match = _CLOCK.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no time of a day")
    plain = time.fromisoformat(match["clock"])
    return plain.replace(microsecond=_micros(match["fraction"]))


def _micros(fraction: str | None) -> int:
    """Return microseconds; Python has no place for what is less."""
    return int((fraction or "")[:6].ljust(6, "0"))


_CONVERTERS: Mapping[str, Convert] = {
    "bigint": int,
    "boolean": _boolean,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "double": float,
    "float": float,
    "int": int,
    "integer": int,
    "real": float,
    "smallint": int,
    "time": _clock,
    "timestamp": _moment,
    "timestamp with time zone": _moment,
    "tinyint": int,
    # "68 65 78", a space after each byte.
    "varbinary": bytes.fromhex,
}

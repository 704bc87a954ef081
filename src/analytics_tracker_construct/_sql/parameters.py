"""The parameters of queries: their types, and what may be bound to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timezone
from typing import NamedTuple

Value = str | int | date
"""What a parameter is bound to: text, a whole number or a day."""

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_BOUNDS = re.compile(r"(-?\d+)\.\.(\d+)")
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
# Newer Pythons read more forms than older ones.
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"([T ]\d\d:\d\d(:\d\d(\.\d{3}(\d{3})?)?)?([zZ]|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
#: Steps that a funnel may have.
MOST_NAMES = 8


class Parameter(NamedTuple):
    """One parameter of a query."""

    name: str
    type: str
    """`date`, `time`, `integer`, `string`, `names`, `hosts`, or `this|that`.

    An integer's bounds may follow, both included: `integer 1..8784`.
    """
    default: str | None
    """As it would be typed; `now` is the moment of asking. None: it must be given."""
    meaning: str

    def value_of(self, given: Value) -> Value:
        """Return what is bound for `given`.

        Raises:
            ValueError: If it is none of the parameter's type, or out of its bounds.
        """
        return _READERS.get(self.type.partition(" ")[0], _choice)(self, given)


def _wrong(parameter: Parameter, given: Value, expected: str) -> ValueError:
    return ValueError(f"{parameter.name!r} must be {expected}, got {given!r}")


def _date(parameter: Parameter, given: Value) -> date:
    # A moment is a day to Python, and says more than a day.
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        return datetime.strptime(str(given), "%Y-%m-%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        raise _wrong(parameter, given, "a day such as 2026-01-31") from None


def _time(parameter: Parameter, given: Value) -> str:
    """Return a moment as it is stored, so that the two compare as text."""
    moment = given
    if given == "now":
        moment = datetime.now(timezone.utc)
    elif isinstance(given, str) and _TIME.fullmatch(given):
        with suppress(ValueError):
            moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", given))
    if not isinstance(moment, datetime):
        raise _wrong(parameter, given, "a time such as 2026-01-31T12:00:00Z, or now")
    zone = moment.tzinfo or timezone.utc
    try:
        utc = moment.replace(tzinfo=zone).astimezone(timezone.utc)
    except OverflowError:
        raise _wrong(parameter, given, "a time of the years 1 to 9999 in UTC") from None
    return utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _integer(parameter: Parameter, given: Value) -> int:
    if isinstance(given, int) and not isinstance(given, bool):
        number = given
    elif isinstance(given, str) and _INTEGER.fullmatch(given):
        number = int(given)
    else:
        raise _wrong(parameter, given, "a whole number")
    bounds = _BOUNDS.search(parameter.type)
    if bounds and not int(bounds[1]) <= number <= int(bounds[2]):
        raise _wrong(
            parameter, given, f"a whole number from {bounds[1]} to {bounds[2]}"
        )
    return number


def _string(parameter: Parameter, given: Value) -> str:
    if isinstance(given, str):
        return given
    raise _wrong(parameter, given, "text")


def _names(parameter: Parameter, given: Value) -> str:
    """Return names with a comma between each two and nothing else."""
    several = [name.strip() for name in _string(parameter, given).split(",")]
    if not all(several) or len(several) > MOST_NAMES:
        raise _wrong(parameter, given, f"1 to {MOST_NAMES} names with commas between")
    return ",".join(several)


def _hosts(parameter: Parameter, given: Value) -> str:
    """Return hosts as the views have them: in lower case and without `www.`."""
    text = _string(parameter, given).strip().lower()
    several = [each.strip().removeprefix("www.") for each in text.split(",")]
    if text and not all(map(_HOST.fullmatch, several)):
        raise _wrong(
            parameter, given, "hosts such as example.com with commas between, no URLs"
        )
    return ",".join(several)


def _choice(parameter: Parameter, given: Value) -> str:
    choices = parameter.type.split("|")
    if isinstance(given, str) and given in choices:
        return given
    raise _wrong(parameter, given, " or ".join(map(repr, choices)))


_READERS: dict[str, Callable[[Parameter, Value], Value]] = {
    "date": _date,
    "time": _time,
    "integer": _integer,
    "string": _string,
    "names": _names,
    "hosts": _hosts,
}

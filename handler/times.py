"""Times: ISO 8601 in, one fixed form out, and the day an event is stored under."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

from . import limits
from .refusals import Refusal, Refused

# Of ISO 8601 what clients send: a calendar date, alone or with a time of day, with or
# without an offset. `datetime.fromisoformat` takes much less before Python 3.11.
_ISO_8601 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
    r"(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII,
)


# The hours are as spelt because Python 3.14 takes 24:00 for the next day's midnight.
_TO_MILLISECONDS = r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}"
# What `stamp` and Date.toISOString() of JavaScript write, and so nearly all there is.
_STAMP = re.compile(f"{_TO_MILLISECONDS}Z", re.ASCII)
# What isoformat() of Python writes of a time in UTC, and others with more digits.
_UTC = re.compile(rf"{_TO_MILLISECONDS}\d{{0,6}}(?:Z|\+00:00)", re.ASCII)

_BACK = timedelta(days=limits.DAYS_BACK)
_AHEAD = timedelta(seconds=limits.SECONDS_AHEAD)


#: Matches texts that are as `stamp` writes them, but for days that no calendar has.
is_stamp = _STAMP.fullmatch
#: Matches texts whose first 23 characters and a Z are what `stamp` writes, but for such
#: days.
is_utc = _UTC.fullmatch


def read(text: str) -> tuple[datetime, str]:
    """Return the instant that `text` names, in UTC, and how it is stored.

    Args:
        text: As :func:`parse` takes it.

    Raises:
        Refused: As :func:`parse` does.
    """
    if _STAMP.fullmatch(text):
        try:
            return datetime.fromisoformat(f"{text[:-1]}+00:00"), text
        except ValueError:
            raise Refused(Refusal.TIMESTAMP_INVALID) from None
    instant = parse(text)
    return instant, stamp(instant)


def parse(text: str) -> datetime:
    """Return the instant that `text` names, in UTC.

    Args:
        text: ISO 8601; without an offset it is UTC, without a time it is midnight.

    Raises:
        Refused: If it is not such a time, or not one of the years 1 to 9999 in UTC.
    """
    match = _ISO_8601.fullmatch(text.strip())
    if match is None:
        raise Refused(Refusal.TIMESTAMP_INVALID)
    year, month, day, hour, minute, second, fraction, offset = match.groups("")
    try:
        local = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int(fraction[:6].ljust(6, "0")),
            tzinfo=timezone.utc,
        )
        return local - _offset(offset)
    except (ValueError, OverflowError):
        raise Refused(Refusal.TIMESTAMP_INVALID) from None


def _offset(text: str) -> timedelta:
    if text in {"", "Z", "z"}:
        return timedelta()
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)


def stamp(instant: datetime) -> str:
    """Return a UTC instant as it is stored: `2026-01-31T12:00:00.000Z`.

    All have the same length, so that they sort as text. Finer parts are cut off.
    """
    return instant.isoformat("T", "milliseconds")[:23] + "Z"


def stamp_of(seconds: float) -> str:
    """Return an instant as `stamp` does, quickly where its second was asked for before.

    Args:
        seconds: Seconds since the epoch.
    """
    second = int(seconds)
    micros = round((seconds - second) * 1_000_000)
    # So little may be missing of a second that it is one.
    whole = _second(second + micros // 1_000_000)
    return f"{whole}.{micros // 1000 % 1000:03}Z"


@lru_cache(2)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, timezone.utc).isoformat()[:19]


@lru_cache(2)
def own_days(today: str) -> frozenset[str]:
    """Return days whose events are stored under them, whatever the time of day.

    Nearly all events are of one of these, and need not be read to the second.

    Args:
        today: The day of receipt, `YYYY-MM-DD`.
    """
    day = date.fromisoformat(today)
    back = [day - timedelta(days=days) for days in range(limits.DAYS_BACK)]
    return frozenset([each.isoformat() for each in back])


def storage_day(instant: datetime, received: datetime) -> str:
    """Return the day, `YYYY-MM-DD`, whose folder an event belongs to.

    It is the event's own day where its time is near the server's clock, so that a retry
    after midnight finds the same key. Any other time is stored under the day of
    receipt, so that nobody can fill the past or the future.

    Args:
        instant: The event's time as sent, UTC.
        received: The server's time, UTC.
    """
    near = -_BACK <= instant - received <= _AHEAD
    return (instant if near else received).date().isoformat()

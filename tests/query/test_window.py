"""The days that a query covers."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from analytics_tracker_construct._query.engine import window

_TODAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, (date(2026, 1, 25), _TODAY)),
        ("2026-01-01", None, (date(2026, 1, 1), _TODAY)),
        (None, "2026-01-10", (date(2026, 1, 4), date(2026, 1, 10))),
        (date(2025, 12, 31), "2026-01-01", (date(2025, 12, 31), date(2026, 1, 1))),
        (_TODAY, _TODAY, (_TODAY, _TODAY)),
    ],
)
def test_seven_days_unless_told_otherwise(start: Any, end: Any, expected: Any) -> None:
    assert window(start, end, today=_TODAY) == expected


def test_today_is_that_of_utc() -> None:
    before = datetime.now(timezone.utc).date()

    _, last = window(None, None)

    assert last - before in (timedelta(0), timedelta(1))


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        (
            "2026-02-01",
            None,
            "the first day, 2026-02-01, is after the last, 2026-01-31",
        ),
        ("today", None, r"'start' \(--from\) must be a day"),
        ("", None, r"'start' \(--from\) must be a day"),
        (None, "", r"'end' \(--to\) must be a day"),
        ("٢026-01-01", None, r"'start' \(--from\) must be a day"),
        ("2026-W48-1", None, r"'start' \(--from\) must be a day"),
        (None, date(1, 1, 2), r"no 7 days until then; give 'start' \(--from\) too"),
        (None, "0001-01-02", r"no 7 days until then; give 'start' \(--from\) too"),
        (None, "20260131", r"'end' \(--to\) must be a day"),
        ("2026-02-30", None, r"'start' \(--from\) must be a day"),
        (
            None,
            datetime(2026, 1, 31),
            r"'end' \(--to\) must be a UTC day, got the time",
        ),
    ],
)
def test_refuses_what_is_no_window(start: Any, end: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        window(start, end, today=_TODAY)

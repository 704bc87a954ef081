"""Times: which texts are times, how they are stored, and under which day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import times
from handler.refusals import Refusal, Refused

UTC = timezone.utc
INSTANTS = st.datetimes(
    datetime(2, 1, 1),
    datetime(9998, 12, 31),
    timezones=st.just(UTC),
)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"),
        ("2026-01-31T12:00:00", "2026-01-31T12:00:00.000Z"),
        ("2026-01-31t12:00:00z", "2026-01-31T12:00:00.000Z"),
        ("2026-01-31 12:00", "2026-01-31T12:00:00.000Z"),
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("  2026-01-31  ", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:00.123Z"),
        ("2026-01-31T12:00:00,5Z", "2026-01-31T12:00:00.500Z"),
        ("2026-01-31T12:00:00+01:00", "2026-01-31T11:00:00.000Z"),
        ("2026-01-31T12:00:00 +0100", "2026-01-31T11:00:00.000Z"),
        ("2026-01-31T23:30:00-05", "2026-02-01T04:30:00.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_stores_one_form_of_many(text: str, stored: str) -> None:
    assert times.stamp(times.parse(text)) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1772625600",
        "2026-02-30T00:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:00:60Z",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+01:60",
        "2026-01-31T12:00:00 UTC",
        "0000-01-01",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-01-31",
        "2026-01-31T12:00:00Z\u0000",
    ],
)
def test_refuses_what_is_no_time(text: str) -> None:
    with pytest.raises(Refused) as refused:
        times.parse(text)

    assert refused.value.refusal is Refusal.TIMESTAMP_INVALID


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T00:00:00.000Z",
        "2026-01-31T24:00:00.000Z",
        "2026-01-31T12:60:00.000Z",
        "0000-01-01T00:00:00.000Z",
        "tomorrow",
    ],
)
def test_reading_refuses_it_in_either_form(text: str) -> None:
    """Python 3.14 takes 24:00 for the midnight of the next day."""
    with pytest.raises(Refused) as refused:
        times.read(text)

    assert refused.value.refusal is Refusal.TIMESTAMP_INVALID


@given(INSTANTS, st.sampled_from(["{}", " {}", "{}\n"]))
def test_reading_finds_the_instant_and_its_stored_form(
    instant: datetime, form: str
) -> None:
    """The form that is nearly all there is, and any other, come to the same."""
    stored = times.stamp(instant)

    assert times.read(form.format(stored)) == (times.parse(stored), stored)
    assert times.read(instant.isoformat()) == (instant, stored)


@given(INSTANTS, st.integers(-1439, 1439))
def test_an_offset_names_the_same_instant(instant: datetime, minutes: int) -> None:
    local = instant.astimezone(timezone(timedelta(minutes=minutes)))

    assert times.parse(local.isoformat()) == instant


@given(INSTANTS, INSTANTS)
def test_stored_times_sort_as_the_instants_do(one: datetime, other: datetime) -> None:
    """To the millisecond."""
    if times.stamp(one) < times.stamp(other):
        assert one < other


RECEIVED = datetime(2026, 3, 4, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (RECEIVED, "2026-03-04"),
        (datetime(2026, 3, 3, 23, 59, tzinfo=UTC), "2026-03-03"),
        (RECEIVED - timedelta(days=7), "2026-02-25"),
        (RECEIVED - timedelta(days=7, seconds=1), "2026-03-04"),
        (RECEIVED + timedelta(hours=1), "2026-03-04"),
        (RECEIVED + timedelta(hours=1, seconds=1), "2026-03-04"),
        (datetime(2015, 5, 17, tzinfo=UTC), "2026-03-04"),
        (datetime(2040, 1, 1, tzinfo=UTC), "2026-03-04"),
    ],
)
def test_the_events_own_day_counts_while_it_is_near(
    instant: datetime, day: str
) -> None:
    assert times.storage_day(instant, RECEIVED) == day


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)))
def test_a_moment_is_stored_as_its_instant_is(moment: datetime) -> None:
    """A number of seconds is no exact microsecond: both round it alike."""
    seconds = moment.replace(tzinfo=UTC).timestamp()
    instant = datetime.fromtimestamp(seconds, UTC)

    assert times.stamp_of(seconds) == times.stamp(instant)


@pytest.mark.parametrize(
    ("seconds", "stored"),
    [
        (1_772_627_400.123, "2026-03-04T12:30:00.123Z"),
        (1_772_627_400.999_999_8, "2026-03-04T12:30:01.000Z"),
    ],
)
def test_a_moment_is_rounded_to_microseconds_and_cut(
    seconds: float, stored: str
) -> None:
    assert times.stamp_of(seconds) == stored


@given(st.times(), st.times())
def test_days_that_count_as_a_whole_are_near_at_any_time_of_day(
    sent: time, received: time
) -> None:
    at = datetime.combine(RECEIVED, received, UTC)
    days = times.own_days(times.stamp(at)[:10])

    assert len(days) == 7
    for day in days:
        instant = datetime.combine(date.fromisoformat(day), sent, UTC)
        assert times.storage_day(instant, at) == day


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["milliseconds", "microseconds"]),
    st.integers(0, 999),
    st.sampled_from(["Z", "+00:00"]),
)
def test_a_stamp_in_utc_is_stored_by_its_first_characters(
    at: datetime, timespec: str, nanos: int, zone: str
) -> None:
    """So it is with any that is looked at and not read."""
    text = at.isoformat(timespec=timespec)[: -len("+00:00")]
    for sent in (f"{text}{zone}", f"{text}{nanos:03}{zone}"):
        assert times.is_utc(sent)
        assert times.read(sent)[1] == f"{sent[:23]}Z"


@pytest.mark.parametrize(
    "sent",
    [
        "2026-03-04T12:00:00Z",
        "2026-03-04T12:00:00.12Z",
        "2026-03-04T12:00:00.123",
        "2026-03-04T24:00:00.000Z",
        "2026-03-04T12:00:60.000Z",
        "2026-03-04T12:00:00.000+01:00",
        "2026-03-04T12:00:00.000-00:00",
        "2026-03-04T12:00:00.0001234567Z",
        "2026-03-04 12:00:00.000Z",
        "2026-03-04T12:00:00.000Z ",
        "٢026-03-04T12:00:00.000Z",
    ],
)
def test_any_other_time_is_read(sent: str) -> None:
    assert not times.is_utc(sent)
    assert not times.is_stamp(sent)


def test_an_hour_ahead_may_be_tomorrow() -> None:
    late = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)

    assert times.storage_day(late + timedelta(hours=1), late) == "2026-03-05"
    assert times.storage_day(late + timedelta(minutes=61), late) == "2026-03-04"

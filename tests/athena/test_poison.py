"""Events and objects that a reader could stumble over; no good event is lost."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from analytics_tracker_construct._sql import tables
from handler.columns import COLUMNS

from ..sql.world import TENANTS
from .bed import Bed
from .stored import events_in
from .trino import QueryFailed

_GOOD = b'{"eventId":"good-0001","serverTimestamp":"2026-03-20T00:00:00.000Z"}\n'
_FOLDER = "analytics/year=2026/month=03/day=20"
_QUERY = (
    'SELECT eventId, page FROM "my_site_events_unique" '
    "WHERE year = '2026' AND month = '03' AND day = '20'"
)
_NAMES = [column.name.lower() for column in COLUMNS] + ["year", "month", "day"]


def _days_of(stored: list[dict[str, Any]]) -> str:
    """Return a predicate for the months that have events."""
    months = sorted({(each["year"], each["month"]) for each in stored})
    return " OR ".join(f"year = '{y}' AND month = '{m}'" for y, m in months)


def _as_stored(value: Any, kind: str) -> Any:
    """Return Trino's value of a column as the stored event has it."""
    if value is None or not kind.startswith("row("):
        return value
    members = [part.strip().split(" ")[0] for part in kind[4:-1].split(",")]
    return dict(zip(members, value, strict=True))


def _ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


@contextmanager
def _objects(bed: Bed, *bodies: tuple[str, bytes]) -> Iterator[None]:
    """Have objects for a while on a day that has no others."""
    keys = [f"{_FOLDER}/{name}" for name, _ in bodies]
    try:
        for key, (_, body) in zip(keys, bodies, strict=True):
            bed.put_raw("my-site", key, body)
        yield
    finally:
        for key in keys:
            bed.s3.delete_object(Bucket="my-site", Key=key)


@pytest.mark.parametrize("tenant", TENANTS)
def test_the_engine_reads_each_stored_event_to_the_letter(
    bed: Bed, tenant: str
) -> None:
    """Every column of every line, broken lines beside them."""
    stored = events_in(bed.s3, tenant)
    assert stored
    listed = ", ".join(f'"{name}"' for name in _NAMES)
    answer = bed.query(
        f"SELECT {listed} FROM {tables.table_of(tenant)} "
        f"WHERE ({_days_of(stored)}) AND eventId IS NOT NULL "
        "AND serverTimestamp IS NOT NULL"
    )
    kinds = [kind for _, kind in answer.columns]
    read = [
        {n: _as_stored(v, k) for n, v, k in zip(_NAMES, row, kinds, strict=True)}
        for row in answer.rows
    ]
    assert _ordered(read) == _ordered(stored)


@pytest.mark.parametrize("tenant", TENANTS)
def test_no_event_is_lost_in_the_view_and_none_is_there_twice(
    bed: Bed, tenant: str
) -> None:
    stored = events_in(bed.s3, tenant)
    rows = bed.rows(
        f"SELECT year, month, day, eventId FROM {tables.table_of(tenant)}_unique "
        f"WHERE ({_days_of(stored)}) AND serverTimestamp IS NOT NULL"
    )
    assert sorted(map(tuple, rows)) == sorted(
        {(each["year"], each["month"], each["day"], each["eventid"]) for each in stored}
    )


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.json", b'{"eventId": "trunc'),
        ("a.json", b"not json\n"),
        ("a.json", b"\n\n \n"),
        ("a.json", b""),
        ("a.json.gz", b""),
        ("a.json", b"{}\n"),
        ("a.json", b'null\n5\n"text"\n'),
        ("a.json", b"\xef\xbb\xbf\n"),
        ("a.json", b"\x00\x00\n"),
        ("a.json", b'{"page":"\xff\xfe\xc3"}\n'),
        ("a.json", b'{"unknown":{"A":1,"a":[{}]}}\n'),
        ("a.json", b'{"viewport":{"width":"wide","height":1e30}}\n'),
        ("a.json", b'{"device":{"is_bot":"maybe"}}\n'),
        ("a.json", b'{"device":[],"viewport":null,"location":{}}\n'),
    ],
)
def test_an_object_like_this_harms_no_query(bed: Bed, name: str, body: bytes) -> None:
    with _objects(bed, (name, body), ("good.json", _GOOD)):
        assert bed.rows(_QUERY) == [["good-0001", None]]


def test_a_line_that_is_broken_spares_its_neighbours(bed: Bed) -> None:
    with _objects(bed, ("a.json", b'{"eventId":"x\n' + _GOOD + b"}\n")):
        assert bed.rows(_QUERY) == [["good-0001", None]]


def test_keys_that_differ_in_case_are_kept_apart(bed: Bed) -> None:
    line = _GOOD.replace(b"}", b',"PAGE":"/x","page":"/","Page":"/y"}')
    with _objects(bed, ("a.json", line)):
        assert bed.rows(_QUERY) == [["good-0001", "/"]]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("half.json.gz", gzip.compress(_GOOD * 99, mtime=0)[:50]),
        ("plain.json.gz", _GOOD),
        ("text.json", b'{"eventId":"x","viewport":"large"}\n'),
        ("deep.json", b"[" * 100_000 + b"\n"),
    ],
)
def test_what_the_function_never_writes_stops_its_own_day_alone(
    bed: Bed, name: str, body: bytes
) -> None:
    """The engine fails on an object like this; the other days answer."""
    query = _QUERY + " AND viewport.width IS NULL"
    with _objects(bed, (name, body), ("good.json", _GOOD)):
        with pytest.raises(QueryFailed, match=r"^(HIVE_|GENERIC_INTERNAL)"):
            bed.rows(query)
        assert bed.rows(query.replace("day = '20'", "day = '05'"))
    assert bed.rows(query) == []

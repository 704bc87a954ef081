"""SQL over a folder, as it is and as it should not be."""

from __future__ import annotations

import gzip
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from analytics_tracker_construct._handler import columns
from analytics_tracker_construct._query import duck

ROW: dict[str, Any] = {
    "eventId": "abcdefgh",
    "eventType": "page_view",
    "timestamp": "2026-01-31T12:00:00.000Z",
    "clientTimestamp": None,
    "serverTimestamp": "2026-01-31T12:00:01.000Z",
    "page": "/a",
    "sessionId": None,
    "ip": "0123456789abcdef",
    "location": {"country": "PT", "city": None, "region": None},
    "device": {
        "device_type": "mobile",
        "browser": "Safari",
        "os": "iOS",
        "is_bot": False,
    },
    "viewport": {"width": 390, "height": 664},
    "referrer": None,
    "userAgent": "agent",
    "metadata": '{"price":9.5}',
}


def write(data: Path, bucket: str, name: str, body: bytes, day: str = "31") -> None:
    folder = data / bucket / f"analytics/year=2026/month=01/day={day}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(body)


def line(**changes: Any) -> bytes:
    return json.dumps({**ROW, **changes}).encode() + b"\n"


def ask(data: Path, sql: str) -> list[tuple[Any, ...]]:
    connection, _ = duck.connect(data)
    return connection.execute(sql).fetchall()


def test_reads_a_row_as_it_was_stored(tmp_path: Path) -> None:
    write(tmp_path, "shop", "a.json", line())

    connection, _ = duck.connect(tmp_path)
    cursor = connection.execute("SELECT * FROM shop_events")
    names = [column[0] for column in cursor.description or ()]
    row = dict(zip(names, cursor.fetchone() or (), strict=True))
    assert row == {**ROW, "year": "2026", "month": "01", "day": "31"}


def test_has_the_types_of_the_stored_columns(tmp_path: Path) -> None:
    write(tmp_path, "shop", "a.json", line())

    types = {name: type_ for name, type_, *_ in ask(tmp_path, "DESCRIBE shop_events")}
    assert list(types) == [c.name for c in (*columns.COLUMNS, *columns.PARTITIONS)]
    assert types["viewport"] == "STRUCT(width INTEGER, height INTEGER)"
    assert types["device"].endswith("is_bot BOOLEAN)")
    assert {t for n, t in types.items() if "STRUCT" not in t} == {"VARCHAR"}


def test_every_stored_column_has_a_type() -> None:
    for column in (*columns.COLUMNS, *columns.PARTITIONS):
        assert duck.duckdb_type(column.type)


@pytest.mark.parametrize("hive", ["map<string,string>", "struct<>", "decimal(1,2)", ""])
def test_refuses_a_type_that_it_does_not_know(hive: str) -> None:
    with pytest.raises(ValueError, match="no DuckDB type"):
        duck.duckdb_type(hive)


def test_has_a_view_for_each_bucket_and_one_over_all(tmp_path: Path) -> None:
    write(tmp_path, "shop", "a.json", line())
    write(tmp_path, "my-site-analytics", "b.json", line(eventId="bbbbbbbb"))
    write(tmp_path, "my-site-analytics", "c.json", line(eventId="cccccccc"))

    _, views = duck.connect(tmp_path)
    assert [view.name for view in views] == ["my_site_analytics_events", "shop_events"]
    assert ask(tmp_path, "SELECT tenant, eventId FROM all_events ORDER BY 2") == [
        ("shop", "abcdefgh"),
        ("my-site-analytics", "bbbbbbbb"),
        ("my-site-analytics", "cccccccc"),
    ]


def test_reads_gzipped_objects_with_several_events(tmp_path: Path) -> None:
    body = gzip.compress(line(eventId="aaaaaaaa") + line(eventId="bbbbbbbb"))
    write(tmp_path, "shop", "a.json.gz", body)

    assert ask(tmp_path, "SELECT count(*) FROM shop_events") == [(2,)]
    write(tmp_path, "shop", "c.json", line(eventId="cccccccc"))
    assert ask(tmp_path, "SELECT count(*) FROM shop_events") == [(3,)]


@pytest.mark.parametrize(
    "bad",
    [
        b"not json\n",
        b'{"eventId": "trunc',
        b'{"eventId":"x"} {"eventId":"y"}\n',
        b"[1,2]\n",
        b'"text"\n',
        b"null\n",
        b"5\n",
        b"{}\n",
        b'\xff{"eventId":"x"}\n',
        b'{"eventId":"\xff"}\n',
        b"\n\n\n",
        b"",
        b"\0\0\0\n",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_malformed_line_is_left_out(
    tmp_path: Path, bad: bytes, *, packed: bool
) -> None:
    if packed:
        body = line(eventId="aaaaaaaa") + bad.rstrip(b"\n") + b"\n" + line()
        write(tmp_path, "shop", "x.json.gz", gzip.compress(body))
    else:
        write(tmp_path, "shop", "w.json", line(eventId="aaaaaaaa"))
        write(tmp_path, "shop", "x.json", bad)
        write(tmp_path, "shop", "y.json", line())

    assert ask(tmp_path, "SELECT eventId, page FROM all_events ORDER BY 1") == [
        ("aaaaaaaa", "/a"),
        ("abcdefgh", "/a"),
    ]


def test_a_value_of_another_type_is_null_and_keeps_its_row(tmp_path: Path) -> None:
    odd = line(viewport={"width": "wide", "height": 5}, device=7, location=[])
    write(tmp_path, "shop", "a.json", odd)

    assert ask(
        tmp_path,
        "SELECT viewport.width, viewport.height, device.is_bot FROM shop_events",
    ) == [(None, 5, None)]


def test_the_largest_event_is_read(tmp_path: Path) -> None:
    """64 KiB as sent, all quotes, escaped once in `metadata` and again in the file."""
    write(tmp_path, "shop", "a.json", line(metadata=json.dumps({"a": '"' * 65_000})))

    (length,) = ask(tmp_path, "SELECT length(metadata) FROM shop_events")[0]
    assert length > 2 * 65_000


def test_metadata_is_json_that_a_query_can_open(tmp_path: Path) -> None:
    write(tmp_path, "shop", "a.json", line())

    sql = "SELECT CAST(metadata->>'$.price' AS DOUBLE) FROM shop_events"
    assert ask(tmp_path, sql) == [(9.5,)]


@pytest.mark.parametrize("folder", ["missing", "."])
def test_without_events_tables_are_empty(tmp_path: Path, folder: str) -> None:
    (tmp_path / "shop" / "analytics").mkdir(parents=True)

    assert ask(tmp_path / folder, "SELECT * FROM all_events") == []
    described = ask(tmp_path / folder, "DESCRIBE all_events")
    assert [row[0] for row in described][:2] == ["tenant", "eventId"]


def test_a_bucket_without_events_has_its_empty_table(tmp_path: Path) -> None:
    (tmp_path / "shop" / "analytics").mkdir(parents=True)
    write(tmp_path, "other", "a.json", line())

    assert ask(tmp_path, "SELECT * FROM shop_events") == []
    assert ask(tmp_path, "SELECT * FROM shop_events_unique") == []
    assert ask(tmp_path, "SELECT count(*) FROM all_events") == [(1,)]


@pytest.mark.parametrize("name", ["a[b]c", "#1 %{b}", "st*r", "it's", "with space"])
def test_the_folder_may_have_nearly_any_name(tmp_path: Path, name: str) -> None:
    """Also one that is a pattern, or a quote in SQL."""
    write(tmp_path / name, "shop", "a.json", line())
    write(tmp_path / "abc", "shop", "b.json", line(eventId="bbbbbbbb"))

    assert ask(tmp_path / name, "SELECT eventId FROM shop_events") == [("abcdefgh",)]


def test_folders_that_are_no_buckets_are_left_alone(tmp_path: Path) -> None:
    for name in (".incoming", "No_Bucket", "x' AS y; DROP TABLE z; --", 'a"b'):
        write(tmp_path, name, "a.json", line())
    write(tmp_path, "tracker-salts", "a.json", line())

    _, views = duck.connect(tmp_path)
    assert [view.tenant for view in views] == ["tracker-salts"]


def test_a_tenant_called_all_is_found_among_all(tmp_path: Path) -> None:
    """Its table would have the name of the view over every tenant."""
    write(tmp_path, "all", "a.json", line())
    write(tmp_path, "shop", "b.json", line())

    sql = "SELECT tenant FROM all_events ORDER BY 1"
    assert ask(tmp_path, sql) == [("all",), ("shop",)]
    assert [name for (name,) in ask(tmp_path, "SHOW TABLES")] == [
        "all_events",
        "all_lines",
        "all_sessions",
        "shop_events",
        "shop_events_unique",
        "shop_sessions",
    ]


TABLES = ("shop_events", "shop_events_unique", "all_events")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "where",
    [
        "year = '2026' AND day = '30'",
        "day IN ('29', '30')",
        "year || month || day BETWEEN '20260129' AND '20260130'",
        "concat(year, '-', month, '-', day) < '2026-01-31' AND eventId > 'a'",
    ],
)
def test_a_day_reads_that_days_objects_only(
    tmp_path: Path, table: str, where: str
) -> None:
    """The other day's object would break the query if it were opened."""
    write(tmp_path, "shop", "a.json", line(), day="30")
    write(tmp_path, "shop", "b.json", line(eventId="bbbbbbbb"), day="30")
    write(tmp_path, "shop", "c.json.gz", b"\x1f\x8b\x08broken", day="31")
    write(tmp_path, "shop", "d.json", line(), day="31")

    sql = f"SELECT eventId FROM {table} WHERE {where} ORDER BY 1"
    assert ask(tmp_path, sql) == [("abcdefgh",), ("bbbbbbbb",)]
    ((_, plan),) = ask(tmp_path, f"EXPLAIN ANALYZE {sql}")
    assert re.findall(r"Scanning Files:\D*(\d+)/", plan) == ["2"]


def test_has_each_event_of_a_day_once(tmp_path: Path) -> None:
    """Whatever its objects are called, the first that was received stands."""
    early, late = (f"2026-01-31T12:00:0{n}.000Z" for n in (1, 2))
    write(tmp_path, "shop", "a.json", line(page="/late", serverTimestamp=late))
    packed = line(page="/early", serverTimestamp=early) + line(eventId="bbbbbbbb")
    write(tmp_path, "shop", "z.json.gz", gzip.compress(packed))

    everything = "SELECT eventId, page FROM shop_events ORDER BY 1, 2"
    assert ask(tmp_path, everything) == [
        ("abcdefgh", "/early"),
        ("abcdefgh", "/late"),
        ("bbbbbbbb", "/a"),
    ]
    for table in ("shop_events_unique", "all_events"):
        assert ask(tmp_path, f"SELECT eventId, page FROM {table} ORDER BY 1") == [
            ("abcdefgh", "/early"),
            ("bbbbbbbb", "/a"),
        ]


def test_of_events_received_at_once_the_first_objects_stands(tmp_path: Path) -> None:
    names = [f"{number:03}.json" for number in range(50)]
    random.Random(3).shuffle(names)
    for name in names:
        write(tmp_path, "shop", name, line(page=name))

    assert ask(tmp_path, "SELECT page FROM shop_events_unique") == [("000.json",)]


def test_lines_without_id_or_time_of_receipt_are_no_events(tmp_path: Path) -> None:
    """The function always writes both; what lacks one was put there by other means."""
    write(tmp_path, "shop", "a.json", line(page="/a", serverTimestamp=None))
    write(tmp_path, "shop", "b.json", line(page="/b"))
    write(tmp_path, "shop", "c.json", line(eventId=None))
    alone = line(eventId="bbbbbbbb", page="/c", serverTimestamp=None)
    write(tmp_path, "shop", "d.json", alone)

    sql = "SELECT page FROM shop_events_unique ORDER BY 1"
    assert ask(tmp_path, sql) == [("/b",)]


def test_an_id_counts_once_for_each_day_and_tenant(tmp_path: Path) -> None:
    """Ids are the client's; those of two tenants have nothing to do with each other."""
    for bucket, day in (("shop", "30"), ("shop", "31"), ("blog", "31")):
        for name in ("a.json", "b.json"):
            write(tmp_path, bucket, name, line(), day=day)

    assert ask(tmp_path, "SELECT tenant, day FROM all_events ORDER BY 1, 2") == [
        ("blog", "31"),
        ("shop", "30"),
        ("shop", "31"),
    ]


def test_the_unique_view_has_the_columns_of_the_table(tmp_path: Path) -> None:
    write(tmp_path, "shop", "a.json", line())

    described = [ask(tmp_path, f"DESCRIBE {table}") for table in TABLES]
    assert described[0] == described[1] == described[2][1:]


def test_a_query_sees_what_was_stored_since_the_last_one(tmp_path: Path) -> None:
    write(tmp_path, "shop", "a.json", line())
    connection, _ = duck.connect(tmp_path)
    write(tmp_path, "shop", "b.json", line(eventId="bbbbbbbb"))

    sql = "SELECT count(*) FROM shop_events"
    assert connection.execute(sql).fetchone() == (2,)


@pytest.mark.parametrize("name", ["_hidden.json", ".hidden.json", "_x.json.gz"])
def test_objects_that_athena_passes_over_are_passed_over(
    tmp_path: Path, name: str
) -> None:
    hidden = gzip.compress(line()) if name.endswith(".gz") else line()
    write(tmp_path, "shop", name, hidden)
    assert ask(tmp_path, "SELECT count(*) FROM shop_events") == [(0,)]

    write(tmp_path, "shop", "seen.json", line())
    write(tmp_path, "shop", "seen.json.gz", gzip.compress(line()))
    assert ask(tmp_path, "SELECT count(*) FROM shop_events") == [(2,)]

"""The views: their forms for Athena, and sessions against a plain reading of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_tracker_construct._handler import columns
from analytics_tracker_construct._query import duck
from analytics_tracker_construct._sql import sessions_view, tables, views
from analytics_tracker_construct._sql.dialect import to_duckdb
from handler.times import stamp

if TYPE_CHECKING:
    import duckdb

duckdb_ = pytest.importorskip("duckdb")


def test_the_unique_view_has_the_columns_of_the_table() -> None:
    stored = [c.name for c in (*columns.COLUMNS, *columns.PARTITIONS)]

    view = views.unique("shop_events")
    assert view.name == "shop_events_unique"
    assert [name for name, _ in view.columns] == stored
    types = dict(view.columns)
    assert types["viewport"] == "row(width integer, height integer)"
    assert types["device"].endswith("is_bot boolean)")
    assert types["timestamp"] == types["day"] == "varchar"


@pytest.mark.parametrize("hive", ["map<string,string>", "struct<>", "double", ""])
def test_refuses_a_type_that_it_does_not_know(hive: str) -> None:
    with pytest.raises(ValueError, match="no Trino type"):
        views.trino_type(hive)


def test_every_view_partitions_by_the_day_so_that_predicates_pass_through() -> None:
    for view in (views.unique("t_events"), views.sessions("t_events")):
        assert view.sql.count("PARTITION BY") == view.sql.count(
            "PARTITION BY year, month, day, "
        )
        for grouped in view.sql.split("GROUP BY ")[1:]:
            assert grouped.startswith("year, month, day, ")


def test_the_views_over_all_read_each_tenants_own() -> None:
    tenants = [("my-shop", "my_shop_events"), ("blog", "blog_events")]

    for name, relation in {
        "all_events": "my_shop_events_unique",
        "all_sessions": "my_shop_sessions",
        "all_lines": "my_shop_events",
    }.items():
        view = views.all_of(tenants, name, "analytics")
        assert view.name == name
        assert view.columns[0] == ("tenant", "varchar")
        assert f'FROM "analytics"."{relation}"\n' in view.sql
        assert view.sql.count("UNION ALL") == 1


@pytest.mark.parametrize("name", ["all_events", "all_sessions", "all_lines"])
def test_over_no_tenant_there_are_columns_and_no_rows(name: str) -> None:
    view = views.all_of([], name)

    cursor = duckdb_.connect().execute(to_duckdb(view.sql))
    assert [column[0] for column in cursor.description] == [n for n, _ in view.columns]
    assert cursor.fetchall() == []


def test_refuses_another_view_over_all() -> None:
    with pytest.raises(ValueError, match="'all_visits'"):
        views.all_of([], "all_visits")


def test_a_view_is_made_in_its_database() -> None:
    view = views.unique("shop_events", "analytics")

    made = views.create(view, "analytics")
    assert made.startswith(
        'CREATE OR REPLACE VIEW "analytics"."shop_events_unique" AS\nSELECT '
    )
    assert 'FROM "analytics"."shop_events"\n' in made
    assert views.create(view).startswith('CREATE OR REPLACE VIEW "shop_events_unique"')


def test_glue_gets_the_view_as_athena_writes_it() -> None:
    view = views.sessions("shop_events")

    text = views.glue_view_text(view, "analytics")
    assert text.startswith("/* Presto View: ")
    assert text.endswith(" */")
    kept = json.loads(base64.b64decode(text[16:-3]))
    assert kept["originalSql"] == view.sql
    assert (kept["catalog"], kept["schema"]) == ("awsdatacatalog", "analytics")
    assert [column["name"] for column in kept["columns"]] == [
        name.lower() for name, _ in sessions_view.COLUMNS
    ]


AGENTS = ("agent one", "agent two", None)
NOON = datetime(2026, 3, 2, 23, 0, tzinfo=timezone.utc)


class Event(NamedTuple):
    """What a session depends on."""

    number: int
    """Its id: those of one moment are in this order, page views first."""
    at: datetime
    kind: str
    session: str | None
    ip: str | None
    agent: str | None
    page: str | None
    is_bot: bool

    @property
    def referrer(self) -> str | None:
        """One of its own, or none, so that it tells which event it was taken of."""
        return f"https://r-{self.number}.example" if self.number % 3 else None

    @property
    def campaign(self) -> str | None:
        """Likewise one of its own, or none."""
        return f"campaign {self.number}" if self.number % 4 else None

    @property
    def row(self) -> tuple[Any, ...]:
        """What is stored of it, by the columns that the view reads."""
        day = f"{self.at:%Y-%m-%d}".split("-")
        text = stamp(self.at)
        type_ = f"type {self.number}"
        device = {"device_type": type_, "browser": None, "is_bot": self.is_bot}
        metadata = self.campaign and json.dumps({"utm_campaign": self.campaign})
        return (
            *(f"id-{self.number:06}", self.kind, text, text, self.page, self.session),
            *(self.ip, {"country": None}, device, self.referrer, self.agent),
            metadata,
            *day,
        )


_STEPS = st.sampled_from([0, 1, 1000, 1_799_999, 1_800_000, 1_800_001, 3_600_000])
_EVENTS = st.lists(
    st.builds(
        lambda *parts: parts,
        _STEPS,
        st.sampled_from(["page_view", "signup"]),
        st.sampled_from(["s-1", "s-2", "", None, None]),
        st.sampled_from(["aa", "bb", None]),
        st.sampled_from(AGENTS),
        st.sampled_from(["/", "/a?utm_source=x", "/a#?utm_source=x", None]),
        st.booleans(),
    ),
    max_size=25,
)


def reference(events: list[Event]) -> Iterator[tuple[Any, ...]]:
    """Yield sessions as the documentation defines them."""
    visits: dict[tuple[Any, ...], list[list[Event]]] = {}

    def place(event: Event) -> tuple[datetime, bool, int]:
        return event.at, event.kind != "page_view", event.number

    for event in sorted(events, key=place):
        owner = event.session or (event.ip and (event.ip, event.agent or ""))
        if event.is_bot or not owner:
            continue
        kept = visits.setdefault((event.at.date(), owner), [])
        if not kept or event.at - kept[-1][-1].at > timedelta(minutes=30):
            kept.append([])
        kept[-1].append(event)
    for visit in (visit for kept in visits.values() for visit in kept):
        views_ = [event for event in visit if event.kind == "page_view"]
        pages = [event.page for event in views_ if event.page is not None]
        first, last = visit[0], visit[-1]
        yield (
            stamp(first.at),
            stamp(last.at),
            int((last.at - first.at).total_seconds()),
            len(views_),
            len(visit),
            pages[0] if pages else None,
            pages[-1] if pages else None,
            len(views_) == len(visit) == 1,
            (views_ or visit)[0].referrer,
            (views_ or visit)[0].campaign,
            f"type {first.number}",
            "x" if pages and "?utm_source=x" in pages[0].split("#")[0] else None,
            f"{first.at:%d}",
        )


@pytest.fixture(scope="module")
def over_rows() -> duckdb.DuckDBPyConnection:
    """DuckDB with the view of sessions over a table instead of files."""
    connection: duckdb.DuckDBPyConnection = duckdb_.connect()
    read = (
        *("eventId", "eventType", "timestamp", "serverTimestamp", "page", "sessionId"),
        *("ip", "location", "device", "referrer", "userAgent", "metadata"),
        *("year", "month", "day"),
    )
    types = {
        column.name: duck.duckdb_type(column.type)
        for column in (*columns.COLUMNS, *columns.PARTITIONS)
    }
    types["location"] = "STRUCT(country VARCHAR)"
    types["device"] = "STRUCT(device_type VARCHAR, browser VARCHAR, is_bot BOOLEAN)"
    listed = ", ".join(f'"{name}" {types[name]}' for name in read)
    connection.execute(f"CREATE TABLE {tables.names('t_events').unique} ({listed})")
    query = to_duckdb(views.sessions("t_events").sql)
    connection.execute(f"CREATE VIEW t_sessions AS {query}")
    return connection


@settings(max_examples=60)
@given(_EVENTS)
def test_sessions_are_what_their_definition_says(
    over_rows: duckdb.DuckDBPyConnection, parts: list[tuple[Any, ...]]
) -> None:
    moment, events = NOON, []
    for number, (step, *rest) in enumerate(parts):
        moment += timedelta(milliseconds=step)
        # Descending ids: in one moment, the last sent comes first.
        events.append(Event(1000 - number, moment, *rest))
    over_rows.execute("DELETE FROM t_events_unique")
    if events:
        marks = ", ".join("?" * len(events[0].row))
        over_rows.executemany(
            f"INSERT INTO t_events_unique VALUES ({marks})", [e.row for e in events]
        )

    found = over_rows.execute(
        "SELECT startedAt, endedAt, durationSeconds, pageViews, events, entryPage, "
        "exitPage, isBounce, referrer, utmCampaign, deviceType, utmSource, day "
        "FROM t_sessions"
    ).fetchall()
    assert sorted(found, key=repr) == sorted(reference(events), key=repr)

    keys = over_rows.execute("SELECT sessionKey FROM t_sessions").fetchall()
    assert len(set(keys)) == len(keys)

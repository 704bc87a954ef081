"""The made-up day: the same for a seed, and true in what it says of itself."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from analytics_tracker_construct._handler import buckets, settings
from analytics_tracker_construct._local import answers, gateway
from analytics_tracker_construct._local.folder import FolderStore
from analytics_tracker_construct._local.function import Function, make_app
from handler.device import device_of
from traffic import agents, broken, days

END = datetime(2026, 1, 31, 15, 30, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def day() -> days.Day:
    return days.make(7, END)


def tracker(data: Path) -> Function:
    """Return the function over a folder, with the day's tenants, at the day's end."""
    config = settings.Settings(
        patterns=buckets.Patterns(["*-analytics"]),
        tenants={
            name: settings.Tenant(name, name, origins=frozenset(origins))
            for name, origins in days.TENANTS.items()
        },
        salt_bucket="tracker-salts",
    )
    store = FolderStore(data)

    def start() -> object:
        return make_app(config, store, now=END.timestamp, emit=lambda _: None)

    return Function(start, name="local")  # type: ignore[arg-type]  # a reply is a dict


def test_a_seed_and_an_end_give_the_same_bytes(day: days.Day) -> None:
    assert days.make(7, END) == day


def test_another_seed_gives_another_day(day: days.Day) -> None:
    other = days.make(8, END)

    assert [r.body for r in other.requests] != [r.body for r in day.requests]


def test_lies_within_the_24_hours_before_its_end_in_order(day: days.Day) -> None:
    times = [request.at for request in day.requests]

    assert times == sorted(times)
    assert END - timedelta(days=1) <= times[0]
    assert times[-1] <= END


def test_is_a_few_thousand_events_of_three_tenants(day: days.Day) -> None:
    assert set(day.stored) == set(days.TENANTS)
    assert 2500 <= day.stored.total() <= 5000
    assert day.duplicates > 50
    assert day.private > 50


def test_is_busier_by_day_than_by_night(day: days.Day) -> None:
    hours = Counter(request.at.hour for request in day.requests)

    assert hours[20] > 3 * hours[3]


def test_its_refusals_and_events_are_all_its_requests(day: days.Day) -> None:
    total = day.stored.total() + day.duplicates + day.refused.total()

    assert len(day.requests) == total
    assert day.refused.total() == sum(kind.times for kind in broken.kinds(""))


def test_the_function_does_with_it_what_it_says(tmp_path: Path) -> None:
    """Every tenant, duplicate, refusal and private event, through the handler."""
    small = days.make(3, END, scale=0.1)
    function = tracker(tmp_path)
    got = answers.Tally()
    for request in small.requests:
        headers = list(request.headers)
        http = gateway.HttpRequest("POST", "/track", headers, request.body, "192.0.2.1")
        response = gateway.response(function.invoke(gateway.event(http, "1.0")))
        got.add(response.status, response.body)

    rows = [
        (path.parts[len(tmp_path.parts)], json.loads(path.read_bytes()))
        for path in tmp_path.glob("*/analytics/*/*/*/*.json")
    ]
    views = Counter(
        (tenant, row["timestamp"][:10])
        for tenant, row in rows
        if row["eventType"] == "page_view"
    )
    private = [row for _, row in rows if row["ip"] is None]
    assert (got.stored, got.duplicate) == (small.stored.total(), small.duplicates)
    assert got.refused == small.refused
    assert Counter(tenant for tenant, _ in rows) == small.stored
    assert views == small.page_views
    assert len(private) == small.private
    assert all(row["sessionId"] is row["userAgent"] is None for row in private)


@pytest.mark.parametrize("form", sorted(agents.VIEWPORTS))
def test_user_agents_are_of_the_form_that_they_are_made_for(form: str) -> None:
    for seed in range(40):
        device = device_of(agents.compose(form, random.Random(seed)))
        assert device["is_bot"] is (form == "bot")
        assert device["device_type"] == (None if form == "bot" else form)


def test_the_app_compresses_and_web_pages_name_their_origin(day: days.Day) -> None:
    for request in day.requests:
        headers = dict(request.headers)
        if headers.get("Content-Type") == "application/json":
            assert json.loads(gzip.decompress(request.body))["tenant"] == "mobile-app"
        elif "Content-Type" in headers:
            tenant = json.loads(request.body)["tenant"]
            assert headers["Origin"] in days.TENANTS[tenant]


def test_prints_what_a_day_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["days", "--seed", "5"])
    days.main()

    out = capsys.readouterr().out
    assert "duplicates" in out
    assert "403 Forbidden" in out

"""What the live page counts."""

from __future__ import annotations

import gzip
import json

import pytest

from analytics_tracker_construct._local import live

ROW = {
    "eventId": "abcdefgh",
    "eventType": "page_view",
    "page": "/a",
    "device": {"device_type": "mobile", "browser": "Safari", "os": "iOS"},
}
REFUSED = b'{"error":"Forbidden","message":"No."}'


def lines(*rows: object) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode() + b"\n"


def test_shows_an_event_as_it_was_stored() -> None:
    page = live.Live()
    page.stored("shop", "analytics/x.json", lines(ROW))

    (entry,) = page.state()["recent"]
    assert entry | {"at": 0} == {
        "at": 0,
        "outcome": "stored",
        "bucket": "shop",
        "type": "page_view",
        "page": "/a",
        "device": "mobile · Safari · iOS",
        "event_id": "abcdefgh",
        "reason": "",
    }


def test_counts_each_event_of_an_object() -> None:
    page = live.Live({"shop": 4})
    page.stored("shop", "analytics/x.json.gz", gzip.compress(lines(ROW, ROW, ROW)))

    assert page.state()["counts"]["stored"] == 3
    assert page.state()["buckets"] == {"shop": 7}


def test_says_bot_of_a_bot() -> None:
    page = live.Live()
    page.stored("shop", "x.json", lines({**ROW, "device": {"is_bot": True}}))

    assert page.state()["recent"][0]["device"] == "bot"


def test_lists_the_last_fifty_newest_first() -> None:
    page = live.Live()
    for number in range(60):
        page.stored("shop", "x.json", lines({**ROW, "page": f"/{number}"}))

    pages = [entry["page"] for entry in page.state()["recent"]]
    assert pages == [f"/{number}" for number in range(59, 9, -1)]


def test_counts_refusals_by_their_words() -> None:
    page = live.Live()
    for _ in range(2):
        page.answered(403, REFUSED)
    page.answered(204, b"")

    (refusal,) = page.state()["refusals"]
    assert refusal == {
        "status": 403,
        "error": "Forbidden",
        "message": "No.",
        "count": 2,
    }


def test_forgets_minutes_that_it_does_not_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    page = live.Live()
    for minute in range(live.MINUTES * 3):
        monkeypatch.setattr("time.time", lambda at=minute: at * 60.0)
        page.answered(403, REFUSED)

    minutes = page.state()["minutes"]
    assert [m["refused"] for m in minutes] == [1] * live.MINUTES
    assert minutes[-1]["at"] == (live.MINUTES * 3 - 1) * 60
    assert len(page._minutes) <= live.MINUTES + 1


def test_tells_a_listener_of_every_entry() -> None:
    heard: list[live.Entry] = []
    page = live.Live(heard=heard.append)
    page.stored("shop", "x.json", lines(ROW))
    page.answered(403, REFUSED)

    assert [entry.outcome for entry in heard] == ["stored", "refused"]
    assert heard[1].reason == "403 Forbidden: No."

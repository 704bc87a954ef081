"""What the live page counts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from analytics_tracker_construct._handler import message
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


def test_counts_a_queued_event_and_counts_it_again_when_it_is_stored() -> None:
    page = live.Live()
    sent = message.Message("shop", "2026-01-31", "abcdefgh", 2, lines(ROW, ROW))
    page.queued(message.encode(sent))

    assert page.state()["counts"] == {
        "stored": 0,
        "queued": 2,
        "duplicate": 0,
        "refused": 0,
    }
    assert page.state()["buckets"] == {}
    assert page.state()["recent"][0]["outcome"] == "queued"
    assert page.state()["recent"][0]["page"] == "/a"

    page.stored("shop", "analytics/x.json.gz", gzip.compress(lines(ROW, ROW)))
    assert page.state()["counts"]["stored"] == 2
    assert page.state()["buckets"] == {"shop": 2}


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (gzip.compress(b"{}\n{}\n"), 2),
        (gzip.compress(b"{}\n") + gzip.compress(b"{}\n\n{}"), 3),
        (gzip.compress(b"{}\n")[:-6], 1),
        (b"no gzip", 0),
        (b"", 0),
    ],
    # Packed bytes hold the time, and processes that share the tests name them alike.
    ids=["one member", "two members", "cut", "no gzip", "nothing"],
)
def test_counts_the_lines_of_the_objects_that_are_there(
    tmp_path: Path, body: bytes, count: int
) -> None:
    """One that a user put there or broke does not keep the server from starting."""
    day = tmp_path / "shop/analytics/year=2026/month=01/day=31"
    day.mkdir(parents=True)
    (day / "a.json.gz").write_bytes(body)
    (day / "b.json").write_bytes(b"{}\n")

    assert live.totals(tmp_path) == {"shop": count + 1}


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

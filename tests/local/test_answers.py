"""Answers, read as counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analytics_tracker_construct._handler import refusals, replies
from analytics_tracker_construct._local.answers import (
    Answer,
    Refusal,
    Tally,
    read,
    rejected,
)

REFUSAL = {"error": "Forbidden", "message": "No."}


@pytest.mark.parametrize(
    ("status", "document", "answer"),
    [
        (200, {"status": "ok", "eventId": "a"}, Answer(stored=1, event_id="a")),
        (
            200,
            {"status": "ok", "eventId": "a", "duplicate": True},
            Answer(duplicate=1, event_id="a"),
        ),
        (403, REFUSAL, Answer(refused=(Refusal(403, "Forbidden", "No."),))),
        (202, {"status": "queued", "eventId": "a"}, Answer(queued=1, event_id="a")),
        (
            200,
            {
                "status": "partial",
                "accepted": 2,
                "rejected": [{"index": 1, "status": 403, **REFUSAL}],
            },
            Answer(stored=2, refused=(Refusal(403, "Forbidden", "No."),)),
        ),
        (
            202,
            {"status": "queued", "accepted": 6, "queued": 2, "duplicates": 3},
            Answer(stored=1, queued=2, duplicate=3),
        ),
        (
            503,
            {
                "error": "Service unavailable",
                "accepted": 0,
                "rejected": [{"index": 0, "status": 503, **REFUSAL}],
            },
            Answer(refused=(Refusal(503, "Forbidden", "No."),)),
        ),
        (200, {"something": "else"}, None),
        (200, [1], None),
    ],
)
def test_says_what_became_of_the_events(
    status: int, document: Any, answer: Answer | None
) -> None:
    assert read(status, json.dumps(document).encode()) == answer


def test_says_nothing_about_a_body_without_events() -> None:
    assert read(200, b"GIF89a") is None


@pytest.mark.parametrize("row", refusals.Refusal)
def test_tells_why_a_pixel_was_refused(row: refusals.Refusal) -> None:
    """Errors and messages may hold the colon that is between them."""
    why = refusals.Refused(row, "viewport")
    header = replies.pixel(why, {})["headers"][replies.REJECTED_HEADER]

    assert rejected(header) == Refusal(row.status, why.error, why.message)


def test_a_reason_that_is_in_no_table_is_told_as_it_is() -> None:
    assert rejected("Something: else") == Refusal(200, "Something: else", "")


def test_a_tally_counts_an_answer_that_is_not_the_trackers_as_refused() -> None:
    tally = Tally()
    tally.add(200, b'{"status":"ok","eventId":"a"}')
    tally.add(200, b'{"status":"ok","eventId":"a","duplicate":true}')
    tally.add(202, b'{"status":"queued","eventId":"a"}')
    tally.add(502, b"Bad gateway")

    assert (tally.stored, tally.duplicate, tally.queued) == (1, 1, 1)
    assert [why.status for why in tally.refused.elements()] == [502]

"""Answers, read as counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analytics_tracker_construct._local.answers import Answer, Refusal, Tally, read

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
        (
            200,
            {"status": "partial", "accepted": 2, "rejected": [{"index": 1, **REFUSAL}]},
            Answer(stored=2, refused=(Refusal(400, "Forbidden", "No."),)),
        ),
        (200, {"status": "ok", "accepted": 3}, Answer(stored=3)),
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


def test_a_tally_counts_an_answer_that_is_not_the_trackers_as_refused() -> None:
    tally = Tally()
    tally.add(200, b'{"status":"ok","eventId":"a"}')
    tally.add(200, b'{"status":"ok","eventId":"a","duplicate":true}')
    tally.add(502, b"Bad gateway")

    assert (tally.stored, tally.duplicate) == (1, 1)
    assert [why.status for why in tally.refused.elements()] == [502]

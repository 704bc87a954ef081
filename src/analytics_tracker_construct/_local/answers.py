"""What an answer of the tracker says about the events that were sent."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple


class Refusal(NamedTuple):
    """Why events were refused, in the answer's own words."""

    status: int
    error: str
    message: str


class Answer(NamedTuple):
    """The events of one request, by what became of them."""

    stored: int = 0
    duplicate: int = 0
    refused: tuple[Refusal, ...] = ()
    event_id: str | None = None
    """The id of a single event."""


def read(status: int, body: bytes) -> Answer | None:
    """Return what an answer says, or None where it is about no event.

    Args:
        status: The answer's status.
        body: The answer's body.
    """
    document = _object(body)
    if "error" in document:
        return Answer(refused=(_refusal(document, status),))
    if document.get("status") not in {"ok", "partial"}:
        return None
    if "accepted" in document:
        rejected = document.get("rejected") or ()
        refused = tuple(_refusal(each, 400) for each in rejected)
        return Answer(stored=int(document["accepted"]), refused=refused)
    event_id = document.get("eventId")
    if document.get("duplicate"):
        return Answer(duplicate=1, event_id=event_id)
    return Answer(stored=1, event_id=event_id)


class Tally:
    """The events of many answers, by what became of them."""

    def __init__(self) -> None:
        self.stored = 0
        self.duplicate = 0
        self.refused: Counter[Refusal] = Counter()

    def add(self, status: int, body: bytes) -> None:
        """Count what one answer says; one about no event is a refusal too."""
        answer = read(status, body)
        if answer is None:
            self.refused[Refusal(status, "not the tracker's answer", "")] += 1
            return
        self.stored += answer.stored
        self.duplicate += answer.duplicate
        self.refused.update(answer.refused)


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _refusal(document: Any, status: int) -> Refusal:
    words = (str(document.get(name, "")) for name in ("error", "message"))
    return Refusal(status, *words)

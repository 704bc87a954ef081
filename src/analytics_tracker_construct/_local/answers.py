"""What an answer of the tracker says about the events that were sent."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NamedTuple

from .._handler import refusals


class Refusal(NamedTuple):
    """Why events were refused, in the answer's own words."""

    status: int
    error: str
    message: str


class Answer(NamedTuple):
    """The events of one request, by what became of them."""

    stored: int = 0
    duplicate: int = 0
    queued: int = 0
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
    if "accepted" in document:
        return _batch(document)
    if "error" in document:
        return Answer(refused=(_refusal(document, status),))
    event_id = document.get("eventId")
    if document.get("status") == "queued":
        return Answer(queued=1, event_id=event_id)
    if document.get("status") != "ok":
        return None
    if document.get("duplicate"):
        return Answer(duplicate=1, event_id=event_id)
    return Answer(stored=1, event_id=event_id)


def rejected(header: str) -> Refusal:
    """Return why a pixel's event was refused.

    Args:
        header: The answer's `X-Tracker-Rejected`: an error and a message, which both
            may hold the colon that is between them.
    """
    for row in refusals.Refusal:
        match = _words(row).fullmatch(header)
        if match:
            return Refusal(row.status, match[1], match[2])
    return Refusal(200, header, "")


class Tally:
    """The events of many answers, by what became of them."""

    def __init__(self) -> None:
        self.stored = 0
        self.duplicate = 0
        self.queued = 0
        self.refused: Counter[Refusal] = Counter()

    def add(self, status: int, body: bytes) -> None:
        """Count what one answer says; one about no event is a refusal too."""
        answer = read(status, body)
        if answer is None:
            self.refused[Refusal(status, "not the tracker's answer", "")] += 1
            return
        self.stored += answer.stored
        self.duplicate += answer.duplicate
        self.queued += answer.queued
        self.refused.update(answer.refused)


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _batch(document: dict[str, Any]) -> Answer:
    queued, duplicate = (int(document.get(n, 0)) for n in ("queued", "duplicates"))
    return Answer(
        stored=int(document["accepted"]) - queued - duplicate,
        duplicate=duplicate,
        queued=queued,
        refused=tuple(
            _refusal(each, each["status"]) for each in document.get("rejected", ())
        ),
    )


def _words(row: refusals.Refusal) -> re.Pattern[str]:
    said = refusals.Refused(row, "\0")
    error, message = (
        re.escape(text).replace("\0", ".+") for text in (said.error, said.message)
    )
    return re.compile(f"({error}): ({message})")


def _refusal(document: Any, status: int) -> Refusal:
    words = (str(document.get(name, "")) for name in ("error", "message"))
    return Refusal(status, *words)

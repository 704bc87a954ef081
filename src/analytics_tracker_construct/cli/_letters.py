"""Dead letters: messages that could not be processed, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any, NamedTuple

from .._handler import message

#: What a queue is asked to tell beside each message.
ATTRIBUTES = ["SentTimestamp"]


class Content(NamedTuple):
    """Whose events a letter holds, and how many."""

    bucket: str
    tenant: str | None
    events: int


class Letter(NamedTuple):
    """A message as it was received."""

    id: str
    receipt: str
    body: str
    sent: float
    """When it was first put on a queue: seconds since the epoch."""
    content: Content | None
    """None where it is no message of the tracker's, or of a newer version's."""


class Group:
    """The letters of one bucket, counted."""

    def __init__(self, content: Content) -> None:
        self.bucket = content.bucket
        self.tenant = content.tenant
        self.letters = 0
        self.events = 0
        self.oldest = float("inf")
        """When the oldest was sent: seconds since the epoch."""

    @property
    def name(self) -> str:
        """What to call it: the tenant where there is one, else the bucket."""
        return f"tenant {self.tenant}" if self.tenant else f"bucket {self.bucket}"

    def add(self, letter: Letter, content: Content) -> None:
        """Count one more."""
        self.letters += 1
        self.events += content.events
        self.oldest = min(self.oldest, letter.sent)


class Groups:
    """Letters counted by tenant and bucket."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str | None, str], Group] = {}

    def add(self, letter: Letter, content: Content) -> None:
        """Count one more."""
        key = content.tenant, content.bucket
        self._groups.setdefault(key, Group(content)).add(letter, content)

    def all(self) -> list[Group]:
        """Return the groups, the largest first."""
        groups = list(self._groups.values())
        return sorted(groups, key=lambda group: (-group.letters, group.name))


def read(received: dict[str, Any]) -> Letter:
    """Return the letter that SQS handed over."""
    body = received["Body"]
    return Letter(
        id=received["MessageId"],
        receipt=received["ReceiptHandle"],
        body=body,
        sent=int(received["Attributes"]["SentTimestamp"]) / 1000,
        content=_content(body),
    )


def oldest(groups: Iterable[Group]) -> float | None:
    """Return when the oldest letter of all was sent, if there is any."""
    return min((group.oldest for group in groups), default=None)


def instant(seconds: float) -> str:
    """Return an instant as text, in UTC."""
    at = datetime.fromtimestamp(seconds, timezone.utc)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _content(body: str) -> Content | None:
    try:
        found = message.decode(body)
    except ValueError:
        return None
    return Content(found.bucket, found.tenant, found.events)

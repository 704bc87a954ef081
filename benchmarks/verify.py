"""Whether what was stored is what was sent: a fast wrong answer is no result."""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from . import load
from .contenders import PEER_SALT
from .load import Event
from .stand_in import Taken, Write

_KEY = re.compile(
    r"/(?P<bucket>[a-z0-9-]+)/analytics/year=(?P<year>\d{4})/month=(?P<month>\d\d)"
    r"/day=(?P<day>\d\d)/[A-Za-z0-9-]{8,64}\.json(?P<zipped>\.gz)?"
)
_SAME = ("eventType", "page", "referrer")
_DRAWN = re.compile(r"\d{10}-([0-9a-f]{8}|[0-9a-f]{16})")


class WrongError(Exception):
    """What was stored is not what was sent."""


def stored(taken: Taken, sent: Sequence[Event]) -> None:
    """Check that each event is stored exactly once, whole, in its bucket and day.

    Args:
        taken: What the stand-in got.
        sent: What was sent.

    Raises:
        WrongError: If anything differs.
    """
    salts = [PEER_SALT.encode(), *taken.salts]
    hashes = {
        hmac.digest(salt, load.ADDRESS.encode(), "sha256").hex()[:16] for salt in salts
    }
    found = Counter(_found(taken.objects, hashes))
    expected = Counter(map(_expected, sent))
    if found != expected:
        missing, strange = expected - found, found - expected
        raise WrongError(
            f"{len(sent)} events were sent and {found.total()} are stored; missing: "
            f"{missing.total()}, such as {next(iter(missing), None)}; not sent: "
            f"{strange.total()}, such as {next(iter(strange), None)}"
        )


def queued(taken: Taken, sent: Sequence[Event]) -> None:
    """Check that each event is in exactly one message, as it will be stored.

    Args:
        taken: What the stand-in got.
        sent: What was sent.

    Raises:
        WrongError: If anything differs, or anything but messages was written.
    """
    if taken.objects:
        raise WrongError(f"{len(taken.objects)} objects were written, not queued")
    stored(taken._replace(objects=[_as_object(text) for text in taken.messages]), sent)


def _as_object(message: str) -> Write:
    """Return the object that a message becomes."""
    # By its form alone, and not with the function's own code.
    head, marks, text = message.split("\n", 2)
    document = json.loads(head)
    year, month, day = document["day"].split("-")
    folder = f"/{document['bucket']}/analytics/year={year}/month={month}/day={day}/"
    raw = text.encode() if document["form"] == "text" else base64.b64decode(text)
    ending = ".json.gz" if document["form"] == "gzip" else ".json"
    return Write(f"{folder}{marks.split(' ')[0]}{ending}", raw)


def _expected(event: Event) -> str:
    sent = event.sent
    private = event.headers.get("Sec-GPC") == "1"
    return _form(
        bucket=sent["bucket"],
        day=sent["timestamp"][:10],
        id=sent.get("eventId", "drawn"),
        at=_instant(sent["timestamp"]),
        session=None if private else sent.get("sessionId"),
        agent=None if private else event.headers["User-Agent"],
        address=None if private else "hashed",
        viewport=sent.get("viewport"),
        metadata=sent.get("metadata") or None,
        same=[sent.get(name) for name in _SAME],
    )


def _found(objects: Iterable[Write], hashes: set[str]) -> Iterable[str]:
    for written in objects:
        key = _KEY.fullmatch(written.path)
        if key is None:
            raise WrongError(f"not a key of an event: {written.path}")
        body = written.body
        if key["zipped"]:
            body = gzip.decompress(body)
        for line in body.splitlines():
            record = json.loads(line)
            drawn = _DRAWN.fullmatch(record["eventId"])
            if not isinstance(record["device"]["is_bot"], bool):
                raise WrongError(f"no device: {line!r}")
            yield _form(
                bucket=key["bucket"],
                day=f"{key['year']}-{key['month']}-{key['day']}",
                id="drawn" if drawn else record["eventId"],
                at=_instant(record["timestamp"]),
                session=record["sessionId"],
                agent=record["userAgent"],
                address="hashed" if record["ip"] in hashes else record["ip"],
                viewport=record["viewport"],
                metadata=_parsed(record["metadata"]),
                same=[record[name] for name in _SAME],
            )


def _form(**members: Any) -> str:
    # JavaScript writes 49.0 as 49.
    alike = json.loads(json.dumps(members), parse_int=float)
    return json.dumps(alike, sort_keys=True)


def _instant(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _parsed(metadata: Any) -> Any:
    """Return metadata as it was sent; some peers store a string, some an object."""
    return json.loads(metadata) if isinstance(metadata, str) else metadata

"""A made-up day of three tenants' traffic, and what a tracker must make of it.

The same seed and end give the same requests, byte for byte. Among them are retries
(the same `eventId` again), requests that must be refused, and visitors who ask for
privacy; `Day` says how many of each.

`python -m traffic.days` prints what a day has.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from analytics_tracker_construct._local.answers import Refusal

from . import agents, broken

#: Tenants, with the origins that their web pages have; none: any.
TENANTS: dict[str, tuple[str, ...]] = {
    "website": ("https://www.website.example",),
    "shop": ("https://shop.example", "https://www.shop.example"),
    "mobile-app": (),
}

#: How busy each hour of the day is, UTC, beside the others.
_HOURS = (
    2,
    1,
    1,
    1,
    1,
    2,
    4,
    7,
    9,
    10,
    10,
    9,
    10,
    10,
    9,
    9,
    10,
    11,
    12,
    13,
    12,
    9,
    6,
    4,
)
_DEVICES = {
    "website": {"desktop": 52, "mobile": 36, "tablet": 6, "bot": 6},
    "shop": {"desktop": 35, "mobile": 54, "tablet": 8, "bot": 3},
    "mobile-app": {"mobile": 88, "tablet": 12},
}
_SESSIONS = {"website": 420, "shop": 330, "mobile-app": 260}
_PAGES = {
    "website": "/ /pricing /docs /docs/install /blog /blog/launch /about /contact",
    "shop": "/ /c/shoes /c/coats /p/1001 /p/1002 /p/1003 /p/2001 /basket",
    "mobile-app": "home search detail profile settings",
}
_REFERRERS = (
    None,
    None,
    "https://www.google.com/",
    "https://duckduckgo.com/",
    "https://news.ycombinator.com/",
    "https://www.instagram.com/",
)
_CAMPAIGNS = (
    ("newsletter", "email", "autumn"),
    ("instagram", "social", "autumn"),
    ("google", "cpc", "brand"),
)
#: Of a hundred events: sent again, and sent without an id. Of a hundred sessions: with
#: a campaign, and with Sec-GPC.
_RETRIED, _WITHOUT_ID, _CAMPAIGN, _PRIVATE = 4, 8, 18, 5


class Request(NamedTuple):
    """One POST to /track."""

    at: datetime
    """When it happens in the day."""
    body: bytes
    headers: tuple[tuple[str, str], ...]


class Day(NamedTuple):
    """Requests, in the order of their times, and what must become of them."""

    requests: list[Request]
    stored: Counter[str]
    """Events by tenant."""
    duplicates: int
    refused: Counter[Refusal]
    page_views: Counter[tuple[str, str]]
    """Stored page views by tenant and day, `YYYY-MM-DD`."""
    private: int
    """Stored events whose sender asked for privacy."""


class _Visit(NamedTuple):
    tenant: str
    start: datetime
    device: str
    user_agent: str
    session: str
    referrer: str | None
    campaign: tuple[str, str, str] | None
    private: bool


def make(seed: int, end: datetime, scale: float = 1) -> Day:
    """Return the 24 hours before `end`.

    Args:
        seed: Decides everything that is not given.
        end: The last moment, with a time zone.
        scale: How many sessions there are, beside the usual number.
    """
    rng = random.Random(seed)
    end = end.astimezone(timezone.utc).replace(microsecond=0)
    day = Day([], Counter(), 0, Counter(), Counter(), 0)
    duplicates = private = 0
    for tenant, sessions in _SESSIONS.items():
        for _ in range(round(sessions * scale)):
            visit = _visit(tenant, end, rng)
            for at, event in _events(visit, rng):
                if at > end:
                    break
                request = _request(at, event, visit)
                day.requests.append(request)
                day.stored[tenant] += 1
                private += visit.private
                if event["eventType"] == "page_view":
                    day.page_views[tenant, at.date().isoformat()] += 1
                if "eventId" in event and rng.randrange(100) < _RETRIED:
                    later = at + timedelta(seconds=rng.randint(1, 30))
                    day.requests.append(request._replace(at=min(later, end)))
                    duplicates += 1
    for request, why in _refused(end, rng):
        day.requests.append(request)
        day.refused[why] += 1
    day.requests.sort(key=lambda request: request.at)
    return day._replace(duplicates=duplicates, private=private)


def _visit(tenant: str, end: datetime, rng: random.Random) -> _Visit:
    forms, weights = zip(*_DEVICES[tenant].items(), strict=True)
    form = rng.choices(forms, weights)[0]
    web = tenant != "mobile-app"
    return _Visit(
        tenant,
        _moment(end, rng),
        form,
        agents.compose(form, rng),
        f"{rng.getrandbits(64):016x}",
        rng.choice(_REFERRERS) if web else None,
        rng.choice(_CAMPAIGNS) if web and rng.randrange(100) < _CAMPAIGN else None,
        rng.randrange(100) < _PRIVATE,
    )


def _moment(end: datetime, rng: random.Random) -> datetime:
    """Return a moment of the 24 hours before `end`, by the hour's weight."""
    hour = rng.choices(range(24), _HOURS)[0]
    at = end.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60))
    at += timedelta(milliseconds=rng.randrange(1000))
    return at if at <= end else at - timedelta(days=1)


def _events(
    visit: _Visit, rng: random.Random
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    at = visit.start
    query = ""
    if visit.campaign:
        names = ("utm_source", "utm_medium", "utm_campaign")
        pairs = zip(names, visit.campaign, strict=True)
        query = "?" + "&".join(f"{name}={value}" for name, value in pairs)
    pages = _PAGES[visit.tenant].split()
    page = pages[0]
    width, height = rng.choice(agents.VIEWPORTS[visit.device])
    referrer = visit.referrer
    for _ in range(
        1 if visit.device == "bot" else min(12, 1 + int(rng.expovariate(0.5)))
    ):
        event: dict[str, Any] = {
            "tenant": visit.tenant,
            "eventType": "page_view",
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "page": page + query,
            "sessionId": visit.session,
            "viewport": {"width": width, "height": height},
        }
        if referrer:
            event["referrer"] = referrer
        yield at, _with_id(event, rng)
        at += timedelta(seconds=rng.randint(3, 20))
        kind, metadata = _action(visit.tenant, page, rng)
        if kind and visit.device != "bot":
            event = {**event, "eventType": kind, "metadata": metadata}
            event["timestamp"] = at.isoformat(timespec="milliseconds")
            yield at, _with_id(event, rng)
        at += timedelta(seconds=rng.randint(5, 90))
        referrer, query = None, ""
        page = rng.choice(pages)


def _with_id(event: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    made = f"{rng.getrandbits(128):032x}"
    event = {name: value for name, value in event.items() if name != "eventId"}
    return event if rng.randrange(100) < _WITHOUT_ID else {"eventId": made, **event}


def _action(
    tenant: str, page: str, rng: random.Random
) -> tuple[str | None, dict[str, Any]]:
    """Return what a visitor does on a page beyond looking at it."""
    chance = rng.random()
    if tenant == "website" and chance < 0.25:
        return "scroll", {"depth": rng.choice((25, 50, 75, 100))}
    if tenant == "shop" and page.startswith("/p/") and chance < 0.4:
        price = rng.choice((19.9, 49.0, 129.0))
        return "add_to_cart", {"sku": page[3:], "price": price, "currency": "EUR"}
    if tenant == "shop" and page == "/basket" and chance < 0.35:
        items = rng.randint(1, 4)
        return "purchase", {"value": round(items * 39.9, 2), "currency": "EUR"}
    if tenant == "mobile-app" and chance < 0.3:
        return "tap", {"appVersion": f"5.{rng.randint(0, 4)}", "Element": "card"}
    return None, {}


def _request(at: datetime, event: dict[str, Any], visit: _Visit) -> Request:
    headers = [("User-Agent", visit.user_agent)]
    if visit.private:
        headers.append(("Sec-GPC", "1"))
    body = json.dumps(event, separators=(",", ":")).encode()
    if visit.tenant == "mobile-app":
        # An app's own client compresses; level and time are fixed, so bytes are.
        body = gzip.compress(body, 6, mtime=0)
        headers += [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    else:
        # What `navigator.sendBeacon` sends.
        headers += [
            ("Content-Type", "text/plain;charset=UTF-8"),
            ("Origin", TENANTS[visit.tenant][0]),
        ]
    return Request(at, body, tuple(headers))


def _refused(end: datetime, rng: random.Random) -> Iterator[tuple[Request, Refusal]]:
    for kind in broken.kinds(end.isoformat()):
        words = Refusal(kind.why.refusal.status, kind.why.error, kind.why.message)
        for _ in range(kind.times):
            agent = ("User-Agent", agents.compose("desktop", rng))
            headers = (agent, *kind.headers)
            yield Request(_moment(end, rng), kind.body, headers), words


def main() -> None:
    """Print what a day has."""
    parser = argparse.ArgumentParser(description="Print what a made-up day has.")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    seed = parser.parse_args().seed
    day = make(seed, datetime.now(timezone.utc))
    print(f"{len(day.requests)} requests")
    for tenant, count in day.stored.items():
        print(f"  stored      {tenant:<12} {count}")
    print(f"  duplicates  {day.duplicates}")
    for why, count in day.refused.items():
        print(f"  refused     {why.status} {why.error} {count}")


if __name__ == "__main__":
    main()

"""What the Python peers share: the work around the SDK, by hand and sparing.

It is what a careful author would write, and faster than most: the device is looked up
by a few regular expressions and remembered, the day's folder is text.
"""
# mypy: ignore-errors
# Written as functions are, and with packages that are not installed here.

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
from datetime import datetime, timezone
from functools import lru_cache

ALLOWED = frozenset(os.environ["PEER_BUCKETS"].split(","))
SALT = os.environ["PEER_SALT"].encode()
HEADERS = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
REQUIRED = ("bucket", "eventType", "timestamp")
TEXTS = ("page", "sessionId", "referrer", "userAgent")

EVENT_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
BOT = re.compile(r"bot|crawl|spider|curl|headless", re.IGNORECASE)
TABLET = re.compile(r"iPad|Tablet|Android(?!.*Mobile)")
MOBILE = re.compile(r"Mobi|iPhone|Android")
BROWSER = re.compile(r"(Edg|OPR|SamsungBrowser|Firefox|Chrome|CriOS|Safari)/")
SYSTEM = re.compile(r"Windows|iPhone|iPad|Macintosh|Android|CrOS|Linux")


class Wrong(Exception):
    """A request that is refused."""

    def __init__(self, error, status=400):
        super().__init__(error)
        self.status = status
        self.error = error


@lru_cache(maxsize=512)
def device(user_agent):
    """Return what sent an event."""
    if BOT.search(user_agent):
        return {"device_type": None, "browser": None, "os": None, "is_bot": True}
    form = "desktop"
    if TABLET.search(user_agent):
        form = "tablet"
    elif MOBILE.search(user_agent):
        form = "mobile"
    browser, system = BROWSER.search(user_agent), SYSTEM.search(user_agent)
    return {
        "device_type": form,
        "browser": browser and browser[1],
        "os": system and system[0],
        "is_bot": False,
    }


def body_of(request):
    """Return the request's JSON."""
    text = request.get("body") or ""
    try:
        if request.get("isBase64Encoded"):
            text = base64.b64decode(text)
        return json.loads(text)
    except ValueError:
        raise Wrong("Invalid JSON in request body") from None


def events_of(body):
    """Return the request's events: one, or those of a batch."""
    events = body.get("events") if isinstance(body, dict) else None
    return [body] if events is None else events


class Sender:
    """What is known of who sent a request."""

    def __init__(self, request):
        headers = {k.lower(): v for k, v in request["headers"].items()}
        self.user_agent = headers.get("user-agent", "")
        self.private = headers.get("sec-gpc") == "1" or headers.get("dnt") == "1"
        self.address = request["requestContext"]["identity"]["sourceIp"]


def check(event):
    """Refuse an event whose fields are not of their form."""
    if not isinstance(event, dict):
        raise Wrong("An event must be a JSON object")
    for name in REQUIRED:
        if not isinstance(event.get(name), str) or not event[name]:
            raise Wrong(f"Missing required field: {name}")
    if event["bucket"] not in ALLOWED:
        raise Wrong("Forbidden", 403)
    for name in TEXTS:
        if not isinstance(event.get(name, ""), str):
            raise Wrong(f"Invalid field: {name}")
    if len(event["eventType"]) > 128 or len(event.get("sessionId", "")) > 128:
        raise Wrong("Too long")
    if not EVENT_ID.fullmatch(event.get("eventId", "made-here")):
        raise Wrong("Invalid field: eventId")
    viewport = event.get("viewport", {})
    if not isinstance(viewport, dict) or not all(
        isinstance(pixels, int) for pixels in viewport.values()
    ):
        raise Wrong("Invalid field: viewport")
    if not isinstance(event.get("metadata", {}), dict):
        raise Wrong("Invalid field: metadata")


def address_hash(address):
    """Return the keyed hash of an address."""
    return hmac.new(SALT, address.encode(), hashlib.sha256).hexdigest()[:16]


def new_id(now):
    """Return an id for an event that came without one."""
    return f"{int(now.timestamp())}-{secrets.token_hex(4)}"


def folder_of(instant):
    """Return the folder of an instant's day."""
    return instant.strftime("analytics/year=%Y/month=%m/day=%d/")


def record_of(event, sender, now):
    """Check an event; return it as it is stored, and its folder."""
    check(event)
    try:
        instant = datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))
    except ValueError:
        raise Wrong("Invalid field: timestamp") from None
    user_agent = event.get("userAgent") or sender.user_agent
    metadata = event.get("metadata")
    record = {
        "eventId": event.get("eventId") or new_id(now),
        "eventType": event["eventType"],
        "timestamp": event["timestamp"],
        "serverTimestamp": now.isoformat(),
        "page": event.get("page"),
        "sessionId": None if sender.private else event.get("sessionId"),
        "ip": None if sender.private else address_hash(sender.address),
        "location": {"country": None, "city": None, "region": None},
        "device": device(user_agent),
        "viewport": event.get("viewport"),
        "referrer": event.get("referrer"),
        "userAgent": None if sender.private else user_agent,
        "metadata": json.dumps(metadata) if metadata else None,
    }
    return record, folder_of(instant.astimezone(timezone.utc))


def reply(status, body):
    """Return an answer."""
    return {"statusCode": status, "headers": HEADERS, "body": json.dumps(body)}

"""What the client's source says of the tracker, beside the tracker's own words."""

from __future__ import annotations

import json
import re
from pathlib import Path

from analytics_tracker_construct import _costs
from analytics_tracker_construct._sql import sessions_view
from handler import limits, write_keys

_CLIENT = Path(__file__).parents[2] / "client"
#: All that a request says once for its events, each as long as it may be.
_SHARED = {
    "tenant": "t" * 63,
    "bucket": "b" * 63,
    "writeKey": write_keys.PUBLIC + "0" * 2 * write_keys.KEY_BYTES,
    "sentAt": "2026-01-31T12:00:00.000Z",
}


def _number(name: str) -> float:
    """Return what a name of the source's stands for."""
    source = "".join(path.read_text("utf-8") for path in _CLIENT.glob("src/*.ts"))
    (number,) = re.findall(rf"\b{name} = ([\de.]+)[,;]", source)
    return float(number)


def test_an_event_that_the_client_sends_is_one_that_the_tracker_takes() -> None:
    """Whatever its request adds to it."""
    shared = json.dumps(_SHARED, separators=(",", ":"))

    assert _number("EVENT_BYTES") + len(shared) <= limits.EVENT_BYTES


def test_a_document_says_from_where_on_an_event_is_dropped() -> None:
    said = f"an event had more than {_number('EVENT_BYTES'):,.0f} bytes"

    assert said in (_CLIENT.parent / "README.md").read_text("utf-8")


def test_a_session_ends_when_the_sessions_view_ends_it() -> None:
    assert _number("SESSION_MS") == sessions_view.GAP_MINUTES * 60_000


def test_an_image_has_an_address_that_api_gateway_takes() -> None:
    """Which is of ASCII: a byte a character."""
    assert _number("URL_CHARS") <= _costs.URL_BYTES


def test_a_request_has_no_more_events_than_the_tracker_takes() -> None:
    """Each has 32 characters of an id, and an event type and a time besides."""
    assert _number("BATCH_CHARS") / 100 <= limits.BATCH_EVENTS

"""The pixel: the same event as parameters, the same checks, always an image."""

from __future__ import annotations

import base64
import itertools
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import limits, replies
from handler.refusals import Refusal, Refused
from handler.storage import Fault

from .conftest import Tracker
from .fakes import ADDRESS, event_of, http, rest

ROUTE = "/pixel.gif"
REJECTED = "X-Tracker-Rejected"
GATEWAYS = pytest.mark.parametrize("gateway", [rest, http])


def shown(
    tracker: Tracker, headers: dict[str, str] | None = None, **changes: Any
) -> dict[str, Any]:
    """Show the pixel with an event's parameters and return the answer."""
    query = event_of(**changes)
    return tracker.send(rest(method="GET", path=ROUTE, query=query, headers=headers))


@GATEWAYS
def test_an_event_as_parameters_is_stored_as_the_same_event(
    tracker: Tracker, gateway: Callable[..., dict[str, Any]]
) -> None:
    """Both payload versions, and the same bytes as by POST."""
    sent = event_of(
        eventId="signup-00000001",
        page="/a b+c&d=ä",
        sessionId="s-1",
        referrer="https://search.example/?q=1",
        metadata={"plan": "pro"},
        viewport={"width": 390, "height": 844},
        campaign="märz",
    )
    by_post = Tracker()
    by_post.send(rest(sent))
    query = {
        **sent,
        "metadata": json.dumps(sent["metadata"]),
        "viewport": json.dumps(sent["viewport"]),
    }

    reply = tracker.send(gateway(method="GET", path=ROUTE, query=query))

    assert REJECTED not in reply["headers"]
    assert tracker.store.events() == by_post.store.events()


def test_its_id_is_as_short_as_that_of_an_event_that_comes_alone(
    tracker: Tracker,
) -> None:
    shown(tracker)

    (event,) = tracker.store.events()
    assert re.fullmatch(r"\d{10}-[0-9a-f]{8}", event["eventId"])


@pytest.mark.parametrize("changes", [{}, {"bucket": "evil-bucket"}, {"eventType": " "}])
def test_the_answer_is_an_image_that_nobody_keeps(
    tracker: Tracker, changes: dict[str, Any]
) -> None:
    """Whatever became of the event."""
    reply = shown(tracker, **changes)

    assert reply["statusCode"] == 200
    assert reply["headers"]["Content-Type"] == "image/gif"
    assert reply["headers"]["Cache-Control"] == "no-store"
    assert reply["headers"]["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert reply["headers"]["Access-Control-Allow-Origin"] == "*"
    assert REJECTED in reply["headers"]["Access-Control-Expose-Headers"]
    assert (REJECTED in reply["headers"]) is bool(changes)
    assert reply["isBase64Encoded"] is True
    image = base64.b64decode(reply["body"])
    assert image[:6] == b"GIF89a"
    assert image[6:10] == b"\x01\x00\x01\x00"
    assert image[-1:] == b";"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bucket": None}, "Missing required field: bucket: You must"),
        ({"eventType": None}, "Missing required field: eventType: You must"),
        ({"bucket": "evil-bucket"}, "Forbidden: The specified bucket"),
        ({"bucket": None, "tenant": "nobody"}, "Forbidden: The specified tenant"),
        ({"tenant": "blog"}, "Invalid field: tenant: Name either"),
        ({"timestamp": "yesterday"}, "Invalid field: timestamp: The time must"),
        ({"timestamp": ""}, "Missing required field: timestamp: "),
        ({"eventId": "short"}, "Invalid field: eventId: An event id"),
        ({"sessionId": "x" * 129}, "Invalid field: sessionId: The field may have"),
        ({"eventType": "x" * 129}, "Invalid field: eventType: The field may have"),
        ({"viewport": "wide"}, "Invalid field: viewport: The viewport"),
        ({"viewport": "[1,2]"}, "Invalid field: viewport: The viewport"),
        ({"viewport": "1x2x3"}, "Invalid field: viewport: The viewport"),
        ({"viewport": "999999x1"}, "Invalid field: viewport: The viewport"),
        ({"viewport": '{"width":1e999}'}, "Invalid field: viewport: The viewport"),
        ({"metadata": "plain"}, "Invalid field: metadata: The metadata"),
        ({"metadata": "[1]"}, "Invalid field: metadata: The metadata"),
        ({"metadata": '{"a":NaN}'}, "Invalid field: metadata: The metadata"),
        ({"metadata": '"' * 5}, "Invalid field: metadata: The metadata"),
        ({"metadata": "[" * 20 + "]" * 20}, "Event nested too deeply: "),
        ({"x": "ä" * (limits.EVENT_BYTES // 2)}, "Event too large: An event may"),
        ({"x" * limits.EVENT_BYTES: ""}, "Event too large: An event may"),
    ],
)  # fmt: skip
def test_every_check_of_post_holds(
    tracker: Tracker, changes: dict[str, Any], words: str
) -> None:
    reply = shown(tracker, **changes)

    assert reply["headers"][REJECTED].startswith(words)
    assert tracker.store.calls == []
    assert tracker.counted("RefusedEvents") == 1


@pytest.mark.parametrize(("more", "taken"), [(0, True), (1, False)])
def test_the_limit_of_an_event_holds_to_the_byte(
    tracker: Tracker, more: int, taken: bool
) -> None:
    """Of all names and values as they are read."""
    bare = len("".join(itertools.chain(*event_of(x="").items())))

    reply = shown(tracker, x="ä" + "x" * (limits.EVENT_BYTES - bare - 2 + more))

    words = Refused(Refusal.EVENT_TOO_LARGE).message
    assert len(tracker.store.events()) == taken
    assert reply["headers"].get(REJECTED, words).endswith(words)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_is_one_line_of_ascii_in_the_header(refusal: Refusal) -> None:
    header = replies.pixel(Refused(refusal, "sessionId"), {})["headers"][REJECTED]

    assert header.isascii()
    assert header.isprintable()
    assert header.startswith(refusal.error.format("sessionId"))


@pytest.mark.parametrize(
    ("viewport", "stored"),
    [
        ("1280x720", {"width": 1280, "height": 720}),
        ('{"width":390}', {"width": 390, "height": None}),
        ("null", {"width": None, "height": None}),
    ],
)
def test_a_viewport_is_json_or_a_size(
    tracker: Tracker, viewport: str, stored: dict[str, Any]
) -> None:
    shown(tracker, viewport=viewport)

    assert tracker.store.events()[0]["viewport"] == stored


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-03-04T13:00:00+01:00", "2026-03-04T12:00:00.000Z"),
        ("2026-03-04T13:00:00 01:00", "2026-03-04T12:00:00.000Z"),
        ("2026-03-04T13:00:00.250 0100", "2026-03-04T12:00:00.250Z"),
        ("2026-03-04t13:00 01", "2026-03-04T12:00:00.000Z"),
        ("2026-03-04T11:00:00-01:00", "2026-03-04T12:00:00.000Z"),
        ("2026-03-04 11:30", "2026-03-04T11:30:00.000Z"),
        (None, "2026-03-04T12:00:00.000Z"),
    ],
)
def test_a_time_may_have_lost_its_plus_or_be_missing(
    tracker: Tracker, sent: str | None, stored: str
) -> None:
    """In a query a plus sign means a space; without a time it is now."""
    reply = shown(tracker, timestamp=sent)

    assert REJECTED not in reply["headers"]
    assert tracker.store.events()[0]["timestamp"] == stored


@pytest.mark.parametrize(
    "text", ["T" * 8000, "2026-03-04T" * 700, "2026-03-04T" + "0" * 8000, " 00" * 2600]
)
def test_no_time_takes_long_to_refuse(tracker: Tracker, text: str) -> None:
    """As long as API Gateway lets a query be."""
    began = time.process_time()

    assert "timestamp" in shown(tracker, timestamp=text)["headers"][REJECTED]
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("page", "referer", "stored"),
    [
        (None, "https://blog.example/post", "https://blog.example/post"),
        ("/own", "https://blog.example/post", "/own"),
        ("", "https://blog.example/post", ""),
        (None, None, None),
    ],
)
def test_the_page_is_the_one_that_shows_the_pixel(
    tracker: Tracker, page: str | None, referer: str | None, stored: str | None
) -> None:
    shown(tracker, {"Referer": referer} if referer else {}, page=page)

    assert tracker.store.events()[0]["page"] == stored


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"Referer": "https://shop.example/cart?x=1"}, True),
        ({"Referer": "HTTPS://Shop.Example"}, True),
        ({"Origin": "https://shop.example"}, True),
        ({"Origin": "https://shop.example", "Referer": "https://evil.example/"}, True),
        ({}, True),
        ({"Referer": "about:blank"}, True),
        ({"Referer": "//shop.example/"}, True),
        ({"Referer": "http://["}, True),
        ({"Referer": "https://evil.example/https://shop.example/"}, False),
        ({"Referer": "http://shop.example/"}, False),
        ({"Referer": "https://shop.example:8443/"}, False),
        ({"Referer": "https://shop.example@evil.example/"}, False),
        ({"Origin": "https://evil.example", "Referer": "https://shop.example/"}, False),
        ({"Origin": "null", "Referer": "https://shop.example/"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Referer": "https://shop.example/"}, True),
    ],
)
def test_the_referring_pages_origin_counts_where_a_tenant_lists_some(
    tracker: Tracker, headers: dict[str, str], taken: bool
) -> None:
    """One without is of a tool, as with POST."""
    reply = shown(tracker, headers, bucket=None, tenant="shop")

    assert (REJECTED not in reply["headers"]) is taken
    assert len(tracker.store.events("shop-private")) == taken
    if not taken:
        assert reply["headers"][REJECTED].startswith("Forbidden: This origin may not")


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE"])
def test_other_methods_are_refused_in_words(tracker: Tracker, method: str) -> None:
    reply = tracker.send(rest(event_of(), method=method, path=ROUTE))

    assert reply["statusCode"] == 405
    assert reply["headers"]["Allow"] == "GET, OPTIONS"
    assert tracker.store.calls == []


def test_a_preflight_allows_its_own_method(tracker: Tracker) -> None:
    reply = tracker.send(rest(method="OPTIONS", path=ROUTE))

    assert reply["statusCode"] == 204
    assert reply["headers"]["Access-Control-Allow-Methods"] == "GET, OPTIONS"


def test_an_event_that_only_the_queue_took_is_no_refusal(direct: Tracker) -> None:
    direct.store.faults["website-analytics"] = Fault.UNAVAILABLE

    reply = shown(direct)

    assert (reply["statusCode"], REJECTED in reply["headers"]) == (200, False)
    assert len(direct.queue.bodies) == 1


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, KeyError(ADDRESS)])
def test_a_fault_of_ours_is_an_image_too(
    tracker: Tracker, fault: Fault | KeyError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        assert isinstance(fault, KeyError)
        raise fault

    if isinstance(fault, Fault):
        tracker.store.faults["website-analytics"] = fault
    else:
        monkeypatch.setattr(tracker.store, "put", fail)

    reply = shown(tracker)

    assert reply["headers"]["Content-Type"] == "image/gif"
    assert "send it again" in reply["headers"][REJECTED]
    # A page sees how wide it is, and so that the event is to be sent again.
    assert base64.b64decode(reply["body"])[6:10] == b"\x02\x00\x01\x00"
    assert ADDRESS not in str(reply)


@given(
    st.dictionaries(
        st.sampled_from([*event_of(), "viewport", "metadata", "page", "x"])
        | st.text(st.characters(), max_size=3),
        st.text(st.characters(), max_size=30)
        | st.sampled_from(["website-analytics", "{}", "[]", "1x1", "\ud800"]),
        max_size=6,
    ),
    st.sampled_from([rest, http]),
    st.text(max_size=20),
)
def test_any_query_is_an_image(
    query: dict[str, str], gateway: Callable[..., dict[str, Any]], referer: str
) -> None:
    tracker = Tracker()
    event = gateway(method="GET", path=ROUTE, headers={"Referer": referer})
    event["queryStringParameters"] = query
    event["rawQueryString"] = "&".join(f"{n}={v}" for n, v in query.items())

    reply = tracker.send(event)

    assert (reply["statusCode"], reply["body"]) == (200, replies.GIF)
    assert "Internal" not in reply["headers"].get(REJECTED, "")
    json.dumps(reply)

"""Requests and their answers, word for word."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from handler import limits

from .conftest import Tracker
from .fakes import ADDRESS, USER_AGENT, Context, event_of, http, rest

STORED = {
    "status": "ok",
    "eventId": "signup-00000001",
    "bucket": "website-analytics",
    "key": "analytics/year=2026/month=03/day=04/signup-00000001.json",
}


@pytest.mark.parametrize("gateway", [rest, http])
@pytest.mark.parametrize("base64_body", [False, True])
def test_stores_an_event_and_says_where(
    tracker: Tracker, gateway: Callable[..., dict[str, Any]], base64_body: bool
) -> None:
    """Both payload versions, as text and as base64, end in the same object."""
    sent = event_of(eventId="signup-00000001", page="/welcome")

    status, answer = tracker.answer(gateway(sent, base64_body=base64_body))

    assert (status, answer) == (200, STORED)
    (event,) = tracker.store.events()
    assert event["page"] == "/welcome"


def test_stores_every_column_in_order(tracker: Tracker) -> None:
    sent = event_of(
        eventId="signup-00000001",
        page="/pricing",
        sessionId="s-1",
        referrer="https://search.example/",
        viewport={"width": 390, "height": 844.5},
        metadata={"plan": "pro"},
        colour="blue",
    )

    tracker.send(rest(sent))

    key = ("website-analytics", STORED["key"])
    body = tracker.store.objects[key]
    assert body.endswith(b"}\n")
    assert body.count(b"\n") == 1
    event = json.loads(body)
    assert list(event.items()) == [
        ("eventId", "signup-00000001"),
        ("eventType", "page_view"),
        ("timestamp", "2026-03-04T11:59:58.500Z"),
        ("clientTimestamp", None),
        ("serverTimestamp", "2026-03-04T12:00:00.000Z"),
        ("page", "/pricing"),
        ("sessionId", "s-1"),
        ("ip", event["ip"]),
        ("location", {"country": None, "city": None, "region": None}),
        (
            "device",
            {
                "device_type": "desktop",
                "browser": "Chrome",
                "os": "Windows",
                "is_bot": False,
            },
        ),
        ("viewport", {"width": 390, "height": 844}),
        ("referrer", "https://search.example/"),
        ("userAgent", USER_AGENT),
        ("metadata", '{"colour":"blue","plan":"pro"}'),
    ]


def test_draws_an_id_where_none_was_sent(tracker: Tracker) -> None:
    """The id is the server's seconds and eight hex digits."""
    _, answer = tracker.answer(rest(event_of()))

    assert answer["eventId"] == "1772625600-00000001"


def test_says_that_an_event_was_stored_before(tracker: Tracker) -> None:
    """A retry is a success that stores nothing."""
    first = rest(event_of(eventId="signup-00000001", page="/first"))
    again = rest(event_of(eventId="signup-00000001", page="/changed"))
    tracker.send(first)

    status, answer = tracker.answer(again)

    assert (status, answer) == (200, {**STORED, "duplicate": True})
    assert [event["page"] for event in tracker.store.events()] == ["/first"]


def test_a_tenant_hears_its_own_name_and_never_the_buckets(tracker: Tracker) -> None:
    sent = event_of(bucket=None, tenant="blog", eventId="signup-00000001")

    reply = tracker.send(rest(sent))

    assert json.loads(reply["body"]) == {
        "status": "ok",
        "eventId": "signup-00000001",
        "tenant": "blog",
        "key": "analytics/year=2026/month=03/day=04/signup-00000001.json",
    }
    assert "blog-private" not in str(reply)
    assert len(tracker.store.events("blog-private")) == 1


def test_understands_a_gzipped_body(tracker: Tracker) -> None:
    body = gzip.compress(json.dumps(event_of()).encode())

    reply = tracker.send(rest(body, headers={"Content-Encoding": "gzip"}))

    assert reply["statusCode"] == 200
    assert len(tracker.store.events()) == 1


REFUSED = [
    (event_of(bucket=None), 400, "Missing required field: bucket", "You must specify the S3 bucket name in the request body"),
    (event_of(bucket=""), 400, "Missing required field: bucket", "You must specify the S3 bucket name in the request body"),
    (event_of(eventType=None), 400, "Missing required field: eventType", "You must specify the event type in the request body"),
    (event_of(eventType=" "), 400, "Missing required field: eventType", "You must specify the event type in the request body"),
    (event_of(timestamp=None), 400, "Missing required field: timestamp", "You must specify the event's time in the request body, in ISO 8601"),
    (event_of(bucket="evil-bucket"), 403, "Forbidden", "The specified bucket is not authorized for this analytics service"),
    (event_of(bucket=None, tenant="nobody"), 403, "Forbidden", "The specified tenant is not registered with this analytics service"),
    (event_of(tenant="blog"), 400, "Invalid field: tenant", "Name either the bucket or the tenant, not both"),
    (event_of(bucket=7), 400, "Invalid field: bucket", "The field must be a string"),
    (event_of(page=["/"]), 400, "Invalid field: page", "The field must be a string"),
    (event_of(sessionId=5), 400, "Invalid field: sessionId", "The field must be a string"),
    (event_of(referrer=5), 400, "Invalid field: referrer", "The field must be a string"),
    (event_of(userAgent=5), 400, "Invalid field: userAgent", "The field must be a string"),
    (event_of(eventType="x" * 129), 400, "Invalid field: eventType", "The field may have at most 128 characters"),
    (event_of(sessionId="x" * 129), 400, "Invalid field: sessionId", "The field may have at most 128 characters"),
    (event_of(timestamp="yesterday"), 400, "Invalid field: timestamp", "The time must be ISO 8601, such as 2026-01-31T12:00:00Z, with a year from 0001 to 9999 in UTC"),
    (event_of(eventId="short"), 400, "Invalid field: eventId", "An event id has 8 to 64 letters, digits and hyphens"),
    (event_of(eventId=12345678), 400, "Invalid field: eventId", "An event id has 8 to 64 letters, digits and hyphens"),
    (event_of(eventId="../../../etc"), 400, "Invalid field: eventId", "An event id has 8 to 64 letters, digits and hyphens"),
    (event_of(eventId="12345678\n"), 400, "Invalid field: eventId", "An event id has 8 to 64 letters, digits and hyphens"),
    (event_of(viewport="wide"), 400, "Invalid field: viewport", "The viewport must be an object with width and height in pixels, numbers from 0 to 100000"),
    (event_of(viewport={"width": -1}), 400, "Invalid field: viewport", "The viewport must be an object with width and height in pixels, numbers from 0 to 100000"),
    (event_of(viewport={"width": True}), 400, "Invalid field: viewport", "The viewport must be an object with width and height in pixels, numbers from 0 to 100000"),
    (event_of(metadata=[1]), 400, "Invalid field: metadata", "The metadata must be a JSON object"),
    ([], 400, "Invalid event", 'An event must be a JSON object; send several as {"events": [...]}'),
    ("{", 400, "Invalid JSON in request body", "The body is not one JSON value (RFC 8259): check quotes, commas and brackets; send no byte-order mark"),
    (None, 400, "Missing request body", 'Send one event as a JSON object, or several as {"events": [...]}'),
    ("  ", 400, "Missing request body", 'Send one event as a JSON object, or several as {"events": [...]}'),
    (event_of(page="x" * limits.EVENT_BYTES), 413, "Event too large", "An event may have at most 65536 bytes of JSON"),
    (" " * (limits.BODY_BYTES + 1), 413, "Request body too large", "A request body may have at most 1048576 bytes, also once decompressed"),
    ({"events": []}, 400, "Invalid field: events", "The events must be an array of at least one event"),
    ({"events": {}}, 400, "Invalid field: events", "The events must be an array of at least one event"),
    ({"events": None}, 400, "Invalid field: events", "The events must be an array of at least one event"),
    ({"events": [event_of()] * 501}, 413, "Too many events", "A request may have at most 500 events; send the rest in another"),
    ({"events": [event_of()], "eventId": "12345678"}, 400, "Invalid field: eventId", "An eventId belongs to one event; put it into the event, not beside events"),
    ({"events": [event_of()], "page": "x" * 4096}, 413, "Defaults too large", "The members beside events may have at most 4096 bytes of JSON, since each event is stored with them"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status", "error", "message"), REFUSED)
def test_refuses_with_the_words_of_its_table(
    tracker: Tracker, body: Any, status: int, error: str, message: str
) -> None:
    """Nothing is stored, and the answer says what to change."""
    assert tracker.answer(rest(body)) == (status, {"error": error, "message": message})
    assert tracker.store.calls == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/track", 405),
        ("POST", "/", 404),
        ("POST", "/elsewhere", 404),
        ("POST", "/trackX", 404),
    ],
)
def test_refuses_other_routes(
    tracker: Tracker, method: str, path: str, status: int
) -> None:
    reply = tracker.send(rest(event_of(), method=method, path=path))

    assert reply["statusCode"] == status
    assert ("Allow" in reply["headers"]) is (status == 405)
    assert tracker.store.calls == []


@pytest.mark.parametrize("path", ["/track", "/prod/track", "/a/b/track/"])
def test_stages_and_base_paths_may_come_first(tracker: Tracker, path: str) -> None:
    assert tracker.send(rest(event_of(), path=path))["statusCode"] == 200


def test_a_preflight_allows_what_the_client_sends(tracker: Tracker) -> None:
    reply = tracker.send(rest(method="OPTIONS"))

    assert reply["statusCode"] == 204
    assert reply["body"] == ""
    assert reply["headers"]["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    headers = "Content-Type, Content-Encoding"
    assert reply["headers"]["Access-Control-Allow-Headers"] == headers
    assert reply["headers"]["Access-Control-Max-Age"] == "7200"
    assert tracker.lines == []


@pytest.mark.parametrize(
    ("allowed", "origin", "expected"),
    [
        ({"*"}, "https://a.example", "*"),
        ({"*"}, None, "*"),
        ({"https://a.example"}, "https://a.example", "https://a.example"),
        ({"https://a.example"}, "https://b.example", None),
        ({"https://a.example"}, None, None),
    ],
)
@pytest.mark.parametrize("body", [event_of(), event_of(bucket="evil-bucket"), "{"])
def test_every_answer_carries_the_cors_headers(
    tracker_with: Callable[..., Tracker],
    allowed: set[str],
    origin: str | None,
    expected: str | None,
    body: Any,
) -> None:
    """Also those that refuse: a page must be able to read why."""
    tracker = tracker_with(cors_origins=frozenset(allowed))
    headers = {"Origin": origin} if origin else {}

    reply = tracker.send(rest(body, headers=headers))["headers"]

    assert reply.get("Access-Control-Allow-Origin") == expected
    assert reply.get("Vary") == (None if "*" in allowed else "Origin")
    exposed = "Retry-After, X-Tracker-Rejected"
    assert reply["Access-Control-Expose-Headers"] == exposed
    assert reply["Content-Type"] == "application/json"
    assert reply["Cache-Control"] == "no-store"


@pytest.mark.parametrize("where", ["store", "request"])
def test_an_error_of_our_own_is_answered_and_its_value_not_logged(
    tracker: Tracker, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError(ADDRESS)

    if where == "store":
        monkeypatch.setattr(tracker.store, "put", fail)
    else:
        monkeypatch.setattr("handler.batch.read", fail)

    reply = tracker.send(rest(event_of()))

    assert reply["statusCode"] == 500
    assert reply["headers"]["Retry-After"] == "5"
    (line,) = tracker.log
    assert (line["level"], line["type"]) == ("ERROR", "KeyError")
    assert [document.get("Reason") for document in tracker.metrics] == ["internal"]
    assert re.fullmatch(r"test_answers\.py:\d+ fail", line["places"][-1])
    assert all(re.fullmatch(r"\w+\.py:\d+ \w+", place) for place in line["places"])
    assert ADDRESS not in str([*tracker.lines, reply])


@pytest.mark.parametrize(
    "event",
    [{}, {"headers": None, "body": 5}, {"version": "2.0"}, [], "x", None, 5],
)
def test_an_event_of_another_service_is_not_found(tracker: Tracker, event: Any) -> None:
    assert tracker.answer(event)[0] == 404


def test_nothing_at_all_is_no_body_however_it_is_said_to_be_encoded(
    tracker: Tracker,
) -> None:
    sent = rest("", headers={"Content-Encoding": "gzip"})

    status, answer = tracker.answer(sent)

    assert (status, answer["error"]) == (400, "Missing request body")


def test_a_body_that_is_no_text_is_none(tracker: Tracker) -> None:
    status, answer = tracker.answer({**rest(event_of()), "body": 5})

    assert (status, answer["error"]) == (400, "Missing request body")


def test_a_test_without_a_context_has_time_too(tracker: Tracker) -> None:
    reply = tracker.app(rest(event_of()), None)

    assert reply["statusCode"] == 200


def test_the_store_gets_the_time_that_is_left(tracker: Tracker) -> None:
    """Half a second is kept for the answer."""
    tracker.send(rest(event_of(eventId="12345678")), Context(milliseconds=3000))

    deadlines = [
        options["deadline"]
        for verb, bucket, _, options in tracker.store.calls
        if (verb, bucket) == ("put", "website-analytics")
    ]
    assert deadlines == [tracker.clock.uptime + 2.5]

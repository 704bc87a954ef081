"""Requests that are made to hurt: what they are answered, and what stays of them."""

from __future__ import annotations

import json
from itertools import islice, product
from string import ascii_letters, digits
from typing import Any

import pytest

from .conftest import Tracker
from .fakes import event_of, http, rest


def test_an_event_of_a_hundred_thousand_keys_is_refused(tracker: Tracker) -> None:
    """In a body that is within its own limit."""
    names = map("".join, islice(product(ascii_letters + digits, repeat=3), 100_000))
    sent = event_of() | dict.fromkeys(names, 0)
    assert len(json.dumps(sent)) < 2**20

    status, answer = tracker.answer(rest(sent))

    assert (status, answer["error"]) == (413, "Event too large")
    assert tracker.store.events() == []


@pytest.mark.parametrize("gateway", [rest, http])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com"},
        {"X-HTTP-Method-Override": "DELETE", "X-Original-URL": "/admin"},
        {"Content-Length": "-1", "Transfer-Encoding": "chunked"},
        {"Content-Type": "text/html\r\nSet-Cookie: a=b"},
        {"User-Agent": "\r\n\x00\ud800"},
        {"x-amz-acl": "public-read", "x-amz-expected-bucket-owner": "999999999999"},
        {
            "": "",
            "\x00": "\x00",
            ":path": "/",
            "content-TYPE": "a",
            "CONTENT-type": "b",
        },
        {"Authorization": "Bearer " + "x" * 100_000, "Cookie": "a" * 100_000},
        {"Date": 5, "Origin": None, "Referer": ["a"], "Via": {"a": "b"}},
    ],
    ids=lambda headers: next(iter(headers)) or "names",
)
def test_no_header_changes_where_an_event_goes(
    gateway: Any, headers: dict[str, Any]
) -> None:
    """Nor how it is written, nor what is answered."""
    plain, tricked = Tracker(), Tracker()
    sent = event_of(eventId="tricked-01", userAgent="Agent/1.0")
    expected = plain.answer(gateway(sent))

    answer = tricked.answer(gateway(sent, headers=headers))

    assert answer == expected
    assert [call[:3] for call in tricked.store.calls] == [
        call[:3] for call in plain.store.calls
    ]
    assert tricked.store.objects == plain.store.objects

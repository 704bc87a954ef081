"""Requests that nobody would send but an attacker: drawn, and kept from a fuzzer."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks import worst
from handler import fields, limits, write_keys
from tests.handler.fakes import event_of

from . import corpus
from .oracle import PUBLIC, SECRET, check, check_event
from .script import METHODS, WORDS, Script, read

TEXTS = st.text(max_size=40) | st.sampled_from(
    [
        *("website-analytics", "data-lake", "shop", "blog", "2026-03-04", "\x00"),
        *("\ud800", "vault", "lane", PUBLIC, SECRET),
    ]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(
    sorted([*fields.FIELDS, "ip", "IP", "device", "serverTimestamp"])
)
#: Valid, but for what is drawn in place of some members.
EVENTS = st.dictionaries(NAMES | TEXTS, JSON, max_size=5).map(
    lambda changes: event_of(**changes)
)
#: Valid, but for one member perhaps: most others are refused before they are stored.
ALMOST = st.builds(
    lambda name, value: event_of(**{name: value}), NAMES | TEXTS, TEXTS | JSON
)
BODIES = (
    EVENTS
    | st.builds(
        lambda events, shared: {**shared, "events": events},
        st.lists(EVENTS | JSON, max_size=4),
        st.dictionaries(NAMES, JSON, max_size=3),
    )
    | JSON
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "User-Agent",
            "user-agent",
            "Origin",
            "Referer",
            "Content-Encoding",
            "X-Forwarded-For",
            "CloudFront-Viewer-Country",
            "CloudFront-Viewer-Address",
            "Sec-GPC",
            "DNT",
            "Authorization",
            "Sec-Fetch-Site",
            "If-None-Match",
            "Accept-Encoding",
            "Sec-CH-UA",
            "sec-ch-ua-mobile",
            "sec-ch-ua-platform",
        ]
    )
    | st.text(max_size=12),
    st.text(max_size=60)
    | st.sampled_from(
        ["1", "gzip", "https://shop.example", f"Bearer {PUBLIC}", f"Bearer {SECRET}"]
    ),
    max_size=6,
)
SCRIPTS = st.builds(
    Script,
    words=st.frozensets(st.sampled_from(WORDS)),
    method=st.sampled_from(METHODS),
    path=st.sampled_from(
        [
            *("/track", "/prod/track", "/pixel.gif", "/", "/x", "track/"),
            "/tracker.js",
            *("/lane/track", "/lane/pixel.gif"),
        ]
    ),
    headers=HEADERS,
    body=BODIES.map(lambda body: json.dumps(body).encode())
    | st.binary(max_size=200)
    | st.dictionaries(NAMES, st.text(max_size=20), max_size=6).map(
        lambda query: "&".join(f"{k}={v}" for k, v in query.items()).encode()
    ),
)


ACCEPTED = st.builds(
    Script,
    words=st.frozensets(st.sampled_from([word for word in WORDS if word != "private"])),
    method=st.just("POST"),
    path=st.just("/track"),
    headers=HEADERS.map(
        lambda sent: {n: v for n, v in sent.items() if n.lower() != "content-encoding"}
    ),
    body=ALMOST.map(lambda body: json.dumps(body).encode()),
)


@settings(max_examples=600)
@given(SCRIPTS | ACCEPTED)
def test_no_request_breaks_a_promise(script: Script) -> None:
    check(script)


TO_TENANT = st.fixed_dictionaries(
    {
        "tenant": st.sampled_from(["vault", "lane"]),
        "eventType": st.just("page_view"),
        "timestamp": st.just("2026-03-04T12:00:00Z"),
    },
    optional={
        "writeKey": st.just(SECRET)
        | st.sampled_from([PUBLIC, PUBLIC[:-1], ""])
        | st.from_regex(write_keys.FORM, fullmatch=True)
    },
)
BY_POST = TO_TENANT | st.builds(
    lambda events: {"events": events}, st.lists(TO_TENANT, min_size=1, max_size=3)
)
SENDERS = st.fixed_dictionaries(
    {},
    optional={
        "Authorization": st.sampled_from([f"Bearer {SECRET}", f"bearer {PUBLIC}"]),
        "Origin": st.just("https://a.example"),
        "sec-fetch-site": st.just("none"),
    },
)


@settings(max_examples=800)
@given(
    st.sampled_from(["", "/lane", "/vault"]),
    SENDERS,
    st.frozensets(st.sampled_from(["v2", "gzip", "buffered"])),
    BY_POST.map(lambda sent: ("POST", "/track", json.dumps(sent)))
    | TO_TENANT.map(
        lambda sent: ("GET", "/pixel.gif", "&".join(map("=".join, sent.items())))
    ),
)
def test_no_tenant_gets_what_may_not_come_to_it(
    folder: str,
    headers: dict[str, str],
    words: frozenset[str],
    sent: tuple[str, str, str],
) -> None:
    """Valid but for its key, its sender and the way it comes."""
    method, path, body = sent

    check(Script(words, method, folder + path, headers, body.encode()))


@settings(max_examples=200)
@given(JSON | st.dictionaries(st.sampled_from(["headers", "body", "path"]), JSON))
@example(None)
@example({"requestContext": {"http": []}, "headers": {"a": None}, "body": 7})
def test_what_is_no_event_of_api_gateways_breaks_none_either(event: Any) -> None:
    assert check_event(event) in {400, 404, 405}


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_request(raw: bytes) -> None:
    check(read(raw))


def test_what_a_fuzzer_found_breaks_none() -> None:
    """Each input reached a line that no other one reaches."""
    inputs = corpus.load()

    statuses = {check(read(raw)) for raw in inputs}

    assert len(inputs) > 100
    assert {200, 202, 204, 400, 401, 403, 404, 405} <= statuses


@pytest.mark.parametrize("name", worst.BODIES)
@pytest.mark.parametrize("words", ["v1", "v2 base64", "v2 gzip buffered"])
def test_a_body_made_to_hurt_is_answered(name: str, words: str) -> None:
    head = f"{words} POST /track\nUser-Agent: x\n\n"

    assert check(read(head.encode() + worst.BODIES[name]())) < 500


@pytest.mark.parametrize("size", [limits.BODY_BYTES + 1, 64 * limits.BODY_BYTES])
def test_a_gzip_bomb_is_too_large(size: int) -> None:
    assert check(read(b"v2 POST /track gzip\n\n" + b" " * size)) == 413


@pytest.mark.parametrize(
    "line",
    [
        "X-Forwarded-For: 198.51.100.1",
        "Forwarded: for=198.51.100.1",
        "CloudFront-Viewer-Address: 198.51.100.1:1",
        "X-Real-IP: 198.51.100.1",
        "True-Client-IP: 198.51.100.1",
        "User-Agent: a\r\nX-Evil: 1",
        "Origin: https://evil.example\r\nX-Evil: 1",
    ],
)
def test_a_forged_header_changes_no_address_and_adds_no_header(line: str) -> None:
    script = f"v1 POST /track\n{line}\n\n" + json.dumps(event_of())

    assert check(read(script.encode())) == 200


def test_the_corpus_is_readable_and_sorted() -> None:
    lines = Path(corpus.FILE).read_text().splitlines()

    assert lines == sorted(set(lines))
    assert all(base64.b64decode(line, validate=True) for line in lines)

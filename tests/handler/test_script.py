"""The browser client as the function serves it."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import handler

from .conftest import SETTINGS, Tracker
from .fakes import http, rest

SOURCE = Path(handler.__file__).with_name("tracker.js").read_bytes()
GATEWAYS = pytest.mark.parametrize("gateway", [rest, http])


def asked(
    tracker: Tracker, gateway: Callable[..., dict[str, Any]] = rest, **headers: str
) -> dict[str, Any]:
    """Ask for the script and return the answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return tracker.send(gateway(method="GET", path="/tracker.js", headers=named))


@GATEWAYS
def test_any_page_may_load_it_and_keep_it_for_a_day(
    tracker: Tracker, gateway: Callable[..., dict[str, Any]]
) -> None:
    """As a script, as a module, and where the page isolates itself."""
    reply = asked(tracker, gateway)

    assert (reply["statusCode"], reply["body"].encode()) == (200, SOURCE)
    assert not reply.get("isBase64Encoded")
    headers = reply["headers"]
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=86400"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    # Browsers then take it for what it says it is.
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert tracker.store.events() == []


@pytest.mark.parametrize("takes", ["gzip", "br, GZIP;q=0.5", "deflate,gzip ;q=1.0"])
def test_who_takes_gzip_gets_it(tracker: Tracker, takes: str) -> None:
    reply = asked(tracker, accept_encoding=takes)

    assert reply["isBase64Encoded"] is True
    assert reply["headers"]["Content-Encoding"] == "gzip"
    assert reply["headers"]["Vary"] == "Accept-Encoding"
    assert gzip.decompress(base64.b64decode(reply["body"])) == SOURCE


@pytest.mark.parametrize("takes", ["", "br", "gzip;q=0", "gzip; q=0.0", "x-gzipped"])
def test_who_does_not_gets_it_as_it_is(tracker: Tracker, takes: str) -> None:
    reply = asked(tracker, accept_encoding=takes)

    assert "Content-Encoding" not in reply["headers"]
    assert reply["body"].encode() == SOURCE


def test_an_api_that_may_not_decode_base64_gets_text() -> None:
    """It would send the base64 itself, marked as gzip."""
    tracker = Tracker(SETTINGS._replace(compress=False))

    reply = asked(tracker, accept_encoding="gzip")

    assert reply["body"].encode() == SOURCE


@pytest.mark.parametrize("encoding", ["gzip", ""])
@pytest.mark.parametrize("form", ["{}", 'W/"other", {}', '"other",{}', "*", "strong"])
def test_who_has_it_hears_that_it_is_the_same(
    tracker: Tracker, form: str, encoding: str
) -> None:
    tag = asked(tracker)["headers"]["ETag"]
    sent = tag.removeprefix("W/") if form == "strong" else form.format(tag)

    reply = asked(tracker, if_none_match=sent, accept_encoding=encoding)

    assert (reply["statusCode"], reply["body"]) == (304, "")
    assert reply["headers"]["ETag"] == tag
    assert reply["headers"]["Cache-Control"] == "public, max-age=86400"


@pytest.mark.parametrize("sent", ["", 'W/"other"', "W/", "garbage"])
def test_who_has_another_gets_this_one(tracker: Tracker, sent: str) -> None:
    assert asked(tracker, if_none_match=sent)["statusCode"] == 200


def test_it_is_asked_for_by_get_alone(tracker: Tracker) -> None:
    reply = tracker.send(rest({}, path="/tracker.js"))

    assert (reply["statusCode"], reply["headers"]["Allow"]) == (405, "GET, OPTIONS")

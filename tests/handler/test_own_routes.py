"""A tenant with a limit of its own: its events by its routes, and no others by them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from handler.buckets import Patterns
from handler.settings import TENANTS, Tenant, read

from .conftest import SETTINGS, Tracker
from .fakes import event_of, http, rest

SOME = SETTINGS._replace(
    patterns=Patterns(["website-analytics", "shop-private"]),
    tenants={
        "shop": Tenant("shop", "shop-private", own_route=True),
        "cafe": Tenant("cafe", "cafe-private", own_route=True),
        "blog": Tenant("blog", "blog-private"),
    },
)
GATEWAYS = pytest.mark.parametrize("gateway", [rest, http])


@pytest.fixture
def limited() -> Tracker:
    """A tracker of which two tenants have routes of their own."""
    return Tracker(SOME)


@GATEWAYS
@pytest.mark.parametrize(
    ("path", "named", "status"),
    [
        ("/shop/track", {"tenant": "shop"}, 200),
        ("/shop/track", {"bucket": "shop-private"}, 200),
        ("/cafe/track", {"tenant": "cafe"}, 200),
        ("/track", {"tenant": "blog"}, 200),
        ("/track", {"bucket": "website-analytics"}, 200),
        ("/track", {"tenant": "shop"}, 403),
        ("/track", {"bucket": "shop-private"}, 403),
        ("/cafe/track", {"tenant": "shop"}, 403),
        ("/shop/track", {"tenant": "cafe"}, 403),
        ("/shop/track", {"tenant": "blog"}, 403),
        ("/shop/track", {"bucket": "website-analytics"}, 403),
        ("/blog/track", {"tenant": "blog"}, 200),
        ("/blog/track", {"tenant": "shop"}, 403),
    ],
)
def test_events_go_by_the_tenants_own_route_alone(
    limited: Tracker,
    gateway: Callable[..., dict[str, Any]],
    path: str,
    named: dict[str, str],
    status: int,
) -> None:
    sent = event_of(**{"bucket": None, **named})

    assert limited.answer(gateway(sent, path=path))[0] == status
    stored = [bucket for bucket, _ in limited.store.objects if bucket != "salts"]
    assert len(stored) == (status == 200)


@GATEWAYS
@pytest.mark.parametrize(
    ("path", "taken"), [("/shop/pixel.gif", True), ("/pixel.gif", False)]
)
def test_so_does_the_pixel(
    limited: Tracker, gateway: Callable[..., dict[str, Any]], path: str, taken: bool
) -> None:
    query = event_of(bucket=None, tenant="shop")

    reply = limited.send(gateway(method="GET", path=path, query=query))

    assert ("X-Tracker-Rejected" not in reply["headers"]) is taken
    assert len(limited.store.events("shop-private")) == taken


def test_each_event_of_a_batch_is_judged_alone(limited: Tracker) -> None:
    events = [
        event_of(bucket=None, tenant=name) for name in ("shop", "cafe", "blog")
    ] + [event_of()]

    status, answer = limited.answer(rest({"events": events}, path="/shop/track"))

    assert (status, answer["accepted"]) == (200, 1)
    assert [each["status"] for each in answer["rejected"]] == [403, 403, 403]


@pytest.mark.parametrize(
    ("path", "matched"),
    [
        ("/shop/track", "/track"),
        ("/shop/track", "/{proxy+}"),
        ("/shop/track", "$default"),
        ("/shop/track", "POST /track"),
        ("/shop/track", None),
        ("/shop/track", 7),
    ],
)
def test_what_a_path_begins_with_says_nothing(
    limited: Tracker, path: str, matched: object
) -> None:
    """A base path may be called as a tenant; API Gateway says which route it found."""
    event = rest(event_of(bucket=None, tenant="shop"), path=path)

    assert limited.answer({**event, "resource": matched})[0] == 403


@pytest.mark.parametrize("matched", ["/shop/track", "/v1/shop/track"])
def test_a_base_path_and_a_stage_change_nothing(limited: Tracker, matched: str) -> None:
    """Nor does the part of an existing API that the routes are under."""
    event = rest(event_of(bucket=None, tenant="shop"), path="/v1/shop/track")

    assert limited.answer({**event, "resource": matched})[0] == 200


def test_so_it_is_behind_a_front_door() -> None:
    """Which says where a request came from, and not by which route."""
    tracker = Tracker(SOME._replace(front_door=("secret-of-the-door",)))
    sent = event_of(bucket=None, tenant="shop")
    headers = {"x-tracker-front-door": "secret-of-the-door"}

    by = {
        path: tracker.answer(rest(sent, path=path, headers=headers))[0]
        for path in ("/shop/track", "/track")
    }

    assert by == {"/shop/track": 200, "/track": 403}


def test_a_preflight_of_the_route_is_answered(limited: Tracker) -> None:
    reply = limited.send(rest(method="OPTIONS", path="/shop/track"))

    assert reply["statusCode"] == 204


def test_a_route_of_ones_own_is_a_setting() -> None:
    entries = {"shop": {"bucket": "shop-private", "route": 1}, "blog": {"bucket": "b"}}

    found = read({TENANTS: json.dumps(entries)}).tenants

    assert (found["shop"].own_route, found["blog"].own_route) == (True, False)

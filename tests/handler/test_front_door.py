"""Requests through the tracker's own distribution, and past it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import app, front_door, request, write_keys
from handler.mac import Mac
from handler.privacy import hash_address
from handler.settings import FRONT_DOOR_HEADER, Tenant
from handler.storage import Fault

from .conftest import SETTINGS, Tracker
from .edge import EDGE, PASSED, SECRET, TOLD, VIEWER, through
from .fakes import ADDRESS, event_of, http, rest

OLD = "old" + SECRET[3:]
BEHIND = SETTINGS._replace(front_door=(SECRET, OLD))
NOWHERE = {"country": None, "city": None, "region": None}
REFUSED = {
    "error": "Forbidden",
    "message": "Requests come through the tracker's own distribution, not straight to "
    "its API",
}

#: Headers by which a client may try to pass for another, each with what it claims.
FORGED = {
    "CloudFront-Viewer-Address": "192.0.2.66:443",
    "CloudFront-Viewer-City": "Atlantis",
    "CloudFront-Viewer-Country": "AQ",
    "CloudFront-Viewer-Country-Region": "ZZ",
    "Forwarded": "for=192.0.2.66",
    "True-Client-IP": "192.0.2.66",
    "X-Forwarded-For": "192.0.2.66",
    "X-Real-IP": "192.0.2.66",
}

#: Every route, and some that are none.
ROUTES = [
    ("POST", "/track"),
    ("OPTIONS", "/track"),
    ("GET", "/track"),
    ("GET", "/pixel.gif"),
    ("OPTIONS", "/pixel.gif"),
    ("GET", "/tracker.js"),
    ("GET", "/elsewhere"),
]

gateways = pytest.mark.parametrize("gateway", [rest, http])
forged = pytest.mark.parametrize("name", sorted(FORGED))


@pytest.fixture
def behind() -> Tracker:
    """A tracker that answers behind its distribution only."""
    return Tracker(BEHIND)


def hashed(tracker: Tracker, address: str) -> str:
    """Return an address's hash under the salt that the tracker made."""
    (salt,) = (
        body for (bucket, _), body in tracker.store.objects.items() if bucket == "salts"
    )
    return hash_address(address, Mac(salt))


@gateways
def test_an_event_has_its_viewers_address_and_place(
    behind: Tracker, gateway: Callable[..., dict[str, Any]]
) -> None:
    status, _ = behind.answer(through(gateway(event_of())))

    (event,) = behind.store.events()
    assert status == 200
    assert event["ip"] == hashed(behind, VIEWER)
    assert event["location"] == {"country": "US", "city": "Ann Arbor", "region": "MI"}


class Noted(dict[str, str]):
    """Headers that tell which of them were asked for."""

    asked: ClassVar[set[str]] = set()

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def test_what_is_passed_on_is_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By an event with a secret key, and by an image; neither less nor more."""
    read = request.read

    def noted(event: Mapping[str, Any]) -> request.Request:
        found = read(event)
        return found._replace(headers=Noted(found.headers))

    monkeypatch.setattr(app, "read", noted)
    monkeypatch.setattr(Noted, "asked", set())
    key = write_keys.SECRET + "0" * 32
    keyed = Tenant("keyed", "keyed-private", keys=(write_keys.digest(key),))
    tracker = Tracker(BEHIND._replace(tenants={**BEHIND.tenants, "keyed": keyed}))
    sent = event_of(tenant="keyed", bucket=None)
    bearer = {"Authorization": f"Bearer {key}"}
    image = rest(method="GET", path="/pixel.gif", query=event_of())

    assert tracker.answer(through(rest(sent, headers=bearer)))[0] == 200
    assert tracker.send(through(image))["statusCode"] == 200
    # By the media type API Gateway tells what it passes on as text.
    assert Noted.asked - {FRONT_DOOR_HEADER} | {"content-type"} == {*PASSED, *TOLD}


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8::1:46532", "2001:db8::1"),
        ("[2001:db8::1]:46532", "2001:db8::1"),
        (
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334:443",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        ),
        ("::ffff:192.0.2.1:8", "::ffff:192.0.2.1"),
    ],
)
def test_the_port_is_no_part_of_an_address(
    behind: Tracker, header: str, address: str
) -> None:
    """It differs with each connection, and would make one viewer many."""
    behind.send(
        through(rest(event_of()), {**TOLD, "cloudfront-viewer-address": header})
    )

    assert behind.store.events()[0]["ip"] == hashed(behind, address)


@pytest.mark.parametrize(
    "header",
    [None, "", "unknown", "198.51.100.10", ":443", "a" * 50 + ":1", "1.2.3.4:1 "],
)
def test_an_address_that_is_not_told_is_none(
    behind: Tracker, header: str | None
) -> None:
    """Least of all the edge location's, which many viewers share."""
    told = {**TOLD, "cloudfront-viewer-address": header or ""}
    if header is None:
        del told["cloudfront-viewer-address"]

    behind.send(through(rest(event_of()), told))

    assert behind.store.events()[0]["ip"] is None


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({}, {}),
        ({"cloudfront-viewer-country": "DE"}, {"country": "DE"}),
        ({"cloudfront-viewer-country": "Germany"}, {}),
        ({"cloudfront-viewer-country-region": "13"}, {"region": "13"}),
        ({"cloudfront-viewer-country-region": "Mich"}, {}),
        ({"cloudfront-viewer-city": "Z%C3%BCrich"}, {"city": "Zürich"}),
        ({"cloudfront-viewer-city": "%E6%9D%B1%E4%BA%AC"}, {"city": "東京"}),
        ({"cloudfront-viewer-city": "100%"}, {"city": "100%"}),
        ({"cloudfront-viewer-city": "a%0Ab"}, {}),
        ({"cloudfront-viewer-city": "a\ud800b"}, {}),
        ({"cloudfront-viewer-city": "x" * 200}, {"city": "x" * 128}),
        ({"cloudfront-viewer-city": "%C3%BC" * 128}, {"city": "ü" * 128}),
    ],
)
def test_a_place_is_what_is_told_of_it(
    behind: Tracker, told: dict[str, str], place: dict[str, str]
) -> None:
    """CloudFront tells no region and no city of a viewer in AWS's own network."""
    behind.send(through(rest(event_of()), told))

    assert behind.store.events()[0]["location"] == {**NOWHERE, **place}


@given(st.dictionaries(st.sampled_from(sorted(TOLD)), st.text()))
def test_whatever_is_told_an_event_is_stored(told: dict[str, str]) -> None:
    tracker = Tracker(BEHIND)

    status, _ = tracker.answer(through(rest(event_of()), told))

    assert status == 200
    assert tracker.store.events()[0]["location"].keys() == NOWHERE.keys()


@gateways
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_who_goes_round_the_distribution_is_refused(
    behind: Tracker, gateway: Callable[..., dict[str, Any]], method: str, path: str
) -> None:
    reply = behind.send(gateway(event_of(), method=method, path=path, query=event_of()))

    assert reply["statusCode"] == 403
    assert json.loads(reply["body"]) == REFUSED
    assert reply["headers"]["Access-Control-Allow-Origin"] == "*"
    assert behind.store.events() == []
    assert behind.metrics[0]["Reason"] == "front_door_only"


@pytest.mark.parametrize(
    "secret",
    [
        "",
        ",",
        SECRET[:-1],
        SECRET + "x",
        SECRET.lower(),
        f"{SECRET},{OLD}",
        f" {SECRET}",
        "ü" * 64,
        "\ud800",
    ],
)
def test_a_wrong_secret_is_refused(behind: Tracker, secret: str) -> None:
    status, answer = behind.answer(through(rest(event_of()), secret=secret))

    assert (status, answer) == (403, REFUSED)
    assert behind.store.events() == []


def test_two_secrets_are_taken_while_one_takes_the_others_place() -> None:
    """The function is changed before the distribution is, edge after edge."""
    new = "new" + SECRET[3:]
    statuses = {}
    for taken in [(SECRET, OLD), (new, SECRET)]:
        tracker = Tracker(SETTINGS._replace(front_door=taken))
        for sent in (new, SECRET, OLD):
            status, _ = tracker.answer(through(rest(event_of()), secret=sent))
            statuses[taken[0], sent] = status

    assert statuses == {
        (SECRET, new): 403,
        (SECRET, SECRET): 200,
        (SECRET, OLD): 200,
        (new, new): 200,
        (new, SECRET): 200,
        (new, OLD): 403,
    }


def test_every_secret_is_compared_in_a_time_that_tells_nothing(
    behind: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def spy(sent: bytes, secret: bytes) -> bool:
        compared.append(secret.decode())
        return hmac.compare_digest(sent, secret)

    monkeypatch.setattr(front_door, "compare_digest", spy)
    for secret in (SECRET, OLD, "neither"):
        behind.send(through(rest(event_of()), secret=secret))

    assert compared == [SECRET, OLD] * 3


@forged
@gateways
def test_a_forged_header_past_the_distribution_changes_nothing(
    behind: Tracker, gateway: Callable[..., dict[str, Any]], name: str
) -> None:
    status, answer = behind.answer(
        gateway(event_of(), headers={name: FORGED[name], FRONT_DOOR_HEADER: "guess"})
    )

    assert (status, answer) == (403, REFUSED)
    assert behind.store.events() == []


@forged
@gateways
def test_a_forged_header_through_the_distribution_changes_nothing(
    behind: Tracker, gateway: Callable[..., dict[str, Any]], name: str
) -> None:
    headers = {name: FORGED[name], FRONT_DOOR_HEADER: "guess"}

    behind.send(through(gateway(event_of(), headers=headers)))

    (event,) = behind.store.events()
    assert event["ip"] == hashed(behind, VIEWER)
    assert event["location"] == {"country": "US", "city": "Ann Arbor", "region": "MI"}


@forged
@gateways
@pytest.mark.parametrize("edge_optimised", [False, True])
def test_a_forged_header_changes_nothing_without_a_distribution(
    gateway: Callable[..., dict[str, Any]],
    name: str,
    *,
    edge_optimised: bool,
) -> None:
    """An edge-optimised API has a country, which is put over a client's own."""
    tracker = Tracker(SETTINGS._replace(viewer_country=edge_optimised))
    country = "DE" if edge_optimised else None
    headers = {name: FORGED[name], FRONT_DOOR_HEADER: SECRET}
    if country:
        headers["CloudFront-Viewer-Country"] = country

    tracker.send(gateway(event_of(), headers=headers))

    (event,) = tracker.store.events()
    assert event["ip"] == hashed(tracker, ADDRESS)
    assert event["location"] == {**NOWHERE, "country": country}


@pytest.mark.parametrize("fault", [None, Fault.UNAVAILABLE, Fault.REFUSED])
def test_neither_secret_nor_address_is_told_or_kept(
    fault: Fault | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by an answer, a log line, a metric, a message or an object."""
    tracker = Tracker(BEHIND, queued=True)
    if fault:
        tracker.store.faults = {"website-analytics": fault, "put salts": fault}
    replies = [
        tracker.send(through(event))
        for event in (
            rest(event_of()),
            http({"events": [event_of(), 7, event_of(bucket="nobodys")]}),
            rest(method="GET", path="/pixel.gif", query=event_of()),
            rest(method="GET", path="/nowhere"),
        )
    ]
    replies.append(tracker.send(rest(event_of(), headers={FRONT_DOOR_HEADER: OLD[1:]})))
    monkeypatch.setattr(front_door, "compare_digest", None)
    replies.append(tracker.send(through(rest(event_of()))))

    assert replies[-1]["statusCode"] == 500
    everything = str(
        (replies, tracker.lines, tracker.queue.bodies, tracker.store.objects)
    )
    for text in (SECRET, OLD, OLD[1:], VIEWER, EDGE):
        assert text not in everything


def test_a_pixels_answer_is_not_for_the_next_viewer(behind: Tracker) -> None:
    """CloudFront would give one answer to all who ask at once, and lose the others."""
    for query in (event_of(), {"nothing": "here"}):
        reply = behind.send(through(rest(method="GET", path="/pixel.gif", query=query)))

        assert reply["headers"]["Cache-Control"] == "no-store"


def test_who_asks_not_to_be_known_is_heard_behind_the_distribution(
    behind: Tracker,
) -> None:
    behind.send(through(rest(event_of(), headers={"Sec-GPC": "1"})))

    assert behind.store.events()[0]["ip"] is None


class Asked(dict[str, str]):
    """Headers that note which of them are asked for."""

    names: ClassVar[set[str]] = set()

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header, and note its name."""
        self.names.add(name)
        return super().get(name, default)


def test_the_function_asks_for_no_header_that_does_not_reach_it(
    behind: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is passed on is asked for, but for the kind of a body, and keys."""
    headers_of = request._headers
    monkeypatch.setattr(Asked, "names", set())
    monkeypatch.setattr(request, "_headers", lambda event: Asked(headers_of(event)))
    for event in (
        rest(event_of()),
        http(event_of(bucket=None, tenant="shop"), base64_body=True),
        rest(method="OPTIONS"),
        rest(method="GET", path="/pixel.gif", query=event_of()),
    ):
        behind.send(through(event))

    reach = {*PASSED, *TOLD, FRONT_DOOR_HEADER}
    assert Asked.names <= reach
    assert reach - Asked.names <= {"authorization", "content-type"}

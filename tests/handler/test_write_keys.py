"""Write keys: who may send a tenant's events, and that no key is told to anybody."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import settings, write_keys
from handler.buckets import Patterns
from handler.settings import Tenant
from handler.storage import Fault

from .conftest import SETTINGS, Tracker
from .fakes import event_of, http, rest

ORIGIN = "https://shop.example"
PUBLIC, NEXT, OTHER = (write_keys.PUBLIC + digit * 32 for digit in "123")
SECRET, WRONG = (write_keys.SECRET + digit * 32 for digit in "45")
KEYS = (PUBLIC, NEXT, SECRET)
#: `shop` has keys and origins, `blog` neither, and `closed` a secret key alone.
KEYED = SETTINGS._replace(
    patterns=Patterns(["website-analytics", "shop-private"]),
    tenants={
        "shop": Tenant(
            "shop",
            "shop-private",
            origins=frozenset({ORIGIN}),
            keys=tuple(map(write_keys.digest, KEYS)),
        ),
        "blog": Tenant("blog", "blog-private"),
        "closed": Tenant("closed", "closed-one", keys=(write_keys.digest(SECRET),)),
    },
)
REFUSALS = {
    "key_missing": 401,
    "key_forbidden": 403,
    "key_in_query": 403,
    "key_published": 403,
    "origin_forbidden": 403,
    "string_expected": 400,
}


@pytest.fixture
def keyed() -> Tracker:
    """A tracker whose tenants have keys."""
    return Tracker(KEYED)


def by_post(sent: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return rest(sent, headers=headers)


def by_http_post(sent: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return http(sent, headers=headers)


def by_defaults(sent: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return rest({**sent, "events": [{}]}, headers=headers)


def by_batch(sent: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return http({"events": [sent]}, headers=headers)


def by_pixel(sent: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return rest(method="GET", path="/pixel.gif", query=sent, headers=headers)


WAYS = [by_post, by_http_post, by_defaults, by_batch, by_pixel]
everyway = pytest.mark.parametrize("way", WAYS)


def sent_to(tracker: Tracker, event: dict[str, Any]) -> str | None:
    """Send an event; return the label of the one refusal, or None if it is stored."""
    tracker.lines.clear()
    reply = tracker.send(event)
    labels = [line["reason"] for line in tracker.log if line["message"] == "refused"]
    image = reply["headers"]["Content-Type"] == "image/gif"
    if not labels:
        assert reply["statusCode"] == 200
        assert "X-Tracker-Rejected" not in reply["headers"]
        return None
    (label,) = labels
    if image:
        assert "X-Tracker-Rejected" in reply["headers"]
    else:
        answer = json.loads(reply["body"])
        status = [each["status"] for each in answer.get("rejected", [])]
        assert (status or [reply["statusCode"]]) == [REFUSALS[label]]
    return str(label)


@everyway
@pytest.mark.parametrize("named", [{"tenant": "shop"}, {"bucket": "shop-private"}])
@pytest.mark.parametrize(
    "case",
    [
        (None, {}, "key_missing"),
        ("", {}, "key_missing"),
        (PUBLIC, {}, None),
        (NEXT, {}, None),
        (OTHER, {}, "key_forbidden"),
        ("shop", {}, "key_forbidden"),
        (PUBLIC + " ", {}, "key_forbidden"),
        (PUBLIC.upper(), {}, "key_forbidden"),
        (PUBLIC + "1", {}, "key_forbidden"),
        (PUBLIC[:-1], {}, "key_forbidden"),
        (PUBLIC[:-1] + "ä", {}, "key_forbidden"),
        (PUBLIC, {"Origin": ORIGIN}, None),
        (PUBLIC, {"Origin": "https://evil.example"}, "origin_forbidden"),
        (PUBLIC, {"Sec-Fetch-Site": "cross-site"}, "origin_forbidden"),
        (OTHER, {"Origin": ORIGIN}, "key_forbidden"),
        (None, {"Origin": ORIGIN}, "key_missing"),
        (None, {"Authorization": f"Bearer {PUBLIC}"}, None),
        (None, {"Authorization": f"bEaReR  {SECRET} "}, None),
        (None, {"Authorization": f"Bearer {WRONG}"}, "key_forbidden"),
        (None, {"Authorization": "Bearer "}, "key_missing"),
        (None, {"Authorization": f"Basic {PUBLIC}"}, "key_missing"),
        (None, {"Authorization": PUBLIC}, "key_missing"),
        (PUBLIC, {"Authorization": f"Bearer {OTHER}"}, None),
        (OTHER, {"Authorization": f"Bearer {PUBLIC}"}, "key_forbidden"),
    ],
)
def test_a_tenant_with_keys_takes_events_that_bring_one(
    keyed: Tracker,
    way: Callable[..., dict[str, Any]],
    named: dict[str, str],
    case: tuple[str | None, dict[str, str], str | None],
) -> None:
    """By each way in, and by the bucket's name as by the tenant's."""
    key, headers, refused = case
    sent = event_of(**{"bucket": None, "writeKey": key, **named})

    assert sent_to(keyed, way(sent, headers)) == refused
    assert len(keyed.store.events("shop-private")) == (refused is None)


@everyway
@pytest.mark.parametrize("valid", [SECRET, WRONG])
@pytest.mark.parametrize(
    "header", [{"Origin": ORIGIN}, {"Sec-Fetch-Site": "none"}, {"Origin": ""}]
)
def test_a_secret_key_from_a_browser_is_refused_with_the_advice_to_change_it(
    keyed: Tracker,
    way: Callable[..., dict[str, Any]],
    valid: str,
    header: dict[str, str],
) -> None:
    """Be it right or wrong: it may be another tenant's."""
    sent = event_of(bucket=None, tenant="shop")
    event = way(sent, {**header, "Authorization": f"Bearer {valid}"})

    assert sent_to(keyed, event) == "key_published"
    assert "change the key" in str(keyed.send(event))
    assert keyed.store.events("shop-private") == []


@pytest.mark.parametrize("way", [by_post, by_http_post, by_defaults, by_batch])
def test_a_secret_key_is_not_asked_for_an_origin(
    keyed: Tracker, way: Callable[..., dict[str, Any]]
) -> None:
    """In the body of a server's request, which no log keeps, it may stand too."""
    sent = event_of(bucket=None, tenant="shop", writeKey=SECRET)

    assert sent_to(keyed, way(sent, {})) is None


@pytest.mark.parametrize("key", [SECRET, WRONG])
def test_a_secret_key_in_a_query_is_refused_with_the_advice_to_change_it(
    keyed: Tracker, key: str
) -> None:
    """A query stands in logs and histories."""
    event = by_pixel(event_of(bucket=None, tenant="shop", writeKey=key), {})

    assert sent_to(keyed, event) == "key_in_query"
    assert "change the key" in keyed.send(event)["headers"]["X-Tracker-Rejected"]
    assert keyed.store.events("shop-private") == []


def test_a_secret_key_in_the_header_of_a_pixel_is_a_servers(keyed: Tracker) -> None:
    event = by_pixel(
        event_of(bucket=None, tenant="closed"), {"Authorization": f"Bearer {SECRET}"}
    )

    assert sent_to(keyed, event) is None


@everyway
@pytest.mark.parametrize("key", [None, PUBLIC, SECRET, "anything", ""])
@pytest.mark.parametrize("named", [{"tenant": "blog"}, {"bucket": "website-analytics"}])
def test_a_key_that_nobody_asked_for_is_dropped(
    keyed: Tracker,
    way: Callable[..., dict[str, Any]],
    key: str | None,
    named: dict[str, str],
) -> None:
    sent = event_of(**{"bucket": None, "writeKey": key, **named})
    headers = {"Authorization": f"Bearer {key}"}

    assert sent_to(keyed, way(sent, headers)) is None
    (event,) = keyed.store.events("blog-private") + keyed.store.events()
    assert event["metadata"] is None


def test_a_tracker_without_keys_takes_what_is_sent_as_one(tracker: Tracker) -> None:
    assert sent_to(tracker, rest(event_of(writeKey=[1]))) is None
    assert tracker.store.events()[0]["metadata"] is None


@pytest.mark.parametrize("key", [7, True, [PUBLIC], {"key": PUBLIC}, 0])
def test_a_key_that_is_no_text_is_refused(keyed: Tracker, key: object) -> None:
    sent = event_of(bucket=None, tenant="shop", writeKey=key)

    assert sent_to(keyed, rest(sent)) == "string_expected"
    assert keyed.answer(rest(sent))[1]["error"] == "Invalid field: writeKey"


def test_who_sends_no_key_is_told_how(keyed: Tracker) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2 asks for the header."""
    reply = keyed.send(rest(event_of(bucket=None, tenant="shop")))

    assert (reply["statusCode"], reply["headers"]["WWW-Authenticate"]) == (
        401,
        "Bearer",
    )
    assert json.loads(reply["body"])["error"] == "Unauthorized"


def test_each_event_of_a_batch_is_judged_alone(keyed: Tracker) -> None:
    """One of its own counts before the batch's, and `null` takes that away."""
    shop = {"tenant": "shop"}
    events = [
        shop,
        {**shop, "writeKey": OTHER},
        {**shop, "writeKey": NEXT},
        {**shop, "writeKey": None},
        {"tenant": "blog"},
        {"tenant": "closed"},
        {"tenant": "closed", "writeKey": SECRET},
    ]

    status, answer = keyed.send_events(
        events,
        writeKey=PUBLIC,
        eventType="x",
        timestamp="2026-03-04T12:00:00Z",
    )

    assert (status, answer["accepted"]) == (200, 4)
    assert [(each["index"], each["status"]) for each in answer["rejected"]] == [
        (1, 403),
        (3, 401),
        (5, 403),
    ]
    assert len(keyed.store.events("shop-private")) == 2


def test_a_preflight_lets_no_page_send_the_header(keyed: Tracker) -> None:
    """It is for servers; a page has its key in the body, where no preflight is."""
    reply = keyed.send(rest(method="OPTIONS", headers={"Origin": ORIGIN}))

    allowed = reply["headers"]["Access-Control-Allow-Headers"]
    assert allowed == "Content-Type, Content-Encoding"


@pytest.mark.parametrize("name", ["writeKey", "writekey", "WriteKey", "WRITEKEY"])
@pytest.mark.parametrize("way", [by_post, by_batch, by_pixel])
def test_no_key_is_stored_however_its_name_is_written(
    keyed: Tracker, way: Callable[..., dict[str, Any]], name: str
) -> None:
    keyed.send(way({**event_of(), name: PUBLIC, "plan": "pro"}, {}))

    (event,) = keyed.store.events()
    assert event["metadata"] == '{"plan":"pro"}'


CANARIES = {
    "public": PUBLIC,
    "secret": SECRET,
    "wrong": OTHER,
    "wrong secret": WRONG,
    "no key": "canary-1f0c",
}


@pytest.mark.parametrize("key", CANARIES.values(), ids=CANARIES)
@pytest.mark.parametrize("way", [*WAYS, None])
@pytest.mark.parametrize(
    "weather",
    list(
        itertools.product(
            [False, True],
            [None, Fault.UNAVAILABLE, Fault.REFUSED, "error"],
            [None, Fault.UNAVAILABLE],
        )
    ),
)
def test_no_path_tells_a_key(
    key: str,
    way: Callable[..., dict[str, Any]] | None,
    weather: tuple[bool, Fault | str | None, Fault | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No line, metric, answer, message or object; `None` is the request's header."""
    buffered, store, queue = weather
    tracker = Tracker(KEYED._replace(buffered=buffered), queued=True)
    tracker.queue.faults = [queue]
    if isinstance(store, Fault):
        tracker.store.faults = {"shop-private": store, "put salts": store}
    elif store:

        def fail(*_: object, **__: object) -> None:
            raise ValueError(key)

        monkeypatch.setattr(tracker.store, "put", fail)
    sent = event_of(bucket=None, tenant="shop", writekey=key)
    if way is None:
        event = rest(sent, headers={"Authorization": f"Bearer {key}"})
    else:
        event = way({**sent, "writeKey": key}, {})

    reply = tracker.send(event)
    monkeypatch.undo()
    tracker.write()
    tracker.store.faults = {}
    tracker.write()

    told = "\n".join([*tracker.lines, str(reply)])
    assert key not in told
    kept = json.dumps([*tracker.queue.events(), *tracker.store.events("shop-private")])
    assert key not in kept
    in_query = way is by_pixel and key == SECRET
    if key in KEYS and not in_query and store is None:
        assert '"eventId"' in kept


@given(
    st.text(max_size=40)
    | st.from_regex(write_keys.FORM, fullmatch=True)
    | st.sampled_from([each + end for each in KEYS for end in ("", "\n", "0")])
)
def test_a_key_is_taken_if_and_only_if_it_is_one_of_the_tenants(key: str) -> None:
    tracker = Tracker(KEYED)
    sent = event_of(bucket=None, tenant="shop", writeKey=key)

    refused = sent_to(tracker, rest(json.dumps(sent).encode("utf-8", "replace")))

    assert (refused is None) == (key in KEYS)


@given(st.text(max_size=60))
def test_any_authorization_is_answered(value: str) -> None:
    tracker = Tracker(KEYED)
    sent = event_of(bucket=None, tenant="shop")

    refused = sent_to(tracker, rest(sent, headers={"Authorization": value}))

    assert refused in {"key_missing", "key_forbidden"}


def test_a_digest_is_that_of_the_environment() -> None:
    """128 bits of SHA-256 in base64, as the construct writes them."""
    text = base64.b64encode(write_keys.digest(PUBLIC)).decode().rstrip("=")
    entry = {"bucket": "shop-private", "keys": [text]}

    found = settings.read({settings.TENANTS: json.dumps({"shop": entry})})

    assert len(text) == 22
    assert found.tenants["shop"].keys == (write_keys.digest(PUBLIC),)


def test_digests_are_compared_with_each_key_in_a_time_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing ends early at the first that is the same or differs."""
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return one == other

    monkeypatch.setattr(write_keys, "compare_digest", compare)
    tracker = Tracker(KEYED)

    assert (
        sent_to(tracker, rest(event_of(bucket=None, tenant="shop", writeKey=PUBLIC)))
        is None
    )
    assert compared == [write_keys.digest(key) for key in KEYS]


def test_a_tracker_without_keys_does_not_load_what_checks_them() -> None:
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from handler import access, settings\n"
        "access.allow_destination(settings.Settings())\n"
        "sys.exit('handler.write_keys' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

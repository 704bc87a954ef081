"""Addresses, salts and the wish not to be followed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from handler.app import make_app
from handler.mac import Mac
from handler.privacy import hash_address
from handler.storage import Fault

from .conftest import SETTINGS, Tracker
from .fakes import ADDRESS, USER_AGENT, Context, event_of, http, rest

DAY = 86_400


def salts_of(tracker: Tracker) -> dict[str, bytes]:
    return {
        key: body
        for (bucket, key), body in tracker.store.objects.items()
        if bucket == "salts"
    }


def last_ip(tracker: Tracker) -> Any:
    tracker.send(rest(event_of()))
    return tracker.store.events()[-1]["ip"]


@pytest.mark.parametrize("gateway", [rest, http])
def test_an_address_is_stored_as_a_keyed_hash(
    tracker: Tracker, gateway: Callable[..., dict[str, Any]]
) -> None:
    """The first 16 hex digits of HMAC-SHA-256 under the day's salt."""
    tracker.send(gateway(event_of()))

    (salt,) = salts_of(tracker).values()
    expected = hmac.new(salt, ADDRESS.encode(), hashlib.sha256).hexdigest()[:16]
    assert tracker.store.events()[0]["ip"] == expected


def test_two_instances_of_the_function_agree(tracker: Tracker) -> None:
    lines: list[str] = []
    other = make_app(
        SETTINGS,
        tracker.store,
        now=tracker.clock.now,
        monotonic=tracker.clock.monotonic,
        emit=lines.append,
    )

    tracker.send(rest(event_of()))
    other(rest(event_of()), Context())

    first, second = tracker.store.events()
    assert first["ip"] == second["ip"]
    assert len(salts_of(tracker)) == 1
    assert json.loads(lines[-1])["FunctionName"] == "analytics-tracker"


def test_the_owner_of_the_salts_is_named_wherever_they_are_kept(
    tracker: Tracker,
) -> None:
    tracker.store.uncertain = True
    tracker.store.objects["salts", "salts/2026-03-04"] = b"x" * 32

    last_ip(tracker)

    asked = [
        (verb, options["owner"])
        for verb, bucket, _, options in tracker.store.calls
        if bucket == "salts"
    ]
    verbs = ["put", *["delete"] * 7, "get"]
    assert asked == [(verb, "111111111111") for verb in verbs]
    deadlines = {call[3]["deadline"] for call in tracker.store.calls[:-1]}
    assert deadlines == {tracker.clock.uptime + 8.5 * 0.3}
    (put,) = tracker.store.puts("salts")
    assert put["content_type"] == "application/octet-stream"


def test_the_same_address_differs_from_day_to_day(tracker: Tracker) -> None:
    today = last_ip(tracker)
    tracker.clock.advance(DAY)

    assert last_ip(tracker) != today


def test_a_salt_does_not_outlive_its_day_where_no_new_one_is_to_be_had(
    tracker: Tracker,
) -> None:
    assert last_ip(tracker) is not None
    tracker.clock.advance(DAY)
    tracker.store.faults["salts"] = Fault.UNAVAILABLE

    assert last_ip(tracker) is None


def test_a_day_has_one_salt_asked_for_once(tracker: Tracker) -> None:
    for _ in range(3):
        last_ip(tracker)

    asked = [call for call in tracker.store.calls if call[:2] == ("put", "salts")]
    assert len(asked) == 1


def test_salts_older_than_yesterdays_are_destroyed(tracker: Tracker) -> None:
    """Whoever makes a day's salt removes them, also after a quiet week."""
    for _ in range(3):
        last_ip(tracker)
        tracker.clock.advance(DAY)
    assert list(salts_of(tracker)) == ["salts/2026-03-05", "salts/2026-03-06"]

    tracker.clock.advance(5 * DAY)
    last_ip(tracker)

    assert list(salts_of(tracker)) == ["salts/2026-03-12"]


def test_near_midnight_yesterdays_salt_is_still_read(tracker: Tracker) -> None:
    """An instance whose clock is behind finds the salt of its day."""
    tracker.clock.at = datetime(2026, 3, 4, 23, 59, 59, tzinfo=timezone.utc).timestamp()
    before = last_ip(tracker)
    tracker.clock.advance(2)
    last_ip(tracker)
    tracker.clock.advance(-2)

    assert last_ip(tracker) == before


@pytest.mark.parametrize("verb", ["put", "get"])
def test_without_a_salt_there_is_no_ip_and_the_event_is_kept(
    tracker: Tracker, verb: str
) -> None:
    tracker.store.objects["salts", "salts/2026-03-04"] = b"x" * 32
    tracker.store.faults[f"{verb} salts"] = Fault.UNAVAILABLE

    assert last_ip(tracker) is None

    (line,) = tracker.log
    assert (line["message"], line["what"]) == ("storage fault", "salt")
    assert line["detail"] == "unavailable: scripted"
    assert {"MissingSalts", "StorageFaults"} <= {
        name for document in tracker.metrics for name in document
    }


def test_a_salt_that_is_no_salt_is_not_used(tracker: Tracker) -> None:
    tracker.store.objects["salts", "salts/2026-03-04"] = b""

    assert last_ip(tracker) is None
    assert [line["detail"] for line in tracker.log] == [
        "unavailable: salt of the wrong length"
    ]


def test_after_a_fault_the_salt_is_asked_for_again_in_a_while(
    tracker: Tracker,
) -> None:
    tracker.store.faults["salts"] = Fault.UNAVAILABLE
    assert last_ip(tracker) is None
    tracker.store.faults.clear()
    assert last_ip(tracker) is None
    tracker.clock.advance(29)
    assert last_ip(tracker) is None
    tracker.clock.advance(1)

    assert last_ip(tracker) is not None


@pytest.mark.parametrize("by", [30, -1])
def test_the_while_is_over_when_only_the_worlds_clock_says_so(
    tracker: Tracker, by: int
) -> None:
    """The other one may stand still while Lambda has frozen the machine."""
    tracker.store.faults["salts"] = Fault.UNAVAILABLE
    assert last_ip(tracker) is None
    tracker.store.faults.clear()
    tracker.clock.at += by

    assert last_ip(tracker) is not None


def test_a_new_day_does_not_wait_for_yesterdays_fault(tracker: Tracker) -> None:
    tracker.clock.at = datetime(2026, 3, 4, 23, 59, 55, tzinfo=timezone.utc).timestamp()
    tracker.store.faults["salts"] = Fault.UNAVAILABLE
    assert last_ip(tracker) is None
    tracker.store.faults.clear()
    tracker.clock.advance(10)

    assert last_ip(tracker) is not None


def test_a_salt_whose_answer_was_lost_still_sweeps_the_old_ones(
    tracker: Tracker,
) -> None:
    """It may be our own, and then nobody else will."""
    tracker.store.objects["salts", "salts/2026-03-02"] = b"old"
    tracker.store.objects["salts", "salts/2026-03-04"] = b"x" * 32
    tracker.store.uncertain = True

    assert last_ip(tracker) is not None

    assert list(salts_of(tracker)) == ["salts/2026-03-04"]


def test_a_salt_takes_a_third_of_the_time_at_most(tracker: Tracker) -> None:
    tracker.send(rest(event_of()), Context(milliseconds=10_500))

    deadline = tracker.store.calls[0][3]["deadline"]
    assert deadline == tracker.clock.uptime + 3.0


def test_a_sweep_that_fails_costs_nothing_but_a_line(tracker: Tracker) -> None:
    tracker.store.faults["delete salts"] = Fault.REFUSED

    assert last_ip(tracker) is not None
    assert tracker.log[0]["detail"] == "refused: scripted"


def test_without_a_salt_bucket_there_is_no_ip(
    tracker_with: Callable[..., Tracker],
) -> None:
    assert last_ip(tracker_with(salt_bucket=None)) is None


def test_without_an_address_there_is_no_ip_and_no_fault(tracker: Tracker) -> None:
    event = rest(event_of())
    event["requestContext"] = {}

    tracker.send(event)

    assert tracker.store.events()[0]["ip"] is None
    assert tracker.log == []


def test_an_address_that_is_no_text_is_hashed_all_the_same() -> None:
    assert re.fullmatch("[0-9a-f]{16}", hash_address("\ud800", Mac(b"x" * 32)))


def test_forwarding_headers_are_not_believed(tracker: Tracker) -> None:
    forged = {
        "X-Forwarded-For": "198.51.100.1",
        "Forwarded": "for=198.51.100.1",
        "CloudFront-Viewer-Address": "198.51.100.1:4711",
        "X-Real-IP": "198.51.100.1",
    }
    tracker.send(rest(event_of(eventId="honest-01")))
    tracker.send(rest(event_of(eventId="forged-01"), headers=forged))

    honest, forged_event = tracker.store.events()
    assert honest["ip"] == forged_event["ip"]


@pytest.mark.parametrize("name", ["ip", "IP", "device", "location", "serverTimestamp"])
def test_what_only_the_server_may_say_is_dropped(tracker: Tracker, name: str) -> None:
    """It is not kept in the metadata either: an address there would be at rest."""
    tracker.send(rest(event_of(**{name: ADDRESS})))

    (event,) = tracker.store.events()
    assert event["metadata"] is None
    assert ADDRESS not in str(event)


@pytest.mark.parametrize(
    ("header", "value"),
    [("Sec-GPC", "1"), ("DNT", "1"), ("sec-gpc", " 1 "), ("Sec-GPC", "1,1")],
)
def test_a_signal_keeps_the_event_and_forgets_the_sender(
    tracker: Tracker, header: str, value: str
) -> None:
    """Also one that came twice, which API Gateway joins by a comma."""
    sent = event_of(sessionId="s-1", userAgent=USER_AGENT, page="/")

    tracker.send(rest(sent, headers={header: value}))

    (event,) = tracker.store.events()
    assert (event["ip"], event["sessionId"], event["userAgent"]) == (None, None, None)
    assert event["page"] == "/"
    assert event["device"]["browser"] == "Chrome"
    assert salts_of(tracker) == {}


def test_a_signal_that_says_no_changes_nothing(tracker: Tracker) -> None:
    tracker.send(rest(event_of(sessionId="s-1"), headers={"DNT": "0"}))

    assert tracker.store.events()[0]["sessionId"] == "s-1"


def test_signals_can_be_left_unheard(tracker_with: Callable[..., Tracker]) -> None:
    tracker = tracker_with(honor_privacy_signals=False)

    tracker.send(rest(event_of(sessionId="s-1"), headers={"Sec-GPC": "1"}))

    assert tracker.store.events()[0]["sessionId"] == "s-1"


@pytest.mark.parametrize(
    "body",
    [
        event_of(),
        event_of(bucket="evil-bucket"),
        event_of(timestamp="never"),
        "{",
        "canary-body",
    ],
)
@pytest.mark.parametrize("fault", [None, Fault.UNAVAILABLE, Fault.REFUSED])
def test_no_log_line_or_answer_holds_an_address_a_user_agent_or_a_body(
    tracker: Tracker, body: Any, fault: Fault | None
) -> None:
    if fault:
        tracker.store.faults["website-analytics"] = fault
        tracker.store.faults["salts"] = fault
    if isinstance(body, dict):
        body = {**body, "page": "canary-body"}

    reply = tracker.send(rest(body))

    told = "\n".join([*tracker.lines, str(reply)])
    assert ADDRESS not in told
    assert USER_AGENT not in told
    assert "canary-body" not in told

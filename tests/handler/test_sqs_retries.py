"""The SQS queue tries again, in time, and believes no answer but a right one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.storage import Fault, StorageError

from .s3_rig import fails
from .scripted_s3 import Step, drip, reset, send, stay_silent
from .scripted_sqs import (
    answer,
    error,
    take,
    take_and_fail,
    take_and_hang_up,
    take_and_reset,
    take_something_else,
)
from .sqs_rig import BODY, Rig, running


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running() as it:
        yield it


PASSING = [
    (error(400, "RequestThrottled"), "400 RequestThrottled"),
    (
        error(400, "ThrottlingException", namespace="com.amazon.coral.availability#"),
        "400 ThrottlingException",
    ),
    (error(400, "Throttling"), "400 Throttling"),
    (error(403, "OverLimit"), "403 OverLimit"),
    (error(400, "KmsThrottled"), "400 KmsThrottled"),
    (error(400, "RequestTimeout"), "400 RequestTimeout"),
    (answer(408, {}, close=True), "408"),
    (answer(429, {}), "429"),
    (error(500, "InternalFailure"), "500 InternalFailure"),
    (answer(502, {}), "502"),
    (error(503, "ServiceUnavailable"), "503 ServiceUnavailable"),
    (send(b"HTTP/1.1 503 A\r\ncontent-length: 6\r\n\r\n<html>"), "503"),
    (take_something_else, "200 MD5Mismatch"),
    (answer(200, {"MessageId": "5fea7756"}), "200 MD5Mismatch"),
    (send(b"HTTP/1.1 200 A\r\ncontent-length: 0\r\n\r\n"), "200 MD5Mismatch"),
    (
        send(b"HTTP/1.1 200 A\r\ncontent-length: 99999\r\n\r\n" + b"[" * 99999),
        "200 MD5Mismatch",
    ),
    (send(b"HTTP/1.1 200 A\r\ncontent-length: 2\r\n\r\n\xff\xff"), "200 MD5Mismatch"),
    (reset, "reset"),
    (send(b"garbage\r\n\r\n"), "malformed answer"),
    (send(b"HTTP/1.1 200 A\r\ncontent-length: 99\r\n\r\n{", keep=False), "reset"),
]


@pytest.mark.parametrize(("fault", "detail"), PASSING)
def test_tries_again_after_a_passing_fault(rig: Rig, fault: Step, detail: str) -> None:
    rig.script(fault)

    rig.send()

    assert rig.server.messages[-1] == BODY
    assert len(rig.server.requests) == 2, detail
    assert rig.clock.pauses == pytest.approx([0.1])


@pytest.mark.parametrize(("fault", "detail"), PASSING)
def test_gives_up_after_three_attempts(rig: Rig, fault: Step, detail: str) -> None:
    rig.script(*[fault] * 9)

    assert fails(rig.send) == (Fault.UNAVAILABLE, detail)
    assert len(rig.server.requests) == 3
    assert rig.clock.pauses == pytest.approx([0.1, 0.2])


STEPS = [
    *(step for step, _ in PASSING),
    *(take, take_and_reset, take_and_fail, take_and_hang_up),
    *(error(400, "QueueDoesNotExist"), error(403, "AccessDenied")),
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(STEPS), max_size=5), min_size=1, max_size=4))
def test_whatever_happens_success_means_that_the_queue_has_it(
    scripts: list[list[Step]],
) -> None:
    with running() as rig:
        for number, script in enumerate(scripts):
            rig.script(*script)
            try:
                rig.send(f"{BODY}{number}")
            except StorageError:
                continue
            assert f"{BODY}{number}" in rig.server.messages


@pytest.mark.parametrize("fault", [take_and_reset, take_and_fail])
def test_what_may_have_been_taken_is_sent_again(rig: Rig, fault: Step) -> None:
    """Twice does no harm; not at all does."""
    rig.script(fault)

    rig.send()

    assert rig.server.messages == [BODY, BODY]


def test_a_connection_that_dies_as_it_is_used_is_replaced_at_once(rig: Rig) -> None:
    rig.script(take, reset, error(500, "A"), error(500, "A"))
    rig.send("first")

    rig.send()

    assert rig.server.messages == ["first", BODY]
    assert rig.clock.pauses == pytest.approx([0.1, 0.2])
    assert len(rig.server.requests) == 5


def test_a_connection_closed_while_idle_costs_nothing(rig: Rig) -> None:
    rig.script(take_and_hang_up)
    rig.send()
    time.sleep(0.1)

    rig.send()

    assert len(rig.server.requests) == 2
    assert rig.server.connections == 2
    assert rig.clock.pauses == []


@pytest.mark.parametrize(
    "slow",
    [stay_silent, drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b"a" * 99)],
)
def test_keeps_the_deadline_where_the_server_does_not(rig: Rig, slow: Step) -> None:
    rig.script(*[slow] * 9)
    start = rig.clock.monotonic()

    found = fails(lambda: rig.send(seconds=0.8))

    assert found == (Fault.UNAVAILABLE, "silence")
    assert rig.clock.monotonic() - start < 0.9


def test_silence_leaves_time_for_another_attempt(rig: Rig) -> None:
    rig.script(stay_silent)

    rig.send(seconds=1)

    assert rig.server.messages == [BODY]


@pytest.mark.parametrize("seconds", [-1, 0, 0.09])
def test_begins_nothing_that_it_cannot_finish(rig: Rig, seconds: float) -> None:
    found = fails(lambda: rig.send(seconds=seconds))

    assert found == (Fault.UNAVAILABLE, "no time left")
    assert rig.server.connections == 0


def test_deadlines_are_told_by_the_clock_that_was_given(rig: Rig) -> None:
    rig.clock.ahead = -1000

    rig.send()

    assert rig.server.messages == [BODY]


def test_no_server_at_all_is_a_fault_like_others(rig: Rig) -> None:
    rig.server.close()

    assert fails(rig.send) == (Fault.UNAVAILABLE, "no connection")


def server_time(**shift: float) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(**shift), usegmt=True)


UNTIMELY = ["InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"]


@pytest.mark.parametrize("code", UNTIMELY)
@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("ahead", [-7200, -300, 300, 7200])
def test_learns_the_servers_time(
    rig: Rig, code: str, status: int, ahead: float
) -> None:
    rig.clock.wall_ahead = ahead
    coral = "com.amazon.coral.service#"
    rig.script(error(status, code, namespace=coral, date=server_time()))

    rig.send()
    rig.send("next")

    now = datetime.now(timezone.utc)
    wrong, *right = rig.times
    assert abs(now + timedelta(seconds=ahead) - wrong) < timedelta(seconds=10)
    assert all(abs(now - time) < timedelta(seconds=10) for time in right)
    assert rig.server.messages == [BODY, "next"]
    assert rig.clock.pauses == []


@pytest.mark.parametrize("code", UNTIMELY)
@pytest.mark.parametrize("seconds", [-180, 0, 180])
def test_a_wrong_signature_is_no_wrong_clock(
    rig: Rig, code: str, seconds: float
) -> None:
    """A few minutes are allowed, so they cannot be what the request is refused for."""
    rig.script(error(403, code, date=server_time(seconds=seconds)))

    assert fails(rig.send) == (Fault.REFUSED, f"403 {code}")
    assert len(rig.server.requests) == 1
    rig.send()
    assert abs(rig.times[1] - rig.times[0]) < timedelta(seconds=10)


def test_learns_the_time_only_once_a_message(rig: Rig) -> None:
    dates = [server_time(hours=hours) for hours in (3, 6, 9, 12)]
    rig.script(*[error(403, "RequestExpired", date=date) for date in dates])

    assert fails(rig.send) == (Fault.REFUSED, "403 RequestExpired")
    assert len(rig.server.requests) == 2


def test_unlearns_the_time_when_our_own_clock_has_been_put_right(rig: Rig) -> None:
    rig.clock.wall_ahead = -7200
    rig.script(error(403, "RequestExpired", date=server_time()))
    rig.send()
    rig.clock.wall_ahead = 0
    rig.script(error(403, "RequestExpired", date=server_time()))

    rig.send()

    assert abs(rig.times[-1] - datetime.now(timezone.utc)) < timedelta(seconds=10)


def test_another_refusal_teaches_no_time(rig: Rig) -> None:
    rig.script(error(403, "AccessDenied", date=server_time(hours=3)))

    assert fails(rig.send) == (Fault.REFUSED, "403 AccessDenied")
    rig.send()
    assert rig.times[1] - rig.times[0] < timedelta(seconds=10)


@pytest.mark.parametrize("date", [None, "today", ""])
def test_a_refused_time_without_a_date_is_a_refusal(rig: Rig, date: str | None) -> None:
    rig.script(error(403, "RequestExpired", date=date))

    assert fails(rig.send) == (Fault.REFUSED, "403 RequestExpired")

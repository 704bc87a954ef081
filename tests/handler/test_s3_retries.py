"""The S3 store tries again, in time, and tells what may have happened."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.calls import Caller
from handler.endpoints import Endpoints
from handler.http1 import ExchangeError, Response
from handler.pool import Origin, Pool
from handler.s3 import S3Store
from handler.sigv4 import Credentials
from handler.storage import Fault, Outcome, Put, StorageError
from handler.tls import Trust

from .s3_rig import (
    BODY,
    STORED,
    Rig,
    fails,
    running,
)
from .scripted_s3 import (
    ScriptedS3,
    ShiftedClock,
    Step,
    answer,
    drip,
    obey,
    obey_and_fail,
    obey_and_hang_up,
    obey_and_reset,
    refuse_at_once,
    reset,
    send,
    stay_silent,
)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running() as it:
        yield it


@pytest.mark.parametrize(
    ("first", "pauses"),
    [
        (answer(409, "ConditionalRequestConflict"), 1),
        (answer(500, "InternalError"), 1),
        (answer(503, "SlowDown"), 1),
        (answer(502), 1),
        (answer(429), 1),
        (answer(408), 1),
        (answer(400, "RequestTimeout", close=True), 1),
        (answer(400, "SlowDown"), 1),
        (answer(307, "TemporaryRedirect"), 1),
        (reset, 1),
        (send(b"garbage\r\n\r\n"), 1),
        (send(b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 200 A\r\n", keep=False), 1),
    ],
)
def test_tries_again_after_a_passing_fault(rig: Rig, first: Step, pauses: int) -> None:
    rig.script(first)

    assert rig.put().outcome is Outcome.STORED
    assert rig.bodies == [BODY, BODY]
    assert len(rig.clock.pauses) == pauses


@pytest.mark.parametrize(
    ("first", "uncertain"),
    [
        (reset, True),
        (obey_and_reset, True),
        (send(b"garbage\r\n\r\n"), True),
        (answer(500, "InternalError"), True),
        (answer(504), True),
        (answer(503, "SlowDown"), False),
        (answer(429), False),
        (answer(409, "ConditionalRequestConflict"), False),
        (answer(400, "RequestTimeout"), False),
    ],
)
def test_tells_whether_an_earlier_attempt_may_have_written(
    rig: Rig, first: Step, *, uncertain: bool
) -> None:
    rig.script(first, answer(412, "PreconditionFailed"))

    assert rig.put() == Put(Outcome.EXISTED, uncertain)


@pytest.mark.parametrize(
    ("first", "last", "fault"),
    [
        (reset, answer(403, "AccessDenied"), Fault.REFUSED),
        (answer(500), answer(403, "AccessDenied"), Fault.REFUSED),
        (reset, answer(503, "SlowDown"), Fault.UNAVAILABLE),
    ],
)
def test_a_failure_tells_what_an_earlier_attempt_may_have_written(
    rig: Rig, first: Step, last: Step, fault: Fault
) -> None:
    """And is sure of it where no attempt can have."""
    rig.script(first, last, last)
    with pytest.raises(StorageError) as doubtful:
        rig.put()
    rig.script(last, last, last)
    with pytest.raises(StorageError) as certain:
        rig.put()

    assert (doubtful.value.fault, doubtful.value.uncertain) == (fault, True)
    assert (certain.value.fault, certain.value.uncertain) == (fault, False)


def test_what_an_attempt_may_have_written_no_later_failure_undoes(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt between did not even reach the server."""
    exchange, attempts = rig.store.pool.exchange, itertools.count(1)

    def fail_second(origin: Origin, request: bytes, **options: Any) -> Response:
        if next(attempts) == 2:
            raise ExchangeError("no connection", sent=False)
        return exchange(origin, request, **options)

    monkeypatch.setattr(rig.store.pool, "exchange", fail_second)
    rig.script(answer(500), answer(412, "PreconditionFailed"))

    assert rig.put() == Put(Outcome.EXISTED, uncertain=True)


def test_a_write_whose_answer_was_lost_is_found_again(rig: Rig) -> None:
    rig.script(obey_and_reset)

    assert rig.put() == Put(Outcome.EXISTED, uncertain=True)
    assert list(rig.server.objects.values()) == [BODY]


PASSING = [
    obey,
    obey_and_hang_up,
    obey_and_fail,
    obey_and_reset,
    reset,
    refuse_at_once,
    answer(409, "ConditionalRequestConflict"),
    answer(503, "SlowDown"),
    answer(301, headers={"x-amz-bucket-region": "ap-south-1"}),
    send(b"garbage\r\n\r\n"),
    send(b"HTTP/1.1 200 OK\r\nContent-Le", keep=False),
]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PASSING), max_size=5), min_size=1, max_size=4))
def test_whatever_happens_success_means_stored_once(scripts: list[list[Step]]) -> None:
    """A new key that "existed" can only be our own write, and is said to be so."""
    with running() as rig:
        for number, script in enumerate(scripts):
            rig.script(*script)
            try:
                put = rig.put(key=f"key-{number}")
            except StorageError:
                continue
            assert rig.server.objects[f"/b-1/key-{number}"] == BODY
            assert put.uncertain or put.outcome is Outcome.STORED
        assert set(rig.bodies) <= {BODY, b""}


@pytest.mark.parametrize(
    ("always", "detail"),
    [
        (answer(503, "SlowDown"), "503 SlowDown"),
        (answer(500), "500"),
        (answer(409, "ConditionalRequestConflict"), "409 ConditionalRequestConflict"),
        (answer(429), "429"),
        (reset, "reset"),
        (send(b"garbage\r\n\r\n"), "malformed answer"),
    ],
)
def test_gives_up_after_three_attempts(rig: Rig, always: Step, detail: str) -> None:
    rig.script(*[always] * 9)

    assert fails(rig.put) == (Fault.UNAVAILABLE, detail)
    assert rig.bodies == [BODY] * 3
    assert rig.clock.pauses == pytest.approx([0.1, 0.2])


def test_survives_being_frozen_for_an_hour(rig: Rig) -> None:
    """The server is long gone, but the news of it has not come in yet."""
    rig.put(key="a")
    rig.clock.wall_ahead += 3600
    rig.script(answer(200))

    assert rig.put(key="b") == STORED
    assert rig.server.connections == 2
    assert rig.clock.pauses == []


def test_a_connection_that_dies_as_it_is_used_is_replaced_at_once(rig: Rig) -> None:
    """It was open when it was looked at; the write's fate is not known."""
    rig.script(answer(200), reset)
    rig.put(key="a")

    assert rig.put(key="b") == Put(Outcome.STORED, uncertain=True)
    assert rig.server.connections == 2
    assert rig.clock.pauses == []


def test_a_connection_closed_while_idle_costs_nothing(rig: Rig) -> None:
    rig.script(obey_and_hang_up)
    rig.put(key="a")
    time.sleep(0.1)

    assert rig.put(key="b") == STORED
    assert len(rig.server.requests) == 2


def test_replacing_a_dead_connection_is_not_one_of_the_attempts(rig: Rig) -> None:
    rig.script(answer(200), reset, answer(500), answer(500))
    rig.put(key="a")

    assert rig.put(key="b") == Put(Outcome.STORED, uncertain=True)
    assert len(rig.server.requests) == 5


@pytest.mark.parametrize(
    "slow",
    [stay_silent, drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b"a" * 99)],
)
def test_keeps_the_deadline_where_the_server_does_not(rig: Rig, slow: Step) -> None:
    rig.script(*[slow] * 9)
    start = rig.clock.monotonic()

    assert fails(lambda: rig.put(seconds=0.8)) == (Fault.UNAVAILABLE, "silence")
    assert rig.clock.monotonic() - start < 0.9


def test_silence_leaves_time_for_another_attempt(rig: Rig) -> None:
    rig.script(stay_silent)

    assert rig.put(seconds=1) == Put(Outcome.STORED, uncertain=True)


def test_the_last_attempt_has_all_the_time_that_is_left(rig: Rig) -> None:
    slow = drip(b"HTTP/1.1 204 A\r\n\r\n", seconds=0.02)
    rig.script(answer(500), answer(500), slow)

    assert rig.put(seconds=0.9).outcome is Outcome.STORED


@pytest.mark.parametrize("seconds", [-1, 0, 0.09])
def test_begins_nothing_that_it_cannot_finish(rig: Rig, seconds: float) -> None:
    found = fails(lambda: rig.put(seconds=seconds))

    assert found == (Fault.UNAVAILABLE, "no time left")
    assert rig.server.connections == 0


def test_does_not_pause_beyond_the_deadline(rig: Rig) -> None:
    rig.script(*[answer(503, "SlowDown")] * 9)

    found = fails(lambda: rig.put(seconds=0.35))

    assert found == (Fault.UNAVAILABLE, "503 SlowDown")
    assert rig.clock.pauses == pytest.approx([0.1])
    assert len(rig.server.requests) == 2


def test_an_attempt_may_take_half_of_the_time_and_the_last_all_of_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []

    def fail(*_: object, deadline: float, **__: object) -> None:
        limits.append(deadline - start)
        raise ExchangeError("silence", sent=True)

    monkeypatch.setattr(rig.store.pool, "exchange", fail)
    start = rig.clock.monotonic()

    assert fails(lambda: rig.put(seconds=4)) == (Fault.UNAVAILABLE, "silence")
    paused = 0.1
    assert limits == pytest.approx([2, paused + (4 - paused) / 2, 4], abs=0.04)


def test_deadlines_are_told_by_the_clock_that_was_given(rig: Rig) -> None:
    rig.clock.ahead = -1000

    assert rig.put() == STORED


def test_no_server_at_all_is_certain_not_to_have_written(rig: Rig) -> None:
    rig.server.close()

    assert fails(rig.put) == (Fault.UNAVAILABLE, "no connection")


def test_pauses_are_spread_at_random() -> None:
    clock = ShiftedClock()
    with ScriptedS3([answer(500)] * 40) as server:
        pool = Pool(Trust(), monotonic=clock.monotonic, wall=clock.wall)
        store = S3Store(
            Endpoints("eu-west-1", url=server.url),
            Caller(
                "s3",
                Credentials("id", "secret"),
                pool,
                monotonic=clock.monotonic,
                wall=clock.wall,
                sleep=clock.sleep,
            ),
        )
        for _ in range(10):
            with pytest.raises(StorageError):
                store.get("b-1", "k", deadline=clock.monotonic() + 5)
        pool.close()

    firsts, seconds = clock.pauses[::2], clock.pauses[1::2]
    assert all(0.05 <= pause <= 0.1 for pause in firsts)
    assert all(0.1 <= pause <= 0.2 for pause in seconds)
    assert len(set(firsts)) > 1


TOO_SKEWED = "RequestTimeTooSkewed"


def test_a_request_bears_the_second_it_is_made_in(rig: Rig) -> None:
    before = int(rig.clock.wall())
    rig.put()
    after = rig.clock.wall()

    date = rig.server.requests[0].headers["x-amz-date"]
    made = datetime.strptime(date, "%Y%m%dT%H%M%S%z").timestamp()
    assert before <= made <= after


def test_learns_the_servers_time(rig: Rig) -> None:
    rig.clock.wall_ahead = -7200
    now = datetime.now(timezone.utc)
    date = now.strftime("%a, %d %b %Y %H:%M:%S GMT")
    rig.script(answer(403, TOO_SKEWED, headers={"Date": date}))

    assert rig.put() == STORED
    rig.put(key="next")

    times = [
        datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
        for request in rig.server.requests
    ]
    assert now - times[0] > timedelta(minutes=119)
    assert all(abs(now - time) < timedelta(seconds=10) for time in times[1:])
    assert rig.clock.pauses == []


def test_learns_the_time_only_once_a_request(rig: Rig) -> None:
    date = "Fri, 31 Jan 2025 00:00:00 GMT"
    rig.script(*[answer(403, TOO_SKEWED, headers={"Date": date})] * 9)

    assert fails(rig.put) == (Fault.UNAVAILABLE, f"403 {TOO_SKEWED}")
    assert len(rig.server.requests) == 2


def test_a_time_that_is_known_already_is_not_what_was_wrong(rig: Rig) -> None:
    rig.clock.wall_ahead = -7200
    date = datetime.now(timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
    rig.script(answer(403, TOO_SKEWED, headers={"Date": date}))
    rig.put()
    rig.script(*[answer(403, TOO_SKEWED, headers={"Date": date})] * 2)

    assert fails(rig.put) == (Fault.UNAVAILABLE, f"403 {TOO_SKEWED}")
    assert len(rig.server.requests) == 3


@pytest.mark.parametrize("headers", [{}, {"Date": "today"}, {"Date": ""}])
def test_a_skew_without_a_date_is_our_own_fault(
    rig: Rig, headers: dict[str, str]
) -> None:
    """It says nothing of the bucket, so no client is told that it is not allowed."""
    rig.script(answer(403, TOO_SKEWED, headers=headers))

    assert fails(rig.put) == (Fault.UNAVAILABLE, f"403 {TOO_SKEWED}")

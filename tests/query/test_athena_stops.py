"""The engine for Athena looks until a query ends, and stops it if nobody waits."""

from __future__ import annotations

import threading

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from analytics_tracker_construct._query import athena_execution
from analytics_tracker_construct.query import (
    AthenaEngine,
    Progress,
    QueryCancelled,
    QueryError,
)

from .fakes import ID, FakeAthena, refusal
from .fakes import athena_engine as _engine

_LOST = EndpointConnectionError(endpoint_url="https://athena")
_THROTTLED = refusal("GetQueryExecution", "ThrottlingException", "Rate exceeded")


@pytest.mark.parametrize(
    "lost",
    [
        _LOST,
        ConnectTimeoutError(endpoint_url="https://athena"),
        _THROTTLED,
        refusal("GetQueryExecution", "InternalServerException", status=500),
    ],
)
def test_a_lost_look_is_no_lost_query(lost: Exception) -> None:
    athena = FakeAthena(["RUNNING", lost, lost, "RUNNING", lost, "SUCCEEDED"])

    assert _engine(athena).sql("SELECT 1").rows() == [(1,)]
    assert athena.stopped == []


@pytest.mark.parametrize("lost", [_LOST, _THROTTLED])
def test_a_query_that_cannot_be_seen_any_more_is_given_up(
    lost: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And stopped, if that comes through: nobody would read its answer."""
    monkeypatch.setattr(athena_execution, "_PATIENCE", 0.01)
    athena = FakeAthena(["RUNNING", lost])

    with pytest.raises(type(lost)):
        _engine(athena).sql("SELECT 1")

    assert athena.stopped == [ID]


def test_an_error_that_stays_is_raised_at_once() -> None:
    athena = FakeAthena([refusal("GetQueryExecution", "ExpiredTokenException")])

    with pytest.raises(ClientError, match="ExpiredToken"):
        _engine(athena).sql("SELECT 1")


def test_a_query_that_athena_does_not_take_is_not_stopped() -> None:
    athena = FakeAthena()
    wrong = refusal("StartQueryExecution", "InvalidRequestException", "line 1:1: SELEC")

    def refuse() -> None:
        raise wrong

    athena.on_start = refuse

    with pytest.raises(ClientError, match="SELEC"):
        _engine(athena).sql("SELEC 1")

    assert athena.stopped == []


def test_an_interrupt_stops_the_query() -> None:
    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    athena = FakeAthena(["RUNNING"])

    with pytest.raises(KeyboardInterrupt):
        _engine(athena, on_progress=interrupt).sql("SELECT 1")

    assert athena.stopped == [ID]


def test_an_interrupt_while_it_starts_stops_what_may_have_begun() -> None:
    """The same token names the query whose id did not arrive."""
    athena = FakeAthena(["RUNNING"])

    def interrupt() -> None:
        if len(athena.started) == 1:
            raise KeyboardInterrupt

    athena.on_start = interrupt

    with pytest.raises(KeyboardInterrupt):
        _engine(athena).sql("SELECT 1")

    first, second = athena.started
    assert first == second
    assert athena.stopped == [ID]


def _aside(engine: AthenaEngine) -> tuple[threading.Thread, list[BaseException]]:
    """Ask in a thread; return it and what it raises."""
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            engine.sql("SELECT 1")
        except QueryError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, raised


@pytest.mark.parametrize("end", ["cancel", "close"])
def test_another_thread_ends_what_runs(end: str) -> None:
    athena = FakeAthena(["RUNNING"])
    engine = _engine(athena)
    thread, raised = _aside(engine)
    assert athena.looked.wait(10)

    getattr(engine, end)()
    thread.join(10)

    assert athena.stopped == [ID]
    assert [type(error) for error in raised] == [QueryCancelled]
    assert not engine.cancel()


def test_a_query_that_is_being_started_is_stopped_too() -> None:
    """Its id comes while the other thread waits to cancel."""
    athena = FakeAthena(["RUNNING"])
    engine = _engine(athena)
    starting, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        starting.set()
        assert go_on.wait(10)

    athena.on_start = slow
    thread, raised = _aside(engine)
    assert starting.wait(10)
    ender = threading.Thread(target=engine.cancel)
    ender.start()
    go_on.set()
    ender.join(10)
    thread.join(10)

    assert athena.stopped == [ID]
    assert [type(error) for error in raised] == [QueryCancelled]

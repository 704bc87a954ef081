"""The engine for Athena looks until a query ends, and stops it if nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable

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

from .fakes import ID, FakeAthena, FakeS3, refusal
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

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread, raised


def _leave(engine: AthenaEngine) -> None:
    with engine:
        pass


@pytest.mark.parametrize("end", [AthenaEngine.cancel, AthenaEngine.close, _leave])
def test_another_thread_ends_what_runs(end: Callable[[AthenaEngine], object]) -> None:
    athena = FakeAthena(["RUNNING"])
    engine = _engine(athena)
    thread, raised = _aside(engine)
    assert athena.looked.wait(10)

    end(engine)
    thread.join(10)

    assert athena.stopped == [ID]
    assert [type(error) for error in raised] == [QueryCancelled]
    assert not engine.cancel()


def test_one_refused_stop_leaves_no_other_query_running() -> None:
    athena = FakeAthena(["RUNNING"])
    engine = _engine(athena)
    # Both have begun once each has been looked at.
    looks = threading.Semaphore(0)
    seen: set[int] = set()

    def look(_: Progress) -> None:
        if threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            looks.release()

    engine._on_progress = look
    asking = [_aside(engine) for _ in range(2)]
    for _ in asking:
        assert looks.acquire(timeout=10)
    stop = athena.stop_query_execution
    refusals = iter([refusal("StopQueryExecution", "AccessDeniedException")])

    def refuse_once(QueryExecutionId: str) -> dict[str, str]:  # noqa: N803  as Athena's
        for error in refusals:
            raise error
        return stop(QueryExecutionId)

    athena.stop_query_execution = refuse_once  # type: ignore[method-assign]  # a fault

    with pytest.raises(ClientError, match="AccessDenied"):
        engine.cancel()
    for thread, _ in asking:
        thread.join(10)

    assert [[type(error) for error in raised] for _, raised in asking] == (
        [[QueryCancelled]] * 2
    )
    assert ID in athena.stopped


def test_the_rows_that_are_left_are_not_read_after_a_cancel() -> None:
    body = b'"n"\n' + b'"1"\n' * 2500
    engine = _engine(s3=FakeS3(body))
    result = engine.sql("SELECT …")
    blocks = result.blocks()
    next(blocks)

    assert not engine.cancel()

    with pytest.raises(QueryCancelled, match="while its rows were read"):
        next(blocks)
    assert len(engine.sql("SELECT …").rows()) == 2500


def test_a_closed_engine_leaves_its_results_to_be_read() -> None:
    with _engine() as engine:
        result = engine.sql("SELECT 1")

    assert result.rows() == [(1,)]


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

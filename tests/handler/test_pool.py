"""Connections are kept, few of them, and dropped where they may be dead."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest
import trustme

from handler import pool as pool_module
from handler.http1 import ExchangeError, Response
from handler.pool import Origin, Pool
from handler.tls import Trust

from .scripted_s3 import (
    ScriptedS3,
    ShiftedClock,
    answer,
    obey_and_hang_up,
    send,
    stay_silent,
)

REQUEST = b"GET /key HTTP/1.1\r\nhost: a\r\n\r\n"


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def pool(clock: ShiftedClock) -> Iterator[Pool]:
    kept = Pool(Trust(), monotonic=clock.monotonic, wall=clock.wall)
    yield kept
    kept.close()


@pytest.fixture
def server() -> Iterator[ScriptedS3]:
    with ScriptedS3() as running:
        yield running


def ask(
    pool: Pool,
    clock: ShiftedClock,
    server: ScriptedS3,
    *,
    host: str = "127.0.0.1",
    seconds: float = 5,
) -> Response:
    origin = Origin(server.tls is not None, host, server.port)
    deadline = clock.monotonic() + seconds
    return pool.exchange(origin, REQUEST, method="GET", deadline=deadline)


def test_one_connection_serves_many_requests(
    pool: Pool, clock: ShiftedClock, server: ScriptedS3
) -> None:
    for _ in range(5):
        assert ask(pool, clock, server).status == 404

    assert server.connections == 1


def test_a_connection_that_the_server_closes_is_not_used_again(
    pool: Pool, clock: ShiftedClock, server: ScriptedS3
) -> None:
    server.steps = [answer(200, close=True)]

    ask(pool, clock, server)
    ask(pool, clock, server)

    assert server.connections == 2


def test_a_connection_that_was_closed_while_idle_is_not_used_again(
    pool: Pool, clock: ShiftedClock, server: ScriptedS3
) -> None:
    server.steps = [obey_and_hang_up]

    ask(pool, clock, server)
    time.sleep(0.1)
    ask(pool, clock, server)

    assert server.connections == 2
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("mono", "wall", "connections"),
    [
        (3, 3, 1),
        (3600, 3600, 2),
        pytest.param(0, 3600, 2, id="monotonic stood still while frozen"),
        pytest.param(3600, 0, 2, id="the wall clock stood still"),
        pytest.param(0, -3600, 2, id="the wall clock was put back"),
    ],
)
def test_a_connection_idle_by_either_clock_is_made_anew(  # noqa: PLR0917 - fixtures
    pool: Pool,
    clock: ShiftedClock,
    server: ScriptedS3,
    mono: float,
    wall: float,
    connections: int,
) -> None:
    ask(pool, clock, server)
    clock.ahead += mono
    clock.wall_ahead += wall
    ask(pool, clock, server)

    assert server.connections == connections


def test_only_a_few_connections_are_kept(
    pool: Pool, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was used longest ago is closed first."""
    monkeypatch.setattr(pool_module, "CONNECTIONS", 2)
    with ScriptedS3() as a, ScriptedS3() as b, ScriptedS3() as c:
        for server in (a, b, a, c, a, b):
            ask(pool, clock, server)

        assert [server.connections for server in (a, b, c)] == [1, 2, 1]


def test_a_failed_connection_is_not_kept(
    pool: Pool, clock: ShiftedClock, server: ScriptedS3
) -> None:
    server.steps = [send(b"garbage\r\n\r\n")]

    with pytest.raises(ExchangeError, match="malformed"):
        ask(pool, clock, server)
    ask(pool, clock, server)

    assert server.connections == 2


def test_a_refused_connection_was_never_sent_anything(
    pool: Pool, clock: ShiftedClock
) -> None:
    with ScriptedS3() as gone:
        pass

    with pytest.raises(ExchangeError) as caught:
        ask(pool, clock, gone)

    assert caught.value.detail == "no connection"
    assert not caught.value.sent


def test_the_next_address_is_tried_where_one_refuses(
    pool: Pool,
    clock: ShiftedClock,
    server: ScriptedS3,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = socket.getaddrinfo("127.0.0.1", server.port, type=socket.SOCK_STREAM)
    with ScriptedS3() as gone:
        pass
    dead = (*found[0][:4], ("127.0.0.1", gone.port))
    other = (socket.AF_INET, socket.SOCK_DGRAM, 17, "", dead[4])

    def resolve(*_: object, type: int = 0) -> list[object]:  # noqa: A002 - its name
        # Without a type there is one address for each, in turn.
        return [dead, *found] if type == socket.SOCK_STREAM else [dead, other, *found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    assert ask(pool, clock, server).status == 404


def test_an_address_that_says_nothing_leaves_time_for_the_next(
    pool: Pool,
    clock: ShiftedClock,
    server: ScriptedS3,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A listener whose queue is full is as silent as a lost packet."""
    found = socket.getaddrinfo("127.0.0.1", server.port, type=socket.SOCK_STREAM)
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.socket() as a,
    ):
        a.connect(full.getsockname())
        mute = (*found[0][:4], full.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [mute, *found])

        assert ask(pool, clock, server, seconds=0.6).status == 404


def test_an_unknown_host_is_a_fault(
    pool: Pool,
    clock: ShiftedClock,
    server: ScriptedS3,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    with pytest.raises(ExchangeError) as caught:
        ask(pool, clock, server, host="unknown.invalid")

    assert (caught.value.detail, caught.value.sent) == ("no connection", False)


def test_a_resolver_that_hangs_does_not_outlive_the_deadline(
    pool: Pool,
    clock: ShiftedClock,
    server: ScriptedS3,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hanging = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        hanging.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    start = time.monotonic()

    with pytest.raises(ExchangeError, match="no connection in time") as caught:
        ask(pool, clock, server, host="slow.invalid", seconds=0.1)

    hanging.set()
    assert time.monotonic() - start < 1
    assert not caught.value.sent


def test_no_connection_is_begun_after_the_deadline(
    pool: Pool, clock: ShiftedClock, server: ScriptedS3
) -> None:
    with pytest.raises(ExchangeError, match="no connection in time"):
        ask(pool, clock, server, seconds=0)

    assert server.connections == 0


AUTHORITY = trustme.CA()


@pytest.fixture
def tls_server() -> Iterator[ScriptedS3]:
    """A server whose certificate is for 127.0.0.1 and localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    with ScriptedS3(tls=context) as running:
        yield running


@pytest.fixture
def bundle() -> Iterator[str]:
    with AUTHORITY.cert_pem.tempfile() as path:
        yield path


def tls_pool(trust: Trust, clock: ShiftedClock) -> Pool:
    return Pool(trust, monotonic=clock.monotonic, wall=clock.wall)


def test_tls_connections_are_kept_too(
    clock: ShiftedClock, tls_server: ScriptedS3, bundle: str
) -> None:
    pool = tls_pool(Trust(bundle=bundle), clock)
    for host in ("localhost", "localhost", "127.0.0.1"):
        assert ask(pool, clock, tls_server, host=host).status == 404
    pool.close()

    assert tls_server.connections == 2


def test_a_tls_connection_that_was_closed_while_idle_is_not_used_again(
    clock: ShiftedClock, tls_server: ScriptedS3, bundle: str
) -> None:
    tls_server.steps = [obey_and_hang_up]
    pool = tls_pool(Trust(bundle=bundle), clock)

    ask(pool, clock, tls_server)
    time.sleep(0.1)
    ask(pool, clock, tls_server)
    pool.close()

    assert len(tls_server.requests) == 2


def test_a_body_cut_off_within_tls_does_not_pass_for_a_whole_one(
    clock: ShiftedClock, tls_server: ScriptedS3, bundle: str
) -> None:
    """Without a length only TLS's own goodbye tells that nothing is missing."""
    tls_server.steps = [send(b"HTTP/1.1 200 OK\r\n\r\nhalf of", keep=False)]

    with pytest.raises(ExchangeError, match="reset"):
        ask(tls_pool(Trust(bundle=bundle), clock), clock, tls_server)


def test_a_server_with_an_unknown_certificate_is_sent_nothing(
    clock: ShiftedClock, tls_server: ScriptedS3
) -> None:
    with pytest.raises(ExchangeError) as caught:
        ask(tls_pool(Trust(), clock), clock, tls_server)

    assert caught.value.detail == "certificate not trusted"
    assert not caught.value.sent
    assert tls_server.requests == []


def test_a_server_with_the_certificate_of_another_host_is_sent_nothing(
    clock: ShiftedClock, bundle: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("*.s3.eu-west-1.amazonaws.com").configure_cert(context)
    with ScriptedS3(tls=context) as server:
        with pytest.raises(ExchangeError, match="certificate not trusted"):
            ask(tls_pool(Trust(bundle=bundle), clock), clock, server)

        assert server.requests == []


def test_a_handshake_does_not_outlive_the_deadline(
    clock: ShiftedClock, bundle: str
) -> None:
    """A server that accepts and says nothing."""
    with ScriptedS3([stay_silent]) as server:
        origin = Origin(tls=True, host="127.0.0.1", port=server.port)
        start = time.monotonic()
        with pytest.raises(ExchangeError, match="no connection in time"):
            tls_pool(Trust(bundle=bundle), clock).exchange(
                origin, REQUEST, method="GET", deadline=clock.monotonic() + 0.2
            )

    assert time.monotonic() - start < 1


def test_a_server_that_speaks_no_tls_is_a_fault(
    clock: ShiftedClock, bundle: str
) -> None:
    def speak_plainly() -> None:
        sock, _ = listener.accept()
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        sock.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=speak_plainly)
        thread.start()
        origin = Origin(tls=True, host="127.0.0.1", port=listener.getsockname()[1])
        with pytest.raises(ExchangeError) as caught:
            tls_pool(Trust(bundle=bundle), clock).exchange(
                origin, REQUEST, method="GET", deadline=clock.monotonic() + 5
            )
        thread.join()

    assert (caught.value.detail, caught.value.sent) == ("no connection", False)

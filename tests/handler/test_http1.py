"""A connection reads well-formed answers, refuses the rest, and keeps its deadline."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handler import http1
from handler.http1 import (
    Connection,
    ExchangeError,
    MalformedAnswerError,
    Response,
    parse_head,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

SOON = 5.0


@contextmanager
def connected() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection and the server's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = Connection(sock, time.monotonic)
    try:
        with server:
            yield connection, server
    finally:
        connection.close()


def read(answer: bytes, *, method: str = "GET", end: bool = True) -> Response:
    """Let a connection read an answer that is there already."""
    with connected() as (connection, server):
        server.sendall(answer)
        if end:
            server.shutdown(socket.SHUT_WR)
        return exchange(connection, method=method)


def exchange(
    connection: Connection, *, method: str = "GET", seconds: float = SOON
) -> Response:
    deadline = time.monotonic() + seconds
    return connection.exchange(b"request", method=method, deadline=deadline)


@pytest.mark.parametrize("status", [200, 403])
def test_reads_status_headers_and_body(status: int) -> None:
    response = read(
        b"HTTP/1.1 %d Whatever\r\nX-Amz-Id: a \t\r\nEmpty:\r\n"
        b"Content-Length: 3\r\n\r\nno!" % status
    )

    assert (response.status, response.body) == (status, b"no!")
    assert response.headers == {"x-amz-id": "a", "empty": "", "content-length": "3"}


def test_sends_the_request_as_it_is() -> None:
    with connected() as (connection, server):
        server.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        exchange(connection)
        assert server.recv(100) == b"request"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 7
        + b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
def test_knows_answers_without_a_body(answer: bytes) -> None:
    """The connection stays open, so waiting for a body would take for ever."""
    assert read(answer, end=False).body == b""


def test_the_answer_to_head_has_no_body() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

    assert read(answer, method="HEAD", end=False).body == b""


def test_reads_a_chunked_body() -> None:
    response = read(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
        b"5\r\nhello\r\n0A;ext=1\r\n, chunked \r\n5 \r\nworld\r\n0\r\nX-Sum: 1\r\n\r\n",
        end=False,
    )

    assert response.body == b"hello, chunked world"


def test_reads_to_the_end_where_no_length_is_told() -> None:
    assert read(b"HTTP/1.0 200 OK\r\n\r\nall of it").body == b"all of it"


@pytest.mark.parametrize(
    ("answer", "reusable"),
    [
        (b"HTTP/1.1 204 A\r\n\r\n", True),
        (b"HTTP/1.1 200 A\r\nContent-Length: 1\r\n\r\na", True),
        (b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 204 A\r\nConnection: Close\r\n\r\n", False),
        (b"HTTP/1.0 204 A\r\n\r\n", False),
        (b"HTTP/1.1 204 A\r\n\r\nmore than was asked for", False),
        (b"HTTP/1.1 200 A\r\n\r\nto the end", False),
        (b"HTTP/1.1 200 A\r\n\r\n", False),
    ],
)
def test_knows_whether_another_request_may_follow(
    answer: bytes, *, reusable: bool
) -> None:
    with connected() as (connection, server):
        server.sendall(answer)
        server.shutdown(socket.SHUT_WR)
        exchange(connection)

        assert connection.reusable is reusable


MALFORMED = [
    b"garbage\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    b"HTTP/2 200\r\n\r\n",
    b"HTTP/1.1 99 A\r\n\r\n",
    b"HTTP/1.1 200 A\rB\r\n\r\n",
    b"HTTP/1.1 200 A\r\nno colon\r\n\r\n",
    b"HTTP/1.1 200 A\r\n: no name\r\n\r\n",
    b"HTTP/1.1 200 A\r\nName : value\r\n\r\n",
    b"HTTP/1.1 200 A\r\nA: b\r\n folded\r\n\r\n",
    b"HTTP/1.1 200 A\r\nA: b\nB: c\r\n\r\n",
    b"HTTP/1.1 200 A\r\nA: b\x00\r\n\r\n",
    b"HTTP/1.1 200 A\r\nA: b\x00\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 A\r\nA: b\rB: c\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 A\r\nA: b\nB: c\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 A\rB\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 A\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 200 A\r\nContent-Length: \xb2\r\n\r\n",
    b"HTTP/1.1 200 A\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 200 A\r\nContent-Length: 99999999999999\r\n\r\n",
    b"HTTP/1.1 200 A\r\nContent-Length: %d\r\n\r\n" % (http1.BODY_BYTES + 1),
    b"HTTP/1.1 200 A\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n\r\n",
    b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
    b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n",
    b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    + b"X-Trailer: a\r\n" * 4000,
    b"HTTP/1.1 200 A\r\n" + b"A: b\r\n" * 20_000,
    b"HTTP/1.1 200 A\r\n" + b"A" * 100_000 + b": b\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 9,
]


@pytest.mark.parametrize("answer", MALFORMED, ids=lambda answer: repr(answer[:60]))
def test_refuses_what_is_not_http(answer: bytes) -> None:
    with pytest.raises(ExchangeError) as caught:
        read(answer)

    assert caught.value.detail == "malformed answer"
    assert caught.value.sent


@pytest.mark.parametrize(("more", "taken"), [(0, True), (1, False)])
def test_the_limit_of_a_head_holds_to_the_byte(*, more: int, taken: bool) -> None:
    start = b"HTTP/1.1 204 A\r\nA: "
    head = start + b"x" * (http1.HEAD_BYTES - len(start) + more)
    with PiecesSocket([head, b"\r\n\r\n"]) as sock:
        try:
            found = exchange(Connection(sock, time.monotonic)).status
        except ExchangeError:
            found = 0

    assert found == (204 if taken else 0)


def test_refuses_a_body_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "BODY_BYTES", 1000)

    with pytest.raises(ExchangeError, match="malformed"):
        read(b"HTTP/1.1 200 A\r\n\r\n" + b"a" * 1001)


def test_refuses_chunks_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "BODY_BYTES", 1000)
    chunk = b"190\r\n" + b"a" * 400 + b"\r\n"

    with pytest.raises(ExchangeError, match="malformed"):
        read(b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 3)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 A\r\nContent-Length: 5\r\n\r\nhell",
        b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_no_answer(answer: bytes) -> None:
    with pytest.raises(ExchangeError) as caught:
        read(answer)

    assert caught.value.detail == "reset"
    assert caught.value.sent
    assert not caught.value.stale


def test_a_used_connection_that_breaks_without_a_byte_is_stale() -> None:
    with connected() as (connection, server):
        server.sendall(b"HTTP/1.1 204 A\r\n\r\n")
        exchange(connection)
        server.shutdown(socket.SHUT_WR)

        with pytest.raises(ExchangeError) as caught:
            exchange(connection)

    assert caught.value.stale


def test_a_used_connection_that_breaks_after_the_head_is_not_stale() -> None:
    """The server was there; what it has done is not known."""
    with connected() as (connection, server):
        server.sendall(b"HTTP/1.1 204 A\r\n\r\n")
        exchange(connection)
        server.sendall(b"HTTP/1.1 200 A\r\nContent-Length: 5\r\n\r\n")
        server.shutdown(socket.SHUT_WR)

        with pytest.raises(ExchangeError) as caught:
            exchange(connection)

    assert not caught.value.stale


def test_gives_up_on_silence_in_time() -> None:
    with connected() as (connection, _):
        start = time.monotonic()
        with pytest.raises(ExchangeError, match="silence"):
            exchange(connection, seconds=0.1)

    assert 0.09 < time.monotonic() - start < 1


def test_gives_up_in_time_where_each_byte_takes_a_little() -> None:
    """A timeout of the socket alone would begin anew with each byte."""
    with connected() as (connection, server):
        stop = threading.Event()

        def drip() -> None:
            server.sendall(b"HTTP/1.1 200 A\r\nContent-Length: 1000\r\n\r\n")
            while not stop.wait(0.02):
                server.sendall(b"a")

        thread = threading.Thread(target=drip)
        thread.start()
        start = time.monotonic()
        with pytest.raises(ExchangeError, match="silence"):
            exchange(connection, seconds=0.2)
        took = time.monotonic() - start
        stop.set()
        thread.join()

    assert 0.19 < took < 1


def test_gives_up_in_time_where_nobody_takes_the_request() -> None:
    with connected() as (connection, _):
        start = time.monotonic()
        with pytest.raises(ExchangeError, match="silence"):
            connection.exchange(
                bytes(32 << 20), method="PUT", deadline=time.monotonic() + 0.2
            )

    assert 0.19 < time.monotonic() - start < 1


def test_a_body_of_an_older_server_may_come_in_pieces() -> None:
    pieces = [b"HTTP/1.0 200 A\r\nContent-Length: 5\r\n\r\nhe", b"l", b"lo"]
    with PiecesSocket(pieces) as sock:
        assert exchange(Connection(sock, time.monotonic)).body == b"hello"


def test_a_body_without_a_length_may_come_in_pieces() -> None:
    pieces = [b"HTTP/1.0 200 A\r\n\r\nall", b" of", b" it"]
    with PiecesSocket(pieces) as sock:
        assert exchange(Connection(sock, time.monotonic)).body == b"all of it"


def test_a_wait_that_ends_before_the_deadline_is_begun_again() -> None:
    """The socket's own limit is shorter, and may serve several requests."""
    with HesitantSocket([b"HTTP/1.1 204 A\r\n\r\n"]) as sock:
        connection = Connection(sock, time.monotonic)

        assert exchange(connection).status == 204
        assert sock.sent == b"request"


def test_waits_for_less_than_half_of_the_time_and_sets_that_seldom() -> None:
    """So that it may wait twice; to set it is a system call."""
    answer = b"HTTP/1.1 204 A\r\n\r\n"
    with LimitedSocket([answer] * 9) as sock:
        connection = Connection(sock, lambda: 0.0)
        for deadline in (3.0, 2.9, 1.2, 1.1, 2.5, 0.04, 0.06):
            connection.exchange(b"request", method="GET", deadline=deadline)

    assert sock.limits == pytest.approx([1.35, 0.54, 1.125, 0.04, 0.027], abs=1e-9)


def test_a_connection_that_breaks_off_after_a_wait_is_not_stale() -> None:
    """A byte of an answer came, so the server had the request."""
    answer = b"HTTP/1.1 204 A\r\n\r\n"
    with HesitantSocket([answer, b"HTTP/1.1 2"]) as sock:
        connection = Connection(sock, time.monotonic)
        exchange(connection)

        with pytest.raises(ExchangeError, match="reset") as caught:
            exchange(connection)

    assert not caught.value.stale


def test_does_not_begin_after_the_deadline() -> None:
    with connected() as (connection, server):
        with pytest.raises(ExchangeError, match="silence"):
            exchange(connection, seconds=0)
        connection.close()

        assert server.recv(1) == b""


@pytest.mark.parametrize(
    ("early", "result"),
    [
        (b"HTTP/1.1 300 A\r\nContent-Length: 2\r\n\r\nno", 300),
        (b"HTTP/1.1 307 A\r\nContent-Length: 2\r\n\r\nno", 307),
        (b"HTTP/1.1 200 A\r\nContent-Length: 2\r\n\r\nok", "malformed answer"),
        (b"", "reset"),
    ],
)
def test_reads_the_answer_of_a_server_that_does_not_want_the_body(
    early: bytes, result: int | str
) -> None:
    """It may refuse early and hang up; success it can only tell at the end."""
    with connected() as (connection, server):
        server.sendall(early)
        # Closing with the request unread breaks the connection off.
        threading.Timer(0.05, server.close).start()
        try:
            response = connection.exchange(
                bytes(32 << 20), method="PUT", deadline=time.monotonic() + SOON
            )
            found: int | str = response.status
        except ExchangeError as error:
            found = error.detail

        assert found == result
        assert not connection.reusable


def test_is_not_quiet_once_the_server_has_ended_it() -> None:
    with connected() as (connection, server):
        assert connection.is_quiet()
        server.shutdown(socket.SHUT_WR)
        assert not connection.is_quiet()


@given(st.binary(max_size=200))
@example(b"HTTP/1.1 200 \r\n\r\n")
@example(b"HTTP/1.1 200 A\r\nA:\xff")
def test_any_head_is_read_or_refused(head: bytes) -> None:
    try:
        status, headers, _ = parse_head(head)
    except MalformedAnswerError:
        return
    assert 100 <= status <= 999
    assert all(name and name == name.strip().lower() for name in headers)


def test_a_value_ends_where_its_spaces_and_tabs_begin() -> None:
    assert parse_head(b"HTTP/1.1 200 OK\r\nA: b\x0b \t")[1] == {"a": "b\x0b"}


def test_joins_headers_that_come_twice() -> None:
    assert parse_head(b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2")[1] == {"a": "1, 2"}


HEADERS = st.dictionaries(
    st.from_regex(r"x-[a-z0-9]{1,9}", fullmatch=True),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc", "Zs"])),
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(
    headers=HEADERS,
    chunks=st.lists(st.binary(min_size=1, max_size=50), max_size=5),
    chunked=st.booleans(),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_reads_an_answer_however_it_is_cut(
    *, headers: dict[str, str], chunks: list[bytes], chunked: bool, cuts: list[int]
) -> None:
    """TCP keeps the order of bytes and nothing else."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode(
        "latin-1"
    )
    if chunked:
        lines += b"Transfer-Encoding: chunked\r\n"
        body = b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in [*chunks, b""])
    else:
        body = b"".join(chunks)
        lines += b"Content-Length: %d\r\n" % len(body)
    answer = b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n" + body
    ends = sorted({min(cut, len(answer)) for cut in cuts} | {len(answer)})
    pieces = [answer[a:b] for a, b in zip([0, *ends], ends, strict=False)]

    with PiecesSocket(pieces) as sock:
        response = exchange(Connection(sock, time.monotonic))

    assert response.body == b"".join(chunks)
    assert {name: response.headers[name] for name in headers} == headers


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=4))
def test_any_bytes_end_in_an_answer_or_a_fault(pieces: list[bytes]) -> None:
    for start in (b"", b"HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n"):
        with PiecesSocket([start, *pieces]) as sock:
            try:
                response = exchange(Connection(sock, time.monotonic))
            except ExchangeError:
                continue
        assert isinstance(response, Response)


class PiecesSocket(socket.socket):
    """A socket that receives just these pieces, one at a time, and then the end."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__()
        self._pieces = iter([piece for piece in pieces if piece])

    def send(self, data: Buffer, _flags: int = 0) -> int:
        return len(bytes(data))

    def recv(self, _size: int, _flags: int = 0) -> bytes:
        return next(self._pieces, b"")

    def settimeout(self, _seconds: float | None) -> None:
        pass


class LimitedSocket(PiecesSocket):
    """A socket that notes the limits that it was given."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__(pieces)
        self.limits: list[float] = []

    def settimeout(self, seconds: float | None) -> None:
        self.limits.append(seconds or 0)


class HesitantSocket(PiecesSocket):
    """A socket that times out now and then, and takes a byte at a time."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__(pieces)
        self.sent = b""
        self._waits = False

    def send(self, data: Buffer, _flags: int = 0) -> int:
        self._hesitate()
        self.sent += bytes(data)[:1]
        return 1

    def recv(self, size: int, _flags: int = 0) -> bytes:
        self._hesitate()
        return super().recv(size)

    def _hesitate(self) -> None:
        self._waits = not self._waits
        if self._waits:
            raise TimeoutError

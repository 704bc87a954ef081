"""TLS over a socket: however its bytes are cut and delayed, none is lost or doubled."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

import pytest
import trustme
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handler.http1 import Connection, ExchangeError
from handler.tls import TlsStream

AUTHORITY = trustme.CA()
CLIENT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
AUTHORITY.configure_trust(CLIENT)
SERVER = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
AUTHORITY.issue_cert("localhost").configure_cert(SERVER)

#: As many bytes as a record of TLS has.
RECORD = 16_384


class Far:
    """A server's end of TLS, in memory."""

    def __init__(self) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = SERVER.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def answer_handshake(self) -> bytes:
        """Return what it says next until both have agreed."""
        with suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def say(self, *records: bytes) -> bytes:
        """Return what it sends for each to be a record of its own."""
        for record in records:
            self.tls.write(record)
        return self.outgoing.read()

    def say_goodbye(self) -> bytes:
        with suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        return self.outgoing.read()

    def heard(self) -> bytes:
        """Return all that it was sent."""
        parts: list[bytes] = []
        try:
            while part := self.tls.read(RECORD):
                parts.append(part)
        except ssl.SSLWantReadError:
            pass
        return b"".join(parts)


class ScriptedSocket:
    """A blocking socket that receives pieces, and takes only so much at a time.

    Args:
        far: The server's end.
    """

    def __init__(self, far: Far) -> None:
        self.far = far
        self.pieces: list[bytes | None] = []
        """What it receives next; None: nothing, in time. After the last, the end."""
        self.takes: list[int] = []
        """How many bytes it takes next; 0: none, in time. After the last, all."""
        self.shakes_hands = True

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        """Nothing is open."""

    def settimeout(self, _seconds: float | None) -> None:
        """Its waits are scripted."""

    def send(self, data: bytes | memoryview) -> int:
        taken = self.takes.pop(0) if self.takes else len(data)
        if taken == 0:
            raise BlockingIOError
        return self.far.incoming.write(bytes(data[:taken]))

    def sendall(self, data: bytes) -> None:
        self.far.incoming.write(data)

    def recv(self, size: int) -> bytes:
        if self.shakes_hands:
            return self.far.answer_handshake()
        piece = self.pieces.pop(0) if self.pieces else b""
        if piece is None:
            raise BlockingIOError
        assert len(piece) <= size
        return piece


def connected() -> tuple[TlsStream, ScriptedSocket, Far]:
    """Return both ends of TLS that has begun, and the socket between."""
    far = Far()
    sock = ScriptedSocket(far)
    stream = TlsStream(cast("socket.socket", sock), CLIENT, "localhost")
    stream.shake_hands(5)
    # Its tickets for later connections go with the first that it says.
    far.tls.do_handshake()
    sock.shakes_hands = False
    return stream, sock, far


def cut(data: bytes, at: list[int]) -> list[bytes]:
    ends = sorted({min(place, len(data)) for place in at} | {len(data)})
    return [data[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]


@settings(max_examples=150, deadline=None)
@given(
    records=st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=5),
    places=st.lists(st.integers(0, 400), max_size=6),
    pauses=st.lists(st.integers(0, 6), max_size=3),
)
def test_receives_what_was_sent_however_it_is_cut_and_delayed(
    records: list[bytes], places: list[int], pauses: list[int]
) -> None:
    stream, sock, far = connected()
    sock.pieces = [*cut(far.say(*records), places)]
    for place in pauses:
        sock.pieces.insert(min(place, len(sock.pieces)), None)
    sock.pieces += [far.say_goodbye()]

    received = []
    while True:
        try:
            part = stream.recv(RECORD)
        except TimeoutError:
            continue
        if not part:
            break
        received.append(part)

    assert b"".join(received) == b"".join(records)


@settings(max_examples=100, deadline=None)
@given(
    data=st.binary(min_size=1, max_size=300),
    takes=st.lists(st.integers(0, 80), max_size=8),
)
@example(b"x" * 100_000, [10, 0, 70_000])
def test_sends_each_byte_once_however_little_is_taken(
    data: bytes, takes: list[int]
) -> None:
    stream, sock, far = connected()
    sock.takes = takes
    told = 0
    for message in (data, b"another"):
        while True:
            try:
                told += stream.send(message)
            except TimeoutError:
                continue
            break

    assert far.heard() == data + b"another"
    assert told == len(data) + len(b"another")


def test_records_that_came_together_are_received_together() -> None:
    """None may stay where nobody who waits for the socket can see it."""
    stream, sock, far = connected()
    sock.pieces = [far.say(b"the answer", b" and more")]

    assert stream.recv(RECORD) == b"the answer and more"


def test_what_came_whole_is_received_although_the_rest_is_late() -> None:
    stream, sock, far = connected()
    first, second = far.say(b"first"), far.say(b"second")
    sock.pieces = [first + second[:9], second[9:]]

    assert stream.recv(RECORD) == b"first"
    assert stream.recv(RECORD) == b"second"


def test_waits_once_for_a_record_and_not_for_each_of_its_pieces() -> None:
    """Who has a deadline looks at it in between."""
    stream, sock, far = connected()
    record = far.say(b"late")
    sock.pieces = [record[:3], record[3:9], record[9:]]

    for _ in range(2):
        with pytest.raises(TimeoutError):
            stream.recv(RECORD)
    assert stream.recv(RECORD) == b"late"


def test_an_end_without_a_goodbye_is_a_fault() -> None:
    stream, sock, far = connected()
    sock.pieces = [far.say(b"half of")]

    assert stream.recv(RECORD) == b"half of"
    with pytest.raises(OSError, match="EOF"):
        stream.recv(RECORD)


def test_a_goodbye_ends_it_for_good() -> None:
    stream, sock, far = connected()
    sock.pieces = [far.say(b"all of it") + far.say_goodbye()]

    assert [stream.recv(RECORD) for _ in range(3)] == [b"all of it", b"", b""]


def test_what_comes_after_a_goodbye_is_not_looked_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second goodbye, say: it is never read."""
    stream, sock, far = connected()
    said, goodbye = far.say(b"all of it"), far.say_goodbye()
    sock.pieces = [said + goodbye + goodbye]
    monkeypatch.setattr(stream, "_tls", Patience(stream._tls, reads=9))

    assert [stream.recv(RECORD) for _ in range(3)] == [b"all of it", b"", b""]


class Patience:
    """TLS that is read only so often.

    Args:
        tls: What to read.
        reads: How often.
    """

    def __init__(self, tls: ssl.SSLObject, reads: int) -> None:
        self.tls = tls
        self.reads = reads

    def read(self, size: int) -> bytes:
        assert self.reads, "it is read for ever"
        self.reads -= 1
        return self.tls.read(size)


def test_bytes_that_were_changed_on_the_way_are_a_fault() -> None:
    stream, sock, far = connected()
    said = far.say(b"take all")
    sock.pieces = [said[:-1] + bytes([said[-1] ^ 1])]

    with pytest.raises(ssl.SSLError):
        stream.recv(RECORD)


@contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection over the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    with sock, server:
        yield sock, server


@contextmanager
def over_loopback() -> Iterator[tuple[TlsStream, ssl.SSLSocket]]:
    """A stream over a real socket, and the server's end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    # So that it says nothing unasked.
    context.num_tickets = 0
    found: list[ssl.SSLSocket] = []
    with pair() as (sock, plain):
        thread = threading.Thread(
            target=lambda: found.append(context.wrap_socket(plain, server_side=True))
        )
        thread.start()
        stream = TlsStream(sock, CLIENT, "localhost")
        stream.shake_hands(5)
        thread.join()
        with found[0] as server:
            yield stream, server


@pytest.mark.parametrize("seconds", [0.0, 0.2])
def test_waits_for_as_long_as_it_was_told(seconds: float) -> None:
    with over_loopback() as (stream, _):
        stream.settimeout(seconds)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            stream.recv(RECORD)

    assert seconds * 0.9 <= time.monotonic() - began < seconds + 1


def test_gives_up_sending_what_nobody_takes_and_goes_on_when_someone_does() -> None:
    data = bytes(range(256)) * (1 << 16)
    with over_loopback() as (stream, server):
        stream.settimeout(0.1)
        with pytest.raises(TimeoutError):
            stream.send(data)
        heard = bytearray()

        def listen() -> None:
            while len(heard) < len(data):
                heard.extend(server.recv(1 << 16))

        thread = threading.Thread(target=listen)
        thread.start()
        stream.settimeout(10)
        told = stream.send(data)
        thread.join()

    assert told == len(data)
    assert heard == data


def test_a_handshake_for_which_no_time_is_left_is_not_begun() -> None:
    far = Far()
    sock = ScriptedSocket(far)
    stream = TlsStream(cast("socket.socket", sock), CLIENT, "localhost")

    with pytest.raises(TimeoutError):
        stream.shake_hands(0)
    assert not far.incoming.pending


@contextmanager
def dripping(server: socket.socket, data: bytes) -> Iterator[None]:
    """Let a server send one byte after the other, the last again and again."""
    stop = threading.Event()

    def drip() -> None:
        rest = iter(data)
        while not stop.wait(0.02):
            server.sendall(bytes([next(rest, data[-1])]))

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_handshake_that_drips_does_not_outlive_its_time() -> None:
    """A timeout of the socket alone would begin anew with each byte."""
    # The head of a record that is longer than what ever comes of it.
    head = b"\x16\x03\x03\x10\x00\x02"
    with pair() as (sock, server), dripping(server, head):
        began = time.monotonic()
        stream = TlsStream(sock, CLIENT, "localhost")
        with pytest.raises(TimeoutError):
            stream.shake_hands(0.2)
        took = time.monotonic() - began

    assert 0.15 < took < 1


def test_an_answer_that_drips_does_not_outlive_its_time() -> None:
    head = b"\x17\x03\x03\x10\x00\x02"
    with over_loopback() as (stream, server):
        # Below TLS, for which half a record is nothing that could be sent.
        plain = socket.socket(fileno=server.detach())
        connection = Connection(stream, time.monotonic)
        with plain, dripping(plain, head):
            began = time.monotonic()
            with pytest.raises(ExchangeError, match="silence"):
                connection.exchange(b"GET", method="GET", deadline=began + 0.2)
            took = time.monotonic() - began

    assert 0.19 < took < 1

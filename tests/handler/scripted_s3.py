"""A small S3 on the loopback that keeps objects, and misbehaves as it is told to."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import NamedTuple


class Request(NamedTuple):
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


class ShiftedClock:
    """The real clocks, which a test can put ahead; sleeping takes no time."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.wall_ahead = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def wall(self) -> float:
        return time.time() + self.wall_ahead

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.ahead += seconds
        self.wall_ahead += seconds


class Conversation:
    """One connection as the server sees it."""

    def __init__(self, server: ScriptedS3, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self._buffer = b""

    def run(self) -> None:
        if self.server.tls is not None:
            self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
        while True:
            method, path, headers = self._head()
            steps = self.server.steps
            step = steps.pop(0) if steps else self.server.usual
            if "expect" in headers:
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            length = int(headers.get("content-length", "0"))
            body = b"" if step is refuse_at_once else self._read(length)
            request = Request(method, path, headers, body, self.number)
            self.server.requests.append(request)
            if not step(self, request):
                return

    def reset(self) -> None:
        """Break the connection off as a crash does, without the end of the stream."""
        linger = struct.pack("ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _head(self) -> tuple[str, str, dict[str, str]]:
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, path, _ = first.split(" ")
        pairs = (line.split(": ", 1) for line in lines)
        return method, path, {name.lower(): value for name, value in pairs}

    def _read(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._more()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _more(self) -> None:
        received = self.sock.recv(65536)
        if not received:
            raise ConnectionError
        self._buffer += received


#: What to do with a request; whether the connection stays open.
Step = Callable[[Conversation, Request], bool]


class ScriptedS3:
    """Listens until it is closed.

    Args:
        steps: What to do with the first requests, in order.
        tls: The server's side of TLS.
            Default: plain HTTP.
        usual: What to do with later ones.
            Default: obey, as S3 does.
    """

    def __init__(
        self,
        steps: Iterable[Step] = (),
        tls: ssl.SSLContext | None = None,
        usual: Step | None = None,
    ) -> None:
        self.steps = list(steps)
        self.tls = tls
        self.usual = obey if usual is None else usual
        self.objects: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self.closing = threading.Event()
        self._open: list[Conversation] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def __enter__(self) -> ScriptedS3:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http{'s' * (self.tls is not None)}://127.0.0.1:{self.port}"

    def hang_up(self) -> None:
        """End every open connection in order, as a server does with idle ones."""
        for conversation in self._open:
            with suppress(OSError):
                conversation.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.hang_up()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                conversation = Conversation(self, sock, self.connections)
                self._open.append(conversation)
                self._start(partial(self._converse, conversation))

    def _converse(self, conversation: Conversation) -> None:
        with suppress(OSError):
            conversation.run()
        conversation.sock.close()

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()


def obey(conversation: Conversation, request: Request) -> bool:
    """Do what S3 does with an unversioned bucket."""
    objects = conversation.server.objects
    if request.method == "PUT":
        if request.path in objects and request.headers.get("if-none-match") == "*":
            return answer(412, "PreconditionFailed")(conversation, request)
        objects[request.path] = request.body
        return answer(200)(conversation, request)
    if request.method == "DELETE":
        objects.pop(request.path, None)
        return answer(204)(conversation, request)
    if request.path not in objects:
        return answer(404, "NoSuchKey")(conversation, request)
    return answer(200, body=objects[request.path])(conversation, request)


def answer(
    status: int,
    code: str = "",
    *,
    headers: dict[str, str] | None = None,
    inside: str = "",
    body: bytes = b"",
    close: bool = False,
) -> Step:
    """Answer with a status, and with S3's XML where there is an error's code."""
    if code:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>secret words</Message>{inside}</Error>"
        ).encode()
    lines = [f"HTTP/1.1 {status} Whatever", "x-amz-request-id: 4442587FB7D0A2F9"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if status != 204:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return send("\r\n".join([*lines, "", ""]).encode() + body, keep=not close)


def send(data: bytes, *, keep: bool = True) -> Step:
    """Answer with these very bytes."""

    def step(conversation: Conversation, _: Request) -> bool:
        conversation.sock.sendall(data)
        return keep

    return step


def reset(conversation: Conversation, _: Request) -> bool:
    """Break the connection without an answer and without doing anything."""
    conversation.reset()
    return False


def obey_and_reset(conversation: Conversation, request: Request) -> bool:
    """Write, and break the connection before the answer."""
    conversation.server.objects[request.path] = request.body
    conversation.reset()
    return False


def obey_and_fail(conversation: Conversation, request: Request) -> bool:
    """Write, and say that something went wrong."""
    conversation.server.objects.setdefault(request.path, request.body)
    return answer(500, "InternalError")(conversation, request)


def obey_and_hang_up(conversation: Conversation, request: Request) -> bool:
    """Answer as if the connection were to stay, and end it."""
    obey(conversation, request)
    return False


def refuse_at_once(conversation: Conversation, _: Request) -> bool:
    """Answer before the body has been read, and break the connection."""
    answer(403, "AccessDenied")(conversation, _)
    conversation.reset()
    return False


def stay_silent(conversation: Conversation, _: Request) -> bool:
    """Say nothing for as long as the server lives."""
    conversation.server.closing.wait(10)
    return False


def drip(data: bytes, *, seconds: float = 0.02) -> Step:
    """Answer byte by byte."""

    def step(conversation: Conversation, _: Request) -> bool:
        for byte in data:
            conversation.sock.sendall(bytes([byte]))
            if conversation.server.closing.wait(seconds):
                break
        return False

    return step

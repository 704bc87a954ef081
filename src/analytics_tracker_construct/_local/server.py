"""The local HTTP server: the tracker's routes before the handler, and the live page."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from .._handler import replies
from .._openapi import document
from . import answers, gateway, pages
from .function import Function
from .live import Live

#: Seconds that a client may be silent, within a request and between two.
SILENCE = 30.0
#: Seconds that requests under way get to end when the server stops.
GRACE = 3.0

_REJECTED = replies.REJECTED_HEADER.lower()


class TrackerServer(ThreadingHTTPServer):
    """A thread for each connection; a client's fault ends its connection only.

    Args:
        address: Host and port; port 0 takes a free one.
        function: What answers.
        live: What the live page shows.
        payload: API Gateway's payload version, `1.0` or `2.0`.
        example: The command that the live page shows while there are no events.
        destination: Where the events of the description's examples go.
        key: The write key that they bring.
    """

    daemon_threads = True
    request_queue_size = 128
    # Newer Pythons would let two servers share one port, each with half the requests.
    allow_reuse_port = False
    # On Windows this would do the same.
    allow_reuse_address = os.name != "nt"

    def __init__(
        self,
        address: tuple[str, int],
        function: Function,
        live: Live,
        *,
        payload: str = "1.0",
        example: Callable[[str], str] = str,
        destination: tuple[str, str] = document.DESTINATION,
        key: str | None = None,
    ) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.function = function
        self.live = live
        self.payload = payload
        self.description = document.describe(destination=destination, key=key)
        self._under_way = 0
        self._changed = threading.Condition()
        super().__init__(address, _Connection)
        self.example = example(self.url)

    @property
    def url(self) -> str:
        """Where the server listens, such as `http://127.0.0.1:8787`."""
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{name}:{port}"

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        # HTTPServer's own resolves the host's full name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a fault of ours; a client that went away is none."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def drain(self) -> None:
        """Wait until the requests under way are answered, `GRACE` at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way == 0, GRACE)

    def begin(self) -> None:
        """Note that a request is under way."""
        with self._changed:
            self._under_way += 1

    def end(self) -> None:
        """Note that a request was answered or given up."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()


class _Connection(BaseHTTPRequestHandler):
    """One client's connection: its requests, one after the other."""

    server: TrackerServer
    protocol_version = "HTTP/1.1"
    timeout = SILENCE
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def __getattr__(self, name: str) -> Callable[[], None]:
        # http.server looks for `do_<METHOD>`; API Gateway passes every method on.
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def version_string(self) -> str:
        """Return the `Server` header's value."""
        return "analytics-tracker"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
        """Log nothing: requests are reported by what became of their events."""

    def _serve(self) -> None:
        self.server.begin()
        try:
            body = self._body()
            if isinstance(body, gateway.HttpResponse):
                self.close_connection = True
                self._send(body)
                self._discard()
            else:
                self._send(self._respond(body))
        finally:
            self.server.end()

    def _respond(self, body: bytes) -> gateway.HttpResponse:
        path = self.path.partition("?")[0]
        own = _OWN.get(path) if self.command in {"GET", "HEAD"} else None
        return own(self.server) if own else self._invoke(body)

    def _invoke(self, body: bytes) -> gateway.HttpResponse:
        request = gateway.HttpRequest(
            self.command,
            self.path,
            self.headers.items(),
            body,
            str(self.client_address[0]),
            self.request_version,
        )
        event = gateway.event(request, self.server.payload)
        try:
            response = gateway.response(self.server.function.invoke(event))
        except Exception:  # noqa: BLE001  what API Gateway answers whatever it was
            traceback.print_exc()
            return _error(502, "Internal server error")
        why = [v for k, v in response.headers if k.lower() == _REJECTED]
        if why:
            self.server.live.refused(answers.rejected(why[0]))
        # Whatever a browser looks for by itself is no event that was refused.
        elif self.command not in {"GET", "HEAD"}:
            self.server.live.answered(response.status, response.body)
        return response

    def _body(self) -> bytes | gateway.HttpResponse:
        """Return the request's body, or the answer to a request without a whole one."""
        lengths = self.headers.get_all("Content-Length") or ["0"]
        encoding = self.headers.get("Transfer-Encoding")
        if encoding is not None:
            if (
                encoding.strip().lower() != "chunked"
                or "Content-Length" in self.headers
            ):
                return _error(400, "Bad Request")
            return self._chunks()
        if len(set(lengths)) > 1 or not lengths[0].strip().isdecimal():
            return _error(400, "Bad Request")
        # Python refuses to read numbers with thousands of digits.
        length = int(lengths[0]) if len(lengths[0]) < 20 else sys.maxsize
        if length > gateway.BODY_BYTES:
            return _TOO_LONG
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError("the client left within its request")
        return body

    def _chunks(self) -> bytes | gateway.HttpResponse:
        body = bytearray()
        while True:
            size = self.rfile.readline(1024).split(b";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                return _error(400, "Bad Request")
            if length < 0 or len(body) + length > gateway.BODY_BYTES:
                return _TOO_LONG
            body += self.rfile.read(length)
            if length == 0:
                while self.rfile.readline(65537).strip():
                    pass
                return bytes(body)
            if self.rfile.readline(3).strip():
                return _error(400, "Bad Request")

    def _send(self, response: gateway.HttpResponse) -> None:
        self.send_response(response.status)
        names = {name.lower() for name, _ in response.headers}
        for name, value in response.headers:
            if name.lower() not in {"content-length", "connection"}:
                self.send_header(name, value)
        if response.body and "content-type" not in names:
            self.send_header("Content-Type", "application/json")
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def _discard(self) -> None:
        """Read what the client still sends, for a while, so that it reads our answer.

        Closing a socket with unread data resets the connection, and the client may
        never see what we said.
        """
        self.connection.settimeout(1)
        end = time.monotonic() + GRACE
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while time.monotonic() < end and self.connection.recv(65536):
                pass


def _error(status: int, message: str) -> gateway.HttpResponse:
    """Return an error of API Gateway's own, which every page may read, as deployed."""
    answer = pages.document(status, {"message": message})
    return answer._replace(
        headers=[*answer.headers, ("Access-Control-Allow-Origin", "*")]
    )


#: API Gateway's own answer to a body that it does not take.
_TOO_LONG = _error(413, "Request Too Long")

#: Paths that the function does not see, with what answers them.
_OWN: dict[str, Callable[[TrackerServer], gateway.HttpResponse]] = {
    "/": lambda server: pages.page("live.html", example=server.example),
    "/docs": lambda _: pages.page("docs.html", rejected=replies.REJECTED_HEADER),
    "/openapi.json": lambda server: pages.document(200, server.description),
    "/favicon.ico": lambda _: pages.plain(204),
    "/_dev/state": lambda server: pages.document(200, server.live.state()),
}

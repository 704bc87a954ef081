"""A few kept-alive connections, one per host, that survive being frozen."""

from __future__ import annotations

import _thread
import socket
import ssl
import time
from collections.abc import Mapping

from .http1 import Clock, Connection, ExchangeError, Response, Stream
from .tls import Trust
from .typed import Any, NamedTuple

#: Seconds after which an unused connection is made anew. S3 closes idle ones, and the
#: end of the stream may not have reached us when Lambda has frozen us in between.
IDLE_SECONDS = 4.0
#: Hosts that a connection is kept to.
CONNECTIONS = 8

#: Addresses of a host that are tried in turn; the first may take half of the time.
_ADDRESSES = 2


class Origin(NamedTuple):
    """What a connection is made to."""

    tls: bool
    host: str
    port: int


class Pool:
    """Exchanges requests for answers, over connections that it keeps.

    Not thread safe: Lambda runs one request at a time.

    Args:
        trust: Which TLS servers are believed.
        amazon: Whether the servers are AWS's own.
        monotonic: The clock that deadlines are told by.
        wall: The clock of the world; the other one may stand still while Lambda has
            frozen the machine.
    """

    def __init__(
        self,
        trust: Trust,
        *,
        amazon: bool = True,
        monotonic: Clock = time.monotonic,
        wall: Clock = time.time,
    ) -> None:
        self.amazon = amazon
        """Whether the servers are AWS's own: others are believed for other reasons."""
        self._trust = trust
        self._monotonic = monotonic
        self._wall = wall
        self._idle: dict[Origin, tuple[Connection, float, float]] = {}

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, amazon: bool) -> Pool:
        """Build a pool that believes whom the environment's variables tell it to.

        Args:
            environ: The environment.
            amazon: Whether the servers are AWS's own.

        Raises:
            OSError: If ``AWS_CA_BUNDLE`` cannot be read.
        """
        return cls(Trust.from_environment(environ, amazon=amazon), amazon=amazon)

    def exchange(
        self, origin: Origin, request: bytes, *, method: str, deadline: float
    ) -> Response:
        """Send a request to an origin and return the answer.

        Args:
            origin: Where to send it.
            request: The whole request, head and body.
            method: Its method.
            deadline: The instant of ``monotonic`` to give up at.

        Raises:
            ExchangeError: If no whole and well-formed answer came in time.
        """
        # By the clocks of before, a connection seems idle for a little longer.
        mono, wall = self._monotonic(), self._wall()
        connection: Connection | None = None
        kept = self._idle.pop(origin, None)
        if kept is not None:
            connection, last_mono, last_wall = kept
            if not (
                0 <= mono - last_mono <= IDLE_SECONDS
                and 0 <= wall - last_wall <= IDLE_SECONDS
                and connection.is_quiet()
            ):
                connection.close()
                connection = None
        if connection is None:
            connection = self._connect(origin, deadline)
        try:
            response = connection.exchange(request, method=method, deadline=deadline)
        except BaseException:
            connection.close()
            raise
        if not connection.reusable:
            connection.close()
            return response
        # Taken out and put back at each use, so the first is the least recently used.
        self._idle[origin] = connection, mono, wall
        if len(self._idle) > CONNECTIONS:
            self._idle.pop(next(iter(self._idle)))[0].close()
        return response

    def close(self) -> None:
        """Close every kept connection."""
        while self._idle:
            self._idle.popitem()[1][0].close()

    def _connect(self, origin: Origin, deadline: float) -> Connection:
        try:
            try:
                sock = self._open(origin, deadline)
            except ssl.SSLCertVerificationError:
                if not self._trust.widen():
                    raise
                sock = self._open(origin, deadline)
        except TimeoutError as error:
            raise ExchangeError("no connection in time", sent=False) from error
        except ssl.SSLCertVerificationError as error:
            raise ExchangeError("certificate not trusted", sent=False) from error
        except OSError as error:
            raise ExchangeError("no connection", sent=False) from error
        return Connection(sock, self._monotonic)

    def _open(self, origin: Origin, deadline: float) -> Stream:
        sock = self._open_plain(origin, deadline)
        if not origin.tls:
            return sock
        try:
            return self._trust.wrap(sock, origin.host, self._left(deadline))
        except OSError:
            sock.close()
            raise

    def _open_plain(self, origin: Origin, deadline: float) -> socket.socket:
        addresses = _resolve(origin.host, origin.port, self._left(deadline))
        del addresses[_ADDRESSES:]
        while True:
            family, kind, protocol, _, target = addresses.pop(0)
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(self._left(deadline) / (1 + len(addresses)))
                sock.connect(target)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                sock.close()
                if not addresses:
                    raise
            else:
                return sock

    def _left(self, deadline: float) -> float:
        left = deadline - self._monotonic()
        if left <= 0:
            raise TimeoutError
        return left


_Address = tuple[int, int, int, str, Any]


def _resolve(host: str, port: int, timeout: float) -> list[_Address]:
    # The C library's resolver takes no timeout, and may wait for many seconds.
    found: list[list[_Address] | OSError] = []
    # As bytes, or Python loads its tables of international names.
    name = host.encode("ascii")

    # `threading` takes a millisecond of a cold start, and has no more to give here.
    done = _thread.allocate_lock()
    done.acquire()

    def look_up() -> None:  # pragma: no cover - coverage sees no thread of `_thread`'s
        try:
            found.append(list(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)))
        except OSError as error:
            found.append(error)
        finally:
            done.release()

    _thread.start_new_thread(look_up, ())
    if not done.acquire(timeout=timeout):
        raise TimeoutError
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]

"""HTTP/1.1 over one socket: a connection that sends a request and reads its answer.

Written by hand because it is most of the function's work per event: ``http.client``
costs more than twice the CPU time, and none of its generality is needed.
"""

from __future__ import annotations

import re
import select
from collections.abc import Callable

from .typed import NamedTuple, Protocol

#: Bytes of an answer's status line and headers, and of a line between chunks.
HEAD_BYTES = 32 * 1024
#: Bytes that are asked for at a time: as many as a record of TLS has.
_READ_BYTES = 16 * 1024
#: Bytes of an answer's body.
BODY_BYTES = 8 * 1024 * 1024
#: The share of the time left that a socket waits at a time: less than half, so that
#: the timeout still serves the next request, whose time may be a little shorter.
_WAIT = 0.45
#: Seconds that are waited for at a time.
_LEAST_WAIT = 0.05
#: Answers such as ``100 Continue`` that may come before the real one.
INTERIM_ANSWERS = 8

_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: [^\x00\r\n]*)?")
_HEADER = re.compile(r"([!#-'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*)")
# An answer with a length, and with nothing that says how else its end is known or what
# becomes of the connection: nearly all are such, and need no more than this.
# A dot takes a quarter of the time of a class without NUL, CR and LF. It takes CR and
# NUL too, so those are looked for afterwards.
_USUAL_LINE = rb"\r\n(?![CTct](?i:ontent-length|onnection|ransfer-))[0-9A-Za-z-]+:.*"
_USUAL = re.compile(
    rb"HTTP/1\.1 (2(?!04)[0-9][0-9]) .*(?:" + _USUAL_LINE + rb")*"
    rb"\r\n[Cc]ontent-[Ll]ength:[ \t]*([0-9]{1,12})[ \t]*(?:" + _USUAL_LINE + rb")*"
    rb"\r\n\r\n"
)
_LENGTH = re.compile(r"[0-9]{1,12}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00\r\n]*)?")

Clock = Callable[[], float]


class Response(NamedTuple):
    """An answer."""

    status: int
    head: bytes
    """Its status line and headers, which hardly anyone asks for."""
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The headers by their names in lower case."""
        return parse_head(self.head)[1]


class ExchangeError(Exception):
    """A request that got no answer that makes sense.

    Args:
        detail: What went wrong, in words that are safe to log.
        sent: Whether the server may have got the request, and acted on it.
        stale: Whether the connection had been used before and broke without a byte
            of an answer, as one does that the server has closed for being idle.
            Then trying again at once makes sense.
    """

    def __init__(self, detail: str, *, sent: bool, stale: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.sent = sent
        self.stale = stale


class MalformedAnswerError(Exception):
    """What was received is not HTTP/1.1, or is beyond the limits above."""


class Stream(Protocol):
    """What bytes go through: a connected socket, or TLS over one."""

    def send(self, data: bytes | memoryview, /) -> int:
        """Send some of `data`, and return how many bytes."""

    def recv(self, size: int, /) -> bytes:
        """Return what has come, and wait for something; nothing is the end."""

    def settimeout(self, seconds: float, /) -> None:
        """Let both wait for so many seconds, and then raise `TimeoutError`."""

    def fileno(self) -> int:
        """Return what to poll."""

    def close(self) -> None:
        """Close it, whatever state it is in."""


class Connection:
    """One connection, for one thread and one request at a time.

    Args:
        stream: What leads to the server; the connection closes it.
        monotonic: The clock that deadlines are told by.
    """

    def __init__(self, stream: Stream, monotonic: Clock) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._buffer = bytearray()
        self._used = self._answered = False
        self._timeout = 0.0
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLIN)
        self._poll = poll.poll
        self.reusable = True
        """Whether another request may follow."""

    def close(self) -> None:
        """Close the socket, whatever state it is in."""
        self._stream.close()

    def is_quiet(self) -> bool:
        """Tell whether nothing has come since the last answer.

        Whatever comes unasked, such as the end of the stream, makes it useless.
        """
        return not self._poll(0)

    def exchange(self, request: bytes, *, method: str, deadline: float) -> Response:
        """Send a request and return its answer.

        Args:
            request: The whole request, head and body.
            method: Its method; the answer to ``HEAD`` has no body.
            deadline: The instant of the clock to give up at.

        Raises:
            ExchangeError: If no whole and well-formed answer came in time.
        """
        reused, self._used = self._used, True
        self._answered = self.reusable = False
        try:
            if not self._send(request, deadline):
                return self._early_answer(method, deadline)
            try:
                first = self._stream.recv(_READ_BYTES)
            except TimeoutError:
                # There is time left: see `_limit`.
                first = b""
            usual = _USUAL.match(first, 0, HEAD_BYTES + 4)
            if usual and method != "HEAD":
                end = usual.end()
                head, body = first[: end - 4], first[end:]
                if (
                    len(body) == int(usual[2])
                    and head.count(b"\r") == head.count(b"\n")
                    and b"\0" not in head
                ):
                    self.reusable = True
                    return Response(int(usual[1]), head, body)
            self._answered = bool(first)
            self._buffer += first
            return self._receive(method, deadline)
        except TimeoutError as error:
            raise ExchangeError("silence", sent=True) from error
        except MalformedAnswerError as error:
            raise ExchangeError("malformed answer", sent=True) from error
        except OSError as error:
            stale = reused and not self._answered
            raise ExchangeError("reset", sent=True, stale=stale) from error

    def _send(self, request: bytes, deadline: float) -> bool:
        rest: bytes | memoryview = request
        while True:
            self._limit(deadline)
            try:
                sent = self._stream.send(rest)
            except TimeoutError:
                continue
            except OSError:
                return False
            if sent == len(rest):
                return True
            rest = memoryview(rest)[sent:]

    def _early_answer(self, method: str, deadline: float) -> Response:
        # Who refuses a large body may answer before its end, and hang up.
        response = self._receive(method, deadline)
        self.reusable = False
        if response.status < 300:
            raise MalformedAnswerError
        return response

    def _receive(self, method: str, deadline: float) -> Response:
        for _ in range(INTERIM_ANSWERS):
            head = self._line(b"\r\n\r\n", deadline)
            status, headers, keep = parse_head(head)
            if status >= 200:
                break
        else:
            raise MalformedAnswerError
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                raise MalformedAnswerError
            body = self._chunks(deadline)
        elif "content-length" in headers:
            if not _LENGTH.fullmatch(headers["content-length"]):
                raise MalformedAnswerError
            body = self._take(int(headers["content-length"]), deadline)
        else:
            body = self._rest(deadline)
            keep = False
        self.reusable = keep and not self._buffer
        return Response(status, head, body)

    def _chunks(self, deadline: float) -> bytes:
        body = bytearray()
        while size := self._chunk_size(deadline):
            body += self._take(size, deadline, already=len(body))
            if self._take(2, deadline) != b"\r\n":
                raise MalformedAnswerError
        trailers = 0
        while line := self._line(b"\r\n", deadline):
            trailers += len(line)
            if trailers > HEAD_BYTES:
                raise MalformedAnswerError
        return bytes(body)

    def _chunk_size(self, deadline: float) -> int:
        match = _CHUNK.fullmatch(self._line(b"\r\n", deadline))
        if match is None:
            raise MalformedAnswerError
        return int(match[1], 16)

    def _line(self, end: bytes, deadline: float) -> bytes:
        buffer, start = self._buffer, 0
        while (found := buffer.find(end, start)) < 0 and len(buffer) <= HEAD_BYTES:
            start = max(0, len(buffer) - len(end) + 1)
            buffer += self._some(deadline)
        if not 0 <= found <= HEAD_BYTES:
            raise MalformedAnswerError
        line = bytes(buffer[:found])
        del buffer[: found + len(end)]
        return line

    def _take(self, size: int, deadline: float, already: int = 0) -> bytes:
        if already + size > BODY_BYTES:
            raise MalformedAnswerError
        buffer = self._buffer
        while len(buffer) < size:
            buffer += self._some(deadline)
        taken = bytes(buffer[:size])
        del buffer[:size]
        return taken

    def _rest(self, deadline: float) -> bytes:
        try:
            while len(self._buffer) <= BODY_BYTES:
                self._buffer += self._some(deadline)
        except _StreamEndError:
            return bytes(self._buffer)
        raise MalformedAnswerError

    def _some(self, deadline: float) -> bytes:
        while True:
            self._limit(deadline)
            try:
                received = self._stream.recv(_READ_BYTES)
            except TimeoutError:
                continue
            break
        if not received:
            raise _StreamEndError
        self._answered = True
        return received

    def _limit(self, deadline: float) -> None:
        """Let the socket wait for half of the time left at most, so that it may twice.

        Setting its timeout is a system call, so one that still serves is kept.
        """
        left = deadline - self._monotonic()
        if left <= 0:
            raise TimeoutError
        if not left / 4 <= self._timeout <= left / 2:
            self._timeout = left * _WAIT if left > _LEAST_WAIT else left
            self._stream.settimeout(self._timeout)


def parse_head(head: bytes) -> tuple[int, dict[str, str], bool]:
    """Read an answer's status line and headers.

    Args:
        head: What comes before the first empty line.

    Returns:
        The status, the headers by lower-case name (the values of one that came
        twice are joined by commas), and whether the connection stays open.

    Raises:
        MalformedAnswerError: If any line is not what RFC 9112 says.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    status_line = _STATUS_LINE.fullmatch(first)
    if status_line is None:
        raise MalformedAnswerError
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise MalformedAnswerError
        name, value = header[1].lower(), header[2].rstrip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    keep = (
        status_line[1] == "1" and "close" not in headers.get("connection", "").lower()
    )
    return int(status_line[2]), headers, keep


class _StreamEndError(ConnectionError):
    """The server has nothing more to say."""

"""Calls of an AWS service: signed, sent, and sent again inside a deadline."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping

from .endpoints import Endpoint
from .http1 import Clock, ExchangeError, Response
from .pool import Origin, Pool
from .sigv4 import Credentials, Form, Signer
from .storage import Fault, StorageError
from .typed import NamedTuple, Protocol

#: How often a request is sent at most. What is put right at once does not count:
#: another region, the clock, a connection that had died of being idle.
ATTEMPTS = 3
#: Seconds of the longest first pause between two attempts; the next is twice as long.
FIRST_PAUSE = 0.1
#: Seconds that an attempt needs to have a chance; with less left none is made.
LEAST_SECONDS = 0.1
#: Seconds that our clock must differ by to be what a signature was refused for: most
#: services allow five minutes, and the answer has been under way.
SKEW_SECONDS = 240.0

_WITH_A_BODY = frozenset({"POST", "PUT"})


class Call(Protocol):
    """A request as it is asked for, wherever and however often it is sent."""

    target: Target
    """Where it is sent now."""
    path: str
    """Where that is below the target's base, percent-encoded."""
    values: tuple[str, ...]
    """What its target's varying headers are, but the date."""
    body: bytes
    sha256: str
    """SHA-256 of the body, in hexadecimal."""

    def refusal(self, response: Response) -> Refusal | None:
        """Return what an answer says against the call; none settles it."""


class Refusal:
    """An answer that is no success, and what to make of it.

    Args:
        status: The answer's status.
        code: The service's own word for the error; empty where it gave none.
    """

    #: Statuses and codes after which the same request may succeed a little later.
    transient: frozenset[int | str] = frozenset({408, 429})
    #: Those that say that what was asked for does not exist.
    missing: frozenset[int | str] = frozenset({404})
    #: Codes that a request may be refused with because our clock is wrong.
    untimely: frozenset[str] = frozenset()

    def __init__(self, status: int, code: str) -> None:
        self.status = status
        self.code = code
        self.elsewhere = False
        """Whether the call has another target now, to be tried at once."""

    @property
    def detail(self) -> str:
        """The status and the code, and nothing else: safe to log."""
        return f"{self.status} {self.code}".rstrip()

    @property
    def fault(self) -> Fault:
        """The kind of failure, where the same request will not succeed later either."""
        if self.status in self.missing or self.code in self.missing:
            return Fault.MISSING
        return Fault.REFUSED if self.status >= 400 else Fault.UNAVAILABLE

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed a little later."""
        return (
            self.status >= 500
            or self.status in self.transient
            or self.code in self.transient
        )

    @property
    def may_have_worked(self) -> bool:
        """Whether a write may have been done nevertheless.

        A 503 tells to slow down and comes before any work.
        """
        return self.status >= 500 and self.status != 503


class Target(NamedTuple):
    """Where requests go that have most of their heads in common; see `Caller`."""

    origin: Origin
    base: str
    """What comes before a request's own path."""
    method: str
    form: Form


class Caller:
    """Makes the calls of one service.

    Not thread safe: Lambda runs one request at a time.

    Args:
        service: The service's name in signatures, such as ``s3``.
        credentials: Whose requests these are.
        pool: What carries them.
        monotonic: The clock that deadlines are told by; the pool's.
        wall: The clock of the world, by which requests are dated.
        sleep: Waits for a number of seconds.
        jitter: Returns a number from 0 to 1.
    """

    def __init__(
        self,
        service: str,
        credentials: Credentials,
        pool: Pool,
        *,
        monotonic: Clock = time.monotonic,
        wall: Clock = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = lambda: os.urandom(1)[0] / 255,
    ) -> None:
        self._token = credentials.token
        self._signer = Signer(credentials, service)
        self.pool = pool
        """What carries the requests."""
        self._monotonic = monotonic
        self._wall = wall
        self._sleep = sleep
        self._jitter = jitter
        self._skew = 0.0
        self._second = -1
        self._timestamp = ""

    def target(
        self,
        method: str,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        varying: Collection[str] = (),
    ) -> Target:
        """Return a target for requests, to be kept for the next ones.

        Args:
            method: The requests' method.
            endpoint: Where they go.
            headers: The headers to sign that all of them have, by lower-case name;
                host and token are added here.
            varying: The names of those that differ, in order and before the date's,
                which is added here.
        """
        headers = {**headers, "host": endpoint.host}
        if self._token is not None:
            headers["x-amz-security-token"] = self._token
        names = *varying, "x-amz-date"
        form = Form(self._signer, method, headers, names, region=endpoint.region)
        return Target(endpoint.origin, endpoint.base, method, form)

    def settle(self, call: Call, deadline: float) -> tuple[Response, bool]:
        """Return the answer that settles a call, and whether a write is uncertain.

        It is uncertain where an attempt's request was sent, and its fate is unknown.

        Args:
            call: What to ask for.
            deadline: The instant of the clock at which this has returned or raised.

        Raises:
            StorageError: If no answer settled it.
        """
        attempt, adjusted, uncertain = 1, False, False
        detail = "no time left"
        while True:
            now = self._monotonic()
            left = deadline - now
            if left < LEAST_SECONDS:
                break
            # Others may follow it.
            last = attempt == ATTEMPTS
            until = deadline if last else now + max(left / 2, LEAST_SECONDS)
            try:
                response = self._exchange(call, until)
            except ExchangeError as error:
                uncertain |= error.sent
                detail = error.detail
                if error.stale:
                    continue
            else:
                refusal = call.refusal(response)
                if refusal is None:
                    return response, uncertain
                uncertain |= refusal.may_have_worked
                detail = refusal.detail
                if refusal.elsewhere:
                    continue
                if not adjusted and self._adjust(refusal, response):
                    adjusted = True
                    continue
                if not refusal.is_transient:
                    raise StorageError(refusal.fault, detail, uncertain=uncertain)
            if last or not self._pause(attempt, deadline):
                break
            attempt += 1
        raise StorageError(Fault.UNAVAILABLE, detail, uncertain=uncertain)

    def _pause(self, attempt: int, deadline: float) -> bool:
        """Wait for the next attempt, if there is time for one."""
        pause = FIRST_PAUSE * 2 ** (attempt - 1) * (1 + self._jitter()) / 2
        if self._monotonic() + pause + LEAST_SECONDS > deadline:
            return False
        self._sleep(pause)
        return True

    def _adjust(self, refusal: Refusal, response: Response) -> bool:
        if refusal.code not in refusal.untimely:
            return False
        # Hardly ever needed, so not part of every cold start.
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - as said above

        try:
            theirs = parsedate_to_datetime(response.headers["date"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return False
        skew = theirs - self._wall()
        if abs(skew - self._skew) < SKEW_SECONDS:
            return False
        self._skew = skew
        return True

    def _exchange(self, call: Call, until: float) -> Response:
        origin, base, method, form = call.target
        path, body = f"{base}{call.path}", call.body
        second = int(self._wall() + self._skew)
        if second != self._second:
            self._second = second
            self._timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        timestamp = self._timestamp
        signed = form.sign(
            path, (*call.values, timestamp), call.sha256, timestamp=timestamp
        )
        length = f"content-length: {len(body)}\r\n" if method in _WITH_A_BODY else ""
        head = f"{method} {path} HTTP/1.1\r\n{signed}{length}\r\n"
        return self.pool.exchange(
            origin, head.encode("ascii") + body, method=method, deadline=until
        )

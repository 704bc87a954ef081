"""The object store that is S3: signed requests, retried inside a deadline."""

from __future__ import annotations

import hashlib
import os
import time
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from .endpoints import Endpoints
from .http1 import Clock, ExchangeError, Response
from .pool import Pool
from .s3_answers import Refusal
from .sigv4 import EMPTY_SHA256, Credentials, Signer
from .storage import Fault, Outcome, Put, StorageError
from .tls import Trust

#: How often a request is sent at most. What is put right at once does not count:
#: another region, the clock, a connection that had died of being idle.
ATTEMPTS = 3
#: Seconds of the longest first pause between two attempts; the next is twice as long.
FIRST_PAUSE = 0.1
#: Seconds that an attempt needs to have a chance; with less left none is made.
LEAST_SECONDS = 0.1
#: Redirects that are followed for one request.
HOPS = 2
#: Buckets whose region and endpoint are remembered.
BUCKETS = 256

_KEY_TAKEN = 412

_quote = lru_cache(64)(quote)


class S3Store:
    """Keeps objects in S3, or in what speaks S3.

    Not thread safe: Lambda runs one request at a time.

    Args:
        endpoints: Where buckets are.
        credentials: Whose requests these are.
        pool: What carries them.
        monotonic: The clock that deadlines are told by; the pool's.
        wall: The clock of the world, by which requests are dated.
        sleep: Waits for a number of seconds.
        jitter: Returns a number from 0 to 1.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        pool: Pool,
        *,
        monotonic: Clock = time.monotonic,
        wall: Clock = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = lambda: os.urandom(1)[0] / 255,
    ) -> None:
        self._endpoints = endpoints
        self._find = lru_cache(BUCKETS)(endpoints.find)
        self._token = credentials.token
        self._signer = Signer(credentials, "s3")
        self._pool = pool
        self._monotonic = monotonic
        self._wall = wall
        self._sleep = sleep
        self._jitter = jitter
        self._regions: dict[str, str] = {}
        self._skew = 0.0
        self._second = -1
        self._timestamp = ""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> S3Store:
        """Build the store from the variables that the AWS SDKs read.

        Raises:
            ValueError: If the region or the credentials are missing, or an endpoint's
                URL is none.
            OSError: If ``AWS_CA_BUNDLE`` cannot be read.
        """
        endpoints = Endpoints.from_environment(environ)
        credentials = Credentials.from_environment(environ)
        trust = Trust.from_environment(environ, amazon=not endpoints.custom)
        return cls(endpoints, credentials, Pool(trust))

    def put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        deadline: float,
        content_type: str,
        content_encoding: str | None = None,
        owner: str | None = None,
        acl: str | None = None,
    ) -> Put:
        """Write an object unless its key is taken: see the protocol."""
        digest = hashlib.sha256(body)
        headers = {
            **_owned_by(owner),
            "content-type": content_type,
            "if-none-match": "*",
            # A bucket with Object Lock refuses an object without a checksum.
            "x-amz-checksum-sha256": b2a_base64(
                digest.digest(), newline=False
            ).decode(),
        }
        if content_encoding is not None:
            headers["content-encoding"] = content_encoding
        if acl is not None:
            headers["x-amz-acl"] = acl
        response, uncertain = self._send(
            _Call("PUT", bucket, key, headers, body, digest.hexdigest(), _KEY_TAKEN),
            deadline,
        )
        taken = response.status == _KEY_TAKEN
        return Put(Outcome.EXISTED if taken else Outcome.STORED, uncertain)

    def get(
        self, bucket: str, key: str, *, deadline: float, owner: str | None = None
    ) -> bytes:
        """Read an object: see the protocol."""
        call = _Call("GET", bucket, key, _owned_by(owner))
        return self._send(call, deadline)[0].body

    def delete(
        self, bucket: str, key: str, *, deadline: float, owner: str | None = None
    ) -> None:
        """Remove an object: see the protocol."""
        try:
            self._send(_Call("DELETE", bucket, key, _owned_by(owner)), deadline)
        except StorageError as error:
            # S3 itself answers 204; others do not all.
            if error.detail != "404 NoSuchKey":
                raise

    def _send(self, call: _Call, deadline: float) -> tuple[Response, bool]:
        """Return the answer that settles the call, and whether a write is uncertain."""
        attempt, hops, adjusted, uncertain = 1, 0, False, False
        detail = "no time left"
        while True:
            until = self._share(deadline, attempt, detail)
            region = self._regions.get(call.bucket, self._endpoints.region)
            try:
                response = self._exchange(call, region, until)
            except ExchangeError as error:
                uncertain |= error.sent
                detail = error.detail
                if error.stale:
                    continue
            else:
                if response.status < 300 or response.status == call.also_settled_by:
                    return response, uncertain
                refusal = Refusal(response)
                uncertain |= refusal.may_have_worked
                detail = refusal.detail
                if hops < HOPS and self._follow(refusal, call.bucket, region):
                    hops += 1
                    continue
                if not adjusted and self._adjust(refusal):
                    adjusted = True
                    continue
                if not refusal.is_transient:
                    raise StorageError(refusal.fault, detail)
            if attempt == ATTEMPTS:
                raise StorageError(Fault.UNAVAILABLE, detail)
            self._pause(attempt, deadline, detail)
            attempt += 1

    def _share(self, deadline: float, attempt: int, detail: str) -> float:
        """Return the instant that an attempt may last to; others may follow it."""
        now = self._monotonic()
        left = deadline - now
        if left < LEAST_SECONDS:
            raise StorageError(Fault.UNAVAILABLE, detail)
        if attempt == ATTEMPTS:
            return deadline
        return now + max(left / 2, LEAST_SECONDS)

    def _pause(self, attempt: int, deadline: float, detail: str) -> None:
        pause = FIRST_PAUSE * 2 ** (attempt - 1) * (1 + self._jitter()) / 2
        if self._monotonic() + pause + LEAST_SECONDS > deadline:
            raise StorageError(Fault.UNAVAILABLE, detail)
        self._sleep(pause)

    def _follow(self, refusal: Refusal, bucket: str, region: str) -> bool:
        found = refusal.region(bucket, self._endpoints)
        if found is None or found == region:
            return False
        if len(self._regions) >= BUCKETS:
            self._regions.clear()
        self._regions[bucket] = found
        return True

    def _adjust(self, refusal: Refusal) -> bool:
        server_time = refusal.server_time()
        if server_time is None:
            return False
        self._skew = server_time - self._wall()
        return True

    def _exchange(self, call: _Call, region: str, until: float) -> Response:
        try:
            endpoint = self._find(call.bucket, region)
        except ValueError:
            raise StorageError(Fault.MISSING, "not a bucket's name") from None
        timestamp = self._now()
        headers = call.headers
        headers["host"] = endpoint.host
        headers["x-amz-content-sha256"] = call.sha256
        headers["x-amz-date"] = timestamp
        if self._token is not None:
            headers["x-amz-security-token"] = self._token
        # A day's folder is the same for all its events.
        folder, slash, name = call.key.rpartition("/")
        path = f"{endpoint.base}{_quote(folder)}{slash}{quote(name, safe='')}"
        authorization = self._signer.authorization(
            call.method, path, headers, call.sha256, region=region, timestamp=timestamp
        )
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if call.method == "PUT":
            lines += f"content-length: {len(call.body)}\r\n"
        head = (
            f"{call.method} {path} HTTP/1.1\r\n{lines}"
            f"authorization: {authorization}\r\n\r\n"
        )
        return self._pool.exchange(
            endpoint.origin,
            head.encode("ascii") + call.body,
            method=call.method,
            deadline=until,
        )

    def _now(self) -> str:
        second = int(self._wall() + self._skew)
        if second != self._second:
            self._second = second
            self._timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        return self._timestamp


class _Call(NamedTuple):
    """A request as it is asked for, whatever region it will be signed for."""

    method: str
    bucket: str
    key: str
    headers: dict[str, str]
    body: bytes = b""
    sha256: str = EMPTY_SHA256
    also_settled_by: int | None = None


def _owned_by(owner: str | None) -> dict[str, str]:
    return {} if owner is None else {"x-amz-expected-bucket-owner": owner}

"""The object store that is S3: signed requests, retried inside a deadline."""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Mapping
from functools import lru_cache

from .calls import Caller
from .endpoints import Endpoint, Endpoints
from .http1 import Response
from .pool import Pool
from .sigv4 import EMPTY_SHA256, Credentials, percent_encoded
from .storage import Fault, Outcome, Put, StorageError
from .typed import TYPE_CHECKING

if TYPE_CHECKING:
    from .s3_answers import Refusal

#: Redirects that are followed for one request.
HOPS = 2
#: Buckets whose region and endpoint are remembered.
BUCKETS = 256

_KEY_TAKEN = 412

_encoded = lru_cache(64)(percent_encoded)


class S3Store:
    """Keeps objects in S3, or in what speaks S3.

    Not thread safe: Lambda runs one request at a time.

    Args:
        endpoints: Where buckets are.
        caller: What makes the calls.
    """

    def __init__(self, endpoints: Endpoints, caller: Caller) -> None:
        self.pool = caller.pool
        """What carries the requests; a queue's may go the same way."""
        self._buckets = _Buckets(endpoints)
        self._caller = caller

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
        pool = Pool.from_environment(environ, amazon=not endpoints.custom)
        return cls(endpoints, Caller("s3", credentials, pool))

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
        call = _Call(
            self._buckets,
            "PUT",
            bucket,
            key,
            owner,
            headers=headers,
            body=body,
            sha256=digest.hexdigest(),
        )
        response, uncertain = self._caller.settle(call, deadline)
        taken = response.status == _KEY_TAKEN
        return Put(Outcome.EXISTED if taken else Outcome.STORED, uncertain)

    def get(
        self, bucket: str, key: str, *, deadline: float, owner: str | None = None
    ) -> bytes:
        """Read an object: see the protocol."""
        call = _Call(self._buckets, "GET", bucket, key, owner)
        return self._caller.settle(call, deadline)[0].body

    def delete(
        self, bucket: str, key: str, *, deadline: float, owner: str | None = None
    ) -> None:
        """Remove an object: see the protocol."""
        call = _Call(self._buckets, "DELETE", bucket, key, owner)
        try:
            self._caller.settle(call, deadline)
        except StorageError as error:
            # S3 itself answers 204; others do not all.
            if error.detail != "404 NoSuchKey":
                raise


class _Call:
    """A request about one object, whatever region its bucket turns out to be in."""

    def __init__(
        self,
        buckets: _Buckets,
        method: str,
        bucket: str,
        key: str,
        owner: str | None,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        sha256: str = EMPTY_SHA256,
    ) -> None:
        self.method = method
        self.headers = {} if headers is None else headers
        self.body = body
        self.sha256 = sha256
        self._buckets = buckets
        self._bucket = bucket
        self._key = key
        self._hops = 0
        self.headers["x-amz-content-sha256"] = sha256
        if owner is not None:
            self.headers["x-amz-expected-bucket-owner"] = owner

    def target(self) -> tuple[Endpoint, str]:
        try:
            endpoint = self._buckets.find(self._bucket)
        except ValueError:
            raise StorageError(Fault.MISSING, "not a bucket's name") from None
        # A day's folder is the same for all its events.
        folder, slash, name = self._key.rpartition("/")
        path = f"{_encoded(folder, '/')}{slash}{percent_encoded(name)}"
        return endpoint, f"{endpoint.base}{path}"

    def refusal(self, response: Response) -> Refusal | None:
        status = response.status
        if status < 300 or (status == _KEY_TAKEN and self.method == "PUT"):
            return None
        # Most cold starts meet none, so this is not part of them.
        from .s3_answers import Refusal  # noqa: PLC0415 - as said above

        refusal = Refusal(response)
        if self._hops < HOPS and self._buckets.follow(self._bucket, refusal):
            self._hops += 1
            refusal.elsewhere = True
        return refusal


class _Buckets:
    """Where each bucket is, as far as S3's redirects have told."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._find = lru_cache(BUCKETS)(endpoints.find)
        self._regions: dict[str, str] = {}

    def find(self, bucket: str) -> Endpoint:
        return self._find(bucket, self._region(bucket))

    def follow(self, bucket: str, refusal: Refusal) -> bool:
        found = refusal.region(bucket, self._endpoints)
        if found is None or found == self._region(bucket):
            return False
        if len(self._regions) >= BUCKETS:
            self._regions.clear()
        self._regions[bucket] = found
        return True

    def _region(self, bucket: str) -> str:
        return self._regions.get(bucket, self._endpoints.region)

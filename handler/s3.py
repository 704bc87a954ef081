"""The object store that is S3: signed requests, retried inside a deadline."""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Mapping
from functools import lru_cache

from .calls import Caller, Target
from .endpoints import Endpoints
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
_STORED, _UNCERTAIN = Put(Outcome.STORED), Put(Outcome.STORED, uncertain=True)

# Method, bucket, owner; of a write also media type, encoding and canned ACL.
_Kind = tuple[str, str, str | None, str | None, str | None, str | None]

_NOT_SENT = (None, None, None)

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
        self._targets = _Targets(endpoints, caller)
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
        checksum = b2a_base64(digest.digest(), newline=False).decode()
        kind = "PUT", bucket, owner, content_type, content_encoding, acl
        call = _Call(self._targets, kind, key, body, (checksum, digest.hexdigest()))
        response, uncertain = self._caller.settle(call, deadline)
        if response.status == _KEY_TAKEN:
            return Put(Outcome.EXISTED, uncertain)
        return _UNCERTAIN if uncertain else _STORED

    def get(
        self, bucket: str, key: str, *, deadline: float, owner: str | None = None
    ) -> bytes:
        """Read an object: see the protocol."""
        call = _Call(self._targets, ("GET", bucket, owner, *_NOT_SENT), key)
        return self._caller.settle(call, deadline)[0].body

    def delete(
        self, bucket: str, key: str, *, deadline: float, owner: str | None = None
    ) -> None:
        """Remove an object: see the protocol."""
        call = _Call(self._targets, ("DELETE", bucket, owner, *_NOT_SENT), key)
        try:
            self._caller.settle(call, deadline)
        except StorageError as error:
            # S3 itself answers 204; others do not all.
            if error.detail != "404 NoSuchKey":
                raise


class _Call:
    """A request about one object, whatever region its bucket turns out to be in."""

    _hops = 0

    def __init__(
        self,
        targets: _Targets,
        kind: _Kind,
        key: str,
        body: bytes = b"",
        sums: tuple[str, ...] = (),
    ) -> None:
        self.target = targets.find(kind)
        # A day's folder is the same for all its events.
        folder, slash, name = key.rpartition("/")
        self.path = f"{_encoded(folder, '/')}{slash}{percent_encoded(name)}"
        self.values = sums
        self.body = body
        self.sha256 = sums[-1] if sums else EMPTY_SHA256
        self._targets = targets
        self._kind = kind

    def refusal(self, response: Response) -> Refusal | None:
        status = response.status
        if status < 300:
            return None
        method, bucket, *_ = self._kind
        if status == _KEY_TAKEN and method == "PUT":
            return None
        # Most cold starts meet none, so this is not part of them.
        from .s3_answers import Refusal, region_of  # noqa: PLC0415 - as said above

        targets = self._targets
        region = region_of(response, bucket, targets.endpoints)
        refusal = Refusal(response, region, abroad=targets.are_abroad(bucket))
        if self._hops < HOPS and region and targets.follow(bucket, region):
            self._hops += 1
            self.target = targets.find(self._kind)
            refusal.elsewhere = True
        return refusal


class _Targets:
    """Where each bucket is, as far as S3's redirects have told."""

    def __init__(self, endpoints: Endpoints, caller: Caller) -> None:
        self.endpoints = endpoints
        self._caller = caller
        self._regions: dict[str, str] = {}
        self.find = lru_cache(BUCKETS)(self._find)
        """Returns where requests of a kind go now."""

    def follow(self, bucket: str, region: str) -> bool:
        """Note where the bucket is instead; False if that is nothing new."""
        if region == self._region(bucket):
            return False
        if len(self._regions) >= BUCKETS:
            self._regions.clear()
        self._regions[bucket] = region
        self.find.cache_clear()
        return True

    def are_abroad(self, bucket: str) -> bool:
        """Tell whether requests for the bucket go to another region than ours."""
        return self._region(bucket) != self.endpoints.region

    def _find(self, kind: _Kind) -> Target:
        method, bucket, *more = kind
        try:
            endpoint = self.endpoints.find(bucket, self._region(bucket))
        except ValueError:
            raise StorageError(Fault.MISSING, "not a bucket's name") from None
        names = (
            "x-amz-expected-bucket-owner",
            "content-type",
            "content-encoding",
            "x-amz-acl",
        )
        headers = {
            name: value
            for name, value in zip(names, more, strict=True)
            if value is not None
        }
        if method != "PUT":
            headers["x-amz-content-sha256"] = EMPTY_SHA256
            return self._caller.target(method, endpoint, headers)
        headers["if-none-match"] = "*"
        # A bucket with Object Lock refuses an object without a checksum.
        sums = "x-amz-checksum-sha256", "x-amz-content-sha256"
        return self._caller.target(method, endpoint, headers, sums)

    def _region(self, bucket: str) -> str:
        return self._regions.get(bucket, self.endpoints.region)

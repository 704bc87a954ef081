"""AWS Signature Version 4 for requests whose whole payload is at hand.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from .typed import NamedTuple

#: SHA-256 of no payload, in hexadecimal.
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

_RESERVED = re.compile(r"[^A-Za-z0-9._~-]")
_UNRESERVED = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)
_ALGORITHM = "AWS4-HMAC-SHA256"
_DERIVED_KEYS = 32


class Credentials(NamedTuple):
    """What a request is signed with; its ``repr`` keeps the secrets to itself."""

    access_key: str
    secret_key: str
    token: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Credentials:
        """Read the variables that Lambda sets for the function's role.

        Raises:
            ValueError: If the key's id or the key itself is missing.
        """
        try:
            return cls(
                environ["AWS_ACCESS_KEY_ID"],
                environ["AWS_SECRET_ACCESS_KEY"],
                environ.get("AWS_SESSION_TOKEN") or None,
            )
        except KeyError as error:
            raise ValueError(
                f"no AWS credentials: {error.args[0]} is not set"
            ) from None

    def __repr__(self) -> str:
        return "Credentials(...)"


class Signer:
    """Signs the requests to one service.

    Args:
        credentials: Whose requests they are.
        service: The service's name in the credential scope, such as ``s3``.
    """

    def __init__(self, credentials: Credentials, service: str) -> None:
        self.credentials = credentials
        self._service = service
        self._keys: dict[tuple[str, str], bytes] = {}
        # S3 alone signs the path as it is sent; a key may hold "//" and "..".
        self._signs_path_as_sent = service == "s3"

    def authorization(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        payload_sha256: str,
        *,
        region: str,
        timestamp: str,
        query: str = "",
    ) -> str:
        """Return the value of the ``Authorization`` header.

        Args:
            method: The request's method, in capitals.
            path: The request's path as it is sent, that is percent-encoded.
            headers: The headers to sign by their lower-case names: ``host``, every
                ``x-amz-`` header and whatever else must not be changed on the way.
            payload_sha256: SHA-256 of the payload, in hexadecimal.
            region: The region that the request is meant for.
            timestamp: The value of ``x-amz-date``, such as ``20250131T235959Z``.
            query: The query string as :func:`canonical_query` gives it.
        """
        names, signed = _order(*headers)
        lines = "".join(
            [f"{name}:{' '.join(headers[name].split())}\n" for name in names]
        )
        if not self._signs_path_as_sent:
            path = percent_encoded(_without_dot_segments(path), safe="/")
        request = f"{method}\n{path}\n{query}\n{lines}\n{signed}\n{payload_sha256}"
        day = timestamp[:8]
        scope = f"{day}/{region}/{self._service}/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        message = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
        signature = _hmac(self._key(day, region), message).hex()
        return (
            f"{_ALGORITHM} Credential={self.credentials.access_key}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )

    def _key(self, day: str, region: str) -> bytes:
        key = self._keys.get((day, region))
        if key is None:
            if len(self._keys) >= _DERIVED_KEYS:
                self._keys.clear()
            key = f"AWS4{self.credentials.secret_key}".encode()
            for part in (day, region, self._service, "aws4_request"):
                key = _hmac(key, part)
            self._keys[day, region] = key
        return key


def canonical_query(parameters: Iterable[tuple[str, str]]) -> str:
    """Return a query string in the form that is both signed and sent."""
    pairs = sorted((percent_encoded(k), percent_encoded(v)) for k, v in parameters)
    return "&".join([f"{name}={value}" for name, value in pairs])


def percent_encoded(text: str, safe: str = "") -> str:
    """Return `text` with all but RFC 3986's unreserved characters encoded.

    As ``urllib.parse.quote``, whose import is a good part of a cold start.

    Args:
        text: What to encode, as UTF-8.
        safe: ASCII characters to leave as they are, too.
    """
    if not _RESERVED.search(text):
        return text
    kept = _UNRESERVED | set(safe.encode())
    return "".join([chr(b) if b in kept else f"%{b:02X}" for b in text.encode()])


@lru_cache(64)
def _order(*names: str) -> tuple[list[str], str]:
    """Return the names in the order of signing, and as the list that is signed."""
    ordered = sorted(names)
    return ordered, ";".join(ordered)


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.digest(key, message.encode(), "sha256")


def _without_dot_segments(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    trailing = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{trailing}"

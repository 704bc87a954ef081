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
_SCOPES = 32


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
        self._scopes: dict[tuple[str, str], tuple[str, bytes]] = {}
        # S3 alone signs the path as it is sent; a key may hold "//" and "..".
        self._signs_path_as_sent = service == "s3"

    def sign(
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
        """Return the lines of a request's head that are signed, and their signature.

        Each header is on a line of its own with its line's end, ``authorization`` last.

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
        form = _form(*headers)
        values = tuple([headers[name] for name in form.names])
        lines = form.canonical % values
        # Nearly always no value has a space, and then this is all one need know.
        if "\n".join(lines.split()) != lines:
            values = tuple([" ".join(value.split()) for value in values])
            lines = form.canonical % values
        if not self._signs_path_as_sent:
            canonical_path = percent_encoded(_without_dot_segments(path), safe="/")
        else:
            canonical_path = path
        scope, key = self._scope(timestamp[:8], region)
        request = (
            f"{method}\n{canonical_path}\n{query}\n{lines}\n\n"
            f"{form.signed}\n{payload_sha256}"
        )
        digest = hashlib.sha256(request.encode()).hexdigest()
        message = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
        return (
            f"{form.sent % values}"
            f"authorization: {_ALGORITHM} "
            f"Credential={self.credentials.access_key}/{scope}, "
            f"SignedHeaders={form.signed}, Signature={_hmac(key, message).hex()}\r\n"
        )

    def _scope(self, day: str, region: str) -> tuple[str, bytes]:
        """Return what a day's requests to a region are signed for, and the key."""
        found = self._scopes.get((day, region))
        if found is None:
            if len(self._scopes) >= _SCOPES:
                self._scopes.clear()
            parts = (day, region, self._service, "aws4_request")
            key = f"AWS4{self.credentials.secret_key}".encode()
            for part in parts:
                key = _hmac(key, part)
            found = self._scopes[day, region] = "/".join(parts), key
        return found


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


class _Form(NamedTuple):
    """How the headers with certain names are written."""

    names: list[str]
    """The names in the order of signing."""
    signed: str
    """The names as the list that is signed."""
    canonical: str
    """The lines that are signed, with places for the values."""
    sent: str
    """The lines that are sent, likewise."""


@lru_cache(64)
def _form(*names: str) -> _Form:
    ordered = sorted(names)
    literal = [name.replace("%", "%%") for name in ordered]
    return _Form(
        ordered,
        ";".join(ordered),
        "\n".join([f"{name}:%s" for name in literal]),
        "".join([f"{name}: %s\r\n" for name in literal]),
    )


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

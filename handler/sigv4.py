"""AWS Signature Version 4 for requests whose whole payload is at hand.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping

from .mac import Mac
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
    """Whose requests to one service they are, and the keys to sign them; see `Form`.

    Args:
        credentials: Whose requests they are.
        service: The service's name in the credential scope, such as ``s3``.
    """

    def __init__(self, credentials: Credentials, service: str) -> None:
        self.credentials = credentials
        self._service = service
        self._scopes: dict[tuple[str, str], tuple[str, Mac]] = {}
        # S3 alone signs the path as it is sent; a key may hold "//" and "..".
        self.signs_path_as_sent = service == "s3"
        """Whether the path is not encoded once more to be signed."""

    def scope(self, day: str, region: str) -> tuple[str, Mac]:
        """Return what a day's requests to a region are signed for, and the key.

        Args:
            day: The UTC day, such as ``20250131``.
            region: The region.
        """
        found = self._scopes.get((day, region))
        if found is None:
            if len(self._scopes) >= _SCOPES:
                self._scopes.clear()
            parts = (day, region, self._service, "aws4_request")
            key = f"AWS4{self.credentials.secret_key}".encode()
            for part in parts:
                key = Mac(key).digest(part.encode())
            found = self._scopes[day, region] = "/".join(parts), Mac(key)
        return found


class Form:
    """Requests that have most of their headers in common, which are written once.

    Args:
        signer: Who signs them.
        method: Their method, in capitals.
        headers: The headers to sign that are the same in all, by their lower-case
            names: ``host``, every ``x-amz-`` header and whatever else must not be
            changed on the way.
        varying: The names of those to sign that differ.
        region: The region that the requests are meant for.
    """

    def __init__(
        self,
        signer: Signer,
        method: str,
        headers: Mapping[str, str],
        varying: Collection[str],
        *,
        region: str,
    ) -> None:
        self._signer = signer
        self._method = method
        self._region = region
        fixed = {name: " ".join(headers[name].split()) for name in headers}
        names = sorted([*fixed, *varying])
        self._names = ";".join(names)
        lines = [
            f"{name}:%s\n"
            if name in varying
            else f"{name}:{fixed[name]}\n".replace("%", "%%")
            for name in names
        ]
        # What follows the last that differs, such as a long token, is no part of the
        # lines with places, which are read once more for each request.
        last = max([names.index(name) + 1 for name in varying], default=0)
        self._lines = "".join(lines[:last])
        self._rest = "".join(lines[last:]) % ()
        self._sent = "".join([f"{name}: %s\r\n" for name in sorted(varying)])
        self._fixed = "".join([f"{name}: {fixed[name]}\r\n" for name in fixed])
        self._day = ""

    def sign(
        self,
        path: str,
        values: tuple[str, ...],
        payload_sha256: str,
        *,
        timestamp: str,
    ) -> str:
        """Return the lines of a request's head that are signed, and their signature.

        Each header is on a line of its own with its line's end, ``authorization`` last.

        Args:
            path: The request's path as it is sent, that is percent-encoded.
            values: What differs, in the order of the headers' names: text without
                spaces.
            payload_sha256: SHA-256 of the payload, in hexadecimal.
            timestamp: The value of ``x-amz-date``, such as ``20250131T235959Z``.
        """
        if timestamp[:8] != self._day:
            self._begin(timestamp[:8])
        if not self._signer.signs_path_as_sent:
            canonical_path = percent_encoded(_without_dot_segments(path), safe="/")
        else:
            canonical_path = path
        request = (
            f"{self._method}\n{canonical_path}\n\n{self._lines % values}"
            f"{self._rest}\n{self._names}\n{payload_sha256}"
        )
        digest = hashlib.sha256(request.encode()).hexdigest()
        message = f"{_ALGORITHM}\n{timestamp}\n{self._scope}\n{digest}"
        return (
            f"{self._sent % values}{self._fixed}{self._credential}"
            f"{self._key.digest(message.encode()).hex()}\r\n"
        )

    def _begin(self, day: str) -> None:
        self._day = day
        self._scope, self._key = self._signer.scope(day, self._region)
        self._credential = (
            f"authorization: {_ALGORITHM} "
            f"Credential={self._signer.credentials.access_key}/{self._scope}, "
            f"SignedHeaders={self._names}, Signature="
        )


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


def _without_dot_segments(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    trailing = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{trailing}"

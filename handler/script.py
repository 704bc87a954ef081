"""`GET /tracker.js`: the browser client, as a browser or a cache asks for it."""

from __future__ import annotations

import binascii
import hashlib
import os
import zlib
from collections.abc import Mapping
from functools import cache

from .replies import SCRIPT, Reply
from .typed import Any

#: Seconds that a browser may use it without asking.
MAX_AGE_SECONDS = 86_400

_GZIP = 16 + zlib.MAX_WBITS
_ETAG_DIGITS = 16
_HEADERS: Mapping[str, str] = {
    "Cache-Control": f"public, max-age={MAX_AGE_SECONDS}",
    # It is the same for everyone, so any page may load it, also as a module and where
    # the page isolates itself.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
}


def reply(headers: Mapping[str, str], *, gzip: bool = True) -> Reply:
    """Return the script, or that the copy at hand is still the same.

    Args:
        headers: The request's, by lower-case name.
        gzip: Whether the answer may be compressed, which needs an API that decodes
            base64.
    """
    text, etag, compressed = _script()
    common = {**_HEADERS, "ETag": etag}
    if _matches(headers.get("if-none-match", ""), etag):
        return {"statusCode": 304, "headers": common, "body": ""}
    out: dict[str, Any] = {
        "statusCode": 200,
        "headers": {
            **common,
            "Content-Type": "text/javascript; charset=utf-8",
            "X-Content-Type-Options": "nosniff",
        },
        "body": text,
    }
    if gzip and _takes_gzip(headers.get("accept-encoding", "")):
        out["headers"]["Content-Encoding"] = "gzip"
        out["body"] = compressed
        out["isBase64Encoded"] = True
    return out


@cache
def _script() -> tuple[str, str, str]:
    """Return the script, its tag, and the script as base64 of gzip."""
    path = os.path.join(os.path.dirname(__file__), SCRIPT)  # noqa: PTH118, PTH120 - as the function loads no pathlib
    with open(path, "rb") as file:  # noqa: PTH123 - as said above
        raw = file.read()
    # Weak, since it names the script and not the bytes of one encoding.
    etag = f'W/"{hashlib.sha256(raw).hexdigest()[:_ETAG_DIGITS]}"'
    deflate = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    packed = deflate.compress(raw) + deflate.flush()
    return raw.decode(), etag, binascii.b2a_base64(packed, newline=False).decode()


def _matches(sent: str, etag: str) -> bool:
    """Whether `If-None-Match` names the tag, by weak comparison (RFC 9110, 13.1.2)."""
    opaque = etag.removeprefix("W/")
    tags = (tag.strip().removeprefix("W/") for tag in sent.split(","))
    return any(tag in {"*", opaque} for tag in tags)


def _takes_gzip(sent: str) -> bool:
    """Whether `Accept-Encoding` names gzip and does not refuse it."""
    for part in sent.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False

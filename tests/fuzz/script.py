"""A request as a few lines of text, which a fuzzer can change and a person can read.

    v1 POST /track gzip buffered
    User-Agent: x
    Sec-GPC: 1

    {"bucket": "website-analytics", …}

Words of the first line that mean nothing are passed over, so any bytes are a script.
"""

from __future__ import annotations

import base64
import gzip
import json
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import unquote

from tests.handler.fakes import ADDRESS

#: What the function's first line may say beside method and path.
WORDS = ("v1", "v2", "gzip", "base64", "lone", "direct", "buffered", "private")
METHODS = ("POST", "GET", "OPTIONS", "PUT", "HEAD")


class Script(NamedTuple):
    """A request, and the tracker it is sent to."""

    words: frozenset[str]
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def plain(self) -> str:
        """The body as text, and once more without its escapes."""
        text = self.body.decode("utf-8", "replace")
        with suppress(ValueError, RecursionError):
            text += json.dumps(json.loads(text), ensure_ascii=False)
        return text + unquote(text)

    @property
    def event(self) -> dict[str, Any]:
        """What API Gateway makes of it."""
        body = gzip.compress(self.body, mtime=0) if "gzip" in self.words else self.body
        text, encoded = _text(body, encode="base64" in self.words)
        headers = dict(self.headers)
        if "gzip" in self.words:
            headers["Content-Encoding"] = "gzip"
        query = self.body.decode("utf-8", "replace") if self.method == "GET" else ""
        common = {"headers": headers, "body": text, "isBase64Encoded": encoded}
        if "v2" in self.words:
            context = {"http": {"method": self.method, "sourceIp": ADDRESS}}
            return {
                "version": "2.0",
                "routeKey": f"{self.method} {self.path}",
                "rawPath": self.path,
                "rawQueryString": query,
                "requestContext": context,
                **common,
            }
        pairs = (pair.partition("=") for pair in query.split("&") if pair)
        return {
            "resource": self.path,
            "httpMethod": self.method,
            "path": self.path,
            "queryStringParameters": {name: value for name, _, value in pairs} or None,
            "requestContext": {"identity": {"sourceIp": ADDRESS}},
            **common,
        }


def read(raw: bytes) -> Script:
    """Return the script that any bytes are."""
    head, _, body = raw.partition(b"\n\n")
    first, *lines = head.decode("utf-8", "surrogateescape").split("\n")
    words = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name] = value.strip(" ")
    return Script(
        words=frozenset(words) & frozenset(WORDS),
        method=next((word for word in words if word in METHODS), "POST"),
        path=next((word for word in words if word.startswith("/")), "/track"),
        headers=headers,
        body=body,
    )


def _text(body: bytes, *, encode: bool) -> tuple[str, bool]:
    """Return a body as API Gateway does: text where it is, else base64."""
    if not encode:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True

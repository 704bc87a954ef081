"""The process that stands in for S3 and SQS, as the harness sees it."""

from __future__ import annotations

import base64
import http.client
import json
import re
import ssl
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import NamedTuple
from urllib.parse import unquote

from . import processors
from .certificates import Certificates

#: The bucket, where a request names it by its host.
_BUCKET = re.compile(r"\r\nhost: *([^.\r\n]+)\.s3\.", re.IGNORECASE)


class Write(NamedTuple):
    """An object that was written."""

    path: str
    """Bucket and key."""
    body: bytes
    """As it would be read again."""


class Taken(NamedTuple):
    """What the stand-in got since it was last asked."""

    objects: list[Write]
    messages: list[str]
    salts: list[bytes]
    requests: dict[str, int]
    """By service and method; those for salts are apart."""

    @property
    def stored_bytes(self) -> int:
        """The bytes of all objects, as S3 would bill them."""
        return sum(len(written.body) for written in self.objects)


class StandIn:
    """A running stand-in; a context manager that ends it.

    Args:
        certificates: What it shows, and the authority to believe it by.
    """

    def __init__(self, certificates: Certificates) -> None:
        script = Path(__file__).with_name("stub.py")
        command = [sys.executable, "-B", str(script)]
        command += [str(certificates.leaf), str(certificates.key)]
        with processors.second():
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"https://127.0.0.1:{self.port}"
        self._context = ssl.create_default_context(cafile=str(certificates.authority))

    def __enter__(self) -> StandIn:
        """Return the stand-in itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._process.terminate()
        self._process.communicate()

    def take(self) -> Taken:
        """Return what was written, and make it forget all but the salts."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self._context
        )
        connection.request("GET", "/_taken")
        text = connection.getresponse().read().decode()
        connection.close()
        taken = Taken([], [], [], {})
        for line in text.splitlines():
            entry = json.loads(line)
            if "message" in entry:
                taken.messages.append(entry["message"])
            elif "requests" in entry:
                taken.requests.update(entry["requests"])
            else:
                body = _as_read(entry["head"], base64.b64decode(entry["body"]))
                if "/salts/" in entry["path"]:
                    taken.salts.append(body)
                else:
                    bucket = _BUCKET.search(entry["head"])
                    path = unquote(entry["path"])
                    full = f"/{bucket[1]}{path}" if bucket else path
                    taken.objects.append(Write(full, body))
        return taken


def _as_read(head: str, body: bytes) -> bytes:
    """Return an object's bytes without the chunks that some SDKs send it in.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    """
    if "aws-chunked" not in head.lower():
        return body
    parts: list[bytes] = []
    rest = body
    while True:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(rest[:size])
        rest = rest[size + 2 :]

"""A deployed stack: where its parts are, what it answers and what it has stored."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from .apps import App
from .aws import Aws

_STAGE = "prod"
_SECONDS = 200.0


class Answer(NamedTuple):
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    """Names are in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        """The body's document."""
        return json.loads(self.body)


class Deployment:
    """A stack.

    Args:
        aws: Where it is.
        app: What it was deployed from.
        stack: Its name.
        api: How the logical id of its API begins.
        buckets: Its tenants, and how the logical ids of their buckets begin.
    """

    def __init__(
        self, aws: Aws, app: App, stack: str, api: str, buckets: Mapping[str, str]
    ) -> None:
        self.aws = aws
        self.app = app
        self.stack = stack
        self._api = api
        self._buckets = buckets

    def ids(self, kind: str, beginning: str = "") -> dict[str, str]:
        """Return logical and physical ids of the resources of a type."""
        return {
            logical: physical
            for logical, (type_, physical) in self.aws.resources(self.stack).items()
            if type_ == kind and logical.startswith(beginning)
        }

    def one(self, kind: str, beginning: str) -> str:
        """Return the physical id of the one resource of a type and a beginning."""
        (found,) = self.ids(kind, beginning).values()
        return found

    def url(self, path: str, api: str | None = None) -> str:
        """Return the URL of a path of the API, or of another of the stack's."""
        rest = self.one("AWS::ApiGateway::RestApi", api or self._api)
        return f"{self.aws.url}/_aws/execute-api/{rest}/{_STAGE}{path}"

    def bucket(self, tenant: str) -> str:
        """Return the name of a tenant's bucket."""
        return self.one("AWS::S3::Bucket", self._buckets[tenant])

    def objects(self, bucket: str) -> dict[str, bytes]:
        """Return what a bucket holds, read with all rights; gzip is undone."""
        s3 = self.aws.server.reader()
        found = {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for each in page.get("Contents", ()):
                key = each["Key"]
                body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                found[key] = gzip.decompress(body) if key.endswith(".gz") else body
        return found

    def events(self, tenant: str) -> list[dict[str, Any]]:
        """Return every stored line of a tenant's."""
        return [
            json.loads(line)
            for body in self.objects(self.bucket(tenant)).values()
            for line in body.splitlines()
        ]

    def wait_for(self, tenant: str, event_ids: set[str]) -> list[dict[str, Any]]:
        """Return a tenant's events, once these are among them."""

        def all_there() -> bool:
            return event_ids <= {event["eventId"] for event in self.events(tenant)}

        wait_until(all_there, f"{event_ids} of {tenant}")
        return [e for e in self.events(tenant) if e["eventId"] in event_ids]

    def download(self, folder: Path) -> Path:
        """Write every tenant's objects to a data folder, as `dev` lays it out."""
        s3 = self.aws.server.reader()
        for tenant in self._buckets:
            bucket = self.bucket(tenant)
            for key in self.objects(bucket):
                path = folder / tenant / key
                path.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(bucket, key, str(path))
        return folder


def event(**changes: Any) -> dict[str, Any]:
    """Return an event of now, with changes."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return {"eventType": "page_view", "timestamp": now, **changes}


def send(method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
    """Send a request; a header's name is written with `_`."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        reply = urlopen(Request(url, body, names, method=method), timeout=60)
    except HTTPError as refused:
        reply = refused
    with reply:
        named = {name.lower(): value for name, value in reply.headers.items()}
        return Answer(reply.status, named, reply.read())


def post(url: str, sent: Mapping[str, Any], **headers: str) -> Answer:
    """Post an event as a program does."""
    kind = {"content_type": "application/json", **headers}
    return send("POST", url, json.dumps(sent).encode(), **kind)


def curl(*arguments: str, given: bytes = b"") -> Answer:
    """Send a request with curl."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--include", *arguments],
        input=given,
        capture_output=True,
        check=True,
        timeout=60,
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    named = {name.lower(): value for name, value in headers.items()}
    return Answer(int(status.split()[1]), named, body)


def with_query(url: str, query: Mapping[str, str]) -> str:
    """Return a URL with parameters."""
    return f"{url}?{urlencode(query)}"


def wait_until(ready: Callable[[], bool], what: str) -> None:
    """Wait for something.

    Raises:
        TimeoutError: If it takes too long.
    """
    deadline = time.monotonic() + _SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {_SECONDS:.0f} s")
        time.sleep(0.5)

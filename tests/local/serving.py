"""The local server in this process, over real sockets and a real folder."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from analytics_tracker_construct._handler import buckets, settings
from analytics_tracker_construct._local import live
from analytics_tracker_construct._local.folder import FolderStore
from analytics_tracker_construct._local.function import (
    App,
    Function,
    make_app,
    make_writer,
)
from analytics_tracker_construct._local.polling import Poller
from analytics_tracker_construct._local.queue import QUEUE, FolderQueue
from analytics_tracker_construct._local.server import TrackerServer

SETTINGS = settings.Settings(
    patterns=buckets.Patterns(["*-analytics"]),
    tenants={"shop": settings.Tenant("shop", "shop")},
    salt_bucket="tracker-salts",
)
EVENT = {
    "bucket": "demo-analytics",
    "eventType": "page_view",
    "timestamp": "2026-01-31T12:00:00Z",
}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Served:
    """A running server and its folder."""

    def __init__(self, server: TrackerServer, data: Path) -> None:
        self.server = server
        self.data = data

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=10)

    def send(
        self,
        method: str,
        target: str,
        body: bytes | dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        connection = self.connect()
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        answer = Answer(response.status, dict(response.getheaders()), response.read())
        connection.close()
        return answer

    def track(self, **changes: Any) -> Answer:
        return self.send("POST", "/track", {**EVENT, **changes})

    def raw(self, *parts: bytes, shut: bool = False) -> bytes:
        """Send bytes as they are; return everything that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as wire:
            for part in parts:
                wire.sendall(part)
            if shut:
                wire.shutdown(socket.SHUT_WR)
            answer = bytearray()
            while part := wire.recv(65536):
                answer += part
            return bytes(answer)

    def rows(self, bucket: str = "demo-analytics") -> list[dict[str, Any]]:
        """Return what is stored in a bucket."""
        return [
            json.loads(line)
            for path in sorted(self.data.glob(f"{bucket}/analytics/*/*/*/*"))
            for line in _text(path).splitlines()
        ]

    def wait_for_rows(self, count: int) -> list[dict[str, Any]]:
        """Return what is stored, once so many events are."""
        until = time.monotonic() + 10
        while len(self.rows()) < count and time.monotonic() < until:
            time.sleep(0.01)
        return self.rows()


def _text(path: Path) -> bytes:
    body = path.read_bytes()
    return gzip.decompress(body) if path.suffix == ".gz" else body


@contextmanager
def serving(
    data: Path,
    *,
    payload: str = "1.0",
    make: Callable[[], App] | None = None,
    example: str = "curl",
    buffered: bool = False,
    queue: type[FolderQueue] = FolderQueue,
) -> Iterator[Served]:
    """Run a server and its writer until the block ends."""
    page = live.Live(live.totals(data))
    store = live.WatchedStore(FolderStore(data), page)
    waiting = queue(data / QUEUE, visibility=0.2)
    config = SETTINGS._replace(buffered=buffered)

    def start() -> App:
        watched = live.WatchedQueue(waiting, page)
        return make_app(config, store, queue=watched, emit=lambda _: None)

    writer = Function(lambda: make_writer(store, emit=lambda _: None), name="writer")
    poller = Poller(waiting, writer, interval=0.1)
    function = Function(make or start, name="local")
    server = TrackerServer(
        ("127.0.0.1", 0), function, page, payload=payload, example=lambda _: example
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    poller.start()
    try:
        yield Served(server, data)
    finally:
        server.shutdown()
        server.server_close()
        server.drain()
        thread.join()
        poller.stop()

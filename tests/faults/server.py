"""S3 and SQS in a process of their own, which keep what they took in a folder.

`python -m tests.faults.server FOLDER SEED` prints its port. Now and then it says
nothing of what it did, or does nothing of what it was asked.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from analytics_tracker_construct._local.folder import FolderStore
from analytics_tracker_construct._local.queue import FolderQueue
from handler.storage import Outcome, StorageError

#: Of a thousand requests, those that are done without an answer, and those refused.
_MUTE, _REFUSED = 20, 40


class _Server(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.store = FolderStore(folder)
        self.queue = FolderQueue(folder / "queue", visibility=0)
        super().__init__(("127.0.0.1", 0), _Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that were killed."""


class _Connection(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_PUT(self) -> None:
        bucket, key = self._place()
        body = self._body()

        def put() -> tuple[int, bytes]:
            done = self.server.store.put(
                bucket, key, body, deadline=time.monotonic() + 5, content_type=""
            )
            return (412 if done.outcome is Outcome.EXISTED else 200), b""

        self._obey(put)

    def do_GET(self) -> None:
        bucket, key = self._place()

        def get() -> tuple[int, bytes]:
            deadline = time.monotonic() + 5
            try:
                return 200, self.server.store.get(bucket, key, deadline=deadline)
            except StorageError:
                return 404, b""

        self._obey(get)

    def do_DELETE(self) -> None:
        bucket, key = self._place()

        def delete() -> tuple[int, bytes]:
            self.server.store.delete(bucket, key, deadline=time.monotonic() + 5)
            return 204, b""

        self._obey(delete)

    def do_POST(self) -> None:
        message = json.loads(self._body())["MessageBody"]

        def send() -> tuple[int, bytes]:
            self.server.queue.send(message, deadline=time.monotonic() + 5)
            md5 = hashlib.md5(message.encode()).hexdigest()
            return 200, json.dumps({"MD5OfMessageBody": md5}).encode()

        self._obey(send)

    def _obey(self, do: Any) -> None:
        chance = self.server.random.randrange(1000)
        if chance >= _REFUSED:
            status, body = do()
        elif chance >= _MUTE:
            status, body = 503, b""
        else:
            do()
            self.close_connection = True
            return
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _place(self) -> tuple[str, str]:
        bucket, _, key = unquote(self.path)[1:].partition("/")
        return bucket, key

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))


def main() -> None:
    """Serve until killed."""
    server = _Server(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()

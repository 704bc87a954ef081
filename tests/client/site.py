"""The pages that visitors see, and a tracker that answers as it is told."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

from handler.replies import GIF, GIF_AGAIN

#: The tracker's host, and the one line of a page's head.
TRACKER = "tracker.test"
LINE = f'<script defer src="http://{TRACKER}/tracker.js" data-tenant="shop"></script>'
#: The client as a module, where a page imports it from.
MODULE = "/tracker.mjs"

_ROOT = Path(__file__).parents[2]
_SCRIPTS = {
    "/tracker.js": _ROOT / "handler" / "tracker.js",
    MODULE: _ROOT / "client" / "dist" / "tracker.mjs",
}


class Page(NamedTuple):
    """A page of the site."""

    body: str = "<h1>A page</h1>"
    head: str = LINE
    headers: tuple[tuple[str, str], ...] = ()


class Answer(NamedTuple):
    """What the site answers in the tracker's place; bytes are sent as they are."""

    status: int
    body: object = None
    headers: Mapping[str, str] = {}


#: One that the page may not read.
UNREADABLE = Answer(200, headers={"Access-Control-Allow-Origin": "http://nobody.test"})


class Heard(NamedTuple):
    """A request that the site answered in the tracker's place."""

    at: float
    method: str
    media: str | None
    body: Any
    length: int = 0


class Site:
    """Pages by their paths; a path that has none shows a page with the line alone."""

    def __init__(self) -> None:
        self.port = 0
        self.pages: dict[str, Page] = {}
        self.answers: deque[Answer] = deque()
        """What is answered to events, in turn; then that they are stored."""
        self.heard: list[Heard] = []
        self.scripts: dict[str, bytes] = {}
        """Scripts by their paths, beside the client."""
        self.seconds = 0.0
        """How long each answer to events takes."""
        self.images: list[str] = []
        """The queries of the images that were asked for."""
        self.widths: deque[int] = deque()
        """How wide they are, in turn, 0 for one that never comes; then one pixel."""
        self.allows_json = False
        """Whether a preflight is answered so that any request may come."""

    def clear(self) -> None:
        """Forget what a test made of it."""
        self.pages.clear()
        # New ones: a request of the last test's may still be under way.
        self.answers = deque()
        self.heard = []
        self.seconds = 0.0
        self.images = []
        self.widths = deque()

    def page(self, path: str) -> Page:
        """Return the page at a path."""
        return self.pages.get(path.partition("?")[0], Page())


@contextmanager
def serving() -> Iterator[Site]:
    """Serve a site on a free port."""
    site = Site()

    class Connection(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_GET(self) -> None:
            if self.path in {*_SCRIPTS, *site.scripts}:
                script = site.scripts.get(self.path)
                if script is None:
                    script = _SCRIPTS[self.path].read_bytes()
                self._reply(200, script, {"Content-Type": "text/javascript"})
                return
            if self.path.startswith("/pixel.gif?"):
                site.images.append(self.path.partition("?")[2])
                width = site.widths.popleft() if site.widths else 1
                if not width:
                    sleep(60)
                gif = b64decode(GIF if width == 1 else GIF_AGAIN)
                self._reply(200, gif, {"Content-Type": "image/gif"})
                return
            page = site.page(self.path)
            text = (
                '<!doctype html><meta charset="utf-8"><title>A page</title>'
                f'<link rel="icon" href="data:,">{page.head}{page.body}'
            )
            headers = {"Content-Type": "text/html; charset=utf-8", **dict(page.headers)}
            self._reply(200, text.encode(), headers)

        def do_POST(self) -> None:
            heard, answers = site.heard, site.answers
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            media = self.headers.get("Content-Type")
            body = json.loads(raw)
            heard.append(Heard(monotonic(), "POST", media, body, len(raw)))
            sleep(site.seconds)
            answer = answers.popleft() if answers else Answer(200)
            headers = {
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Expose-Headers": "Retry-After",
                **answer.headers,
            }
            reply = answer.body
            if not isinstance(reply, bytes):
                reply = json.dumps(reply or {}).encode()
            self._reply(answer.status, reply, headers)

        def do_OPTIONS(self) -> None:
            site.heard.append(Heard(monotonic(), "OPTIONS", None, {}))
            headers = {
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Allow-Headers": "*",
            }
            self._reply(204, b"", headers if site.allows_json else {})

        def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
    server.daemon_threads = True
    site.port = int(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()

"""Chromium, on a page that sends events and tells what became of them."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import trustme

from ..client.chromium import OPTIONS

_SECONDS = 60.0

#: It sends in every way that a page has: a beacon, which is text/plain and asks nobody
#: first; a request whose JSON is preflighted; an image; a beacon as the page is left.
_PAGE = """\
<!doctype html><meta charset="utf-8"><title>A page</title>
<script>
const {track, pixel, member, ending} = PLAN;
const event = (eventType) => ({
  ...member, eventType, eventId: `${eventType}-${ending}`, page: location.pathname,
  timestamp: new Date().toISOString(),
  viewport: {width: innerWidth, height: innerHeight},
});
async function fetched() {
  try {
    const reply = await fetch(track, {
      method: "POST", keepalive: true, headers: {"Content-Type": "application/json"},
      body: JSON.stringify(event("fetch")),
    });
    return [reply.status, await reply.json()];
  } catch (error) { return [0, String(error)]; }
}
function shown() {
  return new Promise((tell) => {
    const image = new Image();
    // Without TLS, which the API here has not, a browser would hide the page.
    image.referrerPolicy = "origin";
    image.onload = () => tell(image.width);
    image.onerror = () => tell(null);
    const {viewport, ...rest} = event("image");
    image.src = `${pixel}?${new URLSearchParams(rest)}`;
  });
}
addEventListener("pagehide", () => {
  navigator.sendBeacon(track, JSON.stringify(event("pagehide")));
});
addEventListener("load", async () => {
  const report = {
    beacon: navigator.sendBeacon(track, JSON.stringify(event("beacon"))),
    fetch: await fetched(),
    image: await shown(),
  };
  await fetch("/report", {method: "POST", body: JSON.stringify(report)});
  location.href = "/left";
});
</script>
"""
#: It has one line of the tracker's, and is left as soon as it is loaded.
_CLIENT_PAGE = """\
<!doctype html><meta charset="utf-8"><title>A page</title>
<script defer src="SCRIPT" data-tenant="TENANT"></script>
<script>
addEventListener("load", async () => {
  await fetch("/report", {method: "POST", body: "{}"});
  location.href = "/left";
});
</script>
"""


@contextmanager
def visiting(
    chromium: str, folder: Path, host: str, plan: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Have Chromium open `https://<host>/shoes`, leave it, and stay open.

    Args:
        chromium: The program.
        folder: Where its profile goes.
        host: The page's host; only this browser finds it, on this machine.
        plan: `track` and `pixel`, the URLs of the routes; `member`, what is added to
            each event; `ending`, how their ids end. Or `script`, the browser client's
            URL, and `tenant`, for a page that has nothing else of the tracker's.

    Yields:
        What the page saw: whether the beacon was taken, the status and document of the
        fetch, the width of the image.
    """
    folder.mkdir()
    with _site(plan) as (port, told), (folder / "log").open("wb") as log:
        browser = subprocess.Popen(
            [
                chromium,
                *OPTIONS,
                "--ignore-certificate-errors",
                f"--user-data-dir={folder}",
                f"--host-resolver-rules=MAP {host}:443 127.0.0.1:{port}",
                f"https://{host}/shoes",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            report = told.get(timeout=_SECONDS)
            assert told.get(timeout=_SECONDS) == "left"
            # What the page sent as it was left may not be gone yet.
            yield dict(report)
        finally:
            browser.terminate()
            browser.wait(20)


@contextmanager
def _site(plan: Mapping[str, Any]) -> Iterator[tuple[int, Queue[Any]]]:
    """Serve the page over TLS; yield the port, and what pages tell."""
    told: Queue[Any] = Queue()
    page = _PAGE.replace("PLAN", json.dumps(plan))
    if "script" in plan:
        page = _CLIENT_PAGE.replace("SCRIPT", plan["script"])
        page = page.replace("TENANT", plan["tenant"])

    class Connection(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_GET(self) -> None:
            left = self.path == "/left"
            self._reply(("<title>Left</title>" if left else page).encode())
            if left:
                told.put("left")

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told.put(json.loads(self.rfile.read(length)))
            self._reply(b"")

        def _reply(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("shop.example.com").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield int(server.server_address[1]), told
    finally:
        server.shutdown()
        server.server_close()

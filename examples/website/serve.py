"""A small site that uses the browser client, and the tracker that it sends to.

`.venv/bin/python examples/website/serve.py` serves both on this machine. The pages are
plain files, and what they have of the tracker is one line in each head.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

PAGES = Path(__file__).parent / "pages"
#: The address of the tracker that stands in the pages.
TRACKER = "http://127.0.0.1:8787"


class Pages(SimpleHTTPRequestHandler):
    """The files, with the address of the tracker that runs."""

    tracker = TRACKER

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        """Answer with a page; an address without a file is the first page's view."""
        path = self.path.partition("?")[0]
        if path == "/" or not Path(self.translate_path(path)).suffix:
            path = "/index.html"
        self.path = path
        if not path.endswith(".html"):
            super().do_GET()
            return
        file = Path(self.translate_path(path))
        if not file.is_file():
            self.send_error(404)
            return
        text = file.read_text("utf-8").replace(TRACKER, self.tracker).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def main() -> None:
    """Serve until interrupted."""
    options = _options()
    if not find_spec("analytics_tracker_construct"):
        raise SystemExit(
            f"{sys.executable} has no analytics_tracker_construct: after `make demo`, "
            "run this with .venv/bin/python; or install the package with its extra "
            "`local`"
        )
    command = [sys.executable, "-m", "analytics_tracker_construct.cli", "dev"]
    command += ["--quiet", "--tenant", "website", "--data", options.data]
    command += ["--port", str(options.tracker_port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tracker:
        assert tracker.stdout is not None
        first = tracker.stdout.readline()
        if not first.startswith("url: "):
            raise SystemExit("the tracker did not start; choose --tracker-port")
        Pages.tracker = first.removeprefix("url: ").strip()
        try:
            address = ("127.0.0.1", options.port)
            server = ThreadingHTTPServer(address, partial(Pages, directory=str(PAGES)))
            print(f"site: http://127.0.0.1:{server.server_address[1]}/")
            print(f"events as they arrive: {Pages.tracker}/", flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            tracker.terminate()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=8080, help="default: %(default)s")
    parser.add_argument(
        "--tracker-port", type=int, default=8787, help="default: %(default)s"
    )
    parser.add_argument(
        "--data", default="analytics-data/website", help="default: %(default)s"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()

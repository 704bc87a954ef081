"""The browser client beside two open peers', in the same page of the same Chromium.

A visit is a page, three more that are shown without a load, five events and the
leaving. Each script sends to the same server, of another origin, which answers at once.
`make bench-client` runs it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.client.chromium import UNNOTICED, Browser, chromium
from tests.client.conftest import OTHER, SHOP
from tests.client.site import Page, Site, serving

_ROOT = Path(__file__).parents[1]
_PEERS = Path(__file__).parent / "peers" / "client"
_RESULTS = Path(__file__).with_name("client.json")
_PAUSE = "await new Promise((go) => setTimeout(go, 100));"


class Script(NamedTuple):
    """A client: what a page loads, and how it sends an event."""

    name: str
    text: bytes
    event: str


class Visit(NamedTuple):
    """What one visit took."""

    script_ms: float
    """Of the main thread, running scripts."""
    requests: int
    preflights: int
    bytes_sent: int


def main() -> None:
    """Measure, print, and keep what was found if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--visits", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--record", action="store_true", help=f"write {_RESULTS.name}")
    options = parser.parse_args()
    nothing = Script("no script", b"", "void 0")
    scripts = (nothing, _ours(), *_peers())
    found: dict[str, list[Visit]] = {script.name: [] for script in scripts}
    with tempfile.TemporaryDirectory() as folder, serving() as site:
        site.allows_json = True
        hosts = dict.fromkeys((SHOP, OTHER), site.port)
        with chromium(Path(folder), hosts, [UNNOTICED]) as browser:
            for turn in range(options.visits + 1):
                for script in scripts:
                    visit = _visit(browser, site, script)
                    # The first is for what any browser does once.
                    if turn:
                        found[script.name].append(visit)
    idle = _median(found.pop(nothing.name), lambda visit: visit.script_ms)
    rows = [
        {
            "name": script.name,
            "bytes": len(gzip.compress(script.text, 9, mtime=0)),
            "script_ms": round(
                _median(found[script.name], lambda visit: visit.script_ms) - idle, 2
            ),
            "requests": _median(found[script.name], lambda visit: visit.requests),
            "preflights": _median(found[script.name], lambda visit: visit.preflights),
            "bytes_sent": _median(found[script.name], lambda visit: visit.bytes_sent),
        }
        for script in scripts[1:]
    ]
    for row in rows:
        print(json.dumps(row))
    if options.record:
        _RESULTS.write_text(json.dumps({"scripts": rows}, indent=2) + "\n", "utf-8")


def _ours() -> Script:
    text = (_ROOT / "handler" / "tracker.js").read_bytes()
    return Script("this client", text, "tracker('bench', {n: i})")


def _peers() -> list[Script]:
    plausible = f"""
        import {{ init, track }} from "@plausible-analytics/tracker";
        init({{ domain: "shop", endpoint: "http://{OTHER}/track",
                outboundLinks: true, fileDownloads: true, formSubmissions: true }});
        window.send = (i) => track("bench", {{ props: {{ n: String(i) }} }});
    """
    swetrix = f"""
        import {{ init, trackViews, track }} from "swetrix";
        init("shop", {{ apiURL: "http://{OTHER}/track", devMode: true }});
        trackViews();
        window.send = (i) => track({{ ev: "bench", meta: {{ n: String(i) }} }});
    """
    return [
        Script(
            _version("@plausible-analytics/tracker"), _bundled(plausible), "send(i)"
        ),
        Script(_version("swetrix"), _bundled(swetrix), "send(i)"),
    ]


def _version(package: str) -> str:
    lock = json.loads((_PEERS / "package-lock.json").read_text("utf-8"))
    return f"{package} {lock['packages'][f'node_modules/{package}']['version']}"


def _bundled(source: str) -> bytes:
    """Return what a site's bundler makes of a module, as ours is made."""
    esbuild = _ROOT / "client" / "node_modules" / ".bin" / "esbuild"
    options = ("--bundle", "--minify", "--format=iife", "--target=es2021")
    done = subprocess.run(
        [esbuild, *options, "--legal-comments=none", "--loader=js"],
        input=source.encode(),
        cwd=_PEERS,
        capture_output=True,
        check=True,
    )
    return done.stdout


def _visit(browser: Browser, site: Site, script: Script) -> Visit:
    site.clear()
    site.scripts["/measured.js"] = script.text
    tag = f'<script defer src="http://{OTHER}/measured.js" data-tenant="shop"></script>'
    site.pages["/"] = Page(head=tag)
    with browser.visitor() as visitor:
        tab = visitor.open("about:blank")
        tab.call("Performance.enable", timeDomain="threadTicks")
        tab.go(f"http://{SHOP}/")
        tab.run(
            "(async () => {"
            "for (const path of 'abc') {"
            f"history.pushState({{}}, '', path); {_PAUSE} }}"
            f"for (let i = 0; i < 5; i++) {{ {script.event}; {_PAUSE} }} }})()"
        )
        metrics = tab.call("Performance.getMetrics")["metrics"]
        tab.go("about:blank")
        time.sleep(0.3)
    seconds = {each["name"]: float(each["value"]) for each in metrics}["ScriptDuration"]
    posts = [heard for heard in site.heard if heard.method == "POST"]
    return Visit(
        seconds * 1000,
        len(posts),
        len(site.heard) - len(posts),
        sum(heard.length for heard in posts),
    )


def _median(visits: list[Visit], of: Callable[[Visit], float]) -> float:
    return statistics.median(map(of, visits))


if __name__ == "__main__":
    main()

"""The built client: made of its source, small, and of what browsers have."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "client"
BUILT = ("handler/tracker.js", "client/dist/tracker.mjs", "client/dist/tracker.d.ts")


def _node(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["node", *map(str, arguments)],
        cwd=CLIENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, built anew."""
    folder = tmp_path_factory.mktemp("made")
    _node("build.mjs", "--to", folder)
    return folder


@pytest.mark.parametrize("name", BUILT)
def test_what_is_committed_is_what_the_source_makes(made: Path, name: str) -> None:
    """Byte for byte; `make client` builds it."""
    assert (ROOT / name).read_bytes() == (made / name).read_bytes()


def test_the_source_has_the_types_that_it_says(made: Path) -> None:
    """Strictly, and those that it publishes."""
    _node("node_modules/typescript/bin/tsc")
    page = made / "page.ts"
    page.write_text(
        'import { createTracker } from "./client/dist/tracker";\n'
        'const track = createTracker({ endpoint: "/track", tenant: "shop" });\n'
        'track("signup", { plan: "pro" }); track(false);\n'
        "// @ts-expect-error an event has a name\n"
        "track(5);\n"
    )
    options = ("--ignoreConfig", "--strict", "--noEmit", "--target", "es2021")
    resolution = ("--module", "esnext", "--moduleResolution", "bundler")
    _node("node_modules/typescript/bin/tsc", *options, *resolution, page)


@pytest.mark.parametrize(
    ("everything", "budget"), [(False, 2_048), (True, 3_000)], ids=["core", "all"]
)
def test_the_script_stays_small(
    tmp_path: Path, *, everything: bool, budget: int
) -> None:
    """Compressed: page views, events, delivery, in 2.0 KB of 1,024 bytes; then all."""
    script = ROOT / "handler" / "tracker.js"
    if not everything:
        script = tmp_path / "core.js"
        _node("build.mjs", "--core", script)

    assert len(gzip.compress(script.read_bytes(), 9, mtime=0)) <= budget


#: The oldest browsers that the client is for; what they run, newer ones do.
BROWSERS = {"chrome": 85, "firefox": 79, "safari": 15, "safari_ios": 15}
#: What the client cannot do without, by its name in the tables, and what says that the
#: source uses it.
NEEDED = {
    "api.Blob.Blob": "new Blob",
    "api.Crypto.getRandomValues": "getRandomValues",
    "api.Document.currentScript": "currentScript",
    "api.Document.hidden": "document.hidden",
    "api.Document.visibilitychange_event": "visibilitychange",
    "api.Element.matches": ".matches",
    "api.Event.composedPath": ".composedPath",
    "api.HTMLElement.dataset": ".dataset",
    "api.History.pushState": "pushState",
    "api.History.replaceState": "replaceState",
    "api.URL.URL": "new URL",
    "api.URLSearchParams.URLSearchParams": "new URLSearchParams",
    "api.Window.pagehide_event": "pagehide",
    "api.Window.pageshow_event": "pageshow",
    "api.Window.popstate_event": "popstate",
    "api.queueMicrotask": "queueMicrotask",
    "api.fetch": "fetch(",
    "javascript.builtins.String.padStart": ".padStart",
    "javascript.operators.logical_or_assignment": "||=",
    "javascript.operators.optional_chaining": "?.",
    "javascript.statements.async_function": "async function",
    "javascript.operators.spread": "...",
}
#: What it looks for first, and does without.
WANTED = {
    "api.AbortSignal.timeout_static": "AbortSignal.timeout?.",
    "api.Document.prerendering": "prerendering",
    "api.LockManager.request": "navigator.locks",
    "api.Navigation.navigatesuccess_event": "window.navigation?.",
    "api.Navigator.globalPrivacyControl": "globalPrivacyControl",
    "api.Navigator.sendBeacon": '"keepalive" in Request.prototype',
    "api.Request.keepalive": '"keepalive" in Request.prototype',
}


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    """The published tables of what browsers have."""
    data = CLIENT / "node_modules" / "@mdn" / "browser-compat-data" / "data.json"
    return dict(json.loads(data.read_text("utf-8")))


def _since(tables: dict[str, Any], feature: str, browser: str) -> float:
    found: Any = tables
    for part in feature.split("."):
        found = found[part]
    support = found["__compat"]["support"].get(browser, {"version_added": False})
    newest = support[0] if isinstance(support, list) else support
    version = newest["version_added"]
    if newest.get("flags") or version in (False, None, "preview"):
        return float("inf")
    return float(re.sub(r"^≤", "", str(version)))


def _source() -> str:
    return "".join(path.read_text("utf-8") for path in (CLIENT / "src").glob("*.ts"))


@pytest.mark.parametrize("browser", BROWSERS)
@pytest.mark.parametrize("feature", NEEDED)
def test_browsers_have_what_the_client_needs(
    tables: dict[str, Any], feature: str, browser: str
) -> None:
    """By the published tables, for those that cannot be run here."""
    assert NEEDED[feature] in _source(), "no longer used: take it out"

    assert _since(tables, feature, browser) <= BROWSERS[browser]


@pytest.mark.parametrize("feature", WANTED)
def test_what_some_browsers_lack_is_looked_for_first(
    tables: dict[str, Any], feature: str
) -> None:
    """Else it would be needed, and have to be in the table above."""
    assert WANTED[feature] in _source()

    late = [b for b, v in BROWSERS.items() if _since(tables, feature, b) > v]
    assert late or feature == "api.Navigator.sendBeacon"

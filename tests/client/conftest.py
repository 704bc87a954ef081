"""A browser, a site and a local tracker for each test."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from analytics_tracker_construct import DuckDbEngine
from tests.cli.running import Dev

from .chromium import UNNOTICED, Browser, Tab, Visitor, chromium
from .site import TRACKER, Site, serving
from .waiting import wait

#: Hosts of the site: secure ones, and one without TLS.
SHOP, OTHER, PLAIN = "https-shop.test", "https-other.test", "plain.test"
#: Hosts whose names begin as this machine's do.
FAR = ("localhost.test", "127.shop.test")


class Tracker:
    """The local tracker, which can be stopped and started again.

    Args:
        data: Where its objects go.
        port: Where it listens.
        tenant: Whose events it takes.
        options: More options of the command.
    """

    def __init__(
        self, data: Path, port: int, tenant: str = "shop", options: Sequence[str] = ()
    ) -> None:
        self.data = data
        self._folder = data / tenant
        self._options = ("--port", str(port), "--tenant", tenant, "--quiet", *options)
        self._running: Dev | None = None

    def start(self) -> None:
        """Start it."""
        self._running = Dev(self.data, self._options)

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def lines(self) -> list[dict[str, Any]]:
        """Return every line that it stored; an event that came twice may have two."""
        found = []
        for path in sorted(self._folder.rglob("*.json*")):
            raw = path.read_bytes()
            text = gzip.decompress(raw) if path.suffix == ".gz" else raw
            found += [json.loads(line) for line in text.splitlines()]
        for event in found:
            event["metadata"] = json.loads(event["metadata"] or "{}")
        return found

    def events(self, event_type: str = "") -> list[dict[str, Any]]:
        """Return what it stored, each event once, in the order of their times."""
        unique = {event["eventId"]: event for event in self.lines()}
        ordered = sorted(unique.values(), key=lambda e: (e["timestamp"], e["eventId"]))
        return [e for e in ordered if not event_type or e["eventType"] == event_type]

    def count(self) -> dict[str, int]:
        """Ask how many events of each type there are, as an analyst would."""
        rows = DuckDbEngine(self.data).sql(
            "SELECT eventType, count(*) FROM all_events GROUP BY eventType"
        )
        return {str(event_type): int(number) for event_type, number in rows}

    def wait_for(self, count: int, event_type: str = "") -> list[dict[str, Any]]:
        """Wait until it has so many events, and return them."""
        wait(
            lambda: len(self.events(event_type)) >= count,
            lambda: f"{count} events; {[e['eventType'] for e in self.lines()]}",
        )
        return self.events(event_type)


@pytest.fixture(scope="session")
def port() -> int:
    """A port that is free, for every tracker of this process."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def tracker(port: int, tmp_path: Path) -> Iterator[Tracker]:
    """A tracker that runs, and has stored nothing."""
    running = Tracker(tmp_path / "data", port)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def server() -> Iterator[Site]:
    """The site's server."""
    with serving() as site:
        yield site


@pytest.fixture(autouse=True)
def site(server: Site) -> Site:
    """A site without pages of its own."""
    server.clear()
    return server


@pytest.fixture(scope="session")
def hosts(server: Site, port: int) -> dict[str, int]:
    """Where each host name leads."""
    return {**dict.fromkeys((SHOP, OTHER, PLAIN, *FAR), server.port), TRACKER: port}


@pytest.fixture(scope="session")
def browser(
    hosts: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A browser that nobody can tell from a visitor's."""
    folder = tmp_path_factory.mktemp("chromium")
    with chromium(folder, hosts, [UNNOTICED]) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """Somebody who was never here before."""
    with browser.visitor() as somebody:
        yield somebody


#: Makes waits in a page's scripts twenty times as short.
HURRY = """{
  const real = setTimeout;
  setTimeout = (go, ms, ...given) => real(go, ms / 20, ...given);
}"""
#: What a script does to have the outbox sent now rather than in five seconds.
FLUSH = "dispatchEvent(new Event('online'))"


def clock(seconds: float) -> str:
    """Return a script that sets the page's clock ahead, or back."""
    return f"""{{
      const real = Date, ahead = {seconds * 1000};
      Date = class extends real {{
        constructor(...given) {{
          given.length ? super(...given) : super(real.now() + ahead);
        }}
        static now() {{ return real.now() + ahead; }}
      }};
    }}"""


def outbox(tab: Tab) -> list[str]:
    """Return the keys of what a page keeps, beside an answer that is asked for."""
    return list(tab.run("Object.keys(localStorage)"))

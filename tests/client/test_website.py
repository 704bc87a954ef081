"""The example's site, as somebody visits it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from .chromium import Visitor
from .conftest import FLUSH, Tracker

SERVE = Path(__file__).parents[2] / "examples" / "website" / "serve.py"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where the site is, while its program runs."""
    ports = ("--port", "0", "--tracker-port", "0")
    with subprocess.Popen(
        [sys.executable, SERVE, *ports, "--data", str(tmp_path / "website")],
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        site = re.fullmatch(r"site: (http://[\d.:]+/)\n", running.stdout.readline())
        assert site
        assert running.stdout.readline().startswith("events as they arrive: http://")
        yield site[1]
        running.send_signal(signal.SIGINT)


def test_a_visit_to_it_is_every_kind_of_event(
    address: str, visitor: Visitor, tmp_path: Path
) -> None:
    """Under the strict policy that its pages have."""
    stored = Tracker(tmp_path / "website", 0, tenant="website")
    tab = visitor.open(f"{address}?utm_source=news")
    tab.run("document.querySelector('nav a[href=\"/new\"]').click()")
    tab.run("document.querySelector('#plan').click()")
    tab.run(
        "addEventListener('click', (event) => event.preventDefault());"
        "for (const part of ['example.com', 'price-list'])"
        'document.querySelector(`a[href*="${part}"]`).click()'
    )
    tab.run(
        "document.querySelector('input').value = 'a@example.com';"
        "document.forms[0].requestSubmit()"
    )
    stored.wait_for(6)
    tab = visitor.open(f"{address}guide.html")
    tab.run("new Promise((done) => { onscroll = done; scrollTo(0, 1e6) })")
    tab.run(FLUSH)

    events = stored.wait_for(9)

    assert Counter(event["eventType"] for event in events) == {
        "page_view": 4,
        "signup": 1,
        "outbound_click": 1,
        "file_download": 1,
        "newsletter": 1,
        "scroll_complete": 1,
    }
    assert "a@example.com" not in str(events)
    assert events[0]["metadata"] == {"utm_source": "news"}


def test_a_python_without_the_package_is_told_which_one_has_it(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / "bin" / "python"

    done = subprocess.run(
        [python, SERVE], capture_output=True, text=True, check=False, timeout=30
    )

    assert done.returncode == 1
    assert f"{python} has no analytics_tracker_construct" in done.stderr
    assert "run this with .venv/bin/python" in done.stderr

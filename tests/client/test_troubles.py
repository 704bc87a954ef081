"""Tabs that close, networks that fail, pages that restrict: nothing lost or doubled."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress

import pytest

from .chromium import Tab, Visitor
from .conftest import FLUSH, OTHER, PLAIN, SHOP, Tracker, clock
from .site import LINE, TRACKER, Page, Site
from .waiting import wait

HOME = f"http://{SHOP}/"
#: So far ahead that what earlier pages left is nobody's by now.
LATER = clock(20)


def _numbered(tab: Tab, first: int, last: int) -> None:
    tab.run(f"for (let i = {first}; i < {last}; i++) tracker('numbered', {{i}})")


def _check_all(tracker: Tracker, count: int) -> None:
    """Check that each number is there, once, to whoever asks."""
    events = tracker.wait_for(count, "numbered")
    assert sorted(event["metadata"]["i"] for event in events) == list(range(count))
    assert tracker.count()["numbered"] == count


def _offline(tab: Tab, *, offline: bool) -> None:
    tab.call(
        "Network.emulateNetworkConditions",
        offline=offline,
        latency=0,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )


def _is_empty(tab: Tab) -> bool:
    return not tab.run("Object.keys(localStorage).some((k) => k.includes('shop.'))")


def test_a_tab_that_closes_in_the_middle_of_a_batch(
    tracker: Tracker, visitor: Visitor
) -> None:
    tab = visitor.open(HOME)
    _numbered(tab, 0, 5)
    tab.close()

    _check_all(tracker, 5)


def test_a_page_that_is_left(tracker: Tracker, visitor: Visitor) -> None:
    """What nobody heard the answer to is sent again, and counts once."""
    tab = visitor.open(HOME)
    for page in range(4):
        _numbered(tab, page * 3, page * 3 + 3)
        tab.go(f"{HOME}{page}")
    tab.close()
    _check_all(tracker, 12)

    after = visitor.open(HOME, before=LATER)
    after.run(FLUSH)
    wait(lambda: _is_empty(after), "an empty outbox")
    _check_all(tracker, 12)
    assert tracker.count()["page_view"] == 6


def test_a_tab_that_is_hidden_sends_at_once(tracker: Tracker, visitor: Visitor) -> None:
    tab = visitor.open(HOME)
    _numbered(tab, 0, 3)
    tab.run(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    _check_all(tracker, 3)

    _numbered(tab, 3, 5)

    _check_all(tracker, 5)
    assert len(tracker.lines()) == 6


def test_a_tracker_that_is_down_for_ten_seconds(
    tracker: Tracker, visitor: Visitor
) -> None:
    """A page that stays sends again; one that was left, when the site is visited."""
    stays, goes = visitor.open(HOME), visitor.open(HOME)
    for tab in (stays, goes):
        tab.run(FLUSH)
    tracker.wait_for(2, "page_view")
    tracker.stop()
    down = time.monotonic()
    _numbered(stays, 0, 20)
    _numbered(goes, 20, 25)
    goes.close()
    stays.run(FLUSH)
    time.sleep(max(0.0, 10 - (time.monotonic() - down)))
    tracker.start()

    wait(lambda: len(tracker.events("numbered")) >= 20, "what stayed")
    visitor.open(HOME, before=LATER).run(FLUSH)

    _check_all(tracker, 25)
    wait(lambda: _is_empty(stays), "an empty outbox")
    assert tracker.count() == {"numbered": 25, "page_view": 3}


def test_offline_and_back(tracker: Tracker, visitor: Visitor) -> None:
    tab = visitor.open(HOME)
    tab.run(FLUSH)
    tracker.wait_for(1)
    _offline(tab, offline=True)
    _numbered(tab, 0, 30)
    tab.run("new Promise((done) => setTimeout(done, 500))")
    assert len(tracker.events("numbered")) == 0

    _offline(tab, offline=False)

    _check_all(tracker, 30)
    wait(lambda: _is_empty(tab), "an empty outbox")
    assert len(tracker.lines()) == 31


@pytest.mark.parametrize("host", [SHOP, PLAIN])
def test_a_thousand_events_at_once(
    tracker: Tracker, visitor: Visitor, host: str
) -> None:
    tab = visitor.open(f"http://{host}/")
    began = tab.run("performance.now()")
    _numbered(tab, 0, 1000)
    took = tab.run("performance.now()") - began

    _check_all(tracker, 1000)
    assert len(tracker.lines()) == 1001
    requests = tab.events("Network.requestWillBeSent")
    posts = [e for e in requests if e["request"]["method"] == "POST"]
    assert len(posts) < 40
    assert took < 2000


def test_a_page_that_never_yields(tracker: Tracker, visitor: Visitor) -> None:
    """Nothing of its can be sent any more, but the next page finds it."""
    tab = visitor.open(HOME)
    tab.start("for (let i = 0; i < 5; i++) tracker('numbered', {i}); for (;;);")
    time.sleep(1)
    with suppress(Exception):
        tab.close()

    visitor.open(HOME, before=LATER).run(FLUSH)

    _check_all(tracker, 5)


STRICT = (
    "default-src 'none'; script-src http://{0}; connect-src http://{0}; img-src data:"
)
IMAGES = "default-src 'none'; script-src http://{0}; img-src http://{0} data:"


@pytest.mark.parametrize("policy", [STRICT, IMAGES])
def test_a_page_with_a_strict_policy(
    tracker: Tracker, site: Site, visitor: Visitor, policy: str
) -> None:
    """Also one that allows nothing but images."""
    headers = ("Content-Security-Policy", policy.format(TRACKER))
    site.pages["/"] = Page(headers=(headers,))
    tab = visitor.open(HOME)
    _numbered(tab, 0, 4)
    tab.run(FLUSH)

    _check_all(tracker, 4)
    wait(lambda: _is_empty(tab), "an empty outbox")
    (view,) = tracker.events("page_view")
    assert view["page"] == HOME
    assert view["viewport"]["width"] > 0


def test_a_page_that_isolates_itself(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    headers = (
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
    )
    site.pages["/"] = Page(headers=headers)
    tab = visitor.open(HOME)
    assert tab.run("crossOriginIsolated") is True
    tab.run(FLUSH)

    assert len(tracker.wait_for(1)) == 1


FRAME = '<iframe src="http://{}/framed"{}></iframe>'


@pytest.mark.parametrize("sandbox", ["", ' sandbox="allow-scripts"'])
def test_a_page_in_a_frame_of_another_site(
    tracker: Tracker, site: Site, visitor: Visitor, sandbox: str
) -> None:
    """In a sandbox all storage is blocked, and the origin has no name."""
    burst = "<script>addEventListener('load', () => {{ {} }})</script>".format(
        "for (let i = 0; i < 12; i++) tracker('numbered', {i})"
    )
    site.pages["/frame"] = Page(FRAME.format(SHOP, sandbox), head="")
    site.pages["/framed"] = Page(burst)
    visitor.open(f"http://{OTHER}/frame")

    _check_all(tracker, 12)
    sessions = Counter(event["sessionId"] for event in tracker.events("numbered"))
    assert len(sessions) == 1


def test_a_blocked_script_breaks_nothing(site: Site, visitor: Visitor) -> None:
    site.pages["/"] = Page(head=LINE.replace(TRACKER, "nowhere.test"))
    tab = visitor.open(HOME)

    assert tab.run("document.title") == "A page"

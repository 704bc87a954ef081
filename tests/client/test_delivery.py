"""What becomes of events: batches, refusals, retries and the outbox."""

from __future__ import annotations

import itertools
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from .chromium import Tab, Visitor
from .conftest import FLUSH, HURRY, OTHER, PLAIN, SHOP, Tracker, clock, outbox
from .site import LINE, TRACKER, UNREADABLE, Answer, Page, Site
from .waiting import wait

HOME = f"http://{SHOP}/"
#: The site answers in the tracker's place.
SCRIPTED = LINE.replace(TRACKER, OTHER).replace("defer", "defer data-manual")
#: Fills the site's storage with data of the page's own.
FILL = (
    "let size = 1 << 22; while (size > 1) {"
    "try { localStorage[size + Math.random()] = 'x'.repeat(size) }"
    "catch { size >>= 1 } }"
)


def _events(site: Site, request: int) -> list[str]:
    return [event["eventType"] for event in site.heard[request].body["events"]]


def _waiting(tab: Tab) -> list[str]:
    return [key for key in outbox(tab) if "shop." in key]


def _wait_heard(site: Site, count: int) -> None:
    wait(lambda: len(site.heard) >= count, f"{count} requests; {len(site.heard)} came")


def test_ten_events_go_at_once_and_nobody_is_asked_first(
    site: Site, visitor: Visitor
) -> None:
    """As text, without credentials, with what they share and when they were sent."""
    site.pages["/"] = Page(head=SCRIPTED.replace("defer", 'defer data-write-key="k1"'))
    tab = visitor.open(HOME)
    tab.run("for (let i = 0; i < 9; i++) tracker('burst')")
    assert site.heard == []

    tab.run("tracker('burst')")

    _wait_heard(site, 1)
    (heard,) = site.heard
    assert (heard.method, heard.media) == ("POST", "text/plain;charset=UTF-8")
    assert set(heard.body) == {"tenant", "writeKey", "sentAt", "events"}
    assert (heard.body["tenant"], heard.body["writeKey"]) == ("shop", "k1")
    assert len({event["eventId"] for event in heard.body["events"]}) == 10
    wait(lambda: outbox(tab) == [], "an empty outbox")


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_what_is_refused_for_good_is_sent_once(
    site: Site, visitor: Visitor, status: int
) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.append(Answer(status, {"error": "No", "message": "Never"}))
    tab = visitor.open(HOME)
    tab.run(f"tracker('refused'); {FLUSH}")

    wait(lambda: outbox(tab) == [], "an empty outbox")
    tab.run(f"tracker('next'); {FLUSH}")

    _wait_heard(site, 2)
    assert _events(site, 1) == ["next"]


@pytest.mark.parametrize("status", [403, 404, 429, 503])
def test_what_failed_is_sent_again_later_and_not_earlier_than_asked(
    site: Site, visitor: Visitor, status: int
) -> None:
    """The words are a gateway's or a firewall's; the tracker's own have an `error`."""
    site.pages["/"] = Page(head=SCRIPTED)
    body = {"message": "Forbidden"}
    site.answers.append(Answer(status, body, headers={"Retry-After": "7"}))
    tab = visitor.open(HOME)
    tab.run(f"tracker('retried'); {FLUSH}")
    wait(lambda: "tracker:shop-pause" in outbox(tab), "the pause")
    tab.run("for (let i = 0; i < 10; i++) tracker('more')")

    _wait_heard(site, 2)

    first, second = site.heard
    assert second.at - first.at > 6.9
    assert second.body["events"][0] == first.body["events"][0]
    assert second.body["sentAt"] > first.body["sentAt"]
    assert len(second.body["events"]) == 11


def test_the_wait_grows_from_failure_to_failure_and_is_never_the_same(
    site: Site, visitor: Visitor
) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.extend([Answer(500)] * 3)
    tab = visitor.open(HOME)
    tab.run(f"tracker('retried'); {FLUSH}")

    _wait_heard(site, 4)

    times = [heard.at for heard in site.heard]
    waits = [later - sooner for sooner, later in itertools.pairwise(times)]
    for wait_, longest in zip(waits, (2, 4, 8), strict=True):
        assert longest / 2 <= wait_ < longest + 1.5
    assert waits != [2, 4, 8]


def test_of_a_batch_only_what_failed_is_sent_again(
    site: Site, visitor: Visitor
) -> None:
    rejected = [{"index": 0, "status": 400}, {"index": 2, "status": 503}]
    body = {"status": "partial", "accepted": 1, "rejected": rejected}
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.append(Answer(200, body, {"Retry-After": "1"}))
    tab = visitor.open(HOME)
    # Events of one millisecond have no order.
    tab.run(
        "(async () => { for (const each of 'abc') {"
        "tracker(each); await new Promise((go) => setTimeout(go, 5)) } })()"
    )
    tab.run(FLUSH)

    _wait_heard(site, 2)

    assert [_events(site, 0), _events(site, 1)] == [["a", "b", "c"], ["c"]]
    wait(lambda: not [k for k in outbox(tab) if "." in k], "an empty outbox")


def test_a_wait_is_the_next_pages_too(site: Site, visitor: Visitor) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.append(Answer(503, headers={"Retry-After": "3600"}))
    tab = visitor.open(HOME)
    tab.run(f"tracker('kept'); {FLUSH}")
    wait(lambda: "tracker:shop-pause" in outbox(tab), "the pause")

    tab.run("for (let i = 0; i < 10; i++) tracker('more')")
    tab.go(HOME)
    tab.run("new Promise((done) => setTimeout(done, 1000))")
    assert len(site.heard) == 1

    later = visitor.open(HOME, before=clock(3700))
    later.run("dispatchEvent(new Event('pagehide')); tracker('later')")
    wait(lambda: len(site.heard) > 1, "the next request")


def test_two_tabs_share_what_waits_and_send_it_once(
    site: Site, visitor: Visitor
) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    tabs = [visitor.open(HOME) for _ in range(2)]
    site.answers.extend([Answer(503, headers={"Retry-After": "60"})] * 20)
    for tab in tabs:
        tab.run(f"for (let i = 0; i < 200; i++) tracker('shared'); {FLUSH}")
    wait(lambda: "tracker:shop-pause" in outbox(tabs[0]), "the pause")
    tabs[0].run("new Promise((done) => setTimeout(done, 500))")
    site.heard.clear()
    site.answers.clear()
    site.seconds = 0.2
    for tab in tabs:
        # After the pause, when all is older than what is left to the tab that made it.
        tab.run(clock(70))
    for tab in tabs:
        tab.run(FLUSH)

    def sent() -> list[str]:
        return [e["eventId"] for heard in site.heard for e in heard.body["events"]]

    wait(lambda: len(set(sent())) == 400, "all events")

    wait(lambda: not [k for k in outbox(tabs[0]) if "." in k], "an empty outbox")
    assert len(sent()) == 400


def test_a_full_outbox_drops_the_oldest_and_says_how_many(
    site: Site, visitor: Visitor
) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.append(Answer(503, headers={"Retry-After": "2"}))
    tab = visitor.open(HOME)
    tab.run(f"tracker('first'); {FLUSH}")
    wait(lambda: "tracker:shop-pause" in outbox(tab), "the pause")
    tab.run(
        "(async () => { for (let i = 0; i < 70; i++) {"
        "tracker('large', {i, text: 'x'.repeat(20000)});"
        "await new Promise((go) => setTimeout(go, 3)) } })()"
    )
    size = tab.run("Object.values(localStorage).join('').length")
    assert 800_000 < size <= 1_000_100

    wait(lambda: not [k for k in outbox(tab) if "." in k], "an empty outbox")

    got = [event for heard in site.heard[1:] for event in heard.body["events"]]
    large = [e["metadata"]["i"] for e in got if e["eventType"] == "large"]
    (dropped,) = [
        e["metadata"]["count"] for e in got if e["eventType"] == "events_dropped"
    ]
    assert large == list(range(70 - len(large), 70))
    assert len(large) + dropped == 71
    assert "first" not in [e["eventType"] for e in got]


def test_requests_stay_within_what_browsers_keep_alive(
    site: Site, visitor: Visitor
) -> None:
    """64 KiB, of which a character may take three bytes."""
    site.pages["/"] = Page(head=SCRIPTED)
    tab = visitor.open(HOME)
    tab.run("for (let i = 0; i < 300; i++) tracker('wide', {text: '語'.repeat(150)})")

    def got() -> list[dict[str, Any]]:
        return [event for heard in site.heard for event in heard.body["events"]]

    wait(lambda: len(got()) == 300, "all events")

    assert len({event["eventId"] for event in got()}) == 300
    sizes = [e["request"] for e in tab.events("Network.requestWillBeSent")]
    posts = [
        len(r.get("postData", "").encode()) for r in sizes if r["method"] == "POST"
    ]
    assert 3 < len(posts) < 20
    assert max(posts) < 64 * 1024


def test_one_event_may_be_larger_than_that(site: Site, visitor: Visitor) -> None:
    """It goes while the page stays."""
    site.pages["/"] = Page(head=SCRIPTED)
    tab = visitor.open(HOME)
    tab.run("tracker('small'); tracker('large', {text: 'x'.repeat(50000)})")
    tab.run(FLUSH)

    _wait_heard(site, 2)

    assert sorted(_events(site, 0) + _events(site, 1)) == ["large", "small"]


def test_an_event_that_the_tracker_would_refuse_is_dropped_and_counted(
    tracker: Tracker, visitor: Visitor
) -> None:
    """By bytes, with what the request adds: no event is lost of which nobody hears."""
    tab = visitor.open(HOME)
    tab.run(
        "for (const char of ['x', '語']) for (const kb of [64, 64.5, 64.8, 65.3, 66])"
        "tracker('large', {text: char.repeat(kb * 1000 / new Blob([char]).size)})"
    )

    wait(lambda: outbox(tab) == [], "an empty outbox")

    told = tracker.wait_for(1, "events_dropped")
    taken = tracker.events("large")
    assert sum(event["metadata"]["count"] for event in told) == 10 - len(taken)
    assert {event["metadata"]["text"][0] for event in taken} == {"x", "語"}


def test_storage_that_the_page_has_filled_loses_nothing(
    site: Site, visitor: Visitor
) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    tab = visitor.open(HOME)
    tab.run(FILL)
    tab.run(f"tracker('one'); tracker('two'); {FLUSH}")

    _wait_heard(site, 1)

    assert sorted(_events(site, 0)) == ["one", "two"]


def test_without_keepalive_a_beacon_takes_what_a_page_leaves_behind(
    tracker: Tracker, visitor: Visitor
) -> None:
    tab = visitor.open(HOME, before="delete Request.prototype.keepalive")
    tab.run("tracker('signup')")
    tab.go("about:blank")

    events = tracker.wait_for(2)

    assert {event["eventType"] for event in events} == {"page_view", "signup"}


def test_a_wrong_clock_is_corrected(tracker: Tracker, visitor: Visitor) -> None:
    """The day of the object stays the one that a retry will name."""
    tab = visitor.open(HOME, before=clock(-3 * 86_400))
    tab.run(FLUSH)

    (event,) = tracker.wait_for(1)

    assert event["clientTimestamp"][:10] < event["timestamp"][:10]
    assert event["timestamp"][:10] == event["serverTimestamp"][:10]
    (path,) = (tracker.data / "shop").rglob("*.json")
    year, month, day = event["clientTimestamp"][:10].split("-")
    assert f"year={year}/month={month}/day={day}" in path.as_posix()


@pytest.mark.parametrize("body", [b'{"status":"ok","rej', b"<p>Log in first", b""])
def test_an_answer_that_is_not_the_trackers_is_none(
    site: Site, visitor: Visitor, body: bytes
) -> None:
    """One that is cut, or of a network that asks its visitors to log in."""
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.append(Answer(200, body))
    tab = visitor.open(HOME)
    tab.run(f"tracker('kept'); {FLUSH}")

    _wait_heard(site, 2)

    assert [_events(site, 0), _events(site, 1)] == [["kept"], ["kept"]]
    assert site.images == []
    wait(lambda: not _waiting(tab), "an empty outbox")


@pytest.mark.parametrize("host", [SHOP, PLAIN])
def test_who_opts_out_while_a_request_fails_can_opt_in_again(
    site: Site, visitor: Visitor, host: str
) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.append(UNREADABLE)
    site.seconds = 1.0
    tab = visitor.open(f"http://{host}/")
    tab.run("window.errors = []; onunhandledrejection = (e) => errors.push(1)")
    tab.run(f"tracker('never'); {FLUSH}")
    _wait_heard(site, 1)
    tab.run("tracker(false)")
    tab.run("new Promise((done) => setTimeout(done, 1500))")
    assert tab.run("errors.length") == 0

    tab.run(f"tracker(true); tracker('again'); {FLUSH}")

    _wait_heard(site, 2)
    assert _events(site, 1) == ["again"]
    assert site.images == []


def test_an_image_that_never_comes_holds_nothing_up(
    site: Site, visitor: Visitor
) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.append(UNREADABLE)
    site.widths.append(0)
    tab = visitor.open(HOME, before=HURRY)
    tab.run(f"tracker('kept'); {FLUSH}")

    wait(lambda: len(site.heard) > 1, "the next request", 15)

    assert _events(site, 1) == ["kept"]
    assert len(site.images) == 1


def test_an_event_that_an_image_could_not_store_goes_again(
    site: Site, visitor: Visitor
) -> None:
    """Two pixels wide, it says so."""
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.extend([UNREADABLE] * 9)
    site.widths.append(2)
    tab = visitor.open(HOME)
    tab.run(f"tracker('kept'); {FLUSH}")

    wait(lambda: not _waiting(tab), "an empty outbox")

    ids = [parse_qs(query)["eventId"] for query in site.images]
    assert len(ids) == 2
    assert ids[0] == ids[1]


def test_an_event_too_long_for_an_image_lets_others_pass(
    site: Site, visitor: Visitor
) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.extend([UNREADABLE] * 20)
    tab = visitor.open(HOME)
    tab.run("tracker('long', {text: 'x'.repeat(9000)})")
    tab.run("new Promise((done) => setTimeout(done, 5))")
    tab.run(f"tracker('short'); tracker('short'); {FLUSH}")

    wait(lambda: len(_waiting(tab)) == 1, "the others")

    assert [parse_qs(query)["eventType"] for query in site.images] == [["short"]] * 2


def test_an_event_that_no_tracker_takes_is_dropped_and_counted(
    site: Site, visitor: Visitor
) -> None:
    """It would push all others out of the outbox."""
    site.pages["/"] = Page(head=SCRIPTED)
    tab = visitor.open(HOME)
    tab.run("tracker('small'); tracker('huge', {text: 'x'.repeat(990000)})")
    tab.run(FLUSH)

    _wait_heard(site, 1)

    assert sorted(_events(site, 0)) == ["events_dropped", "small"]


def test_a_pause_that_was_asked_for_outlasts_a_network_that_comes_back(
    site: Site, visitor: Visitor
) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.append(Answer(503, headers={"Retry-After": "60"}))
    tab = visitor.open(HOME)
    tab.run(f"tracker('kept'); {FLUSH}")
    wait(lambda: "tracker:shop-pause" in outbox(tab), "the pause")

    tab.run(FLUSH)
    tab.run("new Promise((done) => setTimeout(done, 1000))")

    assert len(site.heard) == 1


@pytest.mark.parametrize(
    ("seconds", "least", "most"), [(120, 110_000, 120_000), (-120, 0, 2_000)]
)
def test_a_date_says_how_long_to_wait_as_seconds_do(
    site: Site, visitor: Visitor, seconds: int, least: int, most: int
) -> None:
    """One that is over asks for no wait."""
    site.pages["/"] = Page(head=SCRIPTED)
    date = formatdate(time.time() + seconds, usegmt=True)
    site.answers.append(Answer(503, headers={"Retry-After": date}))
    tab = visitor.open(HOME)
    tab.run(f"tracker('kept'); {FLUSH}")
    wait(lambda: "tracker:shop-pause" in outbox(tab), "the pause")

    left = tab.run("localStorage['tracker:shop-pause'] - Date.now()")

    assert least < left <= most


_LARGE = "for (let i = 0; i < 6; i++) tracker('large', {text: 'x'.repeat(9000)});"


def test_of_two_pauses_the_longer_one_counts(site: Site, visitor: Visitor) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    site.seconds = 0.2
    waits = ("1", "60", "1")
    site.answers.extend(Answer(503, headers={"Retry-After": each}) for each in waits)
    tab = visitor.open(HOME)
    tab.run(f"{_LARGE} dispatchEvent(new Event('pagehide'))")
    _wait_heard(site, 3)
    tab.run("new Promise((done) => setTimeout(done, 500))")

    left = tab.run("localStorage['tracker:shop-pause'] - Date.now()")

    assert 50_000 < left < 60_000


def test_a_beacon_that_was_taken_is_no_failure(site: Site, visitor: Visitor) -> None:
    """As many go as may, and where the page stays, all of it once more."""
    site.pages["/"] = Page(head=SCRIPTED)
    hurry = f"{HURRY} delete Request.prototype.keepalive"
    tab = visitor.open(HOME, before=hurry)
    tab.run(f"{_LARGE} dispatchEvent(new Event('pagehide'))")
    _wait_heard(site, 3)
    assert "tracker:shop-pause" not in outbox(tab)

    wait(lambda: not outbox(tab), "an empty outbox")

    sent = [e["eventId"] for heard in site.heard for e in heard.body["events"]]
    assert (len(sent), len(set(sent))) == (12, 6)


def test_opting_out_lasts_though_storage_was_full(site: Site, visitor: Visitor) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    site.answers.append(Answer(503, headers={"Retry-After": "60"}))
    tab = visitor.open(HOME)
    tab.run(f"tracker('stored'); {FLUSH}")
    wait(lambda: "tracker:shop-pause" in outbox(tab), "the pause")
    tab.run(FILL)
    tab.run("tracker('found no room'); tracker(false)")

    assert _waiting(tab) == []
    assert tab.run("localStorage['tracker:shop-off']") == "1"
    assert tab.run("sessionStorage.length") == 0


def test_opting_out_lasts_though_the_page_has_filled_the_storage(
    site: Site, visitor: Visitor
) -> None:
    """As long as the tab; from its next page on that finds room, for good."""
    site.pages["/"] = site.pages["/next"] = Page(head=SCRIPTED)
    tab = visitor.open(HOME)
    tab.run(FILL)
    tab.run(f"tracker(false); tracker('never'); {FLUSH}")
    assert "tracker:shop-off" not in outbox(tab)

    tab.go(f"{HOME}next")
    tab.run("tracker('never'); localStorage.clear()")
    tab.go(HOME)
    tab.run(f"tracker('never'); {FLUSH}")
    assert tab.run("Object.entries(localStorage)") == [["tracker:shop-off", "1"]]
    assert tab.run("sessionStorage.length") == 0

    tab.run(f"tracker(true); tracker('again'); {FLUSH}")
    _wait_heard(site, 1)
    assert [_events(site, n) for n in range(len(site.heard))] == [["again"]]


def test_opting_out_lasts_though_storage_is_filled_afterwards(
    site: Site, visitor: Visitor
) -> None:
    """Where a failed request's pause finds no room."""
    site.pages["/"] = Page(head=SCRIPTED)
    site.seconds = 1
    site.answers.append(Answer(503))
    tab = visitor.open(HOME)
    tab.run(f"tracker('under way'); {FLUSH}")
    _wait_heard(site, 1)
    tab.run("tracker(false)")
    tab.run(FILL)
    tab.run("new Promise((done) => setTimeout(done, 1500))")

    tab.run(f"tracker('never'); {FLUSH}")
    tab.run("new Promise((done) => setTimeout(done, 3000))")

    assert len(site.heard) == 1


def test_storage_that_fails_does_not_break_the_page(
    site: Site, visitor: Visitor
) -> None:
    site.pages["/"] = Page(head=SCRIPTED)
    fails = """Object.defineProperty(window, "localStorage", {
      value: new Proxy({}, { get() { throw new Error("gone") } }) })"""
    tab = visitor.open(HOME, before=fails)

    tab.run("tracker('lost'); tracker(false)")


def test_a_tenant_with_keys_takes_what_says_one(
    site: Site, visitor: Visitor, port: int, tmp_path: Path
) -> None:
    key = "atp_" + "1" * 32
    keyed = Tracker(tmp_path / "keyed", port, options=("--write-key", f"shop={key}"))
    keyed.start()
    try:
        site.pages["/"] = Page(
            head=LINE.replace("defer", f'defer data-write-key="{key}"')
        )
        without = visitor.open(f"{HOME}without")
        without.run(FLUSH)
        wait(lambda: not _waiting(without), "the refusal")
        visitor.open(HOME).run(FLUSH)

        (event,) = keyed.wait_for(1)
    finally:
        keyed.stop()

    assert event["page"] == HOME

"""Page views, sessions and what visitors do, as events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .chromium import Tab, Visitor, chromium
from .conftest import FAR, FLUSH, OTHER, PLAIN, SHOP, Tracker, clock
from .site import LINE, MODULE, TRACKER, Page, Site
from .waiting import wait

HOME = f"http://{SHOP}/"
STUB = (
    "<script>window.tracker = window.tracker || ((...given) => tracker.q.push(given));"
    "tracker.q = tracker.q || []</script>"
)


def _told(tracker: Tracker, tab: Tab, count: int) -> list[dict[str, Any]]:
    """Return what there is, once there is so much of it."""
    tab.run(FLUSH)
    return tracker.wait_for(count)


def test_one_line_in_the_head_counts_a_page_view(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    """Five seconds later at most, without what might say who the visitor is."""
    site.pages["/pricing"] = Page()
    visitor.open(f"{HOME}pricing?token=secret#top")

    (event,) = tracker.wait_for(1)

    assert event["eventType"] == "page_view"
    assert event["page"] == f"{HOME}pricing"
    assert event["viewport"]["width"] > 0
    assert len(event["sessionId"]) == 32
    assert (event["referrer"], event["metadata"]) == (None, {})
    assert event["clientTimestamp"] is None


def test_where_a_visitor_came_from_is_told_without_its_query(
    tracker: Tracker, visitor: Visitor
) -> None:
    """Also of the same site, whose whole address the browser gives."""
    tab = visitor.open(f"{HOME}login?token=secret")
    seen = len(tab.events("Page.loadEventFired"))
    tab.run("location = '/inside'")
    tab.wait_loaded(seen)

    login, inside = _told(tracker, tab, 2)

    assert inside["referrer"] == f"{HOME}login"
    assert "secret" not in str([login, inside])


def test_a_page_of_one_document_counts_each_path_once(
    tracker: Tracker, visitor: Visitor
) -> None:
    """Whichever way it is shown; what follows the path makes no other page."""
    tab = visitor.open(f"{HOME}a")
    tab.run("history.pushState({}, '', '/b')")
    tab.run("history.pushState({}, '', '/b?sort=price')")
    tab.run("history.replaceState({}, '', '/c')")
    tab.run("history.replaceState({}, '', '/c#details')")
    tab.run("new Promise((go) => { addEventListener('popstate', go); history.go(-2) })")

    events = _told(tracker, tab, 4)

    views = [(e["page"][len(HOME) :], e["referrer"]) for e in events]
    assert views == [
        ("a", None),
        ("b", f"{HOME}a"),
        ("c", f"{HOME}b"),
        ("a", f"{HOME}c"),
    ]


def test_a_page_that_handles_navigations_itself_is_counted(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    """By the Navigation API, which does not ask the history."""
    site.pages["/"] = Page('<a href="/two">two</a>')
    tab = visitor.open(HOME)
    tab.run("navigation.onnavigate = (event) => event.intercept()")
    tab.run("document.links[0].click()")
    tab.run("navigation.navigate('/two?again').finished")
    tab.run("navigation.navigate('/three').finished")

    views = _told(tracker, tab, 3)

    assert [(e["eventType"], e["page"]) for e in views] == [
        ("page_view", HOME),
        ("page_view", f"{HOME}two"),
        ("page_view", f"{HOME}three"),
    ]
    assert views[2]["referrer"] == f"{HOME}two"


def test_reading_to_the_end_is_told_once_a_page(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    site.pages["/long"] = Page("<p style='height: 9000px'>")
    tab = visitor.open(f"{HOME}long")
    scrolled = "new Promise((done) => {{ onscroll = done; scrollTo(0, {}) }})"
    tab.run(scrolled.format(4000))
    tab.run("tracker('middle')")
    tab.run(scrolled.format(9000))
    tab.run(scrolled.format(0))
    tab.run(scrolled.format(9000))
    tab.run("tracker('end')")

    events = _told(tracker, tab, 4)

    types = [event["eventType"] for event in events]
    assert types == ["page_view", "middle", "scroll_complete", "end"]


def test_a_page_that_is_short_for_a_moment_was_not_read(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    """As one is while a route's content is exchanged."""
    site.pages["/long"] = Page("<p style='height: 9000px'>")
    tab = visitor.open(f"{HOME}long")
    scrolled = "new Promise((done) => {{ onscroll = done; {} }})"
    tab.run(scrolled.format("scrollTo(0, 4000)"))
    tab.run("history.pushState({}, '', '/other')")
    tab.run(scrolled.format("document.querySelector('p').style.height = '10px'"))
    tab.run("tracker('end')")

    types = [event["eventType"] for event in _told(tracker, tab, 3)]

    assert types == ["page_view", "page_view", "end"]


@pytest.mark.parametrize(("button", "count"), [(1, 1), (2, 0)])
def test_a_link_is_followed_with_the_middle_button_and_not_with_the_right(
    tracker: Tracker, site: Site, visitor: Visitor, button: int, count: int
) -> None:
    site.pages["/"] = Page(f'<a href="http://{OTHER}/there">outside</a>')
    tab = visitor.open(HOME)
    click = f"new MouseEvent('auxclick', {{button: {button}, bubbles: true}})"
    tab.run(f"document.links[0].dispatchEvent({click}); tracker('end')")

    events = _told(tracker, tab, 2 + count)

    types = [event["eventType"] for event in events]
    assert types.count("outbound_click") == count


def test_a_submit_that_is_no_forms_is_nothing(
    tracker: Tracker, visitor: Visitor
) -> None:
    tab = visitor.open(HOME)
    _told(tracker, tab, 1)
    tab.run("window.errors = []; addEventListener('error', (e) => errors.push(1))")

    tab.run("document.dispatchEvent(new Event('submit'))")

    assert tab.run("errors.length") == 0


def test_clicks_that_lead_away_are_told_and_others_are_not(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    """A page's own listener that stops the click changes nothing."""
    links = f"""
      <a href="/inside">inside</a>
      <a href="http://{OTHER}/there?id=7#x"><b>outside</b></a>
      <a href="/price-list.PDF?v=2">file</a>
      <a href="/report" download>file</a>
      <a href="mailto:somebody@example.com">mail</a>
    """
    stop = (
        "<script>document.addEventListener('click', (e) => {"
        "e.preventDefault(); e.stopImmediatePropagation() }, true)</script>"
    )
    site.pages["/"] = Page(links + stop)
    tab = visitor.open(HOME)
    tab.run("for (const a of document.links) (a.querySelector('b') || a).click()")

    events = _told(tracker, tab, 4)[1:]

    assert sorted((e["eventType"], e["metadata"]["url"]) for e in events) == [
        ("file_download", f"{HOME}price-list.PDF"),
        ("file_download", f"{HOME}report"),
        ("outbound_click", f"http://{OTHER}/there"),
    ]


def test_links_of_components_and_of_image_maps_are_links(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    """As long as the component lets the page see into it."""
    site.pages["/"] = Page(
        f"""<map name="m"><area href="http://{OTHER}/area"></map><p></p><script>
          const root = document.querySelector("p").attachShadow({{ mode: "open" }});
          root.innerHTML = '<a href="http://{OTHER}/shadow"><b>outside</b></a>';
          addEventListener("click", (event) => event.preventDefault());
        </script>"""
    )
    tab = visitor.open(HOME)
    tab.run("root.querySelector('b').click(); document.querySelector('area').click()")

    events = _told(tracker, tab, 3)[1:]

    assert sorted((e["eventType"], e["metadata"]["url"]) for e in events) == [
        ("outbound_click", f"http://{OTHER}/area"),
        ("outbound_click", f"http://{OTHER}/shadow"),
    ]


def test_a_form_that_says_so_is_told_when_it_is_sent(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    """By its attribute, never by what is written in it; `submit()` tells nobody."""
    site.pages["/quiet"] = Page(head="")
    site.pages["/"] = Page(
        '<form id="letter" data-track="newsletter" action="/thanks">'
        '<input name="id" value="a@example.com"><button>Send</button></form>'
        '<form action="/search"><input name="q"></form>'
        '<form action="/quiet" data-track="unseen" target="frame"></form>'
        '<iframe name="frame"></iframe>'
    )
    tab = visitor.open(HOME)
    tab.run("document.forms[1].addEventListener('submit', (e) => e.preventDefault())")
    tab.run("document.forms[1].requestSubmit()")
    tab.run("document.forms[2].submit()")
    tab.run("document.forms[0].requestSubmit()")

    events = tracker.wait_for(2)

    assert [(e["eventType"], e["metadata"]) for e in events[:2]] == [
        ("page_view", {}),
        ("newsletter", {"form": "letter"}),
    ]


def test_calls_before_the_script_is_there_are_kept_for_it(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    early = "<script>tracker('signup', {plan: 'pro'})</script>"
    site.pages["/"] = Page(head=STUB + early + LINE)
    tab = visitor.open(HOME)
    tab.run("tracker('later')")

    events = _told(tracker, tab, 3)

    told = {event["eventType"]: event["metadata"] for event in events}
    assert told == {"page_view": {}, "signup": {"plan": "pro"}, "later": {}}


def test_campaigns_and_click_ids_are_told_with_the_page_view(
    tracker: Tracker, visitor: Visitor
) -> None:
    tab = visitor.open(
        f"{HOME}?utm_source=news&utm_campaign=June+sale&gclid=G1&gbraid=B2&q=secret"
    )
    tab.run("tracker('signup')")

    view, signup = _told(tracker, tab, 2)

    assert view["metadata"] == {
        "utm_source": "news",
        "utm_campaign": "June sale",
        "gclid": "G1",
        "gbraid": "B2",
    }
    assert signup["metadata"] == {}


CLICK_IDS = (
    *("dclid", "gclid", "fbclid", "ttclid", "twclid", "yclid", "msclkid"),
    *("gbraid", "wbraid", "li_fat_id"),
)


def test_every_networks_click_id_is_told(tracker: Tracker, visitor: Visitor) -> None:
    query = "&".join(f"{name}=1" for name in (*CLICK_IDS, "msclid", "id", "xgclid"))
    tab = visitor.open(f"{HOME}?{query}")

    (view,) = _told(tracker, tab, 1)

    assert sorted(view["metadata"]) == sorted(CLICK_IDS)


def test_a_session_lasts_until_half_an_hour_without_an_event(
    tracker: Tracker, visitor: Visitor
) -> None:
    tab = visitor.open(HOME)
    for minutes in (29, 58, 89):
        ahead = clock(minutes * 60).replace(
            "const real = Date", "const real = window.real ||= Date"
        )
        tab.run(ahead)
        tab.run("tracker('still_here')")

    events = _told(tracker, tab, 4)

    # Of one clock that jumps; the server corrects the times by the last one.
    ids = [e["sessionId"] for e in sorted(events, key=lambda e: e["clientTimestamp"])]
    assert len(set(ids[:3])) == 1
    assert ids[3] != ids[0]


def test_a_session_goes_from_page_to_page_of_a_tab_and_not_to_another(
    tracker: Tracker, visitor: Visitor
) -> None:
    tab = visitor.open(f"{HOME}one")
    tab.go(f"{HOME}two")
    other = visitor.open(f"{HOME}three")
    tab.run(FLUSH)
    other.run(FLUSH)

    one, two, three = tracker.wait_for(3)

    assert one["sessionId"] == two["sessionId"] != three["sessionId"]


def test_nothing_stays_in_the_browser_that_could_know_it_again(
    tracker: Tracker, visitor: Visitor
) -> None:
    """No cookie, and of storage that lasts nothing, once the events have arrived."""
    tab = visitor.open(HOME)
    _told(tracker, tab, 1)
    wait(lambda: not tab.run("localStorage.length"), "an empty outbox")

    assert tab.run("document.cookie") == ""
    assert tab.run("indexedDB.databases()") == []
    assert tab.run("caches.keys()") == []
    assert tab.run("Object.keys(sessionStorage)") == ["tracker:shop"]


@pytest.mark.parametrize(
    ("member", "value", "header"),
    [("globalPrivacyControl", "true", "Sec-GPC"), ("doNotTrack", "'1'", "DNT")],
)
def test_who_asks_not_to_be_known_has_no_session_and_no_click_id(
    tracker: Tracker, visitor: Visitor, member: str, value: str, header: str
) -> None:
    """What remains is a count of pages; the server leaves out the rest."""
    says = f"Object.defineProperty(navigator, '{member}', {{value: {value}}})"
    headers = {"Network.setExtraHTTPHeaders": {"headers": {header: "1"}}}
    tab = visitor.open(
        f"{HOME}?utm_source=news&gclid=G1", before=says, emulation=headers
    )

    (event,) = _told(tracker, tab, 1)

    assert tab.run("sessionStorage.length") == 0
    assert (event["sessionId"], event["ip"], event["userAgent"]) == (None, None, None)
    assert event["metadata"] == {"utm_source": "news"}


def test_who_opts_out_is_not_counted_until_he_opts_in(
    tracker: Tracker, visitor: Visitor
) -> None:
    """Nor what was not sent by then; on every page of the site."""
    tab = visitor.open(f"{HOME}before")
    tab.run("tracker(false)")
    tab.run("tracker('never')")
    tab.go(f"{HOME}after")
    tab.run(f"tracker('never'); {FLUSH}")
    assert tab.run("Object.entries(localStorage)") == [["tracker:shop-off", "1"]]

    tab.run("tracker(true)")
    tab.run("tracker('again')")

    assert [e["eventType"] for e in _told(tracker, tab, 1)] == ["again"]


def test_a_browser_that_a_program_drives_is_not_counted(
    tracker: Tracker, hosts: dict[str, int], tmp_path: Path
) -> None:
    folder = tmp_path / "profile"
    folder.mkdir()
    with chromium(folder, hosts) as driven, driven.visitor() as program:
        tab = program.open(HOME)
        assert tab.run("navigator.webdriver") is True
        tab.run(f"tracker('signup'); {FLUSH}")
        assert tab.run("localStorage.length") == 0

    assert tracker.events() == []


def test_a_page_on_this_machine_counts_only_if_it_says_so(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    site.pages["/asked"] = Page(head=LINE.replace("defer", "defer data-local"))
    here = f"http://127.0.0.1:{site.port}"
    visitor.open(f"{here}/").run(f"tracker('never'); {FLUSH}")

    tab = visitor.open(f"{here}/asked")

    assert [e["page"] for e in _told(tracker, tab, 1)] == [f"{here}/asked"]


def test_names_of_this_machine_do_not_count_and_others_do(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    for host in ("localhost", "shop.localhost", "127.0.0.1"):
        near = visitor.open(f"http://{host}:{site.port}/")
        near.run(f"tracker('never'); {FLUSH}")
        assert near.run("localStorage.length") == 0
    for host in FAR:
        visitor.open(f"http://{host}/").run(FLUSH)

    events = tracker.wait_for(len(FAR))

    assert {event["page"] for event in events} == {f"http://{host}/" for host in FAR}


def test_a_page_that_is_prepared_counts_when_it_is_looked_at(
    tracker: Tracker, visitor: Visitor
) -> None:
    """What the page says meanwhile is told then, too.

    Chromium prepares no pages while it is driven: the page is told that it is prepared.
    """
    prepared = "Object.defineProperty(document, 'prerendering', {get: () => prepared});"
    tab = visitor.open(f"{HOME}next", before=f"window.prepared = true; {prepared}")
    tab.run(f"tracker('ready'); {FLUSH}")
    assert tab.run("localStorage.length + sessionStorage.length") == 0

    tab.run("prepared = false; document.dispatchEvent(new Event('prerenderingchange'))")

    types = [event["eventType"] for event in _told(tracker, tab, 2)]
    assert sorted(types) == ["page_view", "ready"]


def test_what_is_said_while_a_page_is_prepared_is_of_the_page_as_it_was(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    """A router may change the path before anybody looks.

    Chromium prepares a page when it likes, so that the page before it asks again.
    """
    site.pages["/"] = Page(
        '<script type="speculationrules">{"prerender": [{"urls": ["/next"]}]}</script>'
        "<script>addEventListener('storage', ({key}) => {"
        "  if (key == 'ready') location = '/next';"
        "});"
        "setTimeout(() => location.reload(), 5000)</script>"
    )
    site.pages["/next"] = Page(
        "<script>addEventListener('load', () => {"
        "  const prepared = document.prerendering;"
        "  tracker('early', {prepared}, 'of no use');"
        "  history.replaceState({}, '', '/next/en');"
        "  tracker('late', {prepared});"
        "  localStorage.ready = Date.now();"
        "})</script>"
    )
    visitor.visit(HOME)

    tracker.wait_for(1, "late")
    told = {
        (e["eventType"], e["page"][len(HOME) :]): (e["referrer"], e["metadata"])
        for e in tracker.events()
    }
    assert told == {
        ("page_view", ""): (None, {}),
        ("page_view", "next"): (HOME, {}),
        ("early", "next"): (HOME, {"prepared": True}),
        ("page_view", "next/en"): (f"{HOME}next", {}),
        ("late", "next/en"): (f"{HOME}next", {"prepared": True}),
    }


def test_a_page_that_was_kept_for_the_back_button_counts_again(
    tracker: Tracker, visitor: Visitor
) -> None:
    """Chromium keeps none while it is driven: the page is told that it was kept."""
    tab = visitor.open(HOME)
    tab.run("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")

    types = [event["eventType"] for event in _told(tracker, tab, 2)]

    assert types == ["page_view", "page_view"]


def test_a_tag_that_stands_twice_counts_once(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    """For the first one's tenant; the page's developer is told."""
    other = LINE.replace("shop", "blog")
    site.pages["/"] = Page(head=LINE + other)
    tab = visitor.open(HOME)
    tab.run("tracker('signup')")

    events = _told(tracker, tab, 2)

    assert [event["eventType"] for event in events] == ["page_view", "signup"]
    (said,) = tab.events("Runtime.consoleAPICalled")
    assert said["type"] == "warning"
    assert said["args"][0]["value"] == "tracker: second tag ignored"


def test_a_page_may_send_every_event_itself(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    site.pages["/"] = Page(head=LINE.replace("defer", "defer data-manual"))
    tab = visitor.open(HOME)
    tab.run("history.pushState({}, '', '/other'); tracker('signup')")

    assert [e["eventType"] for e in _told(tracker, tab, 1)] == ["signup"]


def test_the_module_does_what_the_script_does(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    site.pages["/"] = Page(
        head=f"""<script type="module">
          import {{ createTracker }} from "{MODULE}";
          window.track = createTracker(
            {{ endpoint: "http://{TRACKER}/track", tenant: "shop" }});
          track("signup", {{ plan: "pro" }});
        </script>"""
    )
    tab = visitor.open(HOME)

    events = _told(tracker, tab, 2)

    assert [event["eventType"] for event in events] == ["page_view", "signup"]


def test_a_bucket_may_stand_for_the_tenant(
    tracker: Tracker, site: Site, visitor: Visitor
) -> None:
    line = LINE.replace('data-tenant="shop"', 'data-bucket="demo-analytics"')
    site.pages["/"] = Page(head=line)
    visitor.open(HOME).run(FLUSH)

    bucket = tracker.data / "demo-analytics"
    wait(lambda: list(bucket.rglob("*.json")), "the event in the bucket")


def test_what_cannot_be_written_as_json_does_not_break_the_page(
    tracker: Tracker, visitor: Visitor
) -> None:
    tab = visitor.open(HOME)
    tab.run("const ring = {}; ring.ring = ring; tracker('broken', ring)")
    tab.run("tracker('whole')")

    types = [event["eventType"] for event in _told(tracker, tab, 2)]

    assert types == ["page_view", "whole"]


def test_a_page_without_tls_is_counted_too(tracker: Tracker, visitor: Visitor) -> None:
    """It has neither locks nor `crypto.randomUUID`."""
    tab = visitor.open(f"http://{PLAIN}/")
    assert tab.run("isSecureContext || !!navigator.locks") is False

    (event,) = _told(tracker, tab, 1)

    assert event["page"] == f"http://{PLAIN}/"

"""What every query and view answers to the world, counted by hand.

The same rows are expected of Athena's engine and of DuckDB.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from .world import AGAIN, FIRST, LAST, LED, MEDIA, MISREAD, PLANES, SHARED, TIED

WEEK = (FIRST, LAST)
FUNNEL = ("step", "event_type", "visitors", "share_of_first", "share_of_previous")
RETENTION = ("cohort_week", "week", "people", "share")
PROPERTIES = ("value", "events", "visitors")
SESSIONS = (
    *("date", "sessions", "visitors", "bounce_rate", "mean_duration_seconds"),
    "page_views_per_session",
)
CAMPAIGNS = (
    *("utm_source", "utm_medium", "utm_campaign"),
    *("sessions", "visitors", "bounce_rate"),
)
QUALITY = (
    *("date", "lines", "events", "duplicates", "late", "wrong_clock", "without_ip"),
    *("not_countable", "bots"),
)


class Case(NamedTuple):
    """A query and its answer."""

    query: str
    tenant: str | None
    """None: over all tenants."""
    start: str | None
    """First day; None for a query without days."""
    end: str | None
    parameters: Mapping[str, Any]
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def values(self) -> dict[str, Any]:
        """What the query's parameters are bound to, as they would be typed."""
        days = {"from": self.start, "to": self.end} if self.start else {}
        return {**days, **self.parameters}


class ViewCase(NamedTuple):
    """A view, what is asked of it, and its answer."""

    view: str
    sql: str
    """Trino's, over the view by its name."""
    rows: tuple[tuple[Any, ...], ...]


def day(number: int) -> date:
    """Return a day of March 2026."""
    return date(2026, 3, number)


CASES: tuple[Case, ...] = (
    # 2nd: Ada 3 (her retry is no fourth), Ben's landing and thanks, the one that wants
    # privacy, Dan's at 23:50; not the bot. 3rd: Dan's at midnight and Ada's of 2020.
    Case(
        "daily-page-views",
        "shop",
        *WEEK,
        {},
        ("date", "page_views"),
        ((day(2), 7), (day(3), 2), (day(9), 1), (day(10), 1)),
    ),
    Case(
        "daily-page-views",
        "shop",
        "2026-03-02",
        "2026-03-02",
        {"bots": "include"},
        ("date", "page_views"),
        ((day(2), 8),),
    ),
    # Over all tenants the blog's 12 on the 4th and ten poisoned on the 5th join in.
    Case(
        "daily-page-views",
        None,
        "2026-03-03",
        "2026-03-05",
        {},
        ("date", "page_views"),
        ((day(3), 2), (day(4), 12), (day(5), 10)),
    ),
    Case(
        "daily-page-views",
        "shop",
        "2026-03-11",
        "2027-03-11",
        {},
        ("date", "page_views"),
        (),
    ),
    # Ada's of 2020 counts when it was received, at 08:15.
    Case(
        "hourly-page-views",
        "shop",
        "2026-03-02",
        "2026-03-03",
        {},
        ("date", "hour", "page_views"),
        (
            (day(2), 10, 2),
            (day(2), 11, 1),
            (day(2), 12, 2),
            (day(2), 13, 1),
            (day(2), 23, 1),
            (day(3), 0, 1),
            (day(3), 8, 1),
        ),
    ),
    # 2nd: Ada, Ben and Dan; Dan once more for his signup, which arrived after midnight,
    # and again for his purchase, which arrived on the 4th: each day has its own key to
    # hash addresses with. 7 page views, of which the private one has no visitor: the
    # mean is 6 / 5. 3rd: Dan, Ada, and Ben, who viewed nothing.
    Case(
        "daily-visitors",
        "shop",
        *WEEK,
        {},
        ("date", "visitors", "page_views", "page_views_per_visitor"),
        (
            (day(2), 5, 7, 1.2),
            (day(3), 3, 2, 0.67),
            (day(9), 1, 1, 1.0),
            (day(10), 1, 1, 1.0),
        ),
    ),
    # "/": Ada 2, the private one, Ada's of 2020, Ben's on the 9th; visitors are Ada on
    # the 2nd and the 3rd, and Ben. Query strings and fragments are left out.
    Case(
        "top-pages",
        "shop",
        *WEEK,
        {},
        ("page", "page_views", "visitors"),
        (
            ("/", 5, 3),
            ("/late", 2, 2),
            ("/pricing", 2, 2),
            ("/landing", 1, 1),
            ("/thanks", 1, 1),
        ),
    ),
    Case(
        "top-pages",
        "shop",
        *WEEK,
        {"limit": 2, "bots": "include"},
        ("page", "page_views", "visitors"),
        (("/", 6, 4), ("/late", 2, 2)),
    ),
    # Each event of one visitor; what follows the first ? is cut, and so are more than
    # 2,048 characters. The two without a page have no row.
    Case(
        "top-pages",
        "my-site",
        *WEEK,
        {},
        ("page", "page_views", "visitors"),
        (
            ("", 1, 1),
            ("'; DROP TABLE shop_events; --", 1, 1),
            ("/\0\u2029\x85\n\r\t", 1, 1),
            ("/%zz%ff", 1, 1),
            ("/" + "x" * 2047, 1, 1),
            ("/" + PLANES, 1, 1),
        ),
    ),
    # Desktops are Ada's five, the private one and Dan's two; telephones Ben's three.
    Case(
        "devices",
        "shop",
        *WEEK,
        {},
        ("device_type", "page_views", "visitors", "share"),
        (("desktop", 8, 5, 0.7273), ("mobile", 3, 2, 0.2727)),
    ),
    Case(
        "devices",
        "shop",
        "2026-03-02",
        "2026-03-02",
        {"bots": "include"},
        ("device_type", "page_views", "visitors", "share"),
        (("desktop", 5, 2, 0.625), ("mobile", 2, 1, 0.25), ("unknown", 1, 1, 0.125)),
    ),
    Case(
        "browsers",
        "shop",
        *WEEK,
        {},
        ("browser", "page_views", "visitors", "share"),
        (
            ("Firefox", 5, 3, 0.4545),
            ("Chrome", 3, 2, 0.2727),
            ("Safari", 3, 2, 0.2727),
        ),
    ),
    Case(
        "countries",
        "shop",
        *WEEK,
        {},
        ("country", "page_views", "visitors", "share"),
        (("DE", 6, 4, 0.5455), ("PT", 5, 3, 0.4545)),
    ),
    Case(
        "countries",
        "blog",
        *WEEK,
        {},
        ("country", "page_views", "visitors", "share"),
        (("unknown", 12, 12, 1.0),),
    ),
    # 2nd: Ada 10:00 to 10:30 (1800 s), Ada 11:00 (a bounce), Ben 12:00 to 12:21
    # (1260 s), Dan 23:50 to 23:59:59.999 (599 s); 3659 s and 6 page views by 4.
    # 3rd: Dan and Ada bounce, Ben 09:00 to 09:06 (360 s) without a page view.
    Case(
        "sessions",
        "shop",
        *WEEK,
        {},
        SESSIONS,
        (
            (day(2), 4, 3, 0.25, 914.8, 1.5),
            (day(3), 3, 3, 0.6667, 120.0, 0.67),
            (day(9), 1, 1, 1.0, 0.0, 1.0),
            (day(10), 1, 1, 1.0, 0.0, 1.0),
        ),
    ),
    # Of nine sessions eight have a page view. "/" began Ada's two of the 2nd, hers of
    # the 3rd and Ben's of the 9th; all but the first bounced.
    Case(
        "entry-pages",
        "shop",
        *WEEK,
        {},
        ("page", "sessions", "share", "bounce_rate"),
        (
            ("/", 4, 0.5, 0.75),
            ("/late", 2, 0.25, 0.5),
            ("/landing", 1, 0.125, 0.0),
            ("/pricing", 1, 0.125, 1.0),
        ),
    ),
    # Shares are of all eight, whatever the limit.
    Case(
        "exit-pages",
        "shop",
        *WEEK,
        {"limit": "3"},
        ("page", "sessions", "share", "bounce_rate"),
        (("/", 3, 0.375, 1.0), ("/late", 2, 0.25, 0.5), ("/pricing", 2, 0.25, 0.5)),
    ),
    Case(
        "referrers",
        "shop",
        *WEEK,
        {},
        ("referrer_host", "sessions", "visitors", "bounce_rate"),
        (("google.com", 1, 1, 0.0),),
    ),
    # The blog's own host is left out as it is, and others as they are named.
    Case(
        "referrers",
        "blog",
        *WEEK,
        {"own_hosts": " T.co, WWW.google.com "},
        ("referrer_host", "sessions", "visitors", "bounce_rate"),
        (
            ("com.google.android.gm", 1, 1, 1.0),
            ("duckduckgo.com", 1, 1, 1.0),
            ("google.co.uk", 1, 1, 1.0),
            ("l.facebook.com", 1, 1, 1.0),
            ("mail.google.com", 1, 1, 1.0),
            ("partner.example", 1, 1, 1.0),
        ),
    ),
    # Ada's first came from Google, Ben's landing page says email; of the other seven
    # Dan's on the 2nd and Ben's on the 3rd did not bounce.
    Case(
        "channels",
        "shop",
        *WEEK,
        {},
        ("channel", "sessions", "visitors", "bounce_rate"),
        (("direct", 7, 7, 0.7143), ("mail", 1, 1, 0.0), ("search", 1, 1, 0.0)),
    ),
    # Mail: Gmail's site and app, and the newsletter of the metadata. Direct: nothing,
    # and "not a url". Campaign: cpc, although Google is the referrer.
    Case(
        "channels",
        "blog",
        *WEEK,
        {},
        ("channel", "sessions", "visitors", "bounce_rate"),
        (
            ("mail", 3, 3, 1.0),
            ("direct", 2, 2, 1.0),
            ("search", 2, 2, 1.0),
            ("social", 2, 2, 1.0),
            ("campaign", 1, 1, 1.0),
            ("internal", 1, 1, 1.0),
            ("referral", 1, 1, 1.0),
        ),
    ),
    Case(
        "channels",
        "blog",
        *WEEK,
        {"own_hosts": "t.co,google.co.uk"},
        ("channel", "sessions", "visitors", "bounce_rate"),
        (
            ("internal", 3, 3, 1.0),
            ("mail", 3, 3, 1.0),
            ("direct", 2, 2, 1.0),
            ("campaign", 1, 1, 1.0),
            ("referral", 1, 1, 1.0),
            ("search", 1, 1, 1.0),
            ("social", 1, 1, 1.0),
        ),
    ),
    Case(
        "utm-campaigns",
        "shop",
        *WEEK,
        {},
        CAMPAIGNS,
        (("news", "email", "spring sale", 1, 1, 0.0),),
    ),
    Case(
        "utm-campaigns",
        "blog",
        *WEEK,
        {},
        CAMPAIGNS,
        (("ads", "cpc", None, 1, 1, 1.0), (None, "newsletter", "march", 1, 1, 1.0)),
    ),
    # Viewers: Ada, Ben and Dan on the 2nd, Dan and Ada on the 3rd, Ben, Ada. Of them
    # Ben alone signed up: Dan's signup has another day's hash.
    Case(
        "funnel",
        "shop",
        *WEEK,
        {"steps": "page_view, signup, purchase"},
        FUNNEL,
        (
            (1, "page_view", 7, 1.0, None),
            (2, "signup", 1, 0.1429, 0.1429),
            (3, "purchase", 1, 0.1429, 1.0),
        ),
    ),
    # s-ben, s-dan and s-ada viewed; s-dan bought before he signed up.
    Case(
        "funnel",
        "shop",
        *WEEK,
        {"steps": "page_view,signup,purchase", "by": "session"},
        FUNNEL,
        (
            (1, "page_view", 3, 1.0, None),
            (2, "signup", 2, 0.6667, 0.6667),
            (3, "purchase", 1, 0.3333, 0.5),
        ),
    ),
    # s-dan views a page at 00:00:00, 2 minutes after his purchase, s-ben 59.5 s after.
    Case(
        "funnel",
        "shop",
        *WEEK,
        {"steps": "purchase,page_view,nothing", "by": "session", "hours": 1},
        FUNNEL,
        (
            (1, "purchase", 2, 1.0, None),
            (2, "page_view", 2, 1.0, 1.0),
            (3, None, 0, 0.0, 0.0),
        ),
    ),
    # Twice: Ada and Ben on the 2nd. Three times: Ada, whose third is 1 h 1 ms after her
    # first.
    Case(
        "funnel",
        "shop",
        *WEEK,
        {"steps": "page_view,page_view,page_view", "hours": 2},
        FUNNEL,
        (
            (1, "page_view", 7, 1.0, None),
            (2, "page_view", 2, 0.2857, 0.2857),
            (3, "page_view", 1, 0.1429, 0.5),
        ),
    ),
    Case(
        "funnel",
        "shop",
        *WEEK,
        {"steps": "page_view,page_view,page_view", "hours": 1},
        FUNNEL,
        (
            (1, "page_view", 7, 1.0, None),
            (2, "page_view", 2, 0.2857, 0.2857),
            (3, "page_view", 0, 0.0, 0.0),
        ),
    ),
    Case(
        "funnel",
        "shop",
        "2027-01-01",
        "2027-01-01",
        {"steps": "a,b"},
        FUNNEL,
        ((1, None, 0, None, None), (2, None, 0, None, None)),
    ),
    # s-ben and s-dan in the first week, s-ben again in the second, where s-ada is new.
    Case(
        "retention",
        "shop",
        "2026-03-02",
        "2026-03-15",
        {},
        RETENTION,
        ((day(2), 0, 2, 1.0), (day(2), 1, 1, 0.5), (day(9), 0, 1, 1.0)),
    ),
    # u-1 and u-2; u-1 again, and u-3.
    Case(
        "retention",
        "shop",
        "2026-03-02",
        "2026-03-15",
        {"identity": "user_id"},
        RETENTION,
        ((day(2), 0, 2, 1.0), (day(2), 1, 1, 0.5), (day(9), 0, 1, 1.0)),
    ),
    # From the 9th on, nobody was there before.
    Case(
        "retention",
        "shop",
        "2026-03-09",
        "2026-03-15",
        {},
        RETENTION,
        ((day(9), 0, 2, 1.0),),
    ),
    # The signups are Ben's and Dan's on the 2nd and two of Ben's on the 3rd.
    Case(
        "event-types",
        "shop",
        *WEEK,
        {},
        ("event_type", "events", "visitors"),
        (("page_view", 11, 7), ("signup", 4, 3), ("purchase", 3, 3)),
    ),
    Case(
        "event-types",
        "my-site",
        *WEEK,
        {},
        ("event_type", "events", "visitors"),
        (("page_view", 10, 1), (PLANES[:3] + "'\"\\", 10, 1)),
    ),
    # Ben's pro, Dan's basic, and a plan that is null.
    Case(
        "event-properties",
        "shop",
        *WEEK,
        {"event_type": "purchase", "property": "plan"},
        PROPERTIES,
        (("basic", 1, 1), ("pro", 1, 1), (None, 1, 1)),
    ),
    Case(
        "event-properties",
        "shop",
        *WEEK,
        {"event_type": "purchase", "property": "price"},
        PROPERTIES,
        (("20", 1, 1), ("9.5", 1, 1)),
    ),
    # A list is no value, and Plan is not plan.
    Case(
        "event-properties",
        "shop",
        *WEEK,
        {"event_type": "signup", "property": "plan"},
        PROPERTIES,
        (("pro", 1, 1), (None, 1, 1)),
    ),
    Case(
        "event-properties",
        "shop",
        *WEEK,
        {"event_type": "signup", "property": "Plan"},
        PROPERTIES,
        (("pro", 1, 1),),
    ),
    Case(
        "event-properties",
        "shop",
        *WEEK,
        {"event_type": "signup", "property": "' OR ''='"},
        PROPERTIES,
        (),
    ),
    *(
        Case(
            "event-properties",
            "my-site",
            *WEEK,
            {"event_type": "page_view", "property": name},
            PROPERTIES,
            tuple((value, 1, 1) for value in values),
        )
        for name, values in {
            # Their order is that of their UTF-8; the object is none.
            "plan": (
                "\0\x01\x7f\u2028\ufeff",
                "-0.0",
                "a",
                "unknown member",
                "x" * 10_000,
                PLANES,
                None,
            ),
            "Plan": ("b",),
            PLANES: (PLANES,),
            "x" * 100: ("x" * 10_000,),
            "": ("",),
            '"': ('"',),
            "\\": ("\\",),
            "big": ("1" + "0" * 30,),
            "small": ("1e-300",),
            "Bool": ("true",),
            "bool": ("false",),
            "null": (None,),
            "eventid": ("x",),
        }.items()
    ),
    # Dan's visitors are three, as above; the bot is left out of shop's 19.
    Case(
        "tenants",
        None,
        *WEEK,
        {},
        ("tenant", "events", "page_views", "visitors"),
        (("blog", 12, 12, 12), ("my-site", 20, 10, 1), ("shop", 18, 11, 10)),
    ),
    # 11:30 to 12:30. Ben alone.
    Case(
        "live",
        "shop",
        None,
        None,
        {"now": "2026-03-02T12:30:00Z"},
        ("minute", "events", "page_views", "visitors"),
        (
            ("2026-03-02T12:00", 1, 1, 1),
            ("2026-03-02T12:10", 1, 0, 1),
            ("2026-03-02T12:20", 1, 0, 1),
            ("2026-03-02T12:21", 1, 1, 1),
        ),
    ),
    # Over midnight, so over two days' folders.
    Case(
        "live",
        "shop",
        None,
        None,
        {"now": "2026-03-03T00:10:00Z"},
        ("minute", "events", "page_views", "visitors"),
        (
            ("2026-03-02T23:50", 1, 1, 1),
            ("2026-03-02T23:58", 1, 0, 1),
            ("2026-03-02T23:59", 1, 0, 1),
            ("2026-03-03T00:00", 1, 1, 1),
        ),
    ),
    # 2nd: Ada 3, Ben 4, one private, one bot, Dan 3; Ben's purchase lies in the batch
    # too, and one of Dan's came from the queue twice. Late is Dan's of the 4th, not the
    # one that arrived a second after midnight. 3rd: Ada's of 2020, Ben 3, Dan 1.
    Case(
        "data-quality",
        "shop",
        *WEEK,
        {},
        QUALITY,
        (
            (day(2), 14, 12, 2, 1, 0, 1, 1, 1),
            (day(3), 5, 5, 0, 0, 1, 0, 0, 0),
            (day(9), 1, 1, 0, 0, 0, 0, 0, 0),
            (day(10), 1, 1, 0, 0, 0, 0, 0, 0),
        ),
    ),
    # What is broken is no line; of the rest nothing is lost.
    Case(
        "data-quality",
        "my-site",
        *WEEK,
        {},
        QUALITY,
        ((day(5), 20, 20, 0, 0, 0, 0, 0, 0),),
    ),
    Case(
        "data-quality",
        None,
        "2026-03-03",
        "2026-03-04",
        {},
        QUALITY,
        ((day(3), 5, 5, 0, 0, 1, 0, 0, 0), (day(4), 12, 12, 0, 0, 0, 0, 0, 0)),
    ),
)

CASES += tuple(
    Case(query, None, SHARED, SHARED, parameters, columns, rows)
    for query, parameters, columns, rows in (
        # Kim at shop and Kim at the blog are two, in every query.
        (
            "daily-visitors",
            {},
            ("date", "visitors", "page_views", "page_views_per_visitor"),
            ((date(2026, 2, 16), 2, 2, 1.0),),
        ),
        ("top-pages", {}, ("page", "page_views", "visitors"), (("/", 2, 2),)),
        (
            "countries",
            {},
            ("country", "page_views", "visitors", "share"),
            (("DE", 2, 2, 1.0),),
        ),
        (
            "browsers",
            {},
            ("browser", "page_views", "visitors", "share"),
            (("Chrome", 2, 2, 1.0),),
        ),
        (
            "devices",
            {},
            ("device_type", "page_views", "visitors", "share"),
            (("desktop", 2, 2, 1.0),),
        ),
        (
            "event-types",
            {},
            ("event_type", "events", "visitors"),
            (("page_view", 2, 2), ("purchase", 1, 1), ("signup", 1, 1)),
        ),
        (
            "event-properties",
            {"event_type": "page_view", "property": "user_id"},
            PROPERTIES,
            (("u-kim", 2, 2),),
        ),
        (
            "referrers",
            {},
            ("referrer_host", "sessions", "visitors", "bounce_rate"),
            (("partner.example", 2, 2, 0.0),),
        ),
        (
            "channels",
            {},
            ("channel", "sessions", "visitors", "bounce_rate"),
            (("referral", 2, 2, 0.0),),
        ),
        # 600 s at shop and 270 s at the blog.
        ("sessions", {}, SESSIONS, ((date(2026, 2, 16), 2, 2, 0.0, 435.0, 1.0),)),
        # Who signed up at the blog bought at shop.
        *(
            (
                "funnel",
                {"steps": "page_view,signup,purchase", "by": by},
                FUNNEL,
                (
                    (1, "page_view", 2, 1.0, None),
                    (2, "signup", 1, 0.5, 0.5),
                    (3, "purchase", 0, 0.0, 0.0),
                ),
            )
            for by in ("visitor", "session")
        ),
        *(
            (
                "retention",
                {"identity": identity},
                RETENTION,
                ((date(2026, 2, 16), 0, 2, 1.0),),
            )
            for identity in ("sessionId", "user_id")
        ),
    )
)
CASES += (
    Case(
        "live",
        None,
        None,
        None,
        {"now": f"{SHARED}T10:30:00Z"},
        ("minute", "events", "page_views", "visitors"),
        (
            (f"{SHARED}T10:00", 2, 2, 2),
            (f"{SHARED}T10:05", 1, 0, 1),
            (f"{SHARED}T10:10", 1, 0, 1),
        ),
    ),
    # Of one instant, in whichever order they are asked for: Tia's page view and signup.
    Case(
        "funnel",
        "shop",
        TIED,
        TIED,
        {"steps": "page_view,signup"},
        FUNNEL,
        ((1, "page_view", 2, 1.0, None), (2, "signup", 1, 0.5, 0.5)),
    ),
    Case(
        "funnel",
        "shop",
        TIED,
        TIED,
        {"steps": "signup,page_view", "by": "session"},
        FUNNEL,
        ((1, "signup", 1, 1.0, None), (2, "page_view", 1, 1.0, 1.0)),
    ),
    # Tom viewed two pages; Tia's one is not two steps.
    Case(
        "funnel",
        "shop",
        TIED,
        TIED,
        {"steps": "page_view,page_view,signup"},
        FUNNEL,
        (
            (1, "page_view", 2, 1.0, None),
            (2, "page_view", 1, 0.5, 0.5),
            (3, "signup", 0, 0.0, 0.0),
        ),
    ),
    # Of Tom's two pages the order is that of their ids, tom-1000 and tom-2000.
    Case(
        "entry-pages",
        "shop",
        TIED,
        TIED,
        {},
        ("page", "sessions", "share", "bounce_rate"),
        (("/b", 1, 0.5, 0.0), ("/tie", 1, 0.5, 0.0)),
    ),
    Case(
        "exit-pages",
        "shop",
        TIED,
        TIED,
        {},
        ("page", "sessions", "share", "bounce_rate"),
        (("/a", 1, 0.5, 0.0), ("/tie", 1, 0.5, 0.0)),
    ),
    # What stands before @ is no host, and brackets are one. A path is no referrer, nor
    # is half an address. Of ten sessions the last has three events.
    Case(
        "referrers",
        "blog",
        MISREAD,
        MISREAD,
        {},
        ("referrer_host", "sessions", "visitors", "bounce_rate"),
        tuple(
            (host, 1, 1, rate)
            for host, rate in (
                ("[2001:db8::1]", 1.0),
                ("duckduckgo.com", 0.0),
                ("google.co.jp", 1.0),
                ("google.com", 1.0),
                ("google.evil.example", 1.0),
                ("m.vk.com", 1.0),
                ("mobile.twitter.com", 1.0),
                ("search.example-shop.com", 1.0),
            )
        ),
    ),
    # Search: Google twice and DuckDuckGo, whose visit did not bounce. Referral: the
    # address, and two whose names only begin like those of searches.
    Case(
        "channels",
        "blog",
        MISREAD,
        MISREAD,
        {},
        ("channel", "sessions", "visitors", "bounce_rate"),
        (
            ("referral", 3, 3, 1.0),
            ("search", 3, 3, 0.6667),
            ("direct", 2, 2, 1.0),
            ("social", 2, 2, 1.0),
        ),
    ),
    # The page view's metadata says it, whatever came before it or with it; the first
    # event's where no page was viewed. Nothing of a fragment counts.
    Case(
        "utm-campaigns",
        "blog",
        LED,
        LED,
        {},
        CAMPAIGNS,
        (
            ("letter", "email", None, 2, 2, 0.0),
            ("ads", None, None, 1, 1, 1.0),
            ("app", "email", None, 1, 1, 0.0),
        ),
    ),
    Case(
        "channels",
        "blog",
        LED,
        LED,
        {},
        ("channel", "sessions", "visitors", "bounce_rate"),
        (("mail", 3, 3, 0.0), ("campaign", 1, 1, 1.0)),
    ),
    # One of them asked for privacy: the site's own user_id tells that person, and
    # there is no sessionId to.
    Case(
        "retention",
        "blog",
        LED,
        LED,
        {"identity": "user_id"},
        RETENTION,
        ((date(2026, 2, 16), 0, 1, 1.0),),
    ),
    Case(
        "retention",
        "blog",
        LED,
        LED,
        {},
        RETENTION,
        ((date(2026, 2, 16), 0, 3, 1.0),),
    ),
)

_AGAIN: tuple[
    tuple[str, dict[str, Any], tuple[str, ...], tuple[tuple[Any, ...], ...]], ...
] = (
    # Lea's three visits by one link, of which two bounced, and Max's two, with one
    # page view. Who comes most is told first, and the bot's is in no session.
    (
        "utm-campaigns",
        {},
        CAMPAIGNS,
        (("club", "social", None, 3, 1, 0.6667),),
    ),
    (
        "referrers",
        {},
        ("referrer_host", "sessions", "visitors", "bounce_rate"),
        (("zines.example", 3, 1, 0.6667), ("partner.example", 1, 1, 1.0)),
    ),
    (
        "channels",
        {},
        ("channel", "sessions", "visitors", "bounce_rate"),
        (("social", 3, 1, 0.6667), ("direct", 1, 1, 0.0), ("referral", 1, 1, 1.0)),
    ),
    *(
        (
            query,
            {},
            ("page", "sessions", "share", "bounce_rate"),
            (
                ("https://blog.example/z", 3, 0.75, 0.6667),
                ("https://blog.example/a", 1, 0.25, 1.0),
            ),
        )
        for query in ("entry-pages", "exit-pages")
    ),
    # 600 s by five.
    ("sessions", {}, SESSIONS, ((date(2026, 2, 20), 5, 2, 0.6, 120.0, 1.2),)),
    # An hour is within an hour.
    (
        "funnel",
        {"steps": "page_view,purchase", "hours": 1},
        FUNNEL,
        ((1, "page_view", 2, 1.0, None), (2, "purchase", 1, 0.5, 0.5)),
    ),
    # Lea's last three: what began earlier is more than an hour ago.
    (
        "funnel",
        {"steps": "page_view,page_view,page_view", "hours": 1},
        FUNNEL,
        (
            (1, "page_view", 2, 1.0, None),
            (2, "page_view", 1, 0.5, 0.5),
            (3, "page_view", 1, 0.5, 1.0),
        ),
    ),
    # Lea's five page views, Max's one, and the bot's where bots count.
    *(
        (
            query,
            {"bots": "include"} if bots else {},
            (column, "page_views", "visitors", "share"),
            (
                (
                    (most, 5, 1, 0.7143),
                    (less, 1, 1, 0.1429),
                    ("unknown", 1, 1, 0.1429),
                )
                if bots
                else ((most, 5, 1, 0.8333), (less, 1, 1, 0.1667))
            ),
        )
        for query, column, most, less in (
            ("countries", "country", "PT", "DE"),
            ("browsers", "browser", "Safari", "Chrome"),
            ("devices", "device_type", "mobile", "desktop"),
        )
        for bots in (False, True)
    ),
    (
        "top-pages",
        {"bots": "include"},
        ("page", "page_views", "visitors"),
        (("https://blog.example/z", 6, 2), ("https://blog.example/a", 1, 1)),
    ),
    (
        "event-types",
        {"bots": "include"},
        ("event_type", "events", "visitors"),
        (("page_view", 7, 3), ("purchase", 1, 1)),
    ),
    (
        "daily-visitors",
        {"bots": "include"},
        ("date", "visitors", "page_views", "page_views_per_visitor"),
        ((date(2026, 2, 20), 3, 7, 2.33),),
    ),
    (
        "hourly-page-views",
        {"bots": "include"},
        ("date", "hour", "page_views"),
        tuple(
            (date(2026, 2, 20), hour, views)
            for hour, views in ((8, 3), (9, 1), (10, 3))
        ),
    ),
)
CASES += tuple(
    Case(query, "blog", AGAIN, AGAIN, parameters, columns, rows)
    for query, parameters, columns, rows in _AGAIN
)
_BOTS: tuple[tuple[str, dict[str, Any], tuple[str, ...], dict[str, Any]], ...] = (
    (
        "event-properties",
        {"event_type": "page_view", "property": "user_id"},
        PROPERTIES,
        {"exclude": (), "include": (("u-bot", 1, 1),)},
    ),
    (
        "retention",
        {"identity": "user_id"},
        RETENTION,
        {"exclude": (), "include": ((date(2026, 2, 16), 0, 1, 1.0),)},
    ),
    (
        "funnel",
        {"steps": "page_view,signup"},
        FUNNEL,
        {
            bots: ((1, "page_view", viewers, 1.0, None), (2, None, 0, 0.0, 0.0))
            for bots, viewers in (("exclude", 2), ("include", 3))
        },
    ),
)
CASES += tuple(
    Case(query, "blog", AGAIN, AGAIN, {**given, "bots": bots}, columns, rows)
    for query, given, columns, rows_of in _BOTS
    for bots, rows in rows_of.items()
)
CASES += (
    Case(
        "tenants",
        None,
        AGAIN,
        AGAIN,
        {"bots": "include"},
        ("tenant", "events", "page_views", "visitors"),
        (("blog", 8, 7, 3),),
    ),
    Case(
        "live",
        "blog",
        None,
        None,
        {"now": f"{AGAIN}T08:50:00Z", "bots": "include"},
        ("minute", "events", "page_views", "visitors"),
        (
            (f"{AGAIN}T08:00", 1, 1, 1),
            (f"{AGAIN}T08:30", 1, 1, 1),
            (f"{AGAIN}T08:45", 1, 1, 1),
        ),
    ),
    # Four media are mail, and four are social.
    Case(
        "channels",
        "blog",
        MEDIA,
        MEDIA,
        {},
        ("channel", "sessions", "visitors", "bounce_rate"),
        (("mail", 4, 4, 1.0), ("social", 4, 4, 1.0)),
    ),
    # An empty sessionId is nobody's.
    Case(
        "funnel",
        "my-site",
        *WEEK,
        {"steps": "page_view,signup", "by": "session"},
        FUNNEL,
        ((1, None, 0, None, None), (2, None, 0, None, None)),
    ),
    Case("retention", "my-site", *WEEK, {}, RETENTION, ()),
    # Eve's ten page views are a second apart.
    Case(
        "funnel",
        "my-site",
        *WEEK,
        {"steps": ",".join(["page_view"] * 8)},
        FUNNEL,
        tuple(
            (step, "page_view", 1, 1.0, None if step == 1 else 1.0)
            for step in range(1, 9)
        ),
    ),
)

_SECOND = "year = '2026' AND month = '03' AND day = '02'"
_POST = "https://blog.example/post"
_HASH = "https://blog.example/?utm_source=ads#/q?utm_source=no&utm_medium=email"

VIEW_CASES: tuple[ViewCase, ...] = (
    # Of 14 lines two repeat an event.
    ViewCase(
        "shop_events_unique",
        "SELECT count(*), count(DISTINCT eventId) "
        f'FROM "shop_events_unique" WHERE {_SECOND}',
        ((12, 12),),
    ),
    # Of Ben's purchase the first line stands, of whichever object.
    ViewCase(
        "shop_events_unique",
        "SELECT eventId, serverTimestamp, location.country, device.is_bot "
        f'FROM "shop_events_unique" WHERE {_SECOND} '
        "AND eventType = 'purchase' ORDER BY eventId",
        (
            ("ben-3000", "2026-03-02T12:20:01.000Z", "DE", False),
            ("dan-4000", "2026-03-04T09:00:00.000Z", "DE", False),
        ),
    ),
    # 30 minutes later Ada is in her session still, 1 ms more and she begins another.
    # Dan's goes on after midnight as another; each of his three events is of one.
    ViewCase(
        "shop_sessions",
        "SELECT startedAt, endedAt, durationSeconds, pageViews, events, entryPage, "
        "exitPage, isBounce, referrerHost, utmSource, utmMedium, utmCampaign, country, "
        'deviceType, browser FROM "shop_sessions" '
        "WHERE year = '2026' AND month = '03' AND day IN ('02', '03') "
        "ORDER BY startedAt",
        (
            (
                *("2026-03-02T10:00:00.000Z", "2026-03-02T10:30:00.000Z", 1800, 2, 2),
                *("/", "/pricing?from=home", False, "google.com", None, None, None),
                *("PT", "desktop", "Firefox"),
            ),
            (
                *("2026-03-02T11:00:00.001Z", "2026-03-02T11:00:00.001Z", 0, 1, 1),
                *("/", "/", True, None, None, None, None, "PT", "desktop", "Firefox"),
            ),
            (
                *("2026-03-02T12:00:00.000Z", "2026-03-02T12:21:00.000Z", 1260, 2, 4),
                "/landing?utm_source=news&utm_medium=email&utm_campaign=spring+sale#top",
                *("/thanks", False, None, "news", "email", "spring sale"),
                *("DE", "mobile", "Safari"),
            ),
            (
                *("2026-03-02T23:50:00.000Z", "2026-03-02T23:59:59.999Z", 599, 1, 3),
                *("/late", "/late", False, None, None, None, None),
                *("DE", "desktop", "Chrome"),
            ),
            (
                *("2026-03-03T00:00:00.000Z", "2026-03-03T00:00:00.000Z", 0, 1, 1),
                *("/late", "/late", True, None, None, None, None),
                *("DE", "desktop", "Chrome"),
            ),
            (
                *("2026-03-03T08:15:00.000Z", "2026-03-03T08:15:00.000Z", 0, 1, 1),
                *("/", "/", True, None, None, None, None, "PT", "desktop", "Firefox"),
            ),
            (
                *("2026-03-03T09:00:00.000Z", "2026-03-03T09:06:00.000Z", 360, 0, 3),
                *(None, None, False, None, None, None, None),
                *("DE", "mobile", "Safari"),
            ),
        ),
    ),
    # Everything that eve sent is one session: 20 events, ten of them page views, from
    # 12:00:00 to 12:01:00. The first and the last page view that have a page are the
    # second and the tenth; the text after utm_source= is kept as it was sent.
    ViewCase(
        "my_site_sessions",
        "SELECT durationSeconds, pageViews, events, length(entryPage), exitPage, "
        'referrer, utmSource FROM "my_site_sessions" '
        "WHERE year = '2026' AND month = '03' AND day = '05'",
        ((60, 10, 20, 2048, "/%zz%ff?utm_source=%ff%00+%20", None, None),),
    ),
    # In one instant the page view comes first, and its sender is the session's.
    ViewCase(
        "blog_sessions",
        "SELECT startedAt, utmSource, country, deviceType, entryPage, events "
        "FROM \"blog_sessions\" WHERE year = '2026' AND month = '02' AND day = '19' "
        "ORDER BY startedAt",
        (
            ("2026-02-19T09:01:00.000Z", "letter", "PT", "mobile", _POST, 2),
            ("2026-02-19T09:02:00.000Z", "letter", "DE", "desktop", _POST, 2),
            ("2026-02-19T09:03:00.000Z", "app", "PT", "mobile", None, 2),
            ("2026-02-19T09:04:00.000Z", "ads", "DE", "desktop", _HASH, 1),
        ),
    ),
    ViewCase(
        "all_events",
        "SELECT tenant, count(*) FROM all_events WHERE year = '2026' "
        "AND month = '03' GROUP BY tenant ORDER BY tenant",
        (("blog", 12), ("my-site", 20), ("shop", 19)),
    ),
    ViewCase(
        "all_sessions",
        "SELECT tenant, count(*), count(DISTINCT sessionKey) FROM all_sessions "
        "WHERE year = '2026' AND month = '03' GROUP BY tenant ORDER BY tenant",
        (("blog", 12, 12), ("my-site", 1, 1), ("shop", 9, 9)),
    ),
    ViewCase(
        "all_lines",
        "SELECT tenant, count(*) FROM all_lines WHERE year = '2026' AND month = '03' "
        "AND serverTimestamp IS NOT NULL GROUP BY tenant ORDER BY tenant",
        (("blog", 12), ("my-site", 20), ("shop", 21)),
    ),
)

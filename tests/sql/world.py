"""Days of three tenants, few enough to count by hand, through the real handler.

What happens is told here in order, one line an event; `cases` says what each query must
answer to it. Times are UTC. 2026-03-02 is a Monday.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from handler.app import make_app
from handler.settings import Settings, Tenant
from handler.storage import ObjectStore
from handler.writer import make_writer

from ..handler.fakes import Clock, Context, MemoryQueue, records_of, rest

#: Each tenant's events are in a bucket of its own name.
TENANTS = ("blog", "my-site", "shop")
#: Days with events of the week that most cases ask of, first and last.
FIRST, LAST = "2026-03-02", "2026-03-10"
#: Days before, each for something: one person at two tenants, several events in one
#: instant, and sites to come from whose addresses are easily misread.
SHARED, TIED, MISREAD = "2026-02-16", "2026-02-17", "2026-02-18"
#: And one whose visits do not begin with the view of a page.
LED = "2026-02-19"
#: And one on which somebody comes again and again, and a bot passes by.
AGAIN = "2026-02-20"
#: And one with a visit by each medium of a campaign that is a channel of its own.
MEDIA = "2026-02-21"

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
BOT = "Mozilla/5.0 (compatible; ExampleBot/1.0; +https://example.com/bot)"

#: Each event's own id and the lines that are stored of it are counted by hand: see
#: `cases`. One character of every plane of Unicode, as far as it has any.
PLANES = "".join(chr((plane << 16) + 0x1234) for plane in range(17))

PutRaw = Callable[[str, str, bytes], None]
"""Writes an object as it is: bucket, key and body."""


class Client:
    """One sender: an address, a user agent and a country.

    Args:
        world: Where its events go.
        address: Its address.
        agent: Its user agent.
        country: What CloudFront says of it.
        headers: Other headers that it sends.
    """

    def __init__(
        self,
        world: World,
        address: str,
        agent: str,
        country: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._world = world
        self._address = address
        self._headers = {"User-Agent": agent, **(headers or {})}
        if country:
            self._headers["CloudFront-Viewer-Country"] = country

    def send(self, body: Any, *, received: str, queued: bool = False) -> None:
        """Send a body; the function receives it at `received`."""
        event = rest(body, headers=self._headers)
        event["headers"] = dict(self._headers)
        event["requestContext"]["identity"]["sourceIp"] = self._address
        self._world.answer(event, received, queued=queued)

    def does(
        self,
        at: str,
        name: str,
        event_type: str = "page_view",
        *,
        tenant: str = "shop",
        received: str | None = None,
        queued: bool = False,
        **members: Any,
    ) -> None:
        """Send one event that happens at `at`, a second before it is received."""
        moment = datetime.fromisoformat(at).replace(tzinfo=timezone.utc)
        event = {
            "tenant": tenant,
            "eventId": f"{name:0<8}",
            "eventType": event_type,
            "timestamp": at + "Z",
            **members,
        }
        arrival = received or (moment + timedelta(seconds=1)).isoformat()[:19]
        self.send(event, received=arrival, queued=queued)


class World:
    """The function, its queue and its writer over one store.

    Args:
        store: Where events are kept.
    """

    def __init__(self, store: ObjectStore) -> None:
        settings = Settings(
            tenants={name: Tenant(name, name) for name in TENANTS},
            salt_bucket="tracker-salts",
            viewer_country=True,
        )
        self.clock = Clock()
        self.queue = MemoryQueue(self.clock)
        self._drawn = 0
        effects: dict[str, Any] = {
            "now": self.clock.now,
            "monotonic": time.monotonic,
            "emit": lambda _: None,
        }
        self._direct, self._buffered = (
            make_app(
                settings._replace(buffered=buffered),
                store,
                queue=self.queue if buffered else None,
                entropy=self._entropy,
                **effects,
            )
            for buffered in (False, True)
        )
        self._writer = make_writer(store, **effects)

    def answer(
        self, event: Mapping[str, Any], received: str, *, queued: bool = False
    ) -> None:
        """Let the function answer; every event must be taken."""
        moment = datetime.fromisoformat(received).replace(tzinfo=timezone.utc)
        self.clock.at = moment.timestamp()
        reply = (self._buffered if queued else self._direct)(event, Context())
        assert reply["statusCode"] in (200, 202), reply
        assert not json.loads(reply["body"]).get("rejected"), reply

    def write(self) -> None:
        """Let the writer store what is on the queue."""
        failed = self._writer(records_of(self.queue.bodies), Context(60_000))
        assert not failed["batchItemFailures"]
        self.queue.bodies.clear()

    def _entropy(self, size: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(size, "big")


def fill(make_store: Callable[[], ObjectStore]) -> None:
    """Store everything.

    Args:
        make_store: Makes the store; buckets are the tenants' and `tracker-salts`.
    """
    world = World(make_store())
    _shop(world)
    _blog(world)
    _poison(world)
    _shared(world)
    _tied(world)
    _misread(world)
    _led(world)
    _again(world)
    _media(world)


def _shop(world: World) -> None:
    ada = Client(world, "198.51.100.1", FIREFOX, "PT")
    ben = Client(world, "198.51.100.2", IPHONE, "DE")
    gpc = Client(world, "198.51.100.3", CHROME, "DE", {"Sec-GPC": "1"})
    dan = Client(world, "198.51.100.4", CHROME, "DE")
    bot = Client(world, "198.51.100.5", BOT)

    # Ada's second event is 30 minutes after the first, her third 1 ms more than 30.
    google = "https://www.google.com/"
    ada.does("2026-03-02T10:00:00.000", "ada-1", page="/", referrer=google)
    ada.does("2026-03-02T10:30:00.000", "ada-2", page="/pricing?from=home")
    ada.does("2026-03-02T11:00:00.001", "ada-3", page="/")
    # The same again, to the same key: stored once.
    ada.does("2026-03-02T11:00:00.001", "ada-3", page="/")

    landing = "/landing?utm_source=news&utm_medium=email&utm_campaign=spring+sale#top"
    person: dict[str, Any] = {"sessionId": "s-ben"}
    plan = {"plan": "pro", "user_id": "u-1"}
    ben.does("2026-03-02T12:00:00.000", "ben-1", page=landing, **person)
    ben.does("2026-03-02T12:10:00.000", "ben-2", "signup", metadata=plan, **person)
    ben.does(
        "2026-03-02T12:20:00.500",
        "ben-3",
        "purchase",
        metadata={**plan, "price": 9.5},
        **person,
    )
    # The same purchase in a batch with another event: a second line of it.
    ben.send(
        {
            "tenant": "shop",
            "sessionId": "s-ben",
            "events": [
                {
                    "eventId": "ben-3000",
                    "eventType": "purchase",
                    "timestamp": "2026-03-02T12:20:00.500Z",
                    "metadata": {**plan, "price": 9.5},
                },
                {
                    "eventId": "ben-4000",
                    "eventType": "page_view",
                    "timestamp": "2026-03-02T12:21:00.000Z",
                    "page": "/thanks",
                },
            ],
        },
        received="2026-03-02T12:21:02",
    )
    gpc.does("2026-03-02T13:00:00.000", "gpc-1", page="/")
    bot.does("2026-03-02T13:30:00.000", "bot-1", page="/")
    # One visit around midnight, by way of the queue, and one message delivered twice.
    night: dict[str, Any] = {"sessionId": "s-dan", "queued": True}
    dan.does("2026-03-02T23:50:00.000", "dan-1", page="/late", **night)
    dan.does("2026-03-02T23:59:59.999", "dan-2", "signup", **night)
    dan.does("2026-03-03T00:00:00.000", "dan-3", page="/late", **night)
    redelivered = world.queue.bodies[0]
    world.write()
    world.queue.bodies.append(redelivered)
    world.write()
    # A day later, to the day that it happened on.
    dan.does(
        "2026-03-02T23:58:00.000",
        "dan-4",
        "purchase",
        received="2026-03-04T09:00:00",
        sessionId="s-dan",
        metadata={"plan": "basic", "user_id": "u-2", "price": 20},
    )
    # A clock that is years wrong: stored under the day of receipt.
    ada.does(
        "2020-01-01T00:00:00.000", "ada-4", page="/", received="2026-03-03T08:15:00"
    )
    # A purchase before the signup, two plans that are no text, and one without any.
    ben.does("2026-03-03T09:00:00.000", "ben-5", "purchase", metadata={"plan": None})
    ben.does("2026-03-03T09:05:00.000", "ben-6", "signup", metadata={"plan": ["a"]})
    ben.does("2026-03-03T09:06:00.000", "ben-7", "signup", metadata={"Plan": "pro"})
    # The week after: Ben's session is kept, and his user_id comes again.
    ben.does(
        "2026-03-09T10:00:00.000",
        "ben-8",
        page="/",
        sessionId="s-ben",
        metadata={"user_id": "u-1"},
    )
    ada.does(
        "2026-03-10T10:00:00.000",
        "ada-5",
        page="/pricing",
        sessionId="s-ada",
        metadata={"user_id": "u-3"},
    )


def _blog(world: World) -> None:
    """One visit from each kind of site, each by another address, all on one day."""
    page = "https://blog.example/post"
    tagged = page + "?utm_source=ads&utm_medium=cpc"
    for number, (first_page, referrer, metadata) in enumerate(
        [
            (page, None, None),
            (page, "https://www.google.co.uk/search?q=x", None),
            (page, "https://duckduckgo.com/", None),
            (page, "https://t.co/abc", None),
            (page, "https://l.facebook.com/l.php?u=x", None),
            (page, "https://mail.google.com/mail/u/0/", None),
            (page, "https://Partner.example:8443/links", None),
            (page, "https://www.blog.example/other", None),
            (tagged, "https://www.google.com/", None),
            (page, None, {"utm_medium": "newsletter", "utm_campaign": "march"}),
            (page, "android-app://com.google.android.gm/", None),
            (page, "not a url", None),
        ],
        start=1,
    ):
        Client(world, f"203.0.113.{number}", CHROME).does(
            f"2026-03-04T08:{number:02}:00.000",
            f"blog-{number:02}",
            tenant="blog",
            page=first_page,
            referrer=referrer,
            metadata=metadata,
        )


def _poison(world: World) -> None:
    """Everything a reader of JSON could stumble over, for the tenant my-site."""
    eve = Client(world, "192.0.2.1", CHROME)
    long = "x" * 10_000
    events: list[dict[str, Any]] = [
        {"metadata": {"plan": "a", "Plan": "b", "PLAN": "c"}},
        {"metadata": {"plan": long, long[:100]: long}, "page": "/" + long},
        {"metadata": {"plan": PLANES, PLANES: PLANES}, "page": "/" + PLANES},
        {"metadata": {"plan": "\0\x01\x7f\u2028\ufeff"}, "page": "/\0\u2029\x85\n\r\t"},
        {"Page": "/other", "TIMESTAMP": "x", "eventid": "x", "plan": "unknown member"},
        {"page": "'; DROP TABLE shop_events; --", "metadata": {'"': '"', "\\": "\\"}},
        {"page": "", "referrer": "", "sessionId": "", "metadata": {"": ""}},
        {"metadata": {"plan": {"deep": [[[[]]]]}, "big": 10**30, "small": 1e-300}},
        {"metadata": {"plan": -0.0, "Bool": True, "bool": False, "null": None}},
        {"page": "/%zz%ff?utm_source=%ff%00+%20", "referrer": "http://[::1"},
    ]
    for number, members in enumerate(events):
        eve.does(
            f"2026-03-05T12:00:{number:02}.000",
            f"poison-{number}",
            tenant="my-site",
            **members,
        )
    eve.send(
        {
            "tenant": "my-site",
            "eventType": PLANES[:3] + "'\"\\",
            "timestamp": "2026-03-05T12:01:00Z",
            "events": [{"eventId": f"strange-{n}", **e} for n, e in enumerate(events)],
        },
        received="2026-03-05T12:01:01",
    )


def _shared(world: World) -> None:
    """One address, one sessionId and one user_id, at shop and at the blog."""
    kim = Client(world, "198.51.100.9", CHROME, "DE")
    known: dict[str, Any] = {"sessionId": "s-kim", "metadata": {"user_id": "u-kim"}}
    link: dict[str, Any] = {"referrer": "https://partner.example/"}
    blog: dict[str, Any] = {"tenant": "blog", **known}
    kim.does(f"{SHARED}T10:00:00.000", "kim-1", page="/", **link, **known)
    kim.does(f"{SHARED}T10:00:30.000", "kim-2", page="/", **link, **blog)
    kim.does(f"{SHARED}T10:05:00.000", "kim-3", "signup", **blog)
    kim.does(f"{SHARED}T10:10:00.000", "kim-4", "purchase", **known)


def _tied(world: World) -> None:
    """Batches of one instant whose ids are in no order that means anything."""
    moment = f"{TIED}T10:00:00.000"
    for address, session, events in (
        (
            "198.51.100.10",
            "s-tia",
            [
                {"eventId": "ffffffff", "eventType": "page_view", "page": "/tie"},
                {"eventId": "aaaaaaaa", "eventType": "signup"},
            ],
        ),
        (
            "198.51.100.11",
            "s-tom",
            [
                {"eventId": "tom-2000", "eventType": "page_view", "page": "/a"},
                {"eventId": "tom-1000", "eventType": "page_view", "page": "/b"},
            ],
        ),
    ):
        batch = {"tenant": "shop", "sessionId": session, "timestamp": moment + "Z"}
        Client(world, address, CHROME, "DE").send(
            {**batch, "events": events}, received=f"{TIED}T10:00:01"
        )


def _misread(world: World) -> None:
    """Visits to the blog, each by another address."""
    page = "https://blog.example/post"
    for number, referrer in enumerate(
        [
            "https://user:p@w@www.google.com/x",
            "https://google.co.jp:443?q=a@b",
            "https://google.evil.example/",
            "https://search.example-shop.com/",
            "https://mobile.twitter.com/x",
            "https://m.vk.com#top",
            "http://[2001:DB8::1]:8080/x",
            "http://[::1",
            "/go?to=https://t.co/",
        ],
        start=1,
    ):
        Client(world, f"203.0.113.{number}", CHROME).does(
            f"{MISREAD}T08:{number:02}:00.000",
            f"seen-{number}",
            tenant="blog",
            page=page,
            referrer=referrer,
        )
    # What happens before the first page view, and after it, has other referrers.
    last = Client(world, "203.0.113.10", CHROME)
    for number, (kind, referrer) in enumerate(
        [
            ("signup", "https://t.co/"),
            ("page_view", "https://duckduckgo.com/"),
            ("page_view", "https://blog.example/post"),
        ]
    ):
        last.does(
            f"{MISREAD}T09:00:0{number}.000",
            f"last-{number}",
            kind,
            tenant="blog",
            page=page,
            referrer=referrer,
        )


def _led(world: World) -> None:
    """Visits to the blog whose campaigns are in the metadata, by another address each.

    The first begins with an event of no page and the second with one that a server
    sends, in the page view's own instant and of an id before its. The third never
    views a page, and the fourth's has a fragment that looks like a query string.
    """
    visits: list[list[tuple[str, str, str | None]]] = [
        [("00", "ready", None), ("01", "page_view", "letter")],
        [("00", "ready", "server"), ("00", "page_view", "letter")],
        [("00", "signup", "app"), ("01", "signup", None)],
    ]
    for number, events in enumerate(visits, start=1):
        for at, (second, kind, source) in enumerate(events):
            agent, country = (CHROME, "DE") if kind == "page_view" else (IPHONE, "PT")
            campaign = {"utm_source": source, "utm_medium": "email"}
            Client(world, f"203.0.113.{number}", agent, country).does(
                f"{LED}T09:0{number}:{second}.000",
                f"led-{number}-{at}",
                kind,
                tenant="blog",
                sessionId=f"s-led-{number}",
                page="https://blog.example/post",
                metadata=campaign if source else {"plan": "pro"},
            )
    Client(world, "203.0.113.4", CHROME, "DE").does(
        f"{LED}T09:04:00.000",
        "led-4-0",
        tenant="blog",
        page="https://blog.example/?utm_source=ads#/q?utm_source=no&utm_medium=email",
    )
    # Who asks for privacy is in no session; what the site itself sends is kept.
    Client(world, "203.0.113.5", CHROME, "DE", {"Sec-GPC": "1"}).does(
        f"{LED}T09:05:00.000",
        "led-5-0",
        tenant="blog",
        sessionId="s-led-5",
        metadata={"user_id": "u-led", "utm_source": "letter"},
    )


def _again(world: World) -> None:
    """Visits to the blog: three of Lea's by one link, two of Max's, and a bot's.

    What Max buys is an hour to the millisecond after the page that he views.
    """
    link = "https://blog.example/z?utm_source=club&utm_medium=social"
    lea = Client(world, "203.0.113.20", IPHONE, "PT")
    for number, at in enumerate(("08:00", "09:00", "10:00", "10:05", "10:10"), start=1):
        lea.does(
            f"{AGAIN}T{at}:00.000",
            f"lea-{number}",
            tenant="blog",
            page=link if number < 5 else "https://blog.example/z#end",
            referrer="https://www.zines.example/",
        )
    max_ = Client(world, "203.0.113.21", CHROME, "DE")
    max_.does(
        f"{AGAIN}T08:30:00.000",
        "max-1",
        tenant="blog",
        page="https://blog.example/a#top",
        referrer="https://partner.example/",
    )
    max_.does(f"{AGAIN}T09:30:00.000", "max-2", "purchase", tenant="blog")
    Client(world, "203.0.113.22", BOT).does(
        f"{AGAIN}T08:45:00.000",
        "bot-2",
        tenant="blog",
        page="https://blog.example/z",
        sessionId="s-bot",
        metadata={"user_id": "u-bot"},
    )


def _media(world: World) -> None:
    """Visits to the blog, each by another address; case is the sender's own."""
    for number, medium in enumerate(
        [
            *("email", "E-Mail", "mail", "newsletter"),
            *("social", "Social-Media", "social-network", "sm"),
        ],
        start=1,
    ):
        Client(world, f"203.0.113.{number}", CHROME).does(
            f"{MEDIA}T08:{number:02}:00.000",
            f"media-{number}",
            tenant="blog",
            page="https://blog.example/post",
            metadata={"utm_medium": medium},
        )


def break_lines(put_raw: PutRaw) -> None:
    """Put what no event is lost with: broken lines, nothing, and half a gzip's text."""
    half = gzip.compress(b'{"eventId":"abcdefgh"}\n' * 50, mtime=0)
    for tenant, day in (("shop", "02"), ("my-site", "05")):
        folder = f"analytics/year=2026/month=03/day={day}"
        for name, body in {
            "broken-1": b"not json\n",
            "broken-2": b'{"eventId":"trunc',
            "broken-3": b"{}\n",
            "broken-4": b"",
            "broken-5": b"\n\n",
            "broken-6": half[: len(half) // 2],
            "broken-7": b'{"eventId":null,"page":"/"}\n',
        }.items():
            put_raw(tenant, f"{folder}/{name}.json", body)
        mixed = b'{"eventId":\n"text"\nnull\n5\n'
        put_raw(tenant, f"{folder}/broken-8.json.gz", gzip.compress(mixed, mtime=0))

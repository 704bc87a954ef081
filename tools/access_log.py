"""Page views in a web server's access log, combined format.

A page request is a GET that was answered 200 to 299, or 304, for a path that does not
end like an asset's (`ASSETS`); the query has no say in it. Everything else in the log
is left out. https://httpd.apache.org/docs/current/logs.html#combined
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections import Counter, OrderedDict
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

#: Ends of paths that are no pages: what pages are made of, downloads and feeds.
ASSETS = re.compile(
    r"\.(7z|atom|avi|avif|bmp|bz2|css|csv|deb|docx?|eot|exe|flac|gif|gz|ico|iso|jar"
    r"|jpe?g|js|json|m4a|map|mjs|mov|mp3|mp4|mpeg|msi|odt|ogg|otf|pdf|png|pptx?|rar|rdf"
    r"|rpm|rss|svgz?|tar|tgz|tiff?|ttf|txt|wasm|wav|web[mp]|webmanifest|woff2?|xlsx?|xml"
    r"|xz|zip)",
    re.IGNORECASE,
)

#: How every `eventId` made here begins.
ID_PREFIX = "log-"

# Apache writes a quote within a field as \" and any other odd byte as \xhh.
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    r"\S+ \S+ .*?\[(\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    rf"{_QUOTED} (\d{{3}}) (?:\d+|-) {_QUOTED} {_QUOTED}\s*"
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
#: Lines whose copies are told apart; copies come within seconds of each other.
_REMEMBERED = 10_000


class PageView(NamedTuple):
    """One page request."""

    event_id: str
    """Made from the line, so that the same log gives the same ids."""
    at: datetime
    page: str
    """Path and query as requested."""
    referrer: str | None
    user_agent: str | None


class Malformed(NamedTuple):
    """A line that is not in the combined format."""

    number: int
    """The line's number, from 1."""


class Other(NamedTuple):
    """A request that is none for a page."""


def read(path: Path) -> Iterator[PageView | Malformed | Other]:
    """Yield what each line of a log is; the log is never held as a whole.

    Args:
        path: The log, or a gzipped one.
    """
    seen: OrderedDict[bytes, int] = OrderedDict()
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            entry = _entry(line.decode("utf-8", "backslashreplace"))
            if entry is None:
                yield Malformed(number)
            elif isinstance(entry, Other):
                yield entry
            else:
                yield entry._replace(event_id=_event_id(line.strip(), seen))


def is_page(method: str, target: str, status: int) -> bool:
    """Whether a request is one for a page, and was answered with it."""
    name = target.partition("?")[0].rpartition("/")[2]
    asset = ASSETS.fullmatch(name, max(name.rfind("."), 0))
    return method == "GET" and (200 <= status < 300 or status == 304) and not asset


def _open(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path))
    return path.open("rb")


def _entry(line: str) -> PageView | Other | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    when, request, status, referrer, user_agent = match.groups()
    at = _time(when)
    method, _, rest = request.partition(" ")
    target = rest.rpartition(" ")[0] or rest
    if at is None or not target:
        return None
    if not is_page(method, target, int(status)):
        return Other()
    return PageView("", at, target, _field(referrer), _field(user_agent))


def _time(text: str) -> datetime | None:
    """Return a time such as `17/May/2015:10:05:03 +0000`."""
    # `strptime` would read the month in the language of this machine.
    month, odd = divmod(_MONTHS.find(text[3:6]), 3)
    if odd:
        return None
    try:
        numeric = f"{text[:2]}/{month + 1}/{text[7:]}"
        return datetime.strptime(numeric, "%d/%m/%Y:%H:%M:%S %z").astimezone(
            timezone.utc
        )
    except (ValueError, OverflowError):
        return None


def _field(text: str) -> str | None:
    return None if text in {"", "-"} else text.replace(r"\"", '"')


def _event_id(line: bytes, seen: OrderedDict[bytes, int]) -> str:
    """Return an id for a line; the second of two equal lines gets another one."""
    digest = hashlib.sha256(line).digest()[:16]
    copy = seen.pop(digest, 0) + 1
    seen[digest] = copy
    if len(seen) > _REMEMBERED:
        seen.popitem(last=False)
    return ID_PREFIX + digest.hex() + (f"-{copy}" if copy > 1 else "")


class Who(NamedTuple):
    """What a page was looked at with."""

    browser: str | None
    is_bot: bool


class Figures:
    """What one can count in page views, whichever way they come."""

    def __init__(self) -> None:
        self.days: Counter[str] = Counter()
        self.hours: Counter[str] = Counter()
        """By day and hour, `YYYY-MM-DD HH`."""
        self.pages: Counter[str] = Counter()
        self.browsers: Counter[str] = Counter()
        """Of people; `-` where it is not known."""
        self.bots: Counter[str] = Counter()
        """By `bots` and `people`."""

    def add(self, hour: str, page: str, device: Who, count: int = 1) -> None:
        """Count page views.

        Args:
            hour: Day and hour in UTC, `YYYY-MM-DD HH`.
            page: The page.
            device: Who looked at it.
            count: How many there are.
        """
        self.days[hour[:10]] += count
        self.hours[hour] += count
        self.pages[page] += count
        self.bots["bots" if device.is_bot else "people"] += count
        if not device.is_bot:
            self.browsers[device.browser or "-"] += count

"""Lines of an access log, and which of them are page views."""

from __future__ import annotations

import gzip
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tools.access_log import (
    Figures,
    Malformed,
    Other,
    PageView,
    Who,
    is_page,
    read,
)

from .logs import line


def parse(folder: Path, *lines: str | bytes) -> list[PageView | Malformed | Other]:
    path = folder / "access.log"
    encoded = [text if isinstance(text, bytes) else text.encode() for text in lines]
    path.write_bytes(b"\n".join(encoded) + b"\n")
    return list(read(path))


def test_reads_a_page_request(tmp_path: Path) -> None:
    (view,) = parse(
        tmp_path,
        line("/a?b=c", at="31/Jan/2026:23:30:05 -0130", referrer="https://r.example/"),
    )

    assert isinstance(view, PageView)
    assert view._replace(event_id="") == PageView(
        "",
        datetime(2026, 2, 1, 1, 0, 5, tzinfo=timezone.utc),
        "/a?b=c",
        "https://r.example/",
        "agent/1",
    )


def test_a_dash_is_nothing(tmp_path: Path) -> None:
    (view,) = parse(tmp_path, line("/", referrer="-", agent="-"))

    assert isinstance(view, PageView)
    assert (view.referrer, view.user_agent) == (None, None)


def test_a_quote_within_a_field_is_read(tmp_path: Path) -> None:
    (view,) = parse(tmp_path, line("/", agent=r"a \"b\" c"))

    assert isinstance(view, PageView)
    assert view.user_agent == 'a "b" c'


def test_a_user_name_may_have_spaces(tmp_path: Path) -> None:
    assert isinstance(
        parse(tmp_path, line("/").replace("- -", "- Jo Doe"))[0], PageView
    )


@pytest.mark.parametrize(
    ("method", "target", "status", "page"),
    [
        ("GET", "/", 200, True),
        ("GET", "/a/b.html", 204, True),
        ("GET", "/a.b/c", 304, True),
        ("GET", "/release-2.0", 200, True),
        ("GET", "/?q=x.png", 200, True),
        ("GET", "/logo.PNG?v=2", 200, False),
        ("GET", "/favicon.ico", 200, False),
        ("GET", "/feed.xml", 200, False),
        ("GET", "/.css", 200, False),
        ("GET", "/", 301, False),
        ("GET", "/", 404, False),
        ("GET", "/", 500, False),
        ("POST", "/", 200, False),
        ("HEAD", "/", 200, False),
    ],
)
def test_what_a_page_request_is(
    method: str, target: str, status: int, *, page: bool
) -> None:
    assert is_page(method, target, status) is page


@pytest.mark.parametrize(
    "bad",
    [
        "nonsense",
        line("/").replace("Jan", "Foo"),
        line("/").replace("Jan", "anF"),
        line("/").replace("31/", "32/"),
        line("/").replace("+0000", "+9999"),
        line("/").replace("[", ""),
        line("/").rpartition(" ")[0],
        line("/").replace('"GET / HTTP/1.1"', '""'),
        line("/").replace('"GET / HTTP/1.1"', r'"\x16\x03\x01"'),
        line("/") + " more",
        b"\xff\xfe\x00",
    ],
)
def test_a_malformed_line_is_told_by_its_number(
    tmp_path: Path, bad: str | bytes
) -> None:
    entries = parse(tmp_path, line("/a"), "", bad, line("/b"))

    assert [type(entry) for entry in entries] == [PageView, Malformed, PageView]
    assert entries[1] == Malformed(3)


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader(tmp_path: Path, noise: bytes) -> None:
    entries = parse(tmp_path, noise, line("/a"))

    assert isinstance(entries[-1], PageView)


def test_ids_follow_from_lines_and_tell_equal_ones_apart(tmp_path: Path) -> None:
    lines = [line("/a"), line("/a"), line("/b"), line("/a")]
    first = [
        view.event_id for view in parse(tmp_path, *lines) if isinstance(view, PageView)
    ]
    again = [
        view.event_id for view in parse(tmp_path, *lines) if isinstance(view, PageView)
    ]

    assert first == again
    assert len(set(first)) == 4
    assert first[1] == first[0] + "-2"
    assert all(len(event_id) <= 64 for event_id in first)


def test_a_gzipped_log_reads_the_same(tmp_path: Path) -> None:
    plain = parse(tmp_path, line("/a"), line("/b"))
    packed = tmp_path / "access.log.gz"
    packed.write_bytes(gzip.compress((tmp_path / "access.log").read_bytes()))

    assert list(read(packed)) == plain


def test_figures_count_people_and_bots_apart() -> None:
    figures = Figures()
    figures.add("2026-01-31 23", "/", Who("Firefox", is_bot=False), 2)
    figures.add("2026-02-01 00", "/", Who(None, is_bot=False))
    figures.add("2026-02-01 00", "/a", Who(None, is_bot=True))

    assert figures.days == {"2026-01-31": 2, "2026-02-01": 2}
    assert figures.hours == {"2026-01-31 23": 2, "2026-02-01 00": 2}
    assert figures.pages == {"/": 3, "/a": 1}
    assert figures.browsers == {"Firefox": 2, "-": 1}
    assert figures.bots == {"people": 3, "bots": 1}

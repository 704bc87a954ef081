"""Who may write where."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import access, request
from handler.buckets import Patterns, name_problem, pattern_problem
from handler.draft import Draft
from handler.metrics import Meter
from handler.refusals import Refusal, Refused
from handler.settings import Settings
from handler.visit import Visit

from .conftest import Tracker
from .fakes import NOON, event_of, http, rest
from .wrong_names import WRONG

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", fullmatch=True)


@pytest.mark.parametrize("bucket", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("gateway", [rest, http])
def test_refuses_a_name_that_is_no_bucket_of_ours(
    tracker_with: Callable[..., Tracker],
    gateway: Callable[..., dict[str, Any]],
    bucket: str,
) -> None:
    """Whatever the patterns: this one would let through all that has a `-` or a `b`."""
    tracker = tracker_with(patterns=Patterns(["*-*", "*b", "*.*.*"]))

    for sent in (
        gateway(event_of(bucket=bucket)),
        gateway(method="GET", path="/pixel.gif", query=event_of(bucket=bucket)),
    ):
        answer = str(tracker.send(sent))
        assert Refusal.BUCKET_FORBIDDEN.message in answer
        assert bucket not in answer
    batch = gateway({"events": [event_of(bucket=bucket), event_of(bucket="a-b")]})
    (rejected,) = tracker.answer(batch)[1]["rejected"]
    assert (rejected["index"], rejected["status"]) == (0, 403)
    assert {call[1] for call in tracker.store.calls} == {"salts", "a-b"}


@pytest.mark.parametrize("bucket", WRONG.values(), ids=WRONG)
def test_refuses_a_name_that_is_no_tenant(tracker: Tracker, bucket: str) -> None:
    """Tenants are found by their whole names."""
    assert tracker.answer(rest(event_of(bucket=None, tenant=bucket)))[0] == 403
    for tenant in ("shop\n", "Shop", "shop/..", "s\u04bbop", "sho\u200bp", "shop "):
        sent = event_of(bucket=None, tenant=tenant)
        assert tracker.answer(rest(sent))[0] == 403
    assert tracker.store.calls == []


@pytest.mark.parametrize("bucket", ["data-lake", "a-lake", "x" * 58 + "-lake"])
def test_a_pattern_opens_what_fits_it(tracker: Tracker, bucket: str) -> None:
    assert tracker.answer(rest(event_of(bucket=bucket)))[0] == 200


def test_a_pattern_does_not_open_a_tenants_bucket(
    tracker_with: Callable[..., Tracker],
) -> None:
    """It is reached by the tenant's name, so that the tenant's rules hold."""
    tracker = tracker_with(patterns=Patterns(["*-private"]))

    assert tracker.answer(rest(event_of(bucket="blog-private")))[0] == 403
    assert tracker.answer(rest(event_of(bucket="other-private")))[0] == 200


def test_a_tenants_bucket_that_is_allowed_in_full_keeps_the_tenants_rules(
    tracker_with: Callable[..., Tracker],
) -> None:
    tracker = tracker_with(patterns=Patterns(["shop-private"]))
    sent = event_of(bucket="shop-private")
    stranger = rest(sent, headers={"Origin": "https://evil.example"})

    assert tracker.answer(stranger)[0] == 403
    status, answer = tracker.answer(rest(sent))
    assert (status, answer["bucket"]) == (200, "shop-private")
    assert "tenant" not in answer
    options = tracker.store.calls[-1][3]
    assert options["owner"] == "222222222222"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://shop.example", 200),
        (None, 200),
        ("https://evil.example", 403),
        ("http://shop.example", 403),
        ("https://shop.example.evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_a_tenant_with_origins_refuses_other_web_pages(
    tracker: Tracker, origin: str | None, status: int
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    sent = event_of(bucket=None, tenant="shop")

    assert tracker.answer(rest(sent, headers=headers))[0] == status


@pytest.mark.parametrize(
    ("origin", "stored"),
    [("https://shop.example", 2), (None, 2), ("https://evil.example", 0)],
)
@pytest.mark.parametrize("shared", [True, False])
def test_so_it_does_in_a_batch_for_each_of_its_events(
    tracker: Tracker, origin: str | None, stored: int, shared: bool
) -> None:
    """However the tenant is named; events for others go on."""
    tenant = {"tenant": "shop"}
    own = {} if shared else tenant
    events = [event_of(bucket=None, **own) for _ in range(2)]
    sent = {**(tenant if shared else {}), "events": [*events, event_of()]}
    headers = {} if origin is None else {"Origin": origin}

    status, answer = tracker.answer(rest(sent, headers=headers))

    assert status == 200
    assert len(tracker.store.events("shop-private")) == stored
    assert len(tracker.store.events()) == 1
    refused = [(each["index"], each["status"]) for each in answer["rejected"]]
    assert refused == ([] if stored else [(0, 403), (1, 403)])


@pytest.mark.parametrize(
    ("site", "status"),
    [
        ("cross-site", 403),
        ("same-site", 403),
        ("same-origin", 403),
        ("", 403),
        ("none", 200),
    ],
)
def test_a_tenant_with_origins_refuses_a_page_that_hides_which_it_is(
    tracker: Tracker, site: str, status: int
) -> None:
    sent = event_of(bucket=None, tenant="shop")

    assert tracker.answer(rest(sent, headers={"Sec-Fetch-Site": site}))[0] == status
    listed = {"Sec-Fetch-Site": site, "Origin": "https://shop.example"}
    assert tracker.answer(rest(sent, headers=listed))[0] == 200


def test_a_tenant_without_origins_takes_any(tracker: Tracker) -> None:
    sent = event_of(bucket=None, tenant="blog")

    reply = tracker.answer(rest(sent, headers={"Origin": "https://any.example"}))

    assert reply[0] == 200


@pytest.mark.parametrize(
    ("sent", "owner"),
    [
        (event_of(), "111111111111"),
        (event_of(bucket=None, tenant="blog"), "111111111111"),
        (event_of(bucket=None, tenant="shop"), "222222222222"),
    ],
)
def test_the_owner_is_named_wherever_one_is_known(
    tracker: Tracker, sent: dict[str, str], owner: str
) -> None:
    tracker.send(rest(sent))

    assert tracker.store.calls[-1][3]["owner"] == owner


def test_no_owner_is_named_where_several_accounts_may_own(
    tracker_with: Callable[..., Tracker],
) -> None:
    tracker = tracker_with(bucket_owner=None, object_acl="bucket-owner-full-control")

    tracker.send(rest(event_of()))

    options = tracker.store.calls[-1][3]
    assert options["owner"] is None
    assert options["acl"] == "bucket-owner-full-control"


@given(NAMES.filter(lambda name: name_problem(name) is None))
def test_a_name_allows_itself_and_nothing_longer(name: str) -> None:
    allowed = Patterns([name])

    assert allowed.allow(name)
    assert not allowed.allow(name + "a")
    assert not allowed.allow("a" + name)


def fits(pattern: str, rest: str) -> bool:
    """Whether a pattern matches: the obvious, exponential reading of `*`."""
    if not pattern:
        return not rest
    if pattern[0] == "*":
        return fits(pattern[1:], rest) or (bool(rest) and fits(pattern, rest[1:]))
    return rest[:1] == pattern[0] and fits(pattern[1:], rest[1:])


@given(st.lists(st.text("ab-*", max_size=6), max_size=3), st.text("ab-", max_size=8))
def test_a_pattern_matches_as_its_definition_says(
    patterns: list[str], name: str
) -> None:
    expected = name_problem(name) is None and any(fits(p, name) for p in patterns)
    assert Patterns(patterns).allow(name) is expected


def test_every_short_pattern_matches_as_its_definition_says() -> None:
    """Where parts may overlap, repeat or be in the wrong order."""
    names = [
        "".join(letters)
        for length in (3, 4, 5)
        for letters in itertools.product("ab", repeat=length)
    ]
    for length in range(1, 7):
        for letters in itertools.product("ab*", repeat=length):
            pattern = "".join(letters)
            allowed = Patterns([pattern])
            wrong = [
                name for name in names if allowed.allow(name) != fits(pattern, name)
            ]
            assert wrong == [], pattern


def test_the_ends_of_a_pattern_do_not_share_letters() -> None:
    assert not Patterns(["data-*-data"]).allow("data-data")
    assert not Patterns(["aba*aba"]).allow("aba" + "ba")
    assert Patterns(["aba*aba"]).allow("abaaba")


def test_many_wildcards_take_no_time() -> None:
    """A backtracking matcher would still be at it tomorrow."""
    pattern = "*a" * 30 + "*b*"

    assert not Patterns([pattern]).allow("a" * 63)


DOT = "has a dot, which S3's TLS host names cannot carry"
FORM = (
    "is not 3 to 63 lower-case letters, digits and hyphens "
    "that begin and end with a letter or a digit"
)
ALL = "is all wildcard and would match every bucket there is"
OTHERS = "has other characters than lower-case letters, digits, '-' and '*'"
HYPHEN = "begins or ends with a hyphen, as no bucket's name can"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("data-lake", None),
        ("a.b", DOT),
        ("ab", FORM),
        ("a" * 63, None),
        ("a" * 64, FORM),
        ("Data", FORM),
        ("xn--data", "begins with 'xn--', which S3 reserves"),
        ("data-s3alias", "ends with '-s3alias', which S3 reserves"),
    ],
)
def test_says_what_is_wrong_with_a_name(name: str, problem: str | None) -> None:
    assert name_problem(name) == problem


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("*-lake", None),
        ("app*-prod", None),
        ("plain-name", None),
        ("Upper", FORM),
        ("*", ALL),
        ("*-*", ALL),
        ("-*", ALL),
        ("a?*", "has a '?'; only '*' is a wildcard here"),
        ("*.lake", DOT),
        ("*-Lake", OTHERS),
        ("X*", OTHERS),
        ("-lake*", HYPHEN),
        ("*-lake-", HYPHEN),
        ("*" + "a" * 63, None),
        ("*" + "a" * 64, "is longer than the 63 characters of a bucket's name"),
        ("*-s3alias", "ends with '-s3alias', which S3 reserves"),
        ("xn--*", "begins with 'xn--', which S3 reserves"),
    ],
)
def test_says_what_is_wrong_with_a_pattern(pattern: str, problem: str | None) -> None:
    assert pattern_problem(pattern) == problem


def test_remembers_a_bounded_number_of_buckets_and_none_that_is_refused() -> None:
    """Clients cannot fill the memory with names."""
    asked: list[str] = []

    class Counting(Patterns):
        def allow(self, bucket: str) -> bool:
            asked.append(bucket)
            return super().allow(bucket)

    step = access.allow_destination(Settings(patterns=Counting(["*-lake"])))

    def send(bucket: str) -> None:
        visit = Visit(
            request.read({}), NOON.timestamp(), 0.0, Meter(""), context=None, emit=print
        )
        step(Draft({"bucket": bucket}, visit))

    for _ in range(2):
        send("data-lake")
        with pytest.raises(Refused):
            send("evil-bucket")
    assert asked == ["data-lake", "evil-bucket", "evil-bucket"]
    for number in range(256):
        send(f"x{number}-lake")
    send("data-lake")
    assert asked[-1] == "data-lake"

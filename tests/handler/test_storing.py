"""Keys, retries of made ids, and what a store's faults become."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import compact, lake, limits, request, times
from handler.columns import COLUMNS, Column
from handler.draft import Draft
from handler.metrics import Meter
from handler.storage import Fault, Outcome, Put
from handler.visit import Visit

from .conftest import SETTINGS, Tracker
from .fakes import NOON, event_of, rest

KEY = r"analytics/year=\d{4}/month=\d\d/day=\d\d/[A-Za-z0-9-]{8,64}\.json"
IDS = st.from_regex(r"[A-Za-z0-9-]{8,64}", fullmatch=True)
BUCKET = "website-analytics"


@given(IDS, st.datetimes(timezones=st.just(timezone.utc)))
def test_a_key_has_one_form_whatever_the_event(event_id: str, at: datetime) -> None:
    """It lies under `analytics/`, in a day's folder, and no id leads elsewhere."""
    key = lake.key_of(times.storage_day(at, NOON), f"{event_id}.json")

    prefix, year, month, day, name = key.split("/")
    assert (prefix, name) == ("analytics", f"{event_id}.json")
    folder = datetime.strptime(
        f"{year} {month} {day} +0000", "year=%Y month=%m day=%d %z"
    )
    week, hour = timedelta(days=8), timedelta(hours=1)
    assert NOON - week <= folder <= NOON + hour


def test_an_object_is_named_after_what_is_in_it() -> None:
    """By every version alike: a retry may meet a newer one."""
    several = hashlib.sha256(b"event-0001\nevent-0002").hexdigest()[:32]

    assert lake.object_id(["event-0002", "event-0001"]) == several
    assert lake.object_id(["event-0001"]) == "event-0001"


def test_the_key_stays_when_midnight_passes_between_retries(tracker: Tracker) -> None:
    """Stored once, found again."""
    sent = event_of(eventId="retried-01", timestamp="2026-03-04T23:59:59Z")
    tracker.clock.at = datetime(2026, 3, 4, 23, 59, 59, tzinfo=timezone.utc).timestamp()
    _, first = tracker.answer(rest(sent))
    tracker.clock.advance(5)

    _, second = tracker.answer(rest(sent))

    assert first["key"] == second["key"]
    assert second["duplicate"] is True
    assert len(tracker.store.events()) == 1


@pytest.mark.parametrize(
    ("sent", "stored", "day"),
    [
        ("2026-03-03T09:08:07.654Z", "2026-03-03T09:08:07.654Z", "03"),
        ("2026-03-03T09:08:07.654321+00:00", "2026-03-03T09:08:07.654Z", "03"),
        ("2026-03-03T00:30:00.000001+01:00", "2026-03-02T23:30:00.000Z", "02"),
        ("2015-05-17T09:08:07.654Z", "2015-05-17T09:08:07.654Z", "04"),
        ("2015-05-17T09:08:07.654321+00:00", "2015-05-17T09:08:07.654Z", "04"),
    ],
)
def test_times_of_javascript_and_python_are_stored_to_the_millisecond(
    tracker: Tracker, sent: str, stored: str, day: str
) -> None:
    """Under their own day in UTC; a time far away under that of receipt."""
    _, answer = tracker.answer(rest(event_of(timestamp=sent)))

    assert [event["timestamp"] for event in tracker.store.events()] == [stored]
    assert f"/month=03/day={day}/" in answer["key"]


def test_a_time_far_away_is_stored_under_the_day_of_each_receipt(
    tracker: Tracker,
) -> None:
    """The limit of the promise above: such a retry finds its key on one day only."""
    sent = event_of(eventId="imported-1", timestamp="2015-05-17T10:05:03Z")
    _, first = tracker.answer(rest(sent))
    _, again = tracker.answer(rest(sent))
    tracker.clock.advance(86_400)
    _, tomorrow = tracker.answer(rest(sent))

    assert again["duplicate"] is True
    assert "duplicate" not in tomorrow
    assert first["key"] != tomorrow["key"]


def test_a_made_id_that_is_taken_is_drawn_again(tracker: Tracker) -> None:
    taken = "analytics/year=2026/month=03/day=04/1772625600-00000001.json"
    tracker.store.objects[BUCKET, taken] = b'{"eventId":"mine"}'

    status, answer = tracker.answer(rest(event_of()))

    assert status == 200
    assert "duplicate" not in answer
    stored = json.loads(tracker.store.objects[BUCKET, answer["key"]])
    assert answer["eventId"] == stored["eventId"] != "1772625600-00000001"
    assert tracker.store.objects[BUCKET, taken] == b'{"eventId":"mine"}'


def test_a_made_id_taken_after_an_unknown_attempt_is_our_own(tracker: Tracker) -> None:
    """The earlier attempt was stored; another id would store the event twice."""
    mine = "analytics/year=2026/month=03/day=04/1772625600-00000001.json"
    tracker.store.objects[BUCKET, mine] = b"{}\n"
    tracker.store.uncertain = True

    status, answer = tracker.answer(rest(event_of()))

    assert (status, answer["key"]) == (200, mine)
    assert len(tracker.store.events()) == 1


def test_ids_that_are_all_taken_are_a_fault_not_a_loss(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(dict[tuple[str, str], bytes]):
        def __contains__(self, key: object) -> bool:
            return isinstance(key, tuple) and key[0] == BUCKET

    monkeypatch.setattr(tracker.store, "objects", Full())

    assert tracker.answer(rest(event_of()))[0] == 503
    assert [line["detail"] for line in tracker.log if line["level"] == "WARN"] == [
        "unavailable: no free event id"
    ]


def test_one_event_is_stored_as_it_is(tracker: Tracker) -> None:
    tracker.send(rest(event_of()))

    (options,) = tracker.store.puts()
    assert options["content_type"] == "application/json"
    assert options["content_encoding"] is None
    assert len(tracker.store.events()) == 1


def test_ids_that_are_all_taken_are_drawn_longer_for_the_queue() -> None:
    """Nothing of the event can be in the store."""
    tracker = Tracker(SETTINGS._replace(salt_bucket=None), queued=True)
    full = Put(Outcome.EXISTED)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracker.store, "put", lambda *_, **__: full)
        status, answer = tracker.answer(rest(event_of()))

    assert (status, len(answer["eventId"])) == (202, len("1772625600-") + 16)


@pytest.mark.parametrize(
    ("sent", "fault", "status"),
    [
        (event_of(), Fault.UNAVAILABLE, 503),
        (event_of(), Fault.REFUSED, 503),
        (event_of(), Fault.MISSING, 503),
        (event_of(bucket=None, tenant="blog"), Fault.MISSING, 503),
        (event_of(bucket="data-lake"), Fault.UNAVAILABLE, 503),
        (event_of(bucket="data-lake"), Fault.REFUSED, 403),
        (event_of(bucket="data-lake"), Fault.MISSING, 403),
    ],
)
def test_a_fault_is_the_operators_unless_the_client_chose_the_bucket(
    tracker: Tracker, sent: dict[str, Any], fault: Fault, status: int
) -> None:
    """A bucket that only fits a pattern and refuses us is not authorized."""
    for bucket in (BUCKET, "blog-private", "data-lake"):
        tracker.store.faults[bucket] = fault

    reply = tracker.send(rest(sent))

    assert reply["statusCode"] == status
    assert ("Retry-After" in reply["headers"]) is (status == 503)
    assert tracker.store.events(str(sent.get("bucket", "blog-private"))) == []


def test_the_stored_columns_are_those_that_the_tables_are_made_of(
    tracker: Tracker,
) -> None:
    tracker.send(rest(event_of()))

    (event,) = tracker.store.events()
    assert list(event) == [column.name for column in COLUMNS]
    for column in COLUMNS:
        if column.type.startswith("struct<"):
            assert list(event[column.name]) == members_of(column)


def members_of(column: Column) -> list[str]:
    """Return the names of a struct's members."""
    members = column.type.removeprefix("struct<").removesuffix(">").split(",")
    return [member.split(":")[0] for member in members]


TEXTS = st.none() | st.text()
STAMP = "2026-03-04T12:00:00.000Z"


@given(
    st.fixed_dictionaries(
        {
            "eventId": IDS,
            "eventType": st.text(),
            **dict.fromkeys(("timestamp", "serverTimestamp"), st.just(STAMP)),
            "clientTimestamp": st.none() | st.just(STAMP),
            **dict.fromkeys(("page", "sessionId", "ip"), TEXTS),
            "location": st.fixed_dictionaries(
                dict.fromkeys(("country", "city", "region"), TEXTS)
            ),
            "device": st.fixed_dictionaries(
                {
                    **dict.fromkeys(("device_type", "browser", "os"), TEXTS),
                    "is_bot": st.booleans(),
                }
            ),
            "viewport": st.fixed_dictionaries(
                dict.fromkeys(("width", "height"), st.none() | st.integers())
            ),
            **dict.fromkeys(("referrer", "userAgent", "metadata"), TEXTS),
        }
    )
)
def test_a_line_is_what_an_encoder_makes_of_the_columns(record: dict[str, Any]) -> None:
    """Byte for byte, whatever the texts."""
    visit = Visit(
        request.read({}), NOON.timestamp(), 0.0, Meter(""), context=None, emit=print
    )
    draft = Draft({}, visit)
    ordered = {
        column.name: {name: record[column.name][name] for name in members_of(column)}
        if column.type.startswith("struct<")
        else record[column.name]
        for column in COLUMNS
    }
    draft.event_id, draft.event_type = record["eventId"], record["eventType"]
    draft.timestamp, visit.at = record["timestamp"], record["serverTimestamp"]
    draft.client_timestamp = compact.encode(record["clientTimestamp"])
    draft.page, draft.session = record["page"], record["sessionId"]
    draft.referrer, draft.user_agent = record["referrer"], record["userAgent"]
    draft.metadata, visit.hash = record["metadata"], record["ip"]
    # These are JSON already.
    draft.device, draft.viewport, visit.location = [
        compact.encode(ordered[name]) for name in ("device", "viewport", "location")
    ]

    line = lake.line_of(draft)

    encoded = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
    assert line == encoded.encode(errors="replace") + b"\n"


def test_the_columns_differ_in_more_than_case() -> None:
    """Athena's SerDe folds it."""
    names = {column.name.lower() for column in COLUMNS}

    assert len(names) == len(COLUMNS)


@pytest.mark.parametrize(
    "text", ["\u2028", "\x85", "a\nb", "\u0000", '"', "\U0001f600"]
)
def test_an_event_is_one_line_whatever_is_in_it(tracker: Tracker, text: str) -> None:
    sent = event_of(page=text, metadata={text: text})

    assert tracker.answer(rest(sent))[0] == 200

    (body,) = [b for (name, _), b in tracker.store.objects.items() if name == BUCKET]
    assert body.count(b"\n") == 1
    assert json.loads(body)["page"] == text


def test_half_a_character_in_a_header_does_not_stop_an_event(tracker: Tracker) -> None:
    reply = tracker.send(rest(event_of(), headers={"User-Agent": "x\ud800"}))

    assert reply["statusCode"] == 200
    assert tracker.store.events()[0]["userAgent"] == "x?"


def test_long_texts_are_cut_and_the_event_is_kept(tracker: Tracker) -> None:
    long = "x" * 3000

    tracker.send(rest(event_of(page=long, referrer=long, userAgent=long)))

    (event,) = tracker.store.events()
    for name in ("page", "referrer", "userAgent"):
        assert event[name] == "x" * 2048


def test_an_unknown_member_goes_to_the_metadata_and_never_replaces_it(
    tracker: Tracker,
) -> None:
    tracker.send(rest(event_of(plan="outer", extra=[1], metadata={"plan": "inner"})))

    metadata = json.loads(tracker.store.events()[0]["metadata"])
    assert metadata == {"plan": "inner", "extra": [1]}


def test_keys_that_differ_in_case_do_not_collide(tracker: Tracker) -> None:
    """At the top level they would fail every query over the day."""
    tracker.send(rest(event_of(EVENTTYPE="x", Page="y", metadata={"a": 1, "A": 2})))

    (event,) = tracker.store.events()
    assert json.loads(event["metadata"]) == {
        "EVENTTYPE": "x",
        "Page": "y",
        "a": 1,
        "A": 2,
    }


@pytest.mark.parametrize("by", [lambda inner: [inner], lambda inner: {"a": inner}])
@pytest.mark.parametrize("beside", [{}, {"more": [[], [], {}]}])
@pytest.mark.parametrize(("depth", "status"), [(19, 200), (20, 400)])
def test_an_event_may_nest_to_a_depth_of_twenty(
    tracker: Tracker,
    depth: int,
    status: int,
    beside: dict[str, Any],
    by: Callable[[Any], Any],
) -> None:
    """However much else is in it that does not nest so deeply."""
    nested: Any = 1
    for _ in range(depth):
        nested = by(nested)

    found, answer = tracker.answer(rest(event_of(nested=nested, **beside)))

    assert found == status
    assert ("20" in answer.get("message", "")) is (status == 400)


@pytest.mark.parametrize("value", [0, 100_000, 0.0, 100_000.0, 7.9])
@pytest.mark.parametrize("other", [0, 100_000, None])
@pytest.mark.parametrize("names", [("width", "height"), ("height", "width")])
def test_a_viewport_has_whole_pixels_up_to_its_limit(
    tracker: Tracker, value: float, other: int | None, names: tuple[str, str]
) -> None:
    sizes = dict(zip(names, (value, other), strict=True))

    tracker.send(rest(event_of(viewport=sizes)))

    (event,) = tracker.store.events()
    assert event["viewport"] == {names[0]: int(value), names[1]: other}


@pytest.mark.parametrize("value", [-1, 100_001, -0.5, 100_000.5, True, "7", [7]])
@pytest.mark.parametrize("other", [7, None])
@pytest.mark.parametrize("names", [("width", "height"), ("height", "width")])
def test_any_other_viewport_is_refused_with_its_limit(
    tracker: Tracker, value: object, other: int | None, names: tuple[str, str]
) -> None:
    sizes = dict(zip(names, (value, other), strict=True))

    status, answer = tracker.answer(rest(event_of(viewport=sizes)))

    assert status == 400
    assert answer["message"].endswith("numbers from 0 to 100000")
    assert tracker.store.objects == {}


@pytest.mark.parametrize("name", ["eventType", "sessionId"])
@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 400)])
def test_a_name_has_so_many_characters_at_most(
    tracker: Tracker, name: str, more: int, status: int
) -> None:
    sent = event_of(**{name: "x" * (limits.NAME_CHARS + more)})

    assert tracker.answer(rest(sent))[0] == status


@pytest.mark.parametrize(("spare", "status"), [(0, 200), (-1, 413)])
def test_an_events_limit_holds_to_the_byte(
    tracker: Tracker, spare: int, status: int
) -> None:
    bare = len(json.dumps(event_of(page="")))
    sent = event_of(page="x" * (limits.EVENT_BYTES - bare - spare))

    assert tracker.answer(rest(sent))[0] == status


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 400)])
def test_a_viewport_has_so_many_pixels_at_most(
    tracker: Tracker, more: int, status: int
) -> None:
    sent = event_of(viewport={"width": limits.VIEWPORT_PIXELS + more, "height": 0})

    assert tracker.answer(rest(sent))[0] == status


@pytest.mark.parametrize("value", [None, {}, {"width": 0, "height": None}])
def test_a_viewport_may_be_left_out_or_partial(tracker: Tracker, value: Any) -> None:
    tracker.send(rest(event_of(viewport=value)))

    assert tracker.store.events()[0]["viewport"]["height"] is None


@pytest.mark.parametrize(
    ("header", "believed", "country"),
    [
        ("DE", True, "DE"),
        ("DE", False, None),
        ("Germany", True, None),
        ("", True, None),
    ],
)
def test_the_country_is_believed_only_where_clients_cannot_set_it(
    tracker_with: Callable[..., Tracker],
    header: str,
    believed: bool,
    country: str | None,
) -> None:
    tracker = tracker_with(viewer_country=believed)

    tracker.send(rest(event_of(), headers={"CloudFront-Viewer-Country": header}))

    assert tracker.store.events()[0]["location"]["country"] == country


def test_hints_describe_the_sender_not_a_user_agent_in_the_body(
    tracker: Tracker,
) -> None:
    hints = {"Sec-CH-UA-Platform": '"Android"', "Sec-CH-UA-Mobile": "?1"}
    safari = (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/17.0 Safari/605.1.15"
    )

    tracker.send(rest(event_of(userAgent=safari), headers=hints))

    assert tracker.store.events()[0]["device"]["os"] == "macOS"


def test_an_event_without_a_user_agent_is_kept(tracker: Tracker) -> None:
    event = rest(event_of())
    event["headers"] = None

    tracker.send(event)

    assert tracker.store.events()[0]["userAgent"] is None


@pytest.mark.parametrize(
    ("hints", "device"),
    [
        ({}, ("desktop", "Chrome", "Linux")),
        ({"Sec-CH-UA": '"Brave";v="126"'}, ("desktop", "Brave", "Linux")),
        ({"Sec-CH-UA-Mobile": "?1"}, ("mobile", "Chrome", "Linux")),
        ({"Sec-CH-UA-Platform": '"Chrome OS"'}, ("desktop", "Chrome", "ChromeOS")),
        # What is remembered of a sender must not be large.
        ({"Sec-CH-UA": " " * 256 + '"Brave";v="126"'}, ("desktop", "Chrome", "Linux")),
        ({"Sec-CH-UA-Mobile": " " * 256 + "?1"}, ("desktop", "Chrome", "Linux")),
        (
            {"Sec-CH-UA-Platform": " " * 256 + '"Chrome OS"'},
            ("desktop", "Chrome", "Linux"),
        ),
    ],
)
def test_client_hints_tell_what_browsers_no_longer_say(
    tracker: Tracker, hints: dict[str, str], device: tuple[str, str, str]
) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0.0.0"

    tracker.send(rest(event_of(), headers={"User-Agent": agent, **hints}))

    (event,) = tracker.store.events()
    form, browser, system = device
    assert event["device"] == {
        "device_type": form,
        "browser": browser,
        "os": system,
        "is_bot": False,
    }


@pytest.mark.parametrize("sent", [event_of(), event_of(userAgent="")])
def test_nothing_is_known_of_a_device_without_a_user_agent(
    tracker: Tracker, sent: dict[str, Any]
) -> None:
    tracker.send({**rest(sent), "headers": None})

    (event,) = tracker.store.events()
    assert event["device"] == {
        "device_type": None,
        "browser": None,
        "os": None,
        "is_bot": False,
    }

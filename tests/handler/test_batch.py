"""Batches: defaults, limits, events judged one by one, and retries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import batch, body, limits, request
from handler.refusals import Refusal, Refused

from .conftest import Tracker
from .fakes import IDS, event_of, events_of, rest

BUCKET = "website-analytics"


def raw_batch(*events: str, defaults: str = "") -> str:
    """Return a batch of events that are spelt out."""
    return f'{{{defaults}"events":[{",".join(events)}]}}'


@pytest.mark.parametrize(
    ("default", "own", "stored"),
    [
        ({"page": "/a"}, {}, {"page": "/a"}),
        ({"page": "/a"}, {"page": "/b"}, {"page": "/b"}),
        ({"page": "/a"}, {"page": None}, {"page": None}),
        ({"metadata": {"a": 1}}, {"metadata": {"b": 2}}, {"metadata": '{"b":2}'}),
        ({"metadata": {"a": 1}}, {"metadata": None}, {"metadata": None}),
        ({"colour": "red"}, {}, {"metadata": '{"colour":"red"}'}),
        ({"colour": "red"}, {"colour": 5}, {"metadata": '{"colour":5}'}),
        ({"ip": "203.0.113.9"}, {}, {"metadata": None}),
        ({"eventId": None}, {}, {"page": None}),
    ],
)
def test_members_beside_the_events_stand_for_what_an_event_lacks(
    tracker: Tracker,
    default: dict[str, Any],
    own: dict[str, Any],
    stored: dict[str, Any],
) -> None:
    """Member by member, not inside them; null is the event's word too."""
    assert tracker.send_events([{**event_of(), **own}], **default)[0] == 200

    (event,) = tracker.store.events()
    assert {name: event[name] for name in stored} == stored


@pytest.mark.parametrize(
    ("default", "own", "bucket"),
    [
        ({"tenant": "blog"}, {}, "blog-private"),
        ({"tenant": "blog"}, {"bucket": "data-lake"}, "data-lake"),
        ({"bucket": "data-lake"}, {"tenant": "blog"}, "blog-private"),
        ({"bucket": "data-lake"}, {"bucket": BUCKET}, BUCKET),
        ({"bucket": "data-lake"}, {"tenant": None}, "data-lake"),
        ({"bucket": "data-lake", "tenant": "blog"}, {"bucket": BUCKET}, BUCKET),
    ],
)
def test_an_events_own_destination_takes_the_place_of_both(
    tracker: Tracker, default: dict[str, Any], own: dict[str, Any], bucket: str
) -> None:
    assert tracker.send_events([{**event_of(bucket=None), **own}], **default)[0] == 200

    assert len(tracker.store.events(bucket)) == 1


@pytest.mark.parametrize(
    ("default", "own", "error"),
    [
        ({"bucket": BUCKET}, {"bucket": None}, "Missing required field: bucket"),
        ({"tenant": " "}, {}, "Missing required field: bucket"),
        ({"bucket": BUCKET, "tenant": "blog"}, {}, "Invalid field: tenant"),
        ({}, {"bucket": BUCKET, "tenant": "blog"}, "Invalid field: tenant"),
    ],
)
def test_an_event_needs_one_destination(
    tracker: Tracker, default: dict[str, Any], own: dict[str, Any], error: str
) -> None:
    _, answer = tracker.send_events([{**event_of(bucket=None), **own}], **default)

    assert [refusal["error"] for refusal in answer["rejected"]] == [error]


def test_a_batch_may_have_500_events(tracker: Tracker) -> None:
    status, answer = tracker.send_events(events_of(500))

    assert (status, answer["status"], answer["accepted"]) == (200, "ok", 500)
    assert answer["eventIds"] == IDS[:500]
    assert [event["eventId"] for event in tracker.store.events()] == IDS[:500]


@pytest.mark.parametrize(("spare", "status"), [(0, 200), (-1, 413)])
def test_the_defaults_limit_holds_to_the_byte(
    tracker: Tracker, spare: int, status: int
) -> None:
    page = "ä" * ((limits.DEFAULTS_BYTES - len('{"page":""}') - spare) // 2)
    page += "x" * (limits.DEFAULTS_BYTES - len(f'{{"page":"{page}"}}'.encode()) - spare)

    assert tracker.send_events([event_of()], page=page)[0] == status


@pytest.mark.parametrize(("spare", "status"), [(0, 200), (-1, 413)])
def test_an_events_limit_counts_its_defaults_to_the_byte(
    tracker: Tracker, spare: int, status: int
) -> None:
    merged = {**event_of(page=""), "k": "v"}
    bare = len(json.dumps(merged, separators=(",", ":")))
    event = event_of(page="x" * (limits.EVENT_BYTES - bare - spare))

    _, answer = tracker.send_events([event, event_of()], k="v")

    refused = [(each["status"], each["message"]) for each in answer["rejected"]]
    words = Refused(Refusal.EVENT_TOO_LARGE).message
    assert refused == ([] if status == 200 else [(413, words)])


def test_a_body_of_one_mebibyte_is_taken(tracker: Tracker) -> None:
    events = events_of(500, page="x" * 1900)
    bare = len(json.dumps({"events": events}))
    events[0]["page"] += "x" * (limits.BODY_BYTES - bare)

    assert tracker.answer(rest({"events": events}))[0] == 200
    events[0]["page"] += "x"
    assert tracker.answer(rest({"events": events}))[0] == 413


@pytest.mark.parametrize(
    ("deep", "rejected"),
    [
        ("[" * 17 + "]" * 17, []),
        ("[" * 20 + "]" * 20, [1]),
        ("[" * 900 + "]" * 900, [1]),
    ],
)
def test_depth_is_counted_from_the_event(
    tracker: Tracker, deep: str, rejected: list[int]
) -> None:
    """Each event has its own twenty levels, whatever it came in."""
    good, bad = json.dumps(event_of()), f'{json.dumps(event_of())[:-1]},"x":{deep}}}'
    padding = json.dumps(event_of(page="x" * limits.EVENT_BYTES))[:-300] + '"}'

    _, answer = tracker.answer(rest(raw_batch(good, bad, padding)))

    assert [refusal["index"] for refusal in answer["rejected"]] == rejected


def test_defaults_that_are_too_deep_are_told_of_each_event(tracker: Tracker) -> None:
    deep = f'"x":{"[" * 900}{"]" * 900},'

    status, answer = tracker.answer(rest(raw_batch("{}", "{}", defaults=deep)))

    assert status == 400
    assert [each["error"] for each in answer["rejected"]] == [
        "Event nested too deeply"
    ] * 2


def test_what_is_too_deep_to_be_measured_is_left_to_the_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """How deep a value is read and how deep it is written differ by version."""
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    monkeypatch.setattr(body, "parse", lambda _: {"events": [{}], "x": deep})
    raw = " " * limits.EVENT_BYTES + "{}"

    events, several = batch.read(request.read(rest(raw)))

    assert several
    assert [isinstance(event, Refused) for event in events] == [False]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ('"\\ud83d"', "Invalid request body"),
        ("1e999", "Invalid number in request body"),
        ("NaN", "Invalid number in request body"),
        ("-Infinity", "Invalid number in request body"),
        ("9" * 5000, "Invalid number in request body"),
        ("-" + "9" * 400, "Invalid number in request body"),
    ],
)
def test_what_cannot_be_stored_takes_its_own_event_alone(
    tracker: Tracker, bad: str, error: str
) -> None:
    """Half an emoji is what `JSON.stringify` makes of a title that was cut."""
    exact = "-1" + "0" * 307
    good = f'{json.dumps(event_of(eventId=IDS[0]))[:-1]},"n":{exact}}}'
    last = json.dumps(event_of(eventId=IDS[2]))

    status, answer = tracker.answer(rest(raw_batch(good, f'{{"x":{bad}}}', last)))

    assert (status, answer["eventIds"]) == (200, [IDS[0], IDS[2]])
    assert [(each["index"], each["error"]) for each in answer["rejected"]] == [
        (1, error)
    ]
    assert tracker.store.events()[0]["metadata"] == f'{{"n":{exact}}}'


def test_a_byte_that_is_no_utf8_takes_its_own_event_alone(tracker: Tracker) -> None:
    """A server that writes Latin-1 sends one for each accent."""
    events = [event_of(eventId=each, page="/café") for each in IDS[:3]]
    raw = raw_batch(*[json.dumps(each, ensure_ascii=False) for each in events]).encode()
    raw = raw.replace("é".encode(), "é".encode("latin-1"), 1)

    status, answer = tracker.answer(rest(raw))

    assert (status, answer["eventIds"]) == (200, IDS[1:3])
    assert [(each["index"], each["error"]) for each in answer["rejected"]] == [
        (0, "Invalid request body")
    ]


def test_half_a_character_and_a_byte_that_is_no_utf8_are_no_character(
    tracker: Tracker,
) -> None:
    events = [event_of(eventId=each, page="\ud83d?") for each in IDS[:2]]
    raw = raw_batch(*map(json.dumps, events)).encode()
    raw = raw.replace(b"\\ud83d?", b"\\ud83d\x80", 1).replace(b"\\ud83d?", b"fine")

    status, answer = tracker.answer(rest(raw))

    assert (status, answer["eventIds"]) == (200, IDS[1:2])
    assert [(each["index"], each["error"]) for each in answer["rejected"]] == [
        (0, "Invalid request body")
    ]


@pytest.mark.parametrize(
    "sent",
    [
        raw_batch("{}", defaults='"x":NaN,'),
        raw_batch("{}", defaults='"x":"\\udfff",'),
        '{"events":1e999}',
        '{"events":[{}],"x":NaN',
        "[1e999]",
        '{"page":NaN}',
    ],
)
def test_what_cannot_be_stored_beside_the_events_refuses_all(
    tracker: Tracker, sent: str
) -> None:
    status, answer = tracker.answer(rest(sent))

    assert status == 400
    assert "rejected" not in answer


def test_a_salvaged_value_that_is_too_deep_to_write_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(Refused) as caught:
        body.sound(deep)

    assert caught.value.refusal is Refusal.TOO_DEEP
    assert f" {limits.DEPTH} " in caught.value.message


def test_events_that_are_no_objects_are_refused_by_their_index(
    tracker: Tracker,
) -> None:
    status, answer = tracker.send_events([1, event_of(eventId=IDS[0]), None, "x", []])

    assert (status, answer["status"], answer["accepted"]) == (200, "partial", 1)
    assert [refusal["index"] for refusal in answer["rejected"]] == [0, 2, 3, 4]


GOOD = st.builds(
    event_of,
    bucket=st.sampled_from([BUCKET, "data-lake"]),
    page=st.none() | st.text(max_size=20),
    metadata=st.none() | st.dictionaries(st.text(max_size=5), st.integers()),
)
BAD = st.sampled_from(
    [
        {},
        None,
        [],
        "x",
        7,
        event_of(bucket="evil-bucket"),
        event_of(timestamp="yesterday"),
        event_of(eventId="short"),
        event_of(page=1),
        event_of(viewport=[]),
        event_of(metadata=float("nan")),
        event_of(page="\ud800"),
        event_of(metadata=float("inf")),
    ]
)


@given(
    st.lists(GOOD.map(lambda e: (True, e)) | BAD.map(lambda e: (False, e)), min_size=1)
)
def test_the_good_are_stored_and_the_bad_are_told_by_index(
    mix: list[tuple[bool, Any]],
) -> None:
    """Whatever stands beside it: each event is judged alone."""
    tracker = Tracker()
    for number, (is_good, event) in enumerate(mix):
        if is_good:
            event["eventId"] = IDS[number]

    status, answer = tracker.send_events([event for _, event in mix])

    good = [IDS[number] for number, (is_good, _) in enumerate(mix) if is_good]
    bad = [number for number, (is_good, _) in enumerate(mix) if not is_good]
    assert status == (200 if good else 400)
    assert (answer["accepted"], answer["eventIds"]) == (len(good), good)
    assert [each["index"] for each in answer["rejected"]] == bad
    stored = [*tracker.store.events(), *tracker.store.events("data-lake")]
    assert sorted(event["eventId"] for event in stored) == good


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["events", "bucket", "eventId", "page", "\ud800", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=30,
    )
)
def test_any_json_is_an_answer_and_no_error_of_ours(sent: Any) -> None:
    status, _ = Tracker().answer(rest(sent))

    assert status < 500

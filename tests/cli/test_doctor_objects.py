"""Stored objects as `analytics-tracker doctor` reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from botocore.exceptions import IncompleteReadError
from botocore.response import StreamingBody

from analytics_tracker_construct.cli._doctor.objects import line_problem

from .cloud import started
from .deployed import Deployed, event

_DEVICE = {"device_type": None, "browser": None, "os": None, "is_bot": None}


@pytest.fixture(scope="module")
def tracker() -> Iterator[Deployed]:
    with started() as cloud:
        yield Deployed(cloud)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"viewport": None},
        {"viewport": {"width": 1, "height": 2}},
        {"device": _DEVICE},
        {"metadata": '{"a": 1}'},
        {"location": {"country": "DE", "city": None, "region": None}},
    ],
)
def test_a_stored_line_is_as_meant(changes: dict[str, object]) -> None:
    assert line_problem(event(**changes).encode()) is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not an object"),
        (b'{"eventId": "x"}', "lacks eventType, timestamp, "),
        (event(extra=1, more=2).encode(), "has 2 members that are no columns"),
        (event(page=7).encode(), "has the wrong type in page"),
        (event(metadata={}).encode(), "has the wrong type in metadata"),
        (event(viewport={"width": 1}).encode(), "has the wrong type in viewport"),
        (
            event(viewport={"width": 1.5, "height": 1}).encode(),
            "has the wrong type in viewport",
        ),
        (
            event(viewport={"width": True, "height": 1}).encode(),
            "has the wrong type in viewport",
        ),
        (
            event(device=_DEVICE | {"is_bot": "no"}, ip=1).encode(),
            "has the wrong type in ip, device",
        ),
        (event(device=[]).encode(), "has the wrong type in device"),
    ],
)
def test_a_line_that_is_no_event_has_a_problem(line: bytes, problem: str) -> None:
    assert (line_problem(line) or "").startswith(problem)


@pytest.mark.parametrize(
    ("name", "lines", "problem"),
    [
        ("wrongtype.json", [event(), event(page=7)], "line 2 has the wrong type in"),
        ("wrongtype.json.gz", [event(page=7)], "line 1 has the wrong type in page"),
        ("nothing-in.json", [], "it is empty"),
    ],
)
def test_an_object_that_is_not_as_meant_fails(
    tracker: Deployed, name: str, lines: list[str], problem: str
) -> None:
    key = tracker.store(tracker.open, name, *lines)

    found = _objects(tracker)

    assert [finding["outcome"] for finding in found] == ["failure"]
    assert found[0]["found"].startswith(f"{key}: {problem}")
    tracker.s3.delete_object(Bucket=tracker.open, Key=key)


def test_an_object_that_is_cut_off_fails(tracker: Deployed) -> None:
    key = tracker.store(tracker.open, "cutoffff.json.gz", *[event()] * 100)
    whole = tracker.s3.get_object(Bucket=tracker.open, Key=key)["Body"].read()
    tracker.s3.put_object(Bucket=tracker.open, Key=key, Body=whole[: len(whole) // 2])

    (finding,) = _objects(tracker)

    assert finding["found"] == f"{key}: it cannot be read: EOFError"
    tracker.s3.delete_object(Bucket=tracker.open, Key=key)


def test_an_answer_that_breaks_off_is_no_fault_of_the_object(tracker: Deployed) -> None:
    key = tracker.store(tracker.open, "brokenoff.json", event())
    broken = IncompleteReadError(actual_bytes=1, expected_bytes=2)

    with patch.object(StreamingBody, "read", side_effect=broken):
        (finding,) = _objects(tracker)

    assert finding["outcome"] == "unknown"
    assert finding["found"].startswith("could not look: s3:GetObject failed")
    tracker.s3.delete_object(Bucket=tracker.open, Key=key)


def test_only_the_newest_objects_and_their_first_lines_are_read(
    tracker: Deployed,
) -> None:
    keys = [tracker.store(tracker.open, f"many{n:04}.json", event()) for n in range(12)]
    keys.append(tracker.store(tracker.open, "longlong.json.gz", *[event()] * 2000))

    (finding,) = _objects(tracker)

    assert finding["found"] == "newest 10 objects read, 1,009 lines as meant"
    for key in keys:
        tracker.s3.delete_object(Bucket=tracker.open, Key=key)


def _objects(tracker: Deployed) -> list[dict[str, str]]:
    done = tracker.cloud.inside(
        "doctor", "--function", tracker.function, "--format", "json"
    )
    return [
        finding
        for finding in json.loads(done.stdout)["checks"]
        if finding["check"] == f"objects in {tracker.open}"
    ]

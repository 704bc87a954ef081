"""The whole harness, on few events: each contender ran, and stored what it was sent."""

from __future__ import annotations

import json
import platform
from typing import Any

import pytest

from analytics_tracker_construct._asset import ENTRY, WRITER_ENTRY, digest
from analytics_tracker_construct._handler import FOLDER, settings
from benchmarks import contenders, report
from benchmarks.scenarios import BATCH
from tests.infra.conftest import minimal, session_stack
from tests.infra.templates import Built

from .conftest import HERE

# Fixtures of the construct's own tests, found by their names.
__all__ = ["minimal", "session_stack"]


def row(results: report.Results, contender: str, kind: str, size: int) -> Any:
    (found,) = [
        row
        for row in results["warm"]
        if (row["contender"], row["kind"], row["events_per_request"])
        == (contender, kind, size)
    ]
    return found


def test_measures_every_contender(results: report.Results) -> None:
    measured = {row["contender"] for row in results["warm"]}

    assert measured == set(HERE) - {contenders.ROOTS, contenders.BOTO3_ROOTS}
    assert all(row["rss_mb"] > 5 for row in results["warm"])
    assert all(
        row["cpu_us"] > 1
        for row in results["warm"]
        if row["contender"] != contenders.EMPTY
    )


@pytest.mark.parametrize(
    ("contender", "kind", "size", "writes"),
    [
        (contenders.EMPTY, "single", 1, 0),
        (contenders.BARE, "single", 1, 1),
        (contenders.BOTO3, "single", 1, 1),
        (contenders.BOTO3, "batch", BATCH, 1),
        (contenders.GZIP, "batch", BATCH, 1 / BATCH),
        (contenders.OURS, "single", 1, 1),
        (contenders.OURS, "batch", BATCH, 1 / BATCH),
        (contenders.BUFFERED, "single", 1, 1),
        (contenders.BUFFERED, "batch", BATCH, 1 / BATCH),
    ],
)
def test_counts_the_writes_of_an_event(
    results: report.Results, contender: str, kind: str, size: int, writes: float
) -> None:
    assert row(results, contender, kind, size)["writes_per_event"] == writes


@pytest.mark.parametrize("size", [1, BATCH])
def test_the_writer_makes_few_objects_of_many_messages(
    results: report.Results, size: int
) -> None:
    found = row(results, contenders.WRITER, "writer", size)

    assert found["events_per_invocation"] == 50 * size
    # Three tenants and two days at most, in each of three invocations.
    assert 0 < found["writes_per_event"] <= 6 / (50 * size)


def test_starts_every_contender_cold(results: report.Results) -> None:
    started = {row["contender"]: row["cpu_ms"] for row in results["cold"]}

    never = {contenders.BARE, contenders.GZIP, contenders.WRITER}
    assert set(started) == set(HERE) - never
    assert min(started, key=started.__getitem__) == contenders.EMPTY


def test_can_be_kept_and_tells_nothing_of_the_machine_but_its_kind(
    results: report.Results,
) -> None:
    text = json.dumps(results)

    assert json.loads(text) == results
    assert platform.node() not in text
    assert str(FOLDER.parent) not in text


def test_measures_the_function_as_it_is_deployed(tmp_path: Any) -> None:
    """What the asset holds, under the names that Lambda calls."""
    copy = contenders.copy_function(tmp_path / "copy") / "handler"

    assert {path.suffix for path in copy.iterdir() if path.is_file()} == {".py", ".js"}
    assert digest(copy) == digest(FOLDER)
    entries = {one.target.replace(":", ".") for one in contenders.ours(tmp_path)}
    assert entries == {ENTRY, WRITER_ENTRY}


def test_measures_the_function_with_the_variables_of_the_construct(
    minimal: Built,
    tmp_path: Any,
) -> None:
    given = set(minimal.function()["Environment"]["Variables"])
    ours = set(contenders.ours(tmp_path)[0].environment)

    assert given <= ours <= set(settings.NAMES)

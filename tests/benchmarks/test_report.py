"""Tables and targets, from results that a human can check."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import report


def warm(contender: str, kind: str, size: int, of_boto3: float) -> dict[str, Any]:
    return {
        "contender": contender,
        "label": contender,
        "kind": kind,
        "events_per_request": size,
        "events_per_invocation": size,
        "cpu_us": of_boto3 * 1000,
        "rss_mb": 20.0,
        "bytes_per_event": 600.0,
        "writes_per_event": 1 / size,
        "of_boto3": of_boto3,
    }


def cold(contender: str, *runs: float) -> dict[str, Any]:
    return {
        "contender": contender,
        "label": contender,
        "wall_ms": runs[1],
        "cpu_ms": runs[1],
        "runs_ms": list(runs),
    }


RESULTS = {
    "date": "2026-01-31",
    "machine": {"processor": "Abacus", "processors": 2, "system": "Linux"},
    "versions": {"Python": "3.11.7", "OpenSSL": "OpenSSL 3.0.19 27 Jan 2026"},
    "warm": [
        warm("boto3", "single", 1, 1),
        warm("ours", "single", 1, 1 / 15),
        warm("ours", "batch", 25, 1 / 40),
        warm("ours-writer", "writer", 1, 1 / 100),
        warm("ours-writer", "writer", 25, 1 / 300),
    ],
    "cold": [
        cold("empty", 10, 20, 30),
        cold("boto3", 300, 200, 100),
        cold("ours", 40, 60, 120),
    ],
}


def test_targets_are_held_to_the_medians_of_ratios_within_rounds() -> None:
    found = [(one.ratio, one.limit, one.reached) for one in report.targets(RESULTS)]

    assert found == [
        (1 / 15, 1 / 14, True),
        (1 / 40, 1 / 50, False),
        (1 / 100, 1 / 100, True),
        (1 / 300, 1 / 100, True),
        (pytest.approx(60 / 200), 1 / 5, False),
        (4, 3.5, False),
    ]


def test_tables_have_a_line_for_each_figure() -> None:
    tables = report.tables(RESULTS)

    assert list(tables) == ["summary", "single", "batch", "queue", "cold", "targets"]
    assert tables["single"].splitlines()[2:] == [
        "| boto3 | 1,000 | 1.00 | 20 | 600 | 1 |",
        "| ours | 66.7 | 1/15 | 20 | 600 | 1 |",
    ]
    assert tables["summary"].splitlines()[2:] == [
        "| boto3 | 1,000 | 1.00 |  |  | 200 | 20 | 600 |  |",
        "| ours | 66.7 | 1/15 | 25.0 | 1/40 | 60 | 20 | 600 | 600 |",
    ]
    assert len(tables["queue"].splitlines()) == 4
    assert "| ours | 60 | 60 | 1/3.3 | 4.0 times |" in tables["cold"]
    assert tables["targets"].count("**missed**") == 3


def test_targets_without_a_peer_are_left_out() -> None:
    alone = {**RESULTS, "warm": [], "cold": [cold("ours", 1, 2, 3)]}

    assert report.targets(alone) == []
    assert len(report.tables(alone)["cold"].splitlines()) == 3


def test_conditions_name_date_machine_and_versions() -> None:
    assert report.conditions(RESULTS) == (
        "Measured on 2026-01-31 on 2 processors (Abacus) with Python 3.11.7, "
        "OpenSSL 3.0.19 27 Jan 2026."
    )

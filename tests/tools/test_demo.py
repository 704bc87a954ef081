"""The demonstration, on a tenth of its day."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from rich.console import Console

from analytics_tracker_construct._local import answers
from tools import demo
from traffic import days

ROOT = Path(__file__).parents[2]


def run(data: Path) -> subprocess.CompletedProcess[str]:
    module = [sys.executable, "-m", "tools.demo", "--no-synth", "--scale", "0.1"]
    return subprocess.run(
        [*module, "--data", str(data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_stores_and_refuses_what_the_day_says_twice_in_a_row(tmp_path: Path) -> None:
    """The second run begins afresh."""
    for _ in range(2):
        done = run(tmp_path / "demo")

        assert done.returncode == 0, done.stdout + done.stderr
        assert "Everything is as the day says" in done.stdout
        for said in ("mobile-app", "Page views per day", "Devices", "403 Forbidden"):
            assert said in done.stdout
        assert "query --local --data" in done.stdout


def test_leaves_a_folder_alone_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    done = run(tmp_path)

    assert done.returncode == 1
    assert "holds something else" in done.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_says_what_is_not_as_expected(tmp_path: Path) -> None:
    """Here nothing was stored, though the answers said so."""
    day = days.make(1, datetime.now(timezone.utc), scale=0.05)
    got = answers.Tally()
    got.stored, got.duplicate = day.stored.total(), day.duplicates - 1
    out = Console(file=io.StringIO(), width=200)

    wrong = demo._report(day, got, tmp_path, out)

    assert any(text.startswith("stored shop") for text in wrong)
    assert any(text.startswith("duplicate") for text in wrong)
    assert any(text.startswith("refused 403 Forbidden") for text in wrong)
    assert "page views per tenant and day" in wrong
    assert not any("answered 200" in text and "stored" in text for text in wrong)


def test_a_tracker_that_does_not_start_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    tracker = demo._tracker(tmp_path / "file")
    with pytest.raises(SystemExit, match="cannot keep objects"), tracker:
        pytest.fail("it started")

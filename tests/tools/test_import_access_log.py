"""A log through a running tracker, and the figures of both sides."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import dev
from traffic import agents

from .logs import line

ROOT = Path(__file__).parents[2]
PAGES = ("/", "/docs", "/blog/first?utm_source=mail", "/logo.png", "/app.js")


def write(log: Path) -> None:
    """Write two days of 2015: 60 requests, 36 of them for pages, 3 bad lines."""
    rng = random.Random(1)
    lines = []
    for number in range(60):
        form = ("desktop", "mobile", "tablet", "bot")[number % 4]
        at = f"{17 + number // 30}/May/2015:{number % 24:02}:15:00 +0000"
        agent = agents.compose(form, rng)
        lines.append(line(PAGES[number % 5], at=at, agent=agent, referrer="-"))
    lines[7] = "cut off"
    lines[20] = lines[20].replace("May", "Mai")
    lines[31] = ""
    lines[32] = "\x16\x03\x01"
    log.write_text("\n".join(lines) + "\n")


def run(log: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    module = [sys.executable, "-m", "tools.import_access_log", str(log), "--url", url]
    return subprocess.run(
        [*module, "--bucket", "site-analytics", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    write(path)
    return path


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[str]:
    with dev(tmp_path / "data", "--quiet") as running:
        yield running.url


def check(log: Path, url: str) -> subprocess.CompletedProcess[str]:
    return run(log, url, "--check", "--data", str(log.parent / "data"))


def objects(log: Path) -> list[Path]:
    return sorted(log.parent.glob("data/site-analytics/analytics/*/*/*/*.json"))


def test_the_stored_events_say_what_the_log_says(log: Path, tracker: str) -> None:
    done = check(log, tracker)

    assert done.returncode == 0, done.stdout + done.stderr
    pages = len(objects(log))
    assert pages > 30
    assert f"{pages} page requests" in done.stdout
    assert "The stored events say what the log says." in done.stdout


def test_events_have_the_times_of_the_log_in_todays_folder(
    log: Path, tracker: str
) -> None:
    """Old times are kept; only the folder is that of the day of receipt."""
    run(log, tracker)

    rows = [json.loads(path.read_bytes()) for path in objects(log)]
    assert {row["timestamp"][:10] for row in rows} == {"2015-05-17", "2015-05-18"}
    assert not any("year=2015" in str(path) for path in objects(log))


def test_a_log_imported_again_stores_nothing(log: Path, tracker: str) -> None:
    run(log, tracker)
    before = objects(log)

    done = check(log, tracker)

    assert done.returncode == 0
    assert objects(log) == before
    assert f"0 stored, {len(before)} stored before" in done.stdout


def test_names_malformed_lines_and_goes_on(log: Path, tracker: str) -> None:
    done = run(log, tracker)

    said = [text for text in done.stdout.splitlines() if text.startswith("line ")]
    assert [text.split()[1] for text in said] == ["8", "21", "33"]
    assert "3 malformed" in done.stdout


def test_the_check_fails_where_an_object_is_lost(log: Path, tracker: str) -> None:
    """Sending the log again brings it back."""
    run(log, tracker)
    data = str(log.parent / "data")
    whole = run(log, tracker, "--check-only", "--data", data)
    objects(log)[0].unlink()
    lacking = run(log, tracker, "--check-only", "--data", data)
    mended = check(log, tracker)

    assert [done.returncode for done in (whole, lacking, mended)] == [0, 1, 0]


@pytest.mark.parametrize("damage", ["page", "hour", "browser"])
def test_the_check_fails_where_the_two_differ(
    log: Path, tracker: str, damage: str
) -> None:
    run(log, tracker)
    path = next(p for p in objects(log) if b'"is_bot":false' in p.read_bytes())
    row = json.loads(path.read_bytes())
    if damage == "page":
        row["page"] = "/other"
    elif damage == "hour":
        row["timestamp"] = "2015-05-17T00:59:59.000Z"
    else:
        row["device"]["browser"] = "Other"
    path.write_text(json.dumps(row) + "\n")

    done = check(log, tracker)

    assert done.returncode == 1
    assert "differ from the log" in done.stdout


def test_fails_when_events_are_refused(log: Path, tracker: str) -> None:
    done = run(log, tracker.removesuffix("/"), "--bucket", "not-allowed")

    assert done.returncode == 1
    assert "refused: 403 Forbidden" in done.stdout
    assert objects(log) == []


def test_fails_when_there_is_no_tracker_or_no_log(log: Path, tmp_path: Path) -> None:
    nobody = run(log, "http://127.0.0.1:9")
    nothing = run(tmp_path / "missing.log", "http://127.0.0.1:9")

    for done in (nobody, nothing):
        assert done.returncode == 1
        assert "cannot go on" in done.stdout
        assert "Traceback" not in done.stderr

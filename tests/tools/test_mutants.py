"""The tool tells which mutants no test noticed, each tried in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = """
from hypothesis import settings

settings.register_profile("unshrunk")
"""
TESTS = """
import os

seen = []

def test_notices_the_first():
    seen.append(1)
    assert seen == [1]
    assert os.environ["MUTANT_UNDER_TEST"] != "handler.thing.x_f__mutmut_1"

def test_notices_nothing():
    pass
"""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with what mutmut leaves: two mutants of one function, one of another."""
    copy = tmp_path / "mutants"
    (copy / "handler").mkdir(parents=True)
    (copy / "conftest.py").write_text(CONFTEST)
    (copy / "test_thing.py").write_text(TESTS)
    names = ["x_f__mutmut_1", "x_f__mutmut_2", "x_g__mutmut_1"]
    keys = dict.fromkeys([f"handler.thing.{name}" for name in names])
    meta = copy / "handler" / "thing.py.meta"
    meta.write_text(json.dumps({"exit_code_by_key": keys}))
    tests = [
        "test_thing.py::test_notices_nothing",
        "test_thing.py::test_notices_the_first",
    ]
    stats = {
        "tests_by_mangled_function_name": {"handler.thing.x_f": tests},
        "duration_by_test": dict.fromkeys(tests, 0.01),
    }
    (copy / "mutmut-stats.json").write_text(json.dumps(stats))
    return tmp_path


def run(folder: Path, *patterns: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.mutants", "--as-made", *patterns],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def outcomes(folder: Path, *patterns: str) -> dict[str, str]:
    done = run(folder, *patterns)
    assert done.returncode == 0, done.stderr
    path = folder / "mutants" / "results.json"
    found: dict[str, str] = json.loads(path.read_text())
    alive = [line for line in done.stderr.splitlines() if line.endswith("lives")]
    assert len(alive) == list(found.values()).count("lives")
    return found


def test_a_mutant_lives_where_no_test_that_calls_it_fails(made: Path) -> None:
    assert outcomes(made) == {
        "handler.thing.x_f__mutmut_1": "killed",
        "handler.thing.x_f__mutmut_2": "lives",
        "handler.thing.x_g__mutmut_1": "no tests",
    }


def test_patterns_choose_mutants(made: Path) -> None:
    assert outcomes(made, "*_2") == {"handler.thing.x_f__mutmut_2": "lives"}


def test_a_pattern_that_fits_none_is_an_error(made: Path) -> None:
    done = run(made, "handler.thing.x_h*")

    assert done.returncode == 2
    assert "no mutant is named like handler.thing.x_h*" in done.stderr


def test_where_none_were_made_the_way_out_is_told(tmp_path: Path) -> None:
    done = run(tmp_path)

    assert done.returncode == 2
    assert "leave out --as-made" in done.stderr


def test_where_a_test_fails_anyway_no_mutant_is_said_to_be_noticed(made: Path) -> None:
    tests = made / "mutants" / "test_thing.py"
    tests.write_text(TESTS.replace("pass", "assert False"))

    done = run(made)

    assert done.returncode == 1
    assert "tests fail in the function as it is" in done.stderr

"""Breaks the function in thousands of places, one at a time; tests must notice each.

`python -m tools.mutants [PATTERN ...]`, which `make mutants` runs. mutmut makes the
mutants, in the folder `mutants`, and notes which tests call which function. Then pytest
collects the tests once, and each mutant has a fork of that process, which runs those
tests until one fails: to start pytest and collect anew takes longer than the tests do.
Functions that are called while modules load get a new process for each mutant.
What nobody noticed is printed; `mutmut show NAME` says what it is.
tests/handler/MUTANTS.md has what became of each.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

COPY = Path("mutants")
RESULTS = COPY / "results.json"
# The fewest of any module: mutmut makes all mutants before it tries those.
_FEWEST = "handler.pipeline*"
# They are called while their modules load, which a fork has behind it.
_AT_IMPORT = ("handler.body.x__scanner__*", "handler.compact.x__encoder__*")
_SETTINGS = (
    # Whatever is printed would be printed for each mutant.
    *("-o", "addopts=", "-p", "no:terminal"),
    *("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"),
    *("--hypothesis-seed=0", "--hypothesis-profile=unshrunk"),
    # The mutated package imports mutmut, and so more than the standard library.
    "--deselect=tests/handler/test_wiring.py::"
    "test_the_function_needs_the_standard_library_alone",
)
_KILLED, _LIVES, _ENDLESS, _UNTESTED = "killed", "lives", "endless", "no tests"


class Mutant(NamedTuple):
    """One change of one function."""

    name: str
    tests: Sequence[str]
    """The tests that call the function, the quickest first."""
    seconds: float
    """How long they take in the function as it is."""


def mutants(patterns: Sequence[str]) -> Iterator[Mutant]:
    """Yield what mutmut made.

    Args:
        patterns: What their names are like, such as `handler.lake.*`; none: all.
    """
    stats = json.loads((COPY / "mutmut-stats.json").read_text())
    seconds = stats["duration_by_test"]
    for meta in sorted(COPY.glob("handler/*.meta")):
        for name in json.loads(meta.read_text())["exit_code_by_key"]:
            if patterns and not _is_any(name, patterns):
                continue
            function = name.rpartition("__mutmut_")[0]
            called_by = stats["tests_by_mangled_function_name"].get(function, [])
            tests = sorted(called_by, key=lambda test: seconds.get(test, 0.0))
            yield Mutant(name, tests, sum(seconds.get(test, 0.0) for test in tests))


def _is_any(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


class Forks:
    """A plugin of pytest that runs mutants instead of the tests.

    Args:
        every: The mutants.
        workers: How many run at once.
    """

    def __init__(self, every: Sequence[Mutant], workers: int) -> None:
        self._every = every
        self._workers = workers
        self._failed = False
        self.found: dict[str, str] = {}
        """What became of each."""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run each mutant in a fork."""
        items = {item.nodeid: item for item in session.items}
        running: dict[int, tuple[Mutant, float]] = {}
        for mutant in self._every:
            if not mutant.tests:
                self.found[mutant.name] = _UNTESTED
                continue
            while len(running) >= self._workers:
                self._reap(running)
            pid = os.fork()
            if pid == 0:
                self._run(mutant, [items[test] for test in mutant.tests])
            running[pid] = mutant, time.monotonic()
        while running:
            self._reap(running)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note whether a test failed."""
        self._failed |= report.failed

    def _run(self, mutant: Mutant, items: Sequence[pytest.Item]) -> None:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        # Whoever waits for ever uses no processor; `_reap` ends those.
        limit = int(10 + mutant.seconds * 10)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        os.environ["MUTANT_UNDER_TEST"] = mutant.name
        following = [*items[1:], None]
        for item, nextitem in zip(items, following, strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            if self._failed:
                os._exit(1)
        os._exit(0)

    def _reap(self, running: dict[int, tuple[Mutant, float]]) -> None:
        """Wait until one of those that run has ended, and note what became of it."""
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in running:
                break
            for late, (mutant, began) in running.items():
                if time.monotonic() - began > 30 + mutant.seconds * 20:
                    os.kill(late, 9)
            time.sleep(0.01)
        mutant, _ = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        outcome = {0: _LIVES, 1: _KILLED}.get(code, _ENDLESS)
        self.found[mutant.name] = outcome
        if outcome != _KILLED and mutant.name:
            _say(f"{len(self.found)} of {len(self._every)}: {mutant.name} {outcome}")


def _say(line: str) -> None:
    # The standard output is pytest's.
    print(line, file=sys.stderr, flush=True)


def try_all(patterns: Sequence[str], workers: int) -> dict[str, str]:
    """Run the mutants whose names are like that; return what became of each.

    Raises:
        ValueError: If there are none.
        RuntimeError: If a test fails in the function as it is.
    """
    every = list(mutants(patterns))
    if not every:
        raise ValueError(f"no mutant is named like {' or '.join(patterns)}")
    anew = [each for each in every if _is_any(each.name, _AT_IMPORT)]
    forked = [each for each in every if each not in anew]
    found: dict[str, str] = {}
    if anew:
        with ThreadPoolExecutor(workers) as pool:
            unchanged, *outcomes = pool.map(_try_anew, ["", *[m.name for m in anew]])
        _require_alive(unchanged)
        found.update(zip([each.name for each in anew], outcomes, strict=True))
    if forked:
        tests = sorted({test for each in forked for test in each.tests})
        forks = Forks([Mutant("", tests, 60.0), *forked], workers)
        os.chdir(COPY)
        sys.path.insert(0, str(Path.cwd()))
        pytest.main([*_SETTINGS, *_files(tests)], plugins=[forks])
        os.chdir("..")
        if len(forks.found) <= len(forked):
            raise RuntimeError(f"only {len(forks.found)} of {len(forked)} were tried")
        _require_alive(forks.found.pop(""))
        found.update(forks.found)
    return found


def _require_alive(outcome: str) -> None:
    if outcome != _LIVES:
        raise RuntimeError("tests fail in the function as it is: no mutant is tried")


def _try_anew(name: str) -> str:
    # Any test may notice what a module was loaded with.
    stats = json.loads((COPY / "mutmut-stats.json").read_text())
    files = _files(stats["duration_by_test"])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", *_SETTINGS, *files],
        cwd=COPY,
        env={**os.environ, "MUTANT_UNDER_TEST": name},
        capture_output=True,
        check=False,
    )
    # 1 is a test that failed; what cannot even be collected is noticed too.
    outcome = _LIVES if done.returncode == 0 else _KILLED
    if outcome == _LIVES and name:
        _say(f"{name} {outcome}")
    return outcome


def _files(tests: Iterable[str]) -> list[str]:
    return sorted({test.partition("::")[0] for test in tests})


def table(found: dict[str, str]) -> str:
    """Return how many mutants of each module ended how, in Markdown."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for name, outcome in found.items():
        rows[name.split(".")[1]][outcome] += 1
    rows["all"] = Counter(found.values())
    outcomes = (_KILLED, _ENDLESS, _LIVES, _UNTESTED)
    lines = [f"| module | {' | '.join(outcomes)} |", "|---" + "|--:" * 4 + "|"]
    for module, counts in rows.items():
        cells = " | ".join(str(counts[each] or "") for each in outcomes)
        lines.append(f"| `{module}` | {cells} |")
    return "\n".join(lines)


def main() -> int:
    """Make mutants and try them; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="default: all")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--as-made", action="store_true", help="make none anew")
    options = parser.parse_args()
    if not options.as_made:
        command = [sys.executable, "-m", "mutmut", "run", _FEWEST]
        subprocess.run(command, check=True)
    elif not (COPY / "mutmut-stats.json").exists():
        parser.error("none are made yet; leave out --as-made")
    try:
        found = try_all(options.patterns, options.workers)
    except ValueError as error:
        parser.error(str(error))
    RESULTS.write_text(json.dumps(found, indent=1))
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A copy of the repository in which defences are taken out, and tests run.

The work tree itself is never changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from ..infra.evaluator import FOLDER as EVALUATOR
from ..infra.node import installed
from .threats import Removal

ROOT = Path(__file__).parents[2]
_PARTS = (
    *(path.name for path in ROOT.glob("*.md")),
    "LICENSE",
    "benchmarks",
    "client",
    "examples",
    "handler",
    "hatch_build.py",
    "pyproject.toml",
    "src",
    "tests",
    "tools",
    "traffic",
)
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", "cdk.out", ".*")
#: A machine that is busy is no fault of a test's.
_SECONDS = 900
#: What a test says that failed for another reason than the defence's being gone.
_BROKEN = (
    "AttributeError",
    "ImportError",
    "IndentationError",
    "ModuleNotFoundError",
    "NameError",
    "SyntaxError",
    "UnboundLocalError",
)


class Outcome(NamedTuple):
    """What became of the cases of one test."""

    passed: int = 0
    failed: int = 0
    broken: tuple[str, ...] = ()
    """The words of cases that failed before the test began, or by broken code."""

    def and_also(self, case: ElementTree.Element) -> Outcome:
        """Return the same with one case more."""
        if case.find("error") is not None:
            words = case.find("error").get("message", "")  # type: ignore[union-attr] # seen
            return self._replace(broken=(*self.broken, words))
        failure = case.find("failure")
        if failure is None:
            return self._replace(passed=self.passed + 1)
        words = failure.get("message", "")
        if words.startswith(_BROKEN):
            return self._replace(broken=(*self.broken, words))
        return self._replace(failed=self.failed + 1)


class Tree:
    """The copy.

    Args:
        folder: Where it goes; it must not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for part in _PARTS:
            source = ROOT / part
            if source.is_dir():
                # Times are copied too: bytecode is told stale by them.
                shutil.copytree(source, folder / part, ignore=_LEFT_OUT)
            else:
                shutil.copy2(source, folder / part)
        for program in (EVALUATOR, ROOT / "client"):
            modules = installed(program) / "node_modules"
            (folder / program.relative_to(ROOT) / "node_modules").symlink_to(modules)

    @contextmanager
    def without(self, removal: Removal) -> Iterator[None]:
        """Have a defence taken out.

        Raises:
            ValueError: If its text is not there exactly once, or the file is then no
                Python that could run.
        """
        path = self.folder / removal.path
        was = path.stat()
        text = path.read_text("utf-8")
        found = text.count(removal.old)
        if found != 1:
            raise ValueError(
                f"{removal.defence}: {removal.path} has {removal.old!r} {found} times "
                "and must have it once; the code has changed, so change the removal"
            )
        path.write_text(text.replace(removal.old, removal.new), "utf-8")
        try:
            self._check(path)
            yield
        finally:
            path.write_text(text, "utf-8")
            os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))

    def run(self, tests: Collection[str]) -> Mapping[str, Outcome]:
        """Run tests and return what became of each, those not found left out."""
        report = self.folder / "report.xml"
        report.unlink(missing_ok=True)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                *("-p", "no:xdist", "-p", "no:cov", "--tb=line"),
                *("--hypothesis-seed=0", "--hypothesis-profile=unshrunk"),
                f"--junitxml={report}",
                f"--basetemp={self.folder / 'tmp'}",
                *tests,
            ],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if not report.exists():
            raise RuntimeError(f"pytest told nothing of {tests}:\n{done.stdout}")
        outcomes: dict[str, Outcome] = {}
        for case in ElementTree.parse(report).iter("testcase"):
            module = case.get("classname", "").replace(".", "/")
            test = f"{module}.py::{case.get('name', '').partition('[')[0]}"
            outcomes[test] = outcomes.get(test, Outcome()).and_also(case)
        return outcomes

    def _check(self, path: Path) -> None:
        """Refuse code that fails for a name or a form, not for a missing defence."""
        if path.suffix != ".py":
            return
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache"),
                *("--select=E9,F821,F823", str(path)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ValueError(f"{path}: not Python that could run:\n{done.stdout}")

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "COV_", "COVERAGE_"))
        }
        return {
            **inherited,
            # It comes before the folder of an editable install.
            "PYTHONPATH": f"{self.folder / 'src'}{os.pathsep}{self.folder}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

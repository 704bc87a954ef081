"""Ways to have the package: a wheel, an editable install, a checkout on the path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

_NOT_COPIED = {"analytics-data", "build", "cdk.out", "dist", "__pycache__"}


class Asset(NamedTuple):
    """The function's code as a synthesis staged it."""

    folder: Path

    @property
    def hash(self) -> str:
        """The asset's hash; it decides whether the function is deployed again."""
        return self.folder.name.removeprefix("asset.")

    def files(self) -> set[str]:
        """Return the paths of all that is in it."""
        return files_below(self.folder)


class Install(NamedTuple):
    """An environment in which the package can be imported."""

    python: Path
    path: Path | None = None
    """A folder for PYTHONPATH, where nothing was installed."""

    def run(
        self,
        *command: str | Path,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of this environment, away from the tree that tests run in."""
        variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        if self.path is not None:
            variables["PYTHONPATH"] = str(self.path)
        return subprocess.run(
            [str(self.python.parent / command[0]), *map(str, command[1:])],
            capture_output=True,
            check=False,
            cwd=cwd,
            env={**variables, **(environment or {})},
            text=True,
            timeout=180,
        )

    def package(self, cwd: Path) -> Path:
        """Return the folder that the package is imported from."""
        code = "import analytics_tracker_construct as a; print(a.__path__[0])"
        done = self.run("python", "-c", code, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.strip())

    def synthesise(self, example: Path, out: Path) -> Asset:
        """Run an example and return the asset that it made."""
        done = self.run(
            "python", "app.py", cwd=example, environment={"CDK_OUTDIR": str(out)}
        )
        assert done.returncode == 0, done.stderr
        (folder,) = (path for path in out.glob("asset.*") if path.is_dir())
        return Asset(folder)


def copy_tree(tree: Path, to: Path) -> Path:
    """Copy a source tree without what tools leave in it."""

    def left_out(_: str, names: list[str]) -> set[str]:
        hidden = {name for name in names if name.startswith(".")} - {".gitignore"}
        return hidden | (_NOT_COPIED & set(names))

    shutil.copytree(tree, to, ignore=left_out)
    return to


def leave_junk(handler: Path) -> None:
    """Leave beside the function's modules what editors and interpreters leave."""
    for name in (
        "__pycache__/app.cpython-310.pyc",
        ".DS_Store",
        "app.py.orig",
        "notes.txt",
        "old/app.py",
    ):
        file = handler / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("junk", encoding="utf-8")


def make_environment(folder: Path) -> Install:
    """Make an environment that has the dependencies and not the package.

    The dependencies are those of the environment that tests run in: downloading them
    again would prove nothing more. A path in a `.pth` file does not bring the `.pth`
    files in that path with it, so the package's editable install stays behind.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "dependencies.pth").write_text("\n".join(sorted(paths)), encoding="utf-8")
    return Install(folder / "bin" / "python")


def install(into: Install, *what: str | Path) -> Install:
    """Install something with pip and no network."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(into.python), "install"),
            *("--quiet", "--no-deps", "--no-index", "--no-build-isolation"),
            *map(str, what),
        ],
        capture_output=True,
        check=False,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return into


def files_below(folder: Path) -> set[str]:
    """Return the paths of all files below a folder."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    }

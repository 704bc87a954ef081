"""The distribution, built once from a copy of the tree, and installed."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from .installs import (
    ROOT,
    Asset,
    Install,
    copy_tree,
    install,
    leave_junk,
    make_environment,
)


class Built(NamedTuple):
    """What `python -m build` made."""

    sdist: Path
    wheel: Path
    """The wheel that was built from the sdist, as a release is."""
    wheel_of_tree: Path


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of the tree."""
    return copy_tree(ROOT, tmp_path_factory.mktemp("checkout") / "tree")


@pytest.fixture(scope="session")
def used_tree(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree in which somebody has worked."""
    tree = copy_tree(checkout, tmp_path_factory.mktemp("used") / "tree")
    leave_junk(tree / "handler")
    bytecode = tree / "src" / "analytics_tracker_construct" / "__pycache__"
    bytecode.mkdir()
    (bytecode / "tracker.cpython-310.pyc").write_text("junk", encoding="utf-8")
    return tree


@pytest.fixture(scope="session")
def built(used_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The distributions of the tree."""
    release = tmp_path_factory.mktemp("release")
    direct = tmp_path_factory.mktemp("direct")
    _build(used_tree, release)
    _build(used_tree, direct, "--wheel")
    (sdist,) = release.glob("*.tar.gz")
    (wheel,) = release.glob("*.whl")
    (wheel_of_tree,) = direct.glob("*.whl")
    return Built(sdist, wheel, wheel_of_tree)


@pytest.fixture(scope="session")
def wheel_install(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Install:
    """An environment with the wheel installed, and junk left in it."""
    environment = make_environment(tmp_path_factory.mktemp("wheel"))
    install(environment, built.wheel)
    (handler,) = environment.python.parents[1].rglob("handler")
    leave_junk(handler)
    return environment


@pytest.fixture(scope="session")
def editable_install(
    used_tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> Install:
    """An environment with an editable install of the used tree."""
    environment = make_environment(tmp_path_factory.mktemp("editable"))
    return install(environment, "--editable", used_tree)


@pytest.fixture(scope="session")
def source(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Install:
    """An environment that finds the clean checkout by its path."""
    environment = make_environment(tmp_path_factory.mktemp("source"))
    return environment._replace(path=checkout / "src")


@pytest.fixture(scope="session")
def assets(
    wheel_install: Install,
    editable_install: Install,
    source: Install,
    checkout: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Asset]:
    """The function's asset as each way to have the package makes it."""
    ways = {
        "wheel": wheel_install,
        "editable install": editable_install,
        "source checkout": source,
    }
    out = tmp_path_factory.mktemp("assets")
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = pool.map(
            lambda way: ways[way].synthesise(
                checkout / "examples" / "minimal", out / way.replace(" ", "-")
            ),
            ways,
        )
        return dict(zip(ways, made, strict=True))


def _build(tree: Path, out: Path, *options: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out)),
            *options,
            str(tree),
        ],
        capture_output=True,
        check=False,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr

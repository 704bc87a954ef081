"""The function's code as it is deployed."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack

import analytics_tracker_construct
from analytics_tracker_construct import AnalyticsTracker, _asset
from analytics_tracker_construct._handler import FOLDER

from .templates import build

#: What makes a template in a fresh process; prints the asset's hash.
SYNTHESISE = """
import sys
from aws_cdk import App, Stack
from analytics_tracker_construct import AnalyticsTracker, _handler
app = App(outdir=sys.argv[1])
AnalyticsTracker(Stack(app, "Host"), "Tracker")
app.synth()
print(_handler.FOLDER)
"""

#: Imports the handler and fails if anything but the standard library was loaded.
IMPORT = """
import sys
import handler.app
loaded = {name.split(".")[0] for name in sys.modules}
others = loaded - set(sys.stdlib_module_names) - {"handler", "__main__"}
sys.exit(f"also loaded: {others}" if others else 0)
"""


def _staged(stack: Stack, tracker: AnalyticsTracker) -> Path:
    build(tracker)
    app = stack.node.root
    assert isinstance(app, App)
    (staged,) = Path(app.outdir).glob("asset.*")
    return staged


def _files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    }


def test_holds_the_modules_and_the_client_in_their_folder_and_nothing_else(
    stack: Stack,
) -> None:
    staged = _staged(stack, AnalyticsTracker(stack, "Tracker"))

    modules = {f"handler/{module.name}" for module in FOLDER.glob("*.py")}
    assert "handler/app.py" in modules
    modules.add("handler/tracker.js")
    assert _files(staged) == modules


def test_what_lies_beside_the_modules_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytecode, editors' files and other folders neither count nor travel."""
    plain, littered = tmp_path / "plain" / "handler", tmp_path / "littered" / "handler"
    for folder in (plain, littered):
        folder.mkdir(parents=True)
        for module in FOLDER.glob("*.py"):
            shutil.copy(module, folder)
    compileall.compile_dir(littered, quiet=2)
    (littered / "notes.txt").write_text("hands off")
    (littered / "data").mkdir()
    (littered / "data" / "more.py").write_text("")
    (littered.parent / "cdk.py").write_text("")
    assert (littered / "__pycache__").is_dir()

    found = []
    for folder in (plain, littered):
        monkeypatch.setattr(_asset, "FOLDER", folder)
        stack = Stack(App(outdir=f"{folder.parent}-out"), "Host")
        staged = _staged(stack, AnalyticsTracker(stack, "Tracker"))
        found.append((staged.name, _files(staged)))

    assert found[0] == found[1]


def test_a_changed_module_changes_the_hash(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("one")
    before = _asset.digest(tmp_path)
    (tmp_path / "app.py").write_text("two")

    assert _asset.digest(tmp_path) != before


def test_a_changed_client_changes_the_hash(tmp_path: Path) -> None:
    (tmp_path / "tracker.js").write_text("one")
    before = _asset.digest(tmp_path)
    (tmp_path / "tracker.js").write_text("two")

    assert _asset.digest(tmp_path) != before


def test_a_renamed_module_changes_the_hash(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("one")
    before = _asset.digest(tmp_path)
    (tmp_path / "app.py").rename(tmp_path / "main.py")

    assert _asset.digest(tmp_path) != before


def test_an_installed_package_gives_the_same_asset(
    stack: Stack, tmp_path: Path
) -> None:
    """As a wheel lays it out: the handler inside the library, with bytecode."""
    package = Path(analytics_tracker_construct.__path__[0])
    installed = tmp_path / "site" / package.name
    shutil.copytree(package, installed)
    shutil.copytree(FOLDER, installed / "handler", dirs_exist_ok=True)
    compileall.compile_dir(installed, quiet=2)
    out = tmp_path / "out"

    done = subprocess.run(
        [sys.executable, "-c", SYNTHESISE, str(out)],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(installed / "handler")
    (theirs,) = out.glob("asset.*")
    ours = _staged(stack, AnalyticsTracker(stack, "Tracker"))
    assert theirs.name == ours.name
    assert _files(theirs) == _files(ours)


def test_the_packaged_handler_needs_the_standard_library_only(stack: Stack) -> None:
    """Lambda has no aws_cdk; what is deployed must import without it."""
    staged = _staged(stack, AnalyticsTracker(stack, "Tracker"))

    # Without site-packages, as in Lambda; nothing may be written beside the modules.
    done = subprocess.run(
        [sys.executable, "-B", "-S", "-c", IMPORT],
        capture_output=True,
        check=False,
        cwd=staged,
        env={},
        text=True,
    )

    assert done.returncode == 0, done.stderr

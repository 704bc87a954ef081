"""Programs of npm's that tests ask, each in a folder with a lock file of its own."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path


def installed(folder: Path) -> Path:
    """Return a folder, once npm has fetched there what its lock file says."""
    lock = folder / "package-lock.json"
    there = folder / "node_modules" / ".package-lock.json"
    # Processes that test side by side may all come here first.
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not there.exists() or there.stat().st_mtime < lock.stat().st_mtime:
            npm = shutil.which("npm")
            assert npm, f"the tests of {folder.name} need npm, which comes with Node"
            subprocess.run(
                [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                capture_output=True,
                check=True,
                cwd=folder,
                timeout=300,
            )
    return folder

"""What the tests run and the project's own environment has not: where each part is."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple


class Parts(NamedTuple):
    """Programs, by their paths."""

    localstack: str
    """The interpreter that has LocalStack."""
    runtime: str
    """The interpreter that has Lambda's runtime interface client."""
    cdk: str
    curl: str
    chromium: str


def find() -> Parts:
    """Return every part.

    Raises:
        RuntimeError: If one is missing; the message says how to get it.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    listed = cache / "analytics-tracker-construct" / "e2e.json"
    if not listed.is_file():
        raise RuntimeError(f"there is no {listed}; `make test-e2e` or .ci/e2e makes it")
    found = json.loads(listed.read_text("utf-8"))
    found |= {name: shutil.which(name) or name for name in ("curl", "chromium")}
    missing = [path for path in found.values() if not Path(path).is_file()]
    if missing:
        raise RuntimeError(f"missing: {', '.join(missing)}; .ci/e2e says how to get it")
    return Parts(**found)

"""A running local server."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from .serving import Served, serving

# Other Pythons than the one to develop with are given few packages: see .ci/pythons.
collect_ignore = [] if find_spec("schemathesis") else ["test_openapi_schemathesis.py"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "data") as running:
        yield running

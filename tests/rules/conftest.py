"""A stack to build in."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_cdk import App, Stack


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack whose account and region are known at deployment only."""
    return Stack(App(outdir=str(tmp_path)), "Host")

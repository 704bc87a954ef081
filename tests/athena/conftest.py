"""The test bed, started once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handler.storage import ObjectStore

from ..sql import world
from .bed import Bed, running


@pytest.fixture(scope="session")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """Everything runs; the world's events and its broken lines are stored."""
    folder: Path = tmp_path_factory.mktemp("athena")

    def fill(make_store: Callable[[], ObjectStore]) -> None:
        world.fill(make_store)

    tenants = {tenant: tenant for tenant in world.TENANTS}
    with running(folder, tenants, fill) as started:
        world.break_lines(started.put_raw)
        yield started

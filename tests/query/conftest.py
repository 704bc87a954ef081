"""Queries that are done at the first look."""

from __future__ import annotations

import pytest

from analytics_tracker_construct._query import athena_execution


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(athena_execution, "_SOON", 0.001)
    monkeypatch.setattr(athena_execution, "_LATE", 0.001)

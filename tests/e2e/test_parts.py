"""What is said where something that the tests run is not on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from . import parts


def test_says_what_fetches_the_parts_where_nothing_was_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with pytest.raises(RuntimeError, match="make test-e2e"):
        parts.find()


def test_names_the_part_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    folder = tmp_path / "analytics-tracker-construct"
    folder.mkdir()
    there = str(Path(__file__))
    found = {"localstack": there, "runtime": there, "cdk": "/nowhere/cdk"}
    (folder / "e2e.json").write_text(json.dumps(found))

    with pytest.raises(RuntimeError, match="missing: /nowhere/cdk, curl, chromium"):
        parts.find()

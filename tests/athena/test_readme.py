"""The README's own SQL, on Trino and on DuckDB."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analytics_tracker_construct import DuckDbEngine
from analytics_tracker_construct._local.folder import FolderStore

from ..sql import world
from .bed import Bed

_README = Path(__file__).parents[2] / "README.md"
#: What follows `query` on the command line and is no name: SQL.
_SQL = re.compile(r'analytics-tracker query --local "([^"]+)"')
STATEMENTS = _SQL.findall(_README.read_text(encoding="utf-8"))


@pytest.mark.parametrize("statement", STATEMENTS)
def test_its_sql_answers_alike_on_both_engines(
    bed: Bed, statement: str, tmp_path: Path
) -> None:
    # The events of these tests are of one day for ever.
    asked = statement.replace("current_date", "DATE '2026-03-02'")
    world.fill(lambda: FolderStore(tmp_path))

    there = [tuple(row) for row in bed.query(asked).rows]

    assert there
    assert DuckDbEngine(tmp_path).sql(asked).rows() == there


def test_it_has_sql() -> None:
    assert STATEMENTS

"""The world in a folder, and DuckDB over it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analytics_tracker_construct._local.folder import FolderStore
from analytics_tracker_construct._query import duck
from analytics_tracker_construct._sql import dialect

from . import world

if TYPE_CHECKING:
    import duckdb

Ask = Callable[..., tuple[tuple[str, ...], list[tuple[Any, ...]]]]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the world in it, broken lines and all."""
    folder = tmp_path_factory.mktemp("world")
    world.fill(lambda: FolderStore(folder))

    def put_raw(bucket: str, key: str, body: bytes) -> None:
        path = folder / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    world.break_lines(put_raw)
    return folder


@pytest.fixture(scope="session")
def connection(data: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB over the world."""
    return duck.connect(data)[0]


@pytest.fixture(scope="session")
def ask(connection: duckdb.DuckDBPyConnection) -> Ask:
    """Ask Trino's SQL of DuckDB; returns names and rows."""

    def answer(
        sql: str, values: dict[str, Any] | None = None
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        cursor = connection.execute(dialect.to_duckdb(sql), values or {})
        names = tuple(column[0] for column in cursor.description or ())
        return names, cursor.fetchall()

    return answer

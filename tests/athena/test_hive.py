"""The DDL that users paste into Athena, before Hive's own parser and SerDe."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from analytics_tracker_construct._sql import tables
from handler.columns import COLUMNS, PARTITIONS, PREFIX

from ..sql.world import TENANTS
from .bed import Bed
from .deployment import DATABASE
from .stored import events_in
from .trino import cache_folder, fetched_folder

_SCRIPT = Path(__file__).parent / "hive_reader.py"
_TABLE = "my_site_events"


@pytest.fixture(scope="module")
def told(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What Hive says of every tenant's DDL, and reads through that of my-site."""
    folder = tmp_path_factory.mktemp("hive")
    for page in bed.s3.get_paginator("list_objects_v2").paginate(
        Bucket="my-site", Prefix=PREFIX
    ):
        for each in page["Contents"]:
            body = bed.s3.get_object(Bucket="my-site", Key=each["Key"])["Body"].read()
            path = folder / each["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
    own = tables.ddl("my-site", _TABLE)
    statements = [
        *(tables.ddl(each, tables.table_of(each)) for each in TENANTS),
        tables.ddl("my-site", _TABLE, DATABASE),
    ]
    python = cache_folder() / "spark-4.3.0" / "bin" / "python"
    assert python.exists(), f"{python} is missing; .ci/trino makes it"
    asked = {
        "jars": [str(jar) for jar in sorted((fetched_folder() / "serde").iterdir())],
        "folder": str(folder / "spark"),
        "statements": statements,
        # Spark has no file system for S3 of its own; nothing else is changed.
        "ddl": own.replace("s3://my-site/", f"file://{folder}/"),
        "table": _TABLE,
        "query": f"SELECT * FROM {_TABLE}",
    }
    assert str(folder) in asked["ddl"]
    (folder / "spark").mkdir()
    done = subprocess.run(
        [python, _SCRIPT],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        # Its database leaves a log where it is started.
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_hives_parser_takes_each_statement(told: Any) -> None:
    assert len(told["trees"]) == len(TENANTS) + 1
    for tree in told["trees"]:
        assert tree.startswith("(tok_createtable")
        assert f"tok_serdename '{tables.SERDE}'" in tree


def test_hive_makes_the_columns_that_are_stored(told: Any) -> None:
    expected = [column.name.lower() for column in (*COLUMNS, *PARTITIONS)]
    assert [row[0] for row in told["described"]][: len(expected)] == expected


def test_the_real_serde_reads_each_stored_event(bed: Bed, told: Any) -> None:
    """Beside the broken lines, and with keys that differ in case alone."""
    read = [row for row in told["rows"] if row["eventid"] is not None]
    stored = events_in(bed.s3, "my-site")
    assert stored

    def order(row: Any) -> str:
        return json.dumps(row, sort_keys=True)

    assert sorted(read, key=order) == sorted(stored, key=order)

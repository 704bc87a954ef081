"""How much each query reads, and how long it takes: Trino and DuckDB, by layout.

    python -m benchmarks.queries

A million events over 30 days as batches and as Parquet, and fewer of them as objects of
one event beside as many as batches: a million objects are for no laptop. `.ci/trino`
says what is needed. Trino's bytes are what Athena would charge for.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import duckdb
from moto.server import ThreadedMotoServer

from analytics_tracker_construct import DuckDbEngine
from analytics_tracker_construct._sql import queries, tables
from analytics_tracker_construct._sql.literals import literals
from tests.athena.deployment import DATABASE, make_tables, synthesized
from tests.athena.processes import Processes
from tests.athena.s3_server import ACCESS_KEY, REGION, SECRET_KEY, S3Server
from tests.athena.trino import QueryFailed, Trino

from .query_events import DAYS, FIRST, Stored, alone, batched, day_of, days

RESULTS = Path(__file__).with_name("queries.json")
LAST = FIRST + timedelta(days=DAYS - 1)
_GIVEN: Mapping[str, Any] = {
    "steps": "page_view,add_to_cart,purchase",
    "event_type": "purchase",
    "property": "price",
    "now": f"{LAST}T12:00:00Z",
}
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": (
            "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
        )
    },
}


@dataclass(frozen=True)
class Measured:
    """One query on one engine over one layout."""

    query: str
    layout: str
    engine: str
    days: int
    seconds: float | None
    """None: it failed."""
    bytes: int | None
    """None: the engine does not say."""
    failure: str | None = None


class Layout(NamedTuple):
    """How events are stored."""

    name: str
    events: int
    """Events of the month."""
    make: Callable[[date, list[bytes]], Iterator[Stored]] | None
    """None: Parquet, of what the layout `batches` has."""


def main() -> None:
    """Measure, and write `queries.json`.

    Raises:
        SystemExit: If a query failed; what was measured is written all the same.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--alone", type=int, default=900, help="objects of one event")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    # It would tell of each request to Glue.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    layouts = (
        Layout("one-event-objects", options.alone, alone),
        Layout("few-batches", options.alone, batched),
        Layout("batches", options.events, batched),
        Layout("parquet", options.events, None),
    )
    with tempfile.TemporaryDirectory() as folder:
        found = _measure(Path(folder), layouts)
    options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(f"written: {options.out}")
    failed = [each for each in found["queries"] if each["failure"]]
    if failed:
        raise SystemExit(f"{len(failed)} failed: {failed[0]}")


def _measure(folder: Path, layouts: tuple[Layout, ...]) -> dict[str, Any]:
    processes = Processes(folder)
    glue_server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    try:
        glue_server.start()
        glue_url = "http://{}:{}".format(*glue_server.get_host_and_port())
        server = S3Server(folder / "s3", processes)
        trino = Trino(folder / "trino", processes, heap="6g")
        trino.start(glue=glue_url, s3=server.url)
        server.start()
        stored = [_store(server.client(), folder / "data", each) for each in layouts]
        _define(glue_url, layouts)
        trino.wait()
        measured = [*_in_trino(trino, layouts), *_in_duckdb(folder / "data", layouts)]
    finally:
        processes.stop()
        glue_server.stop()
    return {
        "machine": f"{platform.machine()}, {platform.system()}, Java heap 6 GB",
        "layouts": stored,
        "queries": [asdict(each) for each in measured],
    }


def _store(s3: Any, data: Path, layout: Layout) -> dict[str, Any]:
    began = time.monotonic()
    bucket = layout.name
    s3.create_bucket(Bucket=bucket)
    if layout.make is None:
        objects = _parquet(data / "batches", data / bucket)
    else:
        lines = day_of(layout.events // DAYS)
        objects = (
            each for day, of_day in days(lines) for each in layout.make(day, of_day)
        )
    number = size = 0
    for each in objects:
        s3.put_object(Bucket=bucket, Key=each.key, Body=each.body)
        path = data / bucket / each.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each.body)
        number, size = number + 1, size + len(each.body)
    seconds = round(time.monotonic() - began, 1)
    print(f"{bucket}: {number:,} objects, {size:,} bytes, in {seconds} s", flush=True)
    return {
        "name": bucket,
        "events": layout.events // DAYS * DAYS,
        "objects": number,
        "bytes": size,
    }


def _parquet(batches: Path, folder: Path) -> Iterator[Stored]:
    """Yield a file a day, with the table's columns and types."""
    folder.mkdir(parents=True)
    shape = ", ".join(f"{c.name}: '{_duck(c.type)}'" for c in _stored_columns())
    listed = ", ".join(f'"{c.name}" AS "{c.name.lower()}"' for c in _stored_columns())
    for day in sorted(batches.rglob("day=*")):
        target = folder / "day.parquet"
        duckdb.sql(
            f"COPY (SELECT {listed} FROM read_json('{day}/*', "
            f"format = 'newline_delimited', columns = {{{shape}}})) "
            f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )
        key = f"{day.relative_to(batches)}/day.parquet"
        yield Stored(key, target.read_bytes())


def _stored_columns() -> Any:
    from handler.columns import COLUMNS  # noqa: PLC0415 - beside what uses it

    return COLUMNS


def _duck(hive: str) -> str:
    return (
        hive.replace("struct<", "STRUCT(").replace(">", ")").replace(":", " ")
    ).replace("string", "VARCHAR")


def _define(glue_url: str, layouts: tuple[Layout, ...]) -> None:
    glue = boto3.client(
        "glue",
        endpoint_url=glue_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    parquet = {tables.table_of(each.name) for each in layouts if each.make is None}
    made = synthesized({each.name: each.name for each in layouts}).tables
    as_kept = []
    for table in made:
        kept = table["StorageDescriptor"]
        if table["Name"] in parquet:
            kept = {**kept, **_PARQUET}
        as_kept.append({**table, "StorageDescriptor": kept})
    make_tables(glue, tuple(as_kept))


def _in_trino(trino: Trino, layouts: tuple[Layout, ...]) -> Iterator[Measured]:
    for layout in layouts:
        table = tables.table_of(layout.name)
        trino.run(f"SELECT 1 FROM \"{table}\" WHERE year = '1999'", schema=DATABASE)
        for name in queries.names():
            for number in _spans(name):
                sql = _statement(name, table, number)
                began = time.monotonic()
                try:
                    stats = trino.run(sql, schema=DATABASE).stats
                except QueryFailed as failure:
                    words = str(failure)[:200]
                    result = Measured(
                        name, layout.name, "trino", number, None, None, words
                    )
                else:
                    seconds = round(time.monotonic() - began, 3)
                    read = int(stats["physicalInputBytes"])
                    result = Measured(name, layout.name, "trino", number, seconds, read)
                print(result, flush=True)
                yield result


def _in_duckdb(data: Path, layouts: tuple[Layout, ...]) -> Iterator[Measured]:
    for layout in layouts:
        if layout.make is None:
            continue
        # Else each layout's query would look at the others' files.
        own = data.parent / f"duckdb-{layout.name}"
        own.mkdir()
        (own / layout.name).symlink_to(data / layout.name)
        with DuckDbEngine(own) as engine:
            for name in queries.names():
                query = queries.load(name)
                for number in _spans(name):
                    given = _given(query, number)
                    start, end = given.pop("from", None), given.pop("to", None)
                    tenant = None if query.is_over_all else layout.name
                    began = time.monotonic()
                    engine.run(
                        name, tenant=tenant, start=start, end=end, **given
                    ).rows()
                    seconds = round(time.monotonic() - began, 3)
                    result = Measured(
                        name, layout.name, "duckdb", number, seconds, None
                    )
                    print(result, flush=True)
                    yield result


def _spans(name: str) -> tuple[int, ...]:
    """Return the numbers of days that a query is asked for."""
    declared = {parameter.name for parameter in queries.load(name).parameters}
    return (1, DAYS) if "from" in declared else (1,)


def _given(query: queries.Query, number: int) -> dict[str, Any]:
    declared = {parameter.name for parameter in query.parameters}
    spans = {"from": LAST - timedelta(days=number - 1), "to": LAST}
    return {k: v for k, v in {**_GIVEN, **spans}.items() if k in declared}


def _statement(name: str, table: str, number: int) -> str:
    """Return a query over one layout's table, its parameters bound."""
    query = queries.load(name)
    of_one = queries.Relations.of(table)
    # What compares tenants has one here: the others are the same events again.
    relations = of_one._replace(all_events=of_one.events, all_sessions=of_one.sessions)
    text, names = query.render(relations)
    bound = query.bind(_given(query, number))
    quoted = text.replace("'", "''")
    listed = ", ".join(literals([bound[each] for each in names]))
    return f"EXECUTE IMMEDIATE '{quoted}' USING {listed}"


if __name__ == "__main__":
    main()

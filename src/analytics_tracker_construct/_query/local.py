"""Queries over a data folder, in DuckDB."""

from __future__ import annotations

import re
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._handler import columns
from .._sql import queries, tables
from .._sql.literals import NAMED, Value
from .._sql.views import OVER_ALL
from . import duck, folder
from .engine import QueryEngine
from .errors import QueryCancelled, QueryError, needed
from .open_rows import OpenRows, Reading
from .result import Column, Result, Row, Statistics, batches, write_parquet

if TYPE_CHECKING:
    import duckdb
    import pyarrow

    Bound = Sequence[Any] | Mapping[str, Any]

_EXTRA = "'analytics-tracker-construct[local]'"
# DuckDB's words for a query with named parameters, such as `sql show` prints, that are
# not those which values are given for.
_MISMATCH = re.compile(
    r"Values were not provided for [^:\n]*: [^\n]*[a-z]"
    "|Parameter.argument.count mismatch"
)
#: Rows of one batch for Arrow.
_BATCH = 50_000


class DuckDbEngine(QueryEngine):
    """Answers queries over the folder that `analytics-tracker dev` fills.

    Args:
        data_folder: The folder, or one with that folder alone in it.

    Attributes:
        data_folder: The folder that has the events.

    Raises:
        ImportError: If DuckDB is not installed.
        ValueError: If there is no such folder.
    """

    def __init__(self, data_folder: str | Path) -> None:
        for module in ("duckdb", "sqlglot"):
            needed(module, _EXTRA, "local queries need")
        self.data_folder = folder.find(Path(data_folder))
        # What runs, and whether `cancel` or `close` has ended it.
        self._running: dict[duckdb.DuckDBPyConnection, threading.Event] = {}
        self._lock = threading.Lock()
        self._open = OpenRows()

    def sql(
        self, text: str, parameters: Sequence[Value] | Mapping[str, Value] = ()
    ) -> Result:
        """Answer one query in DuckDB's SQL.

        Args:
            text: The query.
            parameters: A value for each `?` in it, in order, or by name for each
                `$name`.

        Returns:
            The answer.

        Raises:
            QueryError: If the query fails.
            ValueError: If it is not one query.
        """
        bound: Bound = (
            dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
        )
        return self._answer(*duck.connect(self.data_folder), text, bound)

    def cancel(self) -> bool:
        """End the queries that run, and results whose rows are not all read.

        Returns:
            Whether one ran, or was read at this moment.
        """
        self._open.cancel()
        return self._interrupt()

    def close(self) -> None:
        """End what runs at this moment; results that were returned stay usable."""
        self._interrupt()

    def _interrupt(self) -> bool:
        with self._lock:
            running = list(self._running.items())
        for connection, ended in running:
            ended.set()
            connection.interrupt()
        return bool(running)

    def tenants(self) -> list[str]:
        """Return the names of the tenants that the folder has."""
        connection, views = duck.connect(self.data_folder)
        connection.close()
        return sorted(view.tenant for view in views)

    def days(self, tenant: str | None = None) -> list[date]:
        """Return the UTC days that have objects, sorted.

        Args:
            tenant: Whose.
                Default: those of any tenant.
        """
        pattern = f"{tenant or '*'}/{columns.PREFIX}{duck.DAYS}"
        found = set()
        for day in self.data_folder.glob(pattern):
            parts = (part.partition("=")[2] for part in day.parts[-3:])
            # Not every folder that looks like one is a day.
            with suppress(ValueError):
                found.add(date(*map(int, parts)))
        return sorted(found)

    def _ask(
        self,
        query: queries.Query,
        tenant: str | None,
        values: Mapping[str, str | int | date],
    ) -> Result:
        from .._sql.dialect import to_duckdb  # noqa: PLC0415  needs an extra

        # Each result has a connection of its own: the next query would end it.
        connection, views = duck.connect(self.data_folder)
        relations = queries.Relations.all()
        if tenant is not None:
            known = [view.tenant for view in views]
            try:
                folder.check_tenant(self.data_folder, tenant, known)
            except ValueError:
                connection.close()
                raise
            relations = queries.Relations.of(tables.table_of(tenant))
        bound = query.bind(values)
        text, names = query.render(relations, style="$")
        named = {name: bound[name] for name in names}
        return self._answer(connection, views, to_duckdb(text), named)

    def _answer(
        self,
        connection: duckdb.DuckDBPyConnection,
        views: Sequence[duck.View],
        text: str,
        bound: Bound,
    ) -> Result:
        import duckdb  # noqa: PLC0415  an extra

        began = time.monotonic()
        try:
            with self._watched(connection):
                _check_one(connection, text)
                connection.execute(text, bound)
        except duckdb.InterruptException:
            connection.close()
            raise QueryCancelled("the query was cancelled") from None
        except duckdb.Error as error:
            connection.close()
            raise QueryError(_explained(error, views, bound)) from error
        except BaseException:
            connection.close()
            raise
        rows = _Rows(connection, text, bound, self._watched, self._open.begin())
        return Result(rows, Statistics(seconds=time.monotonic() - began))

    @contextmanager
    def _watched(
        self, connection: duckdb.DuckDBPyConnection
    ) -> Iterator[threading.Event]:
        """Let `cancel` end what is done in the block; the event says that it did."""
        ended = threading.Event()
        with self._lock:
            self._running[connection] = ended
        try:
            yield ended
        finally:
            with self._lock:
                del self._running[connection]


class _Rows:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        text: str,
        bound: Bound,
        watched: Callable[
            [duckdb.DuckDBPyConnection], AbstractContextManager[threading.Event]
        ],
        reading: Reading,
    ) -> None:
        self.columns = tuple(
            Column(name, str(kind)) for name, kind, *_ in connection.description or ()
        )
        self._connection = connection
        self._asked = (text, bound)
        self._watched = watched
        self._reading = reading
        self._is_read = False

    def read(self, count: int) -> list[Row]:
        self._is_read = True
        with self._explained():
            return self._connection.fetchmany(count)

    def reader(self, ahead: Sequence[Row] = ()) -> pyarrow.RecordBatchReader:
        if self._is_read:
            # DuckDB 1 would leave out what it holds of a block that is half read.
            return batches(self._schema(), lambda: self.read(_BATCH), ahead)
        self._is_read = True
        import pyarrow as pa  # noqa: PLC0415  an optional package

        with self._explained():
            found = _arrow(self._connection)
        return pa.RecordBatchReader.from_batches(found.schema, self._told(found))

    def _told(self, reader: pyarrow.RecordBatchReader) -> Iterator[pyarrow.RecordBatch]:
        """Iterate over a reader's batches; DuckDB 1 runs the query on meanwhile."""
        while True:
            with self._explained():
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    return
            yield batch

    def parquet(self, path: Path, ahead: Sequence[Row] = ()) -> None:
        """Write the file by DuckDB itself, which runs the query once more."""
        if self._is_read:
            write_parquet(self.reader(ahead), path)
            return
        text, bound = self._asked
        place = str(path).replace("'", "''")
        copy = f"COPY ({_without_end(text)}\n) TO '{place}' (FORMAT parquet)"
        with self._explained():
            self._connection.execute(copy, bound)

    def close(self) -> None:
        self._connection.close()

    def _schema(self) -> pyarrow.Schema:
        """Return the columns as DuckDB has them for Arrow."""
        nulls = ", ".join(f"CAST(NULL AS {each.type})" for each in self.columns)
        with self._connection.cursor() as other:
            schema = _arrow(other.execute(f"SELECT {nulls} LIMIT 0")).schema
        for at, column in enumerate(self.columns):
            schema = schema.set(at, schema.field(at).with_name(column.name))
        return schema

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import duckdb  # noqa: PLC0415  an extra

        with self._watched(self._connection) as ended:
            # Between two blocks there is nothing that could be interrupted.
            self._reading.check()
            try:
                yield
            # What fails while Arrow reads is an `OSError`.
            except (duckdb.Error, OSError) as error:
                failure: Exception = error
            else:
                return
            if _is_interrupt(failure) and not ended.is_set():
                failure = self._failure() or failure
        if _is_interrupt(failure) and ended.is_set():
            raise QueryCancelled("the query was cancelled")
        raise QueryError(f"the query failed: {failure}") from failure

    def _failure(self) -> Exception | None:
        """Return what the query fails with; it is run once more, by one thread.

        Where one of several fails while rows are read, DuckDB 1 ends the others, and
        now and then tells of an interrupt of theirs instead.
        """
        import duckdb  # noqa: PLC0415  an extra

        try:
            self._connection.execute("SET threads = 1")
            self._connection.execute(*self._asked)
            while self._connection.fetchmany(_BATCH):
                pass
        except duckdb.Error as error:
            return error
        return None


def _is_interrupt(error: Exception) -> bool:
    return "INTERRUPT Error: " in str(error)


def _without_end(text: str) -> str:
    """Return a statement without the semicolons and comments that it ends with."""
    import duckdb  # noqa: PLC0415  an extra

    # Its places are those of bytes.
    kept = text.encode()
    for at, _ in reversed(duckdb.tokenize(text)):
        if not kept[at:].startswith((b";", b"--", b"/*")):
            break
        kept = kept[:at]
    return kept.decode()


def _arrow(connection: Any) -> pyarrow.RecordBatchReader:
    # DuckDB has given it another name, and advises against what would run the query
    # once more.
    reader = getattr(connection, "to_arrow_reader", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return (reader or connection.fetch_record_batch)(_BATCH)


def _check_one(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Refuse what has no answer, or several of which only the last would be shown."""
    texts = [statement.query for statement in connection.extract_statements(text)]
    # DuckDB 1 makes several statements of one PIVOT, none of them with a text.
    count = len([text for text in texts if text]) + ("" in texts)
    if count == 0:
        raise ValueError("the query asks nothing")
    if count > 1:
        raise ValueError(f"there are {count} statements; ask one at a time")


def _explained(error: duckdb.Error, views: Sequence[duck.View], bound: Bound) -> str:
    import duckdb  # noqa: PLC0415  an extra

    # A name that a shell took out leaves a gap, which is an error of the grammar's.
    has_gap = isinstance(bound, Mapping) and isinstance(error, duckdb.ParserException)
    if _MISMATCH.search(str(error)) or (bound and has_gap):
        return f"{error}\n\n{NAMED}"
    names = [name for view in views for name in view.names]
    way_out = f"{error}\n\ntables: {', '.join([*names, *OVER_ALL])}"
    # What these say is about names and grammar, not about files or memory.
    if isinstance(error, duckdb.ProgrammingError):
        way_out += f"\ncolumns: DESCRIBE {duck.ALL}\nhyphens in names are underscores"
    return way_out

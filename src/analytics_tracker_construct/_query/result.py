"""The answer to a query: rows that are read once, as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .errors import QueryError, needed

if TYPE_CHECKING:
    import pandas
    import pyarrow

Row = tuple[Any, ...]

#: Rows that are read at a time.
BLOCK = 1000

_WAY_OUT = "ask again, or keep the rows in a list"


class Column(NamedTuple):
    """A column of an answer.

    Attributes:
        name: Its name.
        type: Its type as the engine calls it, such as `bigint` (Athena) or `BIGINT`
            (DuckDB).
    """

    name: str
    type: str


class Statistics(NamedTuple):
    """What a query took.

    Attributes:
        seconds: Time from the question until the first rows could be read.
        engine_seconds: Time that Athena's engine worked, as it says; None for DuckDB.
        bytes_scanned: Bytes that Athena read; None for DuckDB, where nobody counts.
        dollars: What Athena asks for them at the list price of us-east-1, US dollars;
            None for DuckDB.
        reused: Whether Athena gave an earlier answer again, which costs nothing.
    """

    seconds: float
    engine_seconds: float | None = None
    bytes_scanned: int | None = None
    dollars: float | None = None
    reused: bool = False


class Rows(Protocol):
    """Where a result's rows come from."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in order."""
        ...

    def read(self, count: int) -> list[Row]:
        """Return the next rows, at most `count`; none at the end."""
        ...

    def reader(self, ahead: Sequence[Row] = ()) -> pyarrow.RecordBatchReader:
        """Return the rows that are left, for Arrow.

        Args:
            ahead: Rows that were read and come before them.
        """
        ...

    def parquet(self, path: Path, ahead: Sequence[Row] = ()) -> None:
        """Write the rows that are left, and before them those ahead, as Parquet."""
        ...

    def close(self) -> None:
        """Let go of what the rows come from."""
        ...


class Result:
    """The answer to a query.

    It iterates over rows, which are tuples of Python's values, and reads them as they
    are asked for: an answer may be larger than memory. Each row comes once, by
    whichever way it is read, and after the last one to read on is a `RuntimeError`;
    what is left is closed with the result.

    Attributes:
        columns: Name and type of each column.
        statistics: What the query took.
        query_id: Athena's id of the query, or None.
        count: How many rows were read so far, one by one or in blocks.
        on_block: Called with each block of rows that is read so, or None.
    """

    def __init__(
        self, rows: Rows, statistics: Statistics, query_id: str | None = None
    ) -> None:
        self.columns = rows.columns
        self.statistics = statistics
        self.query_id = query_id
        self.count = 0
        self.on_block: Callable[[list[Row]], None] | None = None
        self._rows = rows
        # Read and not given out, the next one last.
        self._ahead: list[Row] = []
        self._is_over = False

    def __iter__(self) -> Iterator[Row]:
        self._check()
        return self

    def __next__(self) -> Row:
        if not self._ahead:
            self._ahead = self._next(BLOCK)[::-1]
            if not self._ahead:
                raise StopIteration
        return self._ahead.pop()

    def __enter__(self) -> Result:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        names = ", ".join(f"{column.name} {column.type}" for column in self.columns)
        return f"<Result of ({names})>"

    def rows(self) -> list[Row]:
        """Return all rows that are left.

        Raises:
            QueryCancelled: If the engine's `cancel` was called.
            QueryError: If the query fails while its rows are read, or Athena's answer
                has a value that cannot be read.
        """
        return [row for block in self.blocks() for row in block]

    def blocks(self, count: int = BLOCK) -> Iterator[list[Row]]:
        """Iterate over lists of rows.

        Args:
            count: Rows of a list at most.

        Raises:
            QueryCancelled: If the engine's `cancel` was called.
            QueryError: If the query fails while its rows are read, or Athena's answer
                has a value that cannot be read.
        """
        self._check()
        return iter(lambda: self._next(count), [])

    def arrow(self) -> pyarrow.Table:
        """Return the rows that are left as an Arrow table.

        Raises:
            ImportError: If pyarrow is not installed.
            QueryCancelled: If the engine's `cancel` was called.
            QueryError: If the query fails while its rows are read, or Athena's answer
                has a value that cannot be read.
        """
        return self.reader().read_all()

    def reader(self) -> pyarrow.RecordBatchReader:
        """Return the rows that are left as Arrow's batches.

        Athena's are read as they are asked for, and may then fail. DuckDB may gather
        all of them first: for an answer that is larger than memory there are `blocks`.

        Raises:
            ImportError: If pyarrow is not installed.
            QueryCancelled: If the engine's `cancel` was called.
            QueryError: If the query fails while its rows are read, or Athena's answer
                has a value that cannot be read.
        """
        self._check()
        needed("pyarrow", "pyarrow", "Arrow tables need")
        self._is_over = True
        ahead, self._ahead = self._ahead[::-1], []
        return self._rows.reader(ahead)

    def pandas(self) -> pandas.DataFrame:
        """Return the rows that are left as a data frame.

        Whole numbers and truth values stay what they are where some are missing.

        Raises:
            ImportError: If pandas or pyarrow is not installed.
            QueryCancelled: If the engine's `cancel` was called.
            QueryError: If the query fails while its rows are read, or Athena's answer
                has a value that cannot be read.
        """
        frames: Any = needed("pandas", "pandas pyarrow", "data frames need")
        arrow: Any = needed("pyarrow", "pandas pyarrow", "data frames need")
        kept = {
            arrow.bool_(): frames.BooleanDtype(),
            arrow.int8(): frames.Int8Dtype(),
            arrow.int16(): frames.Int16Dtype(),
            arrow.int32(): frames.Int32Dtype(),
            arrow.int64(): frames.Int64Dtype(),
        }
        frame: pandas.DataFrame = self.arrow().to_pandas(types_mapper=kept.get)
        return frame

    def parquet(self, path: str | Path) -> None:
        """Write the rows that are left as a Parquet file, a few at a time.

        Raises:
            ImportError: If pyarrow is not installed; DuckDB needs it only where rows
                were read before.
            QueryCancelled: If the engine's `cancel` was called.
            QueryError: If the query fails while its rows are read, or Athena's answer
                has a value that cannot be read.
        """
        self._check()
        self._is_over = True
        ahead, self._ahead = self._ahead[::-1], []
        self._rows.parquet(Path(path), ahead)

    def close(self) -> None:
        """Let go of the rows that are left."""
        self._rows.close()

    def _check(self) -> None:
        if self._is_over:
            raise RuntimeError(f"a result is read once, and this one was; {_WAY_OUT}")

    def _next(self, count: int) -> list[Row]:
        """Return the next rows, at most `count`; none at the end."""
        if self._ahead:
            block = self._ahead[: -count - 1 : -1]
            del self._ahead[-count:]
            return block
        block = [] if self._is_over else self._rows.read(count)
        self._is_over = not block
        self.count += len(block)
        if block and self.on_block:
            self.on_block(block)
        return block


def batches(
    schema: pyarrow.Schema, read: Callable[[], Sequence[Row]], ahead: Sequence[Row] = ()
) -> pyarrow.RecordBatchReader:
    """Return rows of Python's values for Arrow.

    Args:
        schema: Their columns.
        read: Returns the next rows; none at the end.
        ahead: Rows that come before them.
    """
    import pyarrow as pa  # noqa: PLC0415  an optional package

    def each() -> Iterator[pyarrow.RecordBatch]:
        rows = ahead or read()
        while rows:
            columns = zip(*rows, strict=True)
            try:
                arrays = [
                    pa.array(values, type_)
                    for values, type_ in zip(columns, schema.types, strict=True)
                ]
            except pa.ArrowException as error:
                raise QueryError(
                    f"the answer has a value that Arrow does not take: {error}; "
                    "CAST its column to varchar in the query"
                ) from error
            yield pa.record_batch(arrays, schema=schema)
            rows = read()

    return pa.RecordBatchReader.from_batches(schema, each())


def write_parquet(reader: pyarrow.RecordBatchReader, path: Path) -> None:
    """Write Arrow's batches as a Parquet file, each when it is read.

    Raises:
        ImportError: If pyarrow is not installed.
    """
    parquet: Any = needed("pyarrow.parquet", "pyarrow", "Parquet needs")
    with parquet.ParquetWriter(path, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)

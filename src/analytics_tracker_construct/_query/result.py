"""The answer to a query: rows that are read once, as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .errors import needed

if TYPE_CHECKING:
    import pandas
    import pyarrow

Row = tuple[Any, ...]

#: Rows that are read at a time.
BLOCK = 1000


class Column(NamedTuple):
    """A column of an answer."""

    name: str
    type: str
    """As the engine calls it, such as `bigint` (Athena) or `BIGINT` (DuckDB)."""


class Statistics(NamedTuple):
    """What a query took."""

    seconds: float
    """From the question until the first rows could be read."""
    engine_seconds: float | None = None
    """What Athena says that its engine worked."""
    bytes_scanned: int | None = None
    """Bytes that Athena read; None where nothing counts them."""
    dollars: float | None = None
    """What Athena asks for them at the list price of us-east-1; None beside Athena."""
    reused: bool = False
    """Whether Athena gave an earlier answer again."""


class Rows(Protocol):
    """Where a result's rows come from."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in order."""
        ...

    def read(self, count: int) -> list[Row]:
        """Return the next rows, at most `count`; none at the end."""
        ...

    def reader(self) -> pyarrow.RecordBatchReader:
        """Return the rows that are left, for Arrow."""
        ...

    def parquet(self, path: Path) -> None:
        """Write the rows that are left as a Parquet file."""
        ...

    def close(self) -> None:
        """Let go of what the rows come from."""
        ...


class Result:
    """The answer to a query.

    It iterates over rows, which are tuples of Python's values, and reads them as they
    are asked for: an answer may be larger than memory. Each row comes once, by
    whichever way it is read; what is left is closed with the result.

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
        self._ahead: Iterator[Row] = (row for block in self.blocks() for row in block)

    def __iter__(self) -> Iterator[Row]:
        return self._ahead

    def __next__(self) -> Row:
        return next(self._ahead)

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
        return list(self)

    def blocks(self, count: int = BLOCK) -> Iterator[list[Row]]:
        """Iterate over lists of rows.

        Args:
            count: Rows of a list at most.

        Raises:
            QueryCancelled: If the engine's `cancel` was called.
            QueryError: If the query fails while its rows are read, or Athena's answer
                has a value that cannot be read.
        """
        while block := self._rows.read(count):
            self.count += len(block)
            if self.on_block:
                self.on_block(block)
            yield block

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
        needed("pyarrow", "pyarrow", "Arrow tables need")
        return self._rows.reader()

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
            ImportError: If pyarrow is not installed; DuckDB needs it not.
            QueryCancelled: If the engine's `cancel` was called.
            QueryError: If the query fails while its rows are read, or Athena's answer
                has a value that cannot be read.
            ValueError: If rows were read already and DuckDB would have to run the
                query once more; ask again.
        """
        self._rows.parquet(Path(path))

    def close(self) -> None:
        """Let go of the rows that are left."""
        self._rows.close()

"""The rows of an answer of Athena's.

They are read from the CSV that Athena keeps in S3: one GET streams any number of rows
and tells a null from an empty text. `GetQueryResults` hands out a thousand rows a call,
one call after the other, of a rate that the whole account shares; it is used for what
has no CSV: the types, `SHOW` and `DESCRIBE`, results that Athena keeps to itself, and
those that only their reader can decrypt.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .athena_csv import Record
from .athena_types import arrow_type, converter
from .errors import QueryError, needed
from .open_rows import Reading
from .result import BLOCK, Column, Row, batches, write_parquet

if TYPE_CHECKING:
    import pyarrow

#: Rows of one batch for Arrow, and of one row group of Parquet.
_BATCH = 50 * BLOCK


class AthenaRows:
    """Typed rows of records of text.

    Args:
        columns: Their columns.
        records: What each row is made from.
        query_id: Athena's id of the query, for errors.
        reading: Whether they are still wanted.
    """

    def __init__(
        self,
        columns: tuple[Column, ...],
        records: Iterator[Record],
        query_id: str,
        reading: Reading,
    ) -> None:
        self.columns = columns
        self._records = records
        self._query_id = query_id
        self._reading = reading
        self._convert = [converter(column.type) for column in columns]

    def read(self, count: int) -> list[Row]:
        """Return the next rows, at most `count`; none at the end.

        Raises:
            QueryError: If a record is not what the columns say, or nobody wants the
                rows any more.
        """
        self._reading.check()
        try:
            return [
                tuple(
                    None if text is None else convert(text)
                    for text, convert in zip(record, self._convert, strict=True)
                )
                for record in itertools.islice(self._records, count)
            ]
        except (ArithmeticError, LookupError, ValueError) as error:
            raise QueryError(
                f"the answer has a value that cannot be read: {error}; "
                "CAST its column to varchar in the query",
                self._query_id,
            ) from error

    def reader(self, ahead: Sequence[Row] = ()) -> pyarrow.RecordBatchReader:
        """Return the rows that are left, and before them those ahead, for Arrow."""
        import pyarrow as pa  # noqa: PLC0415  an optional package

        schema = pa.schema(
            [(column.name, arrow_type(column.type)) for column in self.columns]
        )
        return batches(schema, lambda: self.read(_BATCH), ahead)

    def parquet(self, path: Path, ahead: Sequence[Row] = ()) -> None:
        """Write the rows that are left, and before them those ahead, as Parquet.

        Raises:
            ImportError: If pyarrow is not installed.
        """
        needed("pyarrow.parquet", "pyarrow", "Parquet needs")
        write_parquet(self.reader(ahead), path)

    def close(self) -> None:
        """Let go of what the records come from."""
        close = getattr(self._records, "close", None)
        if close:
            close()


def paged(
    first: Mapping[str, Any], later: Iterable[Mapping[str, Any]], *, has_head: bool
) -> Iterator[Record]:
    """Read records from pages of `GetQueryResults`.

    Args:
        first: The first page.
        later: The others.
        has_head: Whether the first row repeats the columns' names.
    """
    told = first["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])
    rows = (
        row
        for page in itertools.chain((first,), later)
        for row in page["ResultSet"].get("Rows", [])
    )
    for row in itertools.islice(rows, int(has_head), None):
        yield _record(row.get("Data", []), len(told))


def _record(data: Sequence[Mapping[str, str]], width: int) -> Record:
    values = [datum.get("VarCharValue") for datum in data]
    if len(values) == 1 < width and values[0] is not None:
        # DESCRIBE has several columns and one value, padded for the eye.
        values = [part.strip() for part in values[0].split("\t")]
    return tuple(values + [None] * (width - len(values)))

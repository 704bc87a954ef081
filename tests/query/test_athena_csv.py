"""The CSV that Athena writes, cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_tracker_construct._query.athena_csv import Record, records
from analytics_tracker_construct.query import QueryError

_VALUES = st.none() | st.text(st.characters(exclude_categories=["Cs"]))


@st.composite
def _tables(draw: st.DrawFn) -> list[Record]:
    width = draw(st.integers(1, 4))
    row = st.tuples(*[_VALUES] * width)
    return draw(st.lists(row, max_size=8))


def _written(table: list[Record]) -> bytes:
    """Return a table as Athena writes it."""
    return "".join(
        ",".join('"' + v.replace('"', '""') + '"' if v is not None else "" for v in row)
        + "\n"
        for row in table
    ).encode()


def _cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@given(_tables(), st.integers(1, 9))
def test_reads_what_was_written_however_it_is_cut(
    table: list[Record], size: int
) -> None:
    """Within a character, a pair of quotes, an end of line."""
    assert list(records(_cut(_written(table), size))) == table


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (b'"a",\n', [("a", None)]),
        (b'"a",""\n', [("a", "")]),
        (b"\n\n", [(None,), (None,)]),
        (b'""\n\n', [("",), (None,)]),
        (b',\n"",""\n', [(None, None), ("", "")]),
        (b'"x\ny","a,b"\n', [("x\ny", "a,b")]),
        (b'"x\r\ny"\r\n', [("x\r\ny",)]),
        (b'"say ""hi"""\n', [('say "hi"',)]),
        (b'""""\n', [('"',)]),
        (b"1,true\n", [("1", "true")]),
        (b"", []),
    ],
)
def test_tells_a_null_from_an_empty_text(file: bytes, expected: list[Record]) -> None:
    assert list(records([file])) == expected


@pytest.mark.parametrize("file", [b'"a', b'"a",', b'"a"', b'"a"b\n', b'a"b"\n', b"a"])
def test_refuses_a_file_that_ends_too_soon_or_is_no_csv(file: bytes) -> None:
    """Half an answer must not be taken for a whole one."""
    with pytest.raises(QueryError, match="ends within a record"):
        list(records([file]))


def test_refuses_half_a_character() -> None:
    with pytest.raises(UnicodeDecodeError):
        list(records([b'"\xc3']))


def test_rows_come_before_the_file_has_ended() -> None:
    def forever() -> Iterator[bytes]:
        while True:
            yield b'"a"\n"'
            yield b'b"\n'

    read = records(forever())

    assert [next(read) for _ in range(4)] == [("a",), ("b",), ("a",), ("b",)]

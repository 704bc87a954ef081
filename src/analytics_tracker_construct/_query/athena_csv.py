"""The CSV that Athena writes: a null is nothing, an empty text is two quotes.

The standard library's reader takes both for the same before Python 3.12.
https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

from .errors import QueryError

#: A field and what ends it. Where the text so far ends within a field, none matches.
_FIELD = re.compile(
    r"""
    (?: "( [^"]* (?: "" [^"]* )* )" | ( [^",\r\n]+ ) )?
    ( , | \r?\n )
    """,
    re.VERBOSE,
)

Record = tuple[str | None, ...]


def records(chunks: Iterable[bytes]) -> Iterator[Record]:
    """Read the records of a file as its bytes come.

    Args:
        chunks: The file, cut anywhere.

    Returns:
        The records. A field without quotes and characters is None.

    Raises:
        QueryError: If the file is not such a CSV, or ends within a record.
    """
    decode = codecs.getincrementaldecoder("utf-8")().decode
    text, record = "", list[str | None]()
    for chunk in chunks:
        text += decode(chunk)
        end = 0
        while field := _FIELD.match(text, end):
            end = field.end()
            record.append(_value(field))
            if field[3] != ",":
                yield tuple(record)
                record = []
        text = text[end:]
    text += decode(b"", final=True)
    if text or record:
        raise QueryError(
            f"the answer's file in S3 ends within a record, at {text[:40]!r}; ask again"
        )


def _value(field: re.Match[str]) -> str | None:
    quoted = field[1]
    if quoted is None:
        return field[2]
    return quoted.replace('""', '"') if '"' in quoted else quoted

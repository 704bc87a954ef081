"""Rows of a query as a table, CSV or JSON, written as they come."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TextIO

from .._query.result import Result, Row
from ._text import visible

FORMATS = ("table", "csv", "json")
_QUOTED_IN_CSV = re.compile(r'[",\r\n]')


def write(result: Result, form: str, out: TextIO) -> None:
    """Write every row that `result` has left.

    Args:
        result: The answer to a query.
        form: One of `FORMATS`.
        out: Where to.

    Raises:
        ValueError: If the form cannot hold the columns; nothing is written then.
    """
    names = [column.name for column in result.columns]
    if form == "csv":
        _csv(names, result, out)
    elif form == "json":
        _json(names, result, out)
    else:
        _table(names, result, out)
    out.flush()


def _csv(names: list[str], result: Result, out: TextIO) -> None:
    out.write(",".join(map(_field, names)) + "\n")
    for block in result.blocks():
        out.writelines(",".join(map(_field, row)) + "\n" for row in block)


def _field(value: object) -> str:
    """Return a field of CSV: a null is nothing, an empty text two quotes, as Athena's.

    The standard library's writer writes both alike before Python 3.12.
    """
    text = _cell(value, null="")
    if _QUOTED_IN_CSV.search(text) or (not text and value is not None):
        return '"' + text.replace('"', '""') + '"'
    return text


def _json(names: list[str], result: Result, out: TextIO) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"the answer has {names.count(name)} columns named {name!r}, and JSON "
                "would keep the last; give each a name of its own with AS"
            )
    # The escapes of a stream that lacks a character would not be JSON.
    ascii_only = not _is_unicode(out)
    separator = "[\n"
    for block in result.blocks():
        for row in block:
            document = dict(zip(names, row, strict=True))
            out.write(separator + _encoded(document, ascii_only=ascii_only))
            separator = ",\n"
    out.write("[]\n" if separator == "[\n" else "\n]\n")


def _blocks(result: Result) -> Iterator[list[Row]]:
    """Iterate over blocks of rows; a table has one even without rows."""
    block: list[Row] | None = None
    for block in result.blocks():
        yield block
    if block is None:
        yield []


def _table(names: list[str], result: Result, out: TextIO) -> None:
    from rich import box  # noqa: PLC0415  an extra, and slow to load
    from rich.console import Console  # noqa: PLC0415  likewise
    from rich.table import Table  # noqa: PLC0415  likewise
    from rich.text import Text  # noqa: PLC0415  likewise

    # A file or a pipe has no width to fit into: nothing is cut there.
    console = Console(file=out, width=None if out.isatty() else 1_000_000)
    count = 0
    # The columns of a block are as wide as its rows need.
    for block in _blocks(result):
        count += len(block)
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for index, name in enumerate(names):
            numbers = all(_is_number(row[index]) for row in block) and bool(block)
            table.add_column(
                Text(visible(name)),
                justify="right" if numbers else "left",
                overflow="fold",
            )
        for row in block:
            table.add_row(*(Text(visible(_cell(v, null="∅"))) for v in row))
        # Captured, since rich ends the process where a pipe's reader has gone.
        with console.capture() as printed:
            console.print(table)
        out.write(printed.get())
    out.write(f"{count} row{'' if count == 1 else 's'}\n")


def _is_unicode(out: TextIO) -> bool:
    # A stream that keeps text as it is, in memory, has no encoding.
    return not out.encoding or codecs.lookup(out.encoding).name.startswith("utf")


def _is_number(value: object) -> bool:
    return value is None or (
        isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    )


def _cell(value: object, *, null: str) -> str:
    if value is None:
        return null
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list, tuple, Decimal)):
        return _encoded(value)
    return str(_plain(value))


def _encoded(value: Any, *, ascii_only: bool = False) -> str:
    """Return a value as JSON."""
    if isinstance(value, dict):
        members = (
            f"{json.dumps(str(name), ensure_ascii=ascii_only)}: "
            f"{_encoded(member, ascii_only=ascii_only)}"
            for name, member in value.items()
        )
        return f"{{{', '.join(members)}}}"
    if isinstance(value, (list, tuple)):
        items = (_encoded(each, ascii_only=ascii_only) for each in value)
        return f"[{', '.join(items)}]"
    if isinstance(value, Decimal):
        # The standard library's encoder has only floats, which lack digits.
        return f"{value:f}"
    return json.dumps(_plain(value), ensure_ascii=ascii_only)


def _plain(value: Any) -> Any:
    """Return a value that has no parts as JSON knows it."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return value.hex() if isinstance(value, bytes) else _text(value)


def _text(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)

"""Checks of stored objects: each line has the columns, and nothing else.

What lines hold is never told, only which column is wrong and in which object.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from ..._handler import columns
from ..._sql import hive, tables
from .._aws import call
from .findings import Finding, failure, ok
from .subject import Subject

# The newest objects of each bucket that are read, and how far into each.
_OBJECTS = 10
_LINES = 1_000
# A line is an event of 64 KiB at most, escaped once more at worst.
_LINE_BYTES = 1024 * 1024
# Pages of a thousand keys that are listed of each day.
_PAGES = 5


class _Object(NamedTuple):
    key: str
    modified: float


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Sent:
    """What S3 sends; an answer that breaks off is no fault of the object."""

    def __init__(self, body: _Readable) -> None:
        self._body = body

    def read(self, size: int, /) -> bytes:
        got: bytes = call("s3:GetObject", lambda: {"got": self._body.read(size)})["got"]
        return got


def check(subject: Subject, bucket: str) -> Iterator[Finding]:
    """Yield whether a bucket's newest objects are as the table expects them.

    Raises:
        AwsError: If AWS does not tell.
    """
    name = f"objects in {bucket}"
    found, all_listed = _newest(subject, bucket)
    if not found:
        yield ok(name, "no event of today or yesterday is stored")
        return
    lines = 0
    wrong = 0
    for item in found:
        try:
            count, problem = _read(subject, bucket, item.key)
        except (OSError, EOFError, zlib.error) as error:
            count, problem = 0, f"it cannot be read: {type(error).__name__}"
        lines += count
        if problem:
            wrong += 1
            yield failure(
                name,
                f"{item.key}: {problem}",
                "find out who wrote it; queries count on the columns in README.md",
            )
    if not wrong:
        which = "newest" if all_listed else f"newest of the first {_PAGES}000 a day,"
        yield ok(name, f"{which} {len(found)} objects read, {lines:,} lines as meant")


def line_problem(line: bytes) -> str | None:
    """Return why a line is no stored event, or None if it is one."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(event, dict):
        return "is not an object"
    missing = [c.name for c in columns.COLUMNS if c.name not in event]
    if missing:
        return f"lacks {', '.join(missing)}"
    more = len(event) - len(columns.COLUMNS)
    if more:
        # Their names are a stranger's words.
        return f"has {more} members that are no columns"
    wrong = [c.name for c in columns.COLUMNS if not _fits(event[c.name], c.type)]
    if wrong:
        return f"has the wrong type in {', '.join(wrong)}"
    return None


def _newest(subject: Subject, bucket: str) -> tuple[list[_Object], bool]:
    """Return the newest objects of two days, and whether all were listed."""
    found: list[_Object] = []
    all_listed = True
    for back in (0, 1):
        day = subject.now - timedelta(days=back)
        prefix = f"{tables.folder_of(day)}/"
        more: dict[str, str] = {}
        for _ in range(_PAGES):
            answer = call(
                "s3:ListBucket",
                subject.client("s3").list_objects_v2,
                Bucket=bucket,
                Prefix=prefix,
                **more,
            )
            found += [
                _Object(item["Key"], item["LastModified"].timestamp())
                for item in answer.get("Contents", [])
            ]
            if not answer.get("NextContinuationToken"):
                break
            more = {"ContinuationToken": answer["NextContinuationToken"]}
        else:
            all_listed = False
    found.sort(key=lambda item: -item.modified)
    return found[:_OBJECTS], all_listed


def _read(subject: Subject, bucket: str, key: str) -> tuple[int, str | None]:
    """Return how many lines were read, and what is wrong with the first wrong one."""
    answer = call(
        "s3:GetObject", subject.client("s3").get_object, Bucket=bucket, Key=key
    )
    body = answer["Body"]
    count = 0
    try:
        packed = key.endswith(".gz")
        sent: Any = _Sent(body)
        stream: _Readable = gzip.GzipFile(fileobj=sent) if packed else sent
        for count, line in enumerate(_lines(stream), start=1):
            problem = line_problem(line)
            if problem:
                return count, f"line {count} {problem}"
    finally:
        body.close()
    return count, None if count else "it is empty"


def _lines(stream: _Readable) -> Iterator[bytes]:
    pending = b""
    for _ in range(_LINES):
        while b"\n" not in pending and len(pending) < _LINE_BYTES:
            more = stream.read(65_536)
            if not more:
                if pending:
                    yield pending
                return
            pending += more
        line, _, pending = pending.partition(b"\n")
        yield line


def _fits(value: object, kind: str) -> bool:
    """Whether a value is null or of a Hive type."""
    if value is None:
        return True
    members = hive.members(kind)
    if members:
        return (
            isinstance(value, dict)
            and value.keys() == members.keys()
            and all(_fits(value[name], type_) for name, type_ in members.items())
        )
    return _FITS[kind](value)


_FITS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
}

"""Stored objects that have certain events, found and written anew without them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from .._handler import columns
from .._local import files, folder
from .._query.athena import AthenaEngine
from .._sql import tables
from ._aws import Answer, Aws, AwsError, call
from ._errors import CommandError
from ._selection import Selection

#: Times that an object is read which somebody else changes meanwhile.
_ATTEMPTS = 3
# What S3 says where an object is not the one that was read.
_CHANGED = frozenset({"ConditionalRequestConflict", "PreconditionFailed"})
# What an object keeps, by its names in an answer and in a request alike.
_KEPT = (
    *("ContentType", "ContentEncoding", "Metadata", "StorageClass"),
    *("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled"),
)


class Found(NamedTuple):
    """An object with events that are meant."""

    place: str
    """Its file, or its address `s3://BUCKET/KEY`."""
    events: int
    """Stored lines with such an event."""


class Stored(Protocol):
    """A tenant's objects."""

    def find(self, selection: Selection, first: date, last: date) -> list[Found]:
        """Return the objects of these UTC days that have such events."""

    def erase(self, found: Found, selection: Selection) -> int:
        """Write an object anew without such events, or remove it if none is left.

        Returns:
            Events that were erased.

        Raises:
            CommandError: If it cannot be done; the object is as it was, or only earlier
                versions of it are left.
        """


class StoredHere:
    """A tenant's objects in a data folder.

    Args:
        data: The folder.
        tenant: The tenant, or the bucket.
    """

    def __init__(self, data: Path, tenant: str) -> None:
        self._data = data
        self._tenant = tenant

    def find(self, selection: Selection, first: date, last: date) -> list[Found]:
        """See the protocol."""
        return list(self._find(selection, first, last))

    def _find(self, selection: Selection, first: date, last: date) -> Iterator[Found]:
        for days in range((last - first).days + 1):
            day = first + timedelta(days)
            place = (
                self._data
                / self._tenant
                / columns.PREFIX
                / (f"year={day:%Y}/month={day:%m}/day={day:%d}")
            )
            if not place.is_dir():
                continue
            for path in sorted(place.iterdir()):
                if path.name.endswith((".json", ".json.gz")):
                    _, events = _without(path.read_bytes(), path.name, selection)
                    if events:
                        yield Found(str(path), events)

    def erase(self, found: Found, selection: Selection) -> int:
        """See the protocol."""
        path = Path(found.place)
        try:
            left, events = _without(path.read_bytes(), path.name, selection)
            if left is None:
                path.unlink()
            else:
                incoming = files.Nameless(self._data / folder.INCOMING)
                with incoming.file(left) as aside:
                    aside.replace(path)
            files.flush_folder(path.parent)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}") from None
        return events


class StoredInBuckets:
    """A tenant's objects in S3, which its table tells of.

    Args:
        engine: What is asked for them.
        aws: Who reads and writes them.
        tenant: The tenant, or the bucket.
    """

    def __init__(self, engine: AthenaEngine, aws: Aws, tenant: str) -> None:
        self._engine = engine
        self._s3 = aws.client("s3")
        self._table = tables.table_of(tenant)

    def find(self, selection: Selection, first: date, last: date) -> list[Found]:
        """See the protocol."""
        condition, values = selection.condition()
        days = [str(first.year), str(last.year), str(first), str(last)]
        result = self._engine.sql(
            'SELECT "$path", count(*) '  # noqa: S608  a tenant's name, checked
            f'FROM "{self._table}" '
            "WHERE year BETWEEN ? AND ? "
            "AND year || '-' || month || '-' || day BETWEEN ? AND ? "
            f'AND {condition} GROUP BY "$path" ORDER BY "$path"',
            [*days, *values],
        )
        return [Found(str(place), int(events)) for place, events in result]

    def erase(self, found: Found, selection: Selection) -> int:
        """See the protocol."""
        bucket, _, key = found.place.removeprefix("s3://").partition("/")
        for _ in range(_ATTEMPTS):
            events = self._erase(bucket, key, selection)
            if events is not None:
                return events
        raise CommandError("somebody else changes it all the time; try again later")

    def _erase(self, bucket: str, key: str, selection: Selection) -> int | None:
        """Return how many events were erased; None if the object has changed."""
        where = {"Bucket": bucket, "Key": key}
        read = call("s3:GetObject", self._read, **where)
        left, events = _without(read["Body"], key, selection)
        if not events:
            return 0
        if left is None:
            call("s3:DeleteObject", self._s3.delete_object, **where)
        elif not self._write(read, left, **where):
            return None
        # A bucket that has never had versions says none.
        if "VersionId" in read:
            self._remove_versions(bucket, key)
        return events

    def _read(self, **where: str) -> Answer:
        answer: Answer = self._s3.get_object(**where)
        return {**answer, "Body": answer["Body"].read()}

    def _write(self, read: Answer, body: bytes, **where: str) -> bool:
        """Write an object anew; return whether it still was what had been read."""
        kept = {name: read[name] for name in _KEPT if name in read}
        try:
            call(
                "s3:PutObject",
                self._s3.put_object,
                **where,
                Body=body,
                # Without quotes, as in AWS's own examples: older Ceph takes no others.
                # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
                IfMatch=read["ETag"].strip('"'),
                **kept,
            )
        except AwsError as error:
            if error.code not in _CHANGED:
                raise
            return False
        return True

    def _remove_versions(self, bucket: str, key: str) -> None:
        """Remove the earlier versions of an object, also of one that was removed."""
        page: Answer = {"IsTruncated": True}
        more: dict[str, Any] = {}
        while page["IsTruncated"]:
            page = call(
                "s3:ListBucketVersions",
                self._s3.list_object_versions,
                Bucket=bucket,
                Prefix=key,
                **more,
            )
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if each["Key"] == key and not each["IsLatest"]:
                    call(
                        "s3:DeleteObjectVersion",
                        self._s3.delete_object,
                        Bucket=bucket,
                        Key=key,
                        VersionId=each["VersionId"],
                    )
            more = {
                "KeyMarker": page.get("NextKeyMarker"),
                "VersionIdMarker": page.get("NextVersionIdMarker"),
            }


def _without(body: bytes, name: str, selection: Selection) -> tuple[bytes | None, int]:
    """Return an object without such events, and how many those are.

    Args:
        body: The object as it is stored.
        name: Its name, which tells whether it is compressed.
        selection: Which events.

    Returns:
        None in place of the object if nothing is left.

    Raises:
        CommandError: If it cannot be read.
    """
    is_packed = name.endswith(".gz")
    try:
        lines = (gzip.decompress(body) if is_packed else body).split(b"\n")
    except (OSError, EOFError, zlib.error) as error:
        raise CommandError(f"{name} is damaged: {error}") from None
    kept = [line for line in lines if not selection.holds(line)]
    events = len(lines) - len(kept)
    if not any(kept):
        return None, events
    left = b"\n".join(kept)
    # Without the time, so that the same lines are the same bytes.
    return (gzip.compress(left, mtime=0) if is_packed else left), events

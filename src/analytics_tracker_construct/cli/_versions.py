"""Earlier versions of stored objects, which a versioned bucket keeps."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any, NamedTuple

from .._sql import tables
from ._aws import Answer, call

#: Requests to S3 that are under way at once.
WORKERS = 8


class Earlier(NamedTuple):
    """What a bucket keeps beside its objects."""

    versions: dict[str, list[str]]
    """Ids of the earlier versions of an object that is there, by its key."""
    deleted: set[str]
    """Keys of objects that are not there any more and have versions."""


class Versions:
    """The versions of a bucket's objects.

    Args:
        s3: A client of S3 that several threads may use.
        bucket: The bucket.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def are_kept(self) -> bool:
        """Whether the bucket has versions, or once had."""
        answer = call(
            "s3:GetBucketVersioning",
            self._s3.get_bucket_versioning,
            Bucket=self.bucket,
        )
        return "Status" in answer

    def of_days(self, first: date, last: date) -> Earlier:
        """Return the earlier versions of these days' objects."""
        earlier = Earlier({}, set())
        begin, end = tables.folder_of(first), tables.folder_of(last)
        with ThreadPoolExecutor(WORKERS) as pool:
            for month in pool.map(self._of_month, _months(first, last)):
                for key, ids in month.versions.items():
                    if not begin <= key[: len(begin)] <= end:
                        continue
                    if key in month.deleted:
                        earlier.deleted.add(key)
                    else:
                        earlier.versions[key] = ids
        return earlier

    def remove_earlier(self, key: str) -> None:
        """Remove all versions of an object but the latest."""
        for each, _ in self._listed(key):
            if each["Key"] == key and not each["IsLatest"]:
                self.remove(key, each["VersionId"])

    def remove(self, key: str, version: str) -> None:
        """Remove a version, which leaves no trace."""
        call(
            "s3:DeleteObjectVersion",
            self._s3.delete_object,
            Bucket=self.bucket,
            Key=key,
            VersionId=version,
        )

    def _of_month(self, prefix: str) -> Earlier:
        month = Earlier({}, set())
        for each, is_marker in self._listed(prefix):
            if is_marker and each["IsLatest"]:
                month.deleted.add(each["Key"])
            elif not is_marker and not each["IsLatest"]:
                month.versions.setdefault(each["Key"], []).append(each["VersionId"])
        return month

    def _listed(self, prefix: str) -> Iterator[tuple[Answer, bool]]:
        """Yield versions, and whether each is a mark that the object was deleted."""
        page: Answer = {"IsTruncated": True}
        more: dict[str, Any] = {}
        while page["IsTruncated"]:
            page = call(
                "s3:ListBucketVersions",
                self._s3.list_object_versions,
                Bucket=self.bucket,
                Prefix=prefix,
                **more,
            )
            more = {
                "KeyMarker": page.get("NextKeyMarker"),
                "VersionIdMarker": page.get("NextVersionIdMarker"),
            }
            for each in page.get("Versions", ()):
                yield each, False
            for each in page.get("DeleteMarkers", ()):
                yield each, True


def _months(first: date, last: date) -> Iterator[str]:
    """Yield the folder of each month that has one of the days."""
    day = first.replace(day=1)
    while day <= last:
        yield tables.folder_of(day).removesuffix("day=01")
        # Each month's first is within 31 days of the last one's.
        day = (day + timedelta(31)).replace(day=1)

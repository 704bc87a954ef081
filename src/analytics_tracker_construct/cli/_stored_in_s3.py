"""Objects in S3 that have certain events, found and written anew without them."""

from __future__ import annotations

from datetime import date
from functools import partial

from .._query.athena import AthenaEngine
from .._sql import tables
from . import _progress
from ._aws import Answer, Aws, AwsError, call
from ._errors import CommandError
from ._selection import Selection
from ._stored import Failed, Found, looked, without
from ._versions import WORKERS, Versions

#: Times that an object is read which somebody else changes meanwhile.
_ATTEMPTS = 3
# What S3 says where an object is not the one that was read.
_CHANGED = frozenset({"ConditionalRequestConflict", "PreconditionFailed"})
# What an object keeps, by its names in an answer and in a request alike.
_KEPT = (
    *("ContentType", "ContentEncoding", "Metadata", "StorageClass"),
    *("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled"),
)


class StoredInBuckets:
    """A tenant's objects in S3, which its table tells of.

    Args:
        engine: What is asked for them.
        aws: Who reads and writes them.
        tenant: The tenant, or the bucket.
    """

    def __init__(self, engine: AthenaEngine, aws: Aws, tenant: str) -> None:
        self._engine = engine
        self._glue = aws.client("glue")
        self._s3 = aws.client("s3", connections=WORKERS)
        self._tenant = tenant
        self._table = tables.table_of(tenant)

    def find(
        self, selection: Selection, first: date, last: date
    ) -> tuple[list[Found], list[Failed]]:
        """See the protocol.

        Raises:
            ValueError: If there is no such tenant.
        """
        versions = Versions(self._s3, self._bucket())
        is_versioned = versions.are_kept()
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
        found = [Found(str(place), int(events)) for place, events in result]
        if not is_versioned:
            return found, []
        # An object that was written anew before its earlier versions could be removed
        # is in no answer any more.
        earlier, failed = self._find_earlier(
            versions, selection, first, last, {each.place for each in found}
        )
        return [*found, *earlier], failed

    def _find_earlier(
        self,
        versions: Versions,
        selection: Selection,
        first: date,
        last: date,
        known: set[str],
    ) -> tuple[list[Found], list[Failed]]:
        """Return objects that have such events in earlier versions alone."""
        earlier = versions.of_days(
            max(first, date(tables.FIRST_YEAR, 1, 1)),
            min(last, date(tables.LAST_YEAR, 12, 31)),
        )
        if deleted := len(earlier.deleted):
            _progress.note(
                f"not looked at: the earlier versions of {deleted:,} deleted "
                f"object{'s' * (deleted != 1)}"
            )
        bucket = versions.bucket
        found, failed = looked(
            (
                f"s3://{bucket}/{key}",
                partial(self._count_in, bucket, key, ids, selection),
            )
            for key, ids in sorted(earlier.versions.items())
            if f"s3://{bucket}/{key}" not in known
        )
        return [each._replace(is_earlier=True) for each in found], failed

    def _count_in(
        self, bucket: str, key: str, ids: list[str], selection: Selection
    ) -> int:
        """Return the most events that a version of an object has."""
        most = 0
        for version in ids:
            where = {"Bucket": bucket, "Key": key, "VersionId": version}
            read = call("s3:GetObjectVersion", self._read, **where)
            most = max(most, without(read["Body"], key, selection)[1])
        return most

    def _bucket(self) -> str:
        """Return the tenant's bucket."""
        try:
            answer = call(
                "glue:GetTable",
                self._glue.get_table,
                DatabaseName=self._engine.database,
                Name=self._table,
            )
        except AwsError as error:
            if not error.missing:
                raise
            answer = {"Table": {}}
        stored = answer["Table"].get("StorageDescriptor", {})
        # A view has none.
        location: str = stored.get("Location", "")
        if not location:
            raise ValueError(
                f"there is no tenant {self._tenant!r} in {self._engine.database}, "
                f"which has no table {self._table}; name one that has with --tenant"
            )
        return location.removeprefix("s3://").partition("/")[0]

    def erase(self, found: Found, selection: Selection) -> int:
        """See the protocol."""
        bucket, _, key = found.place.removeprefix("s3://").partition("/")
        if found.is_earlier:
            Versions(self._s3, bucket).remove_earlier(key)
            return found.events
        for _ in range(_ATTEMPTS):
            events = self._erase(bucket, key, selection)
            if events is not None:
                return events
        raise CommandError("somebody else changes it all the time; try again later")

    def _erase(self, bucket: str, key: str, selection: Selection) -> int | None:
        """Return how many events were erased; None if the object has changed."""
        where = {"Bucket": bucket, "Key": key}
        read = call("s3:GetObject", self._read, **where)
        left, events = without(read["Body"], key, selection)
        if not events:
            return 0
        if left is not None and not self._write(read, left, **where):
            return None
        # A bucket that has never had versions says none.
        version = read.get("VersionId")
        if version is not None:
            versions = Versions(self._s3, bucket)
            versions.remove_earlier(key)
            if left is None:
                # Last: what is there is found again if this fails.
                versions.remove(key, version)
        elif left is None:
            call("s3:DeleteObject", self._s3.delete_object, **where)
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

"""A tracker in moto's account, made as the construct makes one."""

from __future__ import annotations

import gzip
import io
import json
import uuid
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

from analytics_tracker_construct._handler import columns, settings
from analytics_tracker_construct._sql import tables
from analytics_tracker_construct._sql.views import (
    View,
    glue_view_text,
    sessions,
    unique,
)

from .cloud import ACCOUNT, REGION, Cloud, Queues

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class Deployed:
    """Two tenants, a bucket by name and a pattern; everything is well.

    Args:
        cloud: Where.
        environment: Variables of the function's that differ.
    """

    def __init__(self, cloud: Cloud, **environment: str) -> None:
        self.cloud = cloud
        self.queues = Queues(cloud, VisibilityTimeout="420")
        self.tag = uuid.uuid4().hex[:8]
        self.shop, self.blog = f"shop-{self.tag}", f"blog-{self.tag}"
        self.open, self.salts = f"open-{self.tag}", f"salts-{self.tag}"
        self.fits = f"fits-{self.tag}-analytics"
        self.s3 = cloud.client("s3")
        for bucket in (self.shop, self.blog, self.open, self.salts, self.fits):
            self.s3.create_bucket(
                Bucket=bucket,
                CreateBucketConfiguration={"LocationConstraint": REGION},
            )
        self.environment = {
            settings.TENANTS: json.dumps(
                {"shop": {"bucket": self.shop}, "my-blog": {"bucket": self.blog}}
            ),
            settings.ALLOWED_BUCKETS: f"{self.open},*-{self.tag}-analytics",
            settings.BUCKET_OWNER: ACCOUNT,
            settings.SALT_BUCKET: self.salts,
            settings.SALT_BUCKET_OWNER: ACCOUNT,
            settings.QUEUE_URL: self.queues.main,
            **environment,
        }
        self.now = datetime.now(timezone.utc)
        self.salt(0)
        self.salt(1)
        self.function = self._function("ingest", self.environment, 10)
        self.writer = self._function("writer", {}, 60)
        self.mapping = self._map()

    def salt(self, days_back: int) -> None:
        """Keep a salt of a day."""
        day = (self.now - timedelta(days=days_back)).date().isoformat()
        self.s3.put_object(
            Bucket=self.salts, Key=f"{settings.SALT_PREFIX}{day}", Body=b"x" * 32
        )

    def store(self, bucket: str, name: str, *lines: str) -> str:
        """Store an object of today."""
        key = f"{columns.PREFIX}{self.now:year=%Y/month=%m/day=%d}/{name}"
        body = "".join(f"{line}\n" for line in lines).encode()
        packed = gzip.compress(body) if name.endswith(".gz") else body
        self.s3.put_object(Bucket=bucket, Key=key, Body=packed)
        return key

    def table(
        self,
        tenant: str,
        bucket: str,
        *,
        columns: Mapping[str, str | None] = MappingProxyType({}),
        parameters: Mapping[str, str | None] = MappingProxyType({}),
        serde: Mapping[str, str | None] = MappingProxyType({}),
        library: str = tables.SERDE,
        views: bool = True,
        type_: str = tables.TABLE_TYPE,
        view_text: Callable[[View, str], str] = glue_view_text,
    ) -> None:
        """Make a tenant's table in Glue, and its views; None leaves something out."""
        glue = self.cloud.client("glue")
        if self.tag not in [
            each["Name"] for each in glue.get_databases()["DatabaseList"]
        ]:
            glue.create_database(DatabaseInput={"Name": self.tag})
        names = tables.names(tables.table_of(tenant))
        location = tables.location(bucket)
        types = {column.name: column.type for column in tables.COLUMNS}
        glue.create_table(
            DatabaseName=self.tag,
            TableInput={
                "Name": names.table,
                "TableType": type_,
                "Parameters": _changed(tables.parameters(location), parameters),
                "PartitionKeys": [
                    {"Name": column.name, "Type": column.type}
                    for column in tables.PARTITIONS
                ],
                "StorageDescriptor": {
                    "Columns": [
                        {"Name": name, "Type": type_}
                        for name, type_ in _changed(types, columns).items()
                    ],
                    "Location": location,
                    "SerdeInfo": {
                        "Parameters": _changed(tables.SERDE_PARAMETERS, serde),
                        "SerializationLibrary": library,
                    },
                },
            },
        )
        for view in (unique(names.table), sessions(names.table)) if views else ():
            glue.create_table(
                DatabaseName=self.tag,
                TableInput={
                    "Name": view.name,
                    "TableType": "VIRTUAL_VIEW",
                    "ViewOriginalText": view_text(view, self.tag),
                },
            )

    def _function(self, what: str, environment: dict[str, str], timeout: int) -> str:
        name = f"{what}-{self.tag}"
        role = self.cloud.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST)
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr("handler/app.py", "")
        self.cloud.client("lambda").create_function(
            FunctionName=name,
            Role=role["Role"]["Arn"],
            Runtime="python3.13",
            Handler="handler.app.handler",
            Code={"ZipFile": packed.getvalue()},
            Timeout=timeout,
            Environment={"Variables": environment},
        )
        return name

    def _map(self) -> str:
        made = self.cloud.client("lambda").create_event_source_mapping(
            EventSourceArn=self.queues.arn,
            FunctionName=self.writer,
            BatchSize=10_000,
            MaximumBatchingWindowInSeconds=60,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )
        return str(made["UUID"])


def _changed(
    usual: Mapping[str, str], changes: Mapping[str, str | None]
) -> dict[str, str]:
    return {name: text for name, text in {**usual, **changes}.items() if text}


def event(**changes: Any) -> str:
    """Return a line as it is stored."""
    row: dict[str, Any] = dict.fromkeys(column.name for column in columns.COLUMNS)
    row |= {
        "eventId": "1700000000-0a1b2c3d",
        "eventType": "secret-type",
        "page": "/secret-page",
        "device": {
            "device_type": "desktop", "browser": None, "os": None, "is_bot": False,
        },
        "viewport": {"width": 390, "height": None},
    }  # fmt: skip  # a device is one line
    return json.dumps(row | changes)

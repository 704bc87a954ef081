"""What is stored, read by Python alone: what an engine's rows are compared with."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

from handler.columns import COLUMNS, PREFIX

_FOLDER = re.compile(r"year=(\d{4})/month=(\d\d)/day=(\d\d)/")


def events_in(s3: Any, bucket: str) -> list[dict[str, Any]]:
    """Return each stored line that is an event, with a table's column names."""
    return list(_events(s3, bucket))


def keys_in(s3: Any, bucket: str, folder: str = PREFIX) -> dict[str, int]:
    """Return the keys below a folder, and their objects' sizes in bytes."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
    return {
        each["Key"]: each["Size"] for page in pages for each in page.get("Contents", ())
    }


def _events(s3: Any, bucket: str) -> Iterator[dict[str, Any]]:
    for key in keys_in(s3, bucket):
        if "/broken-" in key:
            continue
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        if key.endswith(".gz"):
            body = gzip.decompress(body)
        found = _FOLDER.search(key)
        assert found is not None, key
        day = dict(zip(("year", "month", "day"), found.groups(), strict=True))
        for line in body.decode().split("\n"):
            if line:
                event = json.loads(line)
                assert event.keys() <= {column.name for column in COLUMNS}
                row = {c.name.lower(): event.get(c.name) for c in COLUMNS}
                yield {**row, **day}

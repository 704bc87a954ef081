"""A handler by hand with boto3: one gzipped object for each request, bucket and day."""
# mypy: ignore-errors
# Written as functions are, and with packages that are not installed here.

import gzip
import json
import secrets
from collections import defaultdict
from datetime import datetime, timezone

import boto3
import common

s3 = boto3.client("s3")


def handler(event, _context):
    now = datetime.now(timezone.utc)
    objects, ids = defaultdict(list), []
    try:
        sender = common.Sender(event)
        for sent in common.events_of(common.body_of(event)):
            record, folder = common.record_of(sent, sender, now)
            ids.append(record["eventId"])
            line = json.dumps(record, ensure_ascii=False)
            objects[sent["bucket"], folder].append(line)
    except common.Wrong as wrong:
        return common.reply(wrong.status, {"error": wrong.error})
    for (bucket, folder), lines in objects.items():
        s3.put_object(
            Bucket=bucket,
            Key=f"{folder}{secrets.token_hex(16)}.json.gz",
            Body=gzip.compress("\n".join([*lines, ""]).encode(), 6),
            ContentType="application/json",
            ContentEncoding="gzip",
            IfNoneMatch="*",
        )
    return common.reply(200, {"status": "ok", "eventIds": ids})

"""A handler by hand with boto3: one object for each event."""
# mypy: ignore-errors
# Written as functions are, and with packages that are not installed here.

import json
from datetime import datetime, timezone

import boto3
import common

s3 = boto3.client("s3")


def store(event, sender, now):
    """Write one event; return its id."""
    record, folder = common.record_of(event, sender, now)
    event_id = record["eventId"]
    try:
        s3.put_object(
            Bucket=event["bucket"],
            Key=f"{folder}{event_id}.json",
            Body=json.dumps(record, ensure_ascii=False).encode(),
            ContentType="application/json",
            IfNoneMatch="*",
        )
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
    return event_id


def handler(event, _context):
    now = datetime.now(timezone.utc)
    try:
        sender = common.Sender(event)
        body = common.body_of(event)
        ids = [store(sent, sender, now) for sent in common.events_of(body)]
    except common.Wrong as wrong:
        return common.reply(wrong.status, {"error": wrong.error})
    return common.reply(200, {"status": "ok", "eventIds": ids})

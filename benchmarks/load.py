"""The events that are sent, and the files of invocations that workers read.

The events are those of a made-up day (`traffic.days`): page views and actions of three
tenants, most with an `eventId`. Left out are requests that must be refused or that come
twice; bodies are plain JSON and say so, since the peers take nothing else.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from traffic import broken, days

ADDRESS = "203.0.113.9"
#: An invocation's payload may have 6 MB; Lambda adds its own members to each message.
INVOCATION_BYTES = 6_000_000
#: The most messages that a batch of SQS's may have.
INVOCATION_MESSAGES = 10_000

# Of a usual day, which has about 3,100; more are made than asked for.
_EVENTS_AT_LEAST = 2900


class Event(NamedTuple):
    """One event, and what the headers of its request were."""

    sent: dict[str, Any]
    headers: dict[str, str]

    @property
    def folder(self) -> tuple[str, str]:
        """The bucket and the day it belongs to."""
        return self.sent["bucket"], self.sent["timestamp"][:10]


class Invocation(NamedTuple):
    """One invocation's payload, and the events that it carries."""

    line: str
    events: Sequence[Event]


def bucket_of(tenant: str) -> str:
    """Return the name of a tenant's bucket."""
    return f"{tenant}-analytics"


def events(number: int, end: datetime) -> list[Event]:
    """Return so many events of the day before `end`, in the order of their times."""
    scale = number / _EVENTS_AT_LEAST + 0.1
    day = days.make(1, end, scale)
    refused = {kind.body for kind in broken.kinds(end.isoformat())}
    found: dict[bytes, Event] = {}
    for request in day.requests:
        if request.body in refused:
            continue
        headers = dict(request.headers)
        zipped = headers.pop("Content-Encoding", None)
        headers["Content-Type"] = "application/json"
        sent = json.loads(gzip.decompress(request.body) if zipped else request.body)
        sent = {"bucket": bucket_of(sent.pop("tenant")), **sent}
        found[request.body] = Event(sent, headers)
    if len(found) < number:
        raise ValueError(f"the day has {len(found)} events, fewer than {number}")
    # The whole day thinned out, not its first hours: all tenants, devices and pages.
    every = list(found.values())
    return [every[i * len(every) // number] for i in range(number)]


def single(every: Iterable[Event]) -> Iterator[Invocation]:
    """Yield a request for each event."""
    for event in every:
        yield Invocation(_gateway(event.sent, event.headers), [event])


def batches(every: Iterable[Event], size: int) -> Iterator[Invocation]:
    """Yield requests of `size` events each, those of one bucket and day together.

    What they are sent by is a server or a phone that was offline: the events of a
    request share the headers of the first.
    """
    waiting: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in every:
        private = event.headers.get("Sec-GPC", "")
        bucket, day = event.folder
        group = waiting[bucket, day, private]
        group.append(event)
        if len(group) == size:
            headers = group[0].headers
            shared = [Event(one.sent, headers) for one in group]
            body = {"events": [one.sent for one in shared]}
            yield Invocation(_gateway(body, headers), shared)
            group.clear()


def deliveries(
    messages: Sequence[str], carried: Sequence[Sequence[Event]], limit: int
) -> Iterator[Invocation]:
    """Yield the writer's invocations, each as full as SQS makes it.

    Args:
        messages: Bodies of messages.
        carried: The events of each.
        limit: The most messages of an invocation.
    """
    records = [_record(*numbered) for numbered in enumerate(messages)]
    widest = max(len(json.dumps(record)) for record in records) + 2
    # As many in each, so that a figure per event is one of equal invocations.
    full = min(limit, INVOCATION_BYTES // widest)
    for start in range(0, len(records) - full + 1, full):
        some = slice(start, start + full)
        events = [event for group in carried[some] for event in group]
        yield Invocation(json.dumps({"Records": records[some]}), events)


def write(path: Path, invocations: Iterable[Invocation]) -> list[Event]:
    """Write invocations, one a line; return the events of all."""
    carried: list[Event] = []
    with path.open("w", encoding="utf-8") as file:
        for invocation in invocations:
            file.write(f"{invocation.line}\n")
            carried.extend(invocation.events)
    return carried


def now() -> datetime:
    """Return the present in UTC, to the second."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def _gateway(body: dict[str, Any], headers: dict[str, str]) -> str:
    """Return what a REST API that the construct makes passes to the function.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    text = json.dumps(body, separators=(",", ":")).encode()
    shown = {
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate, br",
        "CloudFront-Forwarded-Proto": "https",
        "CloudFront-Is-Desktop-Viewer": "true",
        "CloudFront-Is-Mobile-Viewer": "false",
        "CloudFront-Viewer-Country": "DE",
        "Host": "abcdefghij.execute-api.us-east-1.amazonaws.com",
        "Via": "2.0 0123456789abcdef.cloudfront.net (CloudFront)",
        "X-Amzn-Trace-Id": "Root=1-697df5c0-0123456789abcdef01234567",
        "X-Forwarded-For": f"{ADDRESS}, 198.51.100.7",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        **headers,
    }
    return json.dumps(
        {
            "resource": "/track",
            "path": "/track",
            "httpMethod": "POST",
            "headers": shown,
            "multiValueHeaders": {name: [value] for name, value in shown.items()},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {
                "resourceId": "123456",
                "resourcePath": "/track",
                "httpMethod": "POST",
                "extendedRequestId": "JKJaXmPLvHcESHA=",
                "requestTime": "31/Jan/2026:12:00:00 +0000",
                "path": "/prod/track",
                "accountId": "123456789012",
                "protocol": "HTTP/1.1",
                "stage": "prod",
                "domainPrefix": "abcdefghij",
                "requestTimeEpoch": 1769860800000,
                "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
                "identity": {
                    "sourceIp": ADDRESS,
                    "userAgent": headers.get("User-Agent"),
                    "accountId": None,
                    "apiKey": None,
                    "caller": None,
                },
                "domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com",
                "apiId": "abcdefghij",
            },
            "body": base64.b64encode(text).decode(),
            "isBase64Encoded": True,
        },
        separators=(",", ":"),
    )


def _record(number: int, message: str) -> dict[str, Any]:
    """Return a message as Lambda hands it to the writer.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    return {
        "messageId": f"{number:08x}-0ea4-451a-a703-a558b933e274",
        "receiptHandle": "AQEB" + "wJnKyrHigUMZj6rYigCgxlaS3SLy0a".ljust(380, "x"),
        "body": message,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1769860800000",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1769860800012",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:tracker",
        "awsRegion": "us-east-1",
    }

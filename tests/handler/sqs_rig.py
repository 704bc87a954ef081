"""A queue, its clock and the misbehaving server that it speaks to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from typing import Any
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from handler.calls import Caller
from handler.endpoints import queue_endpoint
from handler.pool import Pool
from handler.sigv4 import Credentials
from handler.sqs import SqsQueue
from handler.tls import Trust

from .s3_rig import CREDENTIALS
from .scripted_s3 import Request, ShiftedClock, Step
from .scripted_sqs import ScriptedSqs

QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"
BODY = '{"version":1,"lines":"H4sIAAAAAAAA/6tWSs7PS8ssyk0sUbKqVgIA"}'


class Rig:
    """A queue, its clock and the server that it speaks to."""

    def __init__(
        self, server: ScriptedSqs, queue: SqsQueue, clock: ShiftedClock
    ) -> None:
        self.server = server
        self.queue = queue
        self.clock = clock

    def send(self, body: str = BODY, *, seconds: float = 5) -> None:
        self.queue.send(body, deadline=self.clock.monotonic() + seconds)

    def script(self, *steps: Step) -> None:
        self.server.steps = list(steps)

    @property
    def times(self) -> list[datetime]:
        """When the requests were signed, by their own word."""
        return [
            datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
            for request in self.server.requests
        ]


@contextmanager
def running(
    *,
    queue_url: str = QUEUE_URL,
    credentials: tuple[str, str, str | None] = CREDENTIALS,
) -> Iterator[Rig]:
    """A queue beside its server."""
    clock = ShiftedClock()
    pool = Pool(Trust(), monotonic=clock.monotonic, wall=clock.wall)
    with ScriptedSqs() as server:
        environ = {"AWS_REGION": "us-east-2", "AWS_ENDPOINT_URL_SQS": server.url}
        queue = SqsQueue(
            queue_endpoint(environ, queue_url),
            queue_url,
            Caller(
                "sqs",
                Credentials(*credentials),
                pool,
                monotonic=clock.monotonic,
                wall=clock.wall,
                sleep=clock.sleep,
                jitter=lambda: 1.0,
            ),
        )
        yield Rig(server, queue, clock)
        pool.close()


def sent_by_botocore(
    request: Request, *, region: str, message: dict[str, str], token: str | None
) -> AWSPreparedRequest:
    """Return what botocore would have sent at the same moment to the same host."""
    client = boto3.client(
        "sqs",
        region_name=region,
        endpoint_url=f"http://{request.headers['host']}",
        aws_access_key_id=CREDENTIALS[0],
        aws_secret_access_key=CREDENTIALS[1],
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )
    sent: list[AWSPreparedRequest] = []

    def drop_query_mode(params: dict[str, Any], **_: object) -> None:
        # It asks for the old protocol's error codes beside the new one's.
        del params["headers"]["x-amzn-query-mode"]

    def keep(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, _Raw(b"{}"))

    client.meta.events.register("before-call.sqs.SendMessage", drop_query_mode)
    client.meta.events.register("before-send.sqs.SendMessage", keep)
    moment = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
    with patch("botocore.auth.get_current_datetime", return_value=moment):
        client.send_message(**message)
    return sent[0]


class _Raw(BytesIO):
    """What botocore reads an answer from."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()

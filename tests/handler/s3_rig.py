"""A store, its clock and the misbehaving server that it speaks to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from handler.calls import Caller
from handler.endpoints import Endpoints
from handler.pool import Pool
from handler.s3 import S3Store
from handler.sigv4 import Credentials
from handler.storage import Fault, Outcome, Put, StorageError
from handler.tls import Trust

from .scripted_s3 import (
    Request,
    ScriptedS3,
    ShiftedClock,
    Step,
)

KEY = "analytics/year=2025/month=01/day=31/1738281600-0a1b2c3d.json"
BODY = b'{"eventType": "page_view"}\n'
STORED, EXISTED = Put(Outcome.STORED), Put(Outcome.EXISTED)
CREDENTIALS = ("the-id", "the-secret", "the-token")


class Rig:
    """A store, its clock and the server that it speaks to."""

    def __init__(self, server: ScriptedS3, store: S3Store, clock: ShiftedClock) -> None:
        self.server = server
        self.store = store
        self.clock = clock

    def put(
        self, *, seconds: float = 5, bucket: str = "b-1", key: str = KEY, **more: Any
    ) -> Put:
        return self.store.put(
            bucket,
            key,
            BODY,
            deadline=self.clock.monotonic() + seconds,
            content_type="application/json",
            **more,
        )

    def get(self, key: str = KEY, **more: Any) -> bytes:
        return self.store.get("b-1", key, deadline=self.clock.monotonic() + 5, **more)

    def delete(self, key: str = KEY, **more: Any) -> None:
        self.store.delete("b-1", key, deadline=self.clock.monotonic() + 5, **more)

    def script(self, *steps: Step) -> None:
        self.server.steps = list(steps)

    @property
    def bodies(self) -> list[bytes]:
        return [request.body for request in self.server.requests]


@contextmanager
def running() -> Iterator[Rig]:
    """A store beside its server."""
    clock = ShiftedClock()
    pool = Pool(Trust(), monotonic=clock.monotonic, wall=clock.wall)
    with ScriptedS3() as server:
        store = S3Store(
            Endpoints("eu-west-1", url=server.url),
            Caller(
                "s3",
                Credentials(*CREDENTIALS),
                pool,
                monotonic=clock.monotonic,
                wall=clock.wall,
                sleep=clock.sleep,
                jitter=lambda: 1.0,
            ),
        )
        yield Rig(server, store, clock)
        pool.close()


def fails(call: Callable[[], object]) -> tuple[Fault, str]:
    """Run what is to fail, and return how it did."""
    with pytest.raises(StorageError) as caught:
        call()
    return caught.value.fault, caught.value.detail


def signed_by_botocore(request: Request, region: str, host: str) -> str:
    """Sign a request that has come in once more, by botocore."""
    signed = request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0]
    again = AWSRequest(
        method=request.method,
        url=f"http://{host}{request.path}",
        headers={name: request.headers[name] for name in signed.split(";")},
        data=request.body,
    )
    moment = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
    with patch("botocore.auth.get_current_datetime", return_value=moment):
        credentials = BotocoreCredentials(*CREDENTIALS)
        S3SigV4Auth(credentials, "s3", region).add_auth(again)
    authorization: str = again.headers["Authorization"]
    return authorization


def region_of(request: Request) -> str:
    return request.headers["authorization"].split("/")[2]

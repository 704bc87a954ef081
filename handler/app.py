"""The function's entry: a request in, an answer out, every effect handed in.

`handler` is what Lambda calls. `make_app` wires the same with other effects; the local
server and the tests use it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from . import body, lake, limits, metrics, pipeline, replies, settings, times
from .draft import Draft
from .log import Emit, Log
from .metrics import Meter
from .privacy import Salts
from .refusals import Refusal, Refused
from .replies import Reply
from .request import Request, read
from .s3 import S3Store
from .settings import Settings
from .storage import ObjectStore, StorageError

#: Seconds kept back for the answer itself.
_MARGIN_SECONDS = 0.5
#: Seconds a request may take where nobody says how long it has.
_DEFAULT_SECONDS = 10.0

#: What Lambda calls: an API Gateway event and a context in, an answer out.
Handler = Callable[[Mapping[str, Any], Any], Reply]


def make_app(
    config: Settings,
    store: ObjectStore,
    *,
    function_name: str = "analytics-tracker",
    now: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    entropy: Callable[[int], bytes] = os.urandom,
    emit: Emit = print,
) -> Handler:
    """Wire one app.

    Args:
        config: The tracker's settings.
        store: Where events and salts are kept.
        function_name: The function's name, a dimension of its metrics.
        now: The wall clock, seconds since the epoch.
        monotonic: The clock of deadlines, seconds.
        entropy: Returns as many random bytes as it is asked for.
        emit: Writes one line of the log.

    Returns:
        A function that never raises, whatever the request.
    """
    salts = Salts(
        store,
        config.salt_bucket,
        config.salt_bucket_owner,
        entropy=entropy,
        monotonic=monotonic,
    )
    steps = pipeline.steps_for(config, salts, entropy)

    def app(event: Mapping[str, Any], context: Any) -> Reply:
        deadline = monotonic() + _seconds_left(context) - _MARGIN_SECONDS
        received = datetime.fromtimestamp(now(), timezone.utc)
        log = Log(emit, getattr(context, "aws_request_id", ""), times.stamp(received))
        meter = Meter(function_name)
        request = read(event)
        cors = replies.cors_headers(config.cors_origins, request.headers.get("origin"))
        try:
            if request.route == "track" and request.method == "OPTIONS":
                return replies.preflight(cors)
            draft = _draft(request, received, deadline)
            try:
                where = store_event(draft, meter)
            finally:
                _report(draft.faults, log, meter)
            reply = replies.stored(draft, where, cors)
        except Refused as refused:
            log.refused(refused.refusal)
            meter.add(metrics.REFUSED, reason=refused.refusal.label)
            reply = replies.refused(refused, cors)
        except Exception as error:  # noqa: BLE001 - whatever it was, the client gets JSON
            log.failure(error)
            meter.add(metrics.REFUSED, reason=Refusal.INTERNAL.label)
            reply = replies.refused(Refused(Refusal.INTERNAL), cors)
        if config.metrics:
            for line in meter.lines(received.timestamp()):
                emit(line)
        return reply

    def store_event(draft: Draft, meter: Meter) -> lake.Stored:
        pipeline.run(draft, steps)
        began = monotonic()
        where = lake.write(draft, store, acl=config.object_acl, entropy=entropy)
        tenant = draft.tenant.name if draft.tenant else None
        milliseconds = round((monotonic() - began) * 1000, 1)
        meter.add(metrics.STORAGE_LATENCY, milliseconds, tenant=tenant)
        counted = metrics.DUPLICATE if where.duplicate else metrics.STORED
        meter.add(counted, tenant=tenant)
        if draft.salt_missing:
            meter.add(metrics.MISSING_SALTS, tenant=tenant)
        return where

    return app


def _draft(request: Request, received: datetime, deadline: float) -> Draft:
    """Return the event that the request carries, not judged yet."""
    if request.route != "track":
        raise Refused(Refusal.NOT_FOUND)
    if request.method != "POST":
        raise Refused(Refusal.METHOD_NOT_ALLOWED)
    raw = body.read(request)
    if len(raw) > limits.EVENT_BYTES:
        raise Refused(Refusal.EVENT_TOO_LARGE, limits.EVENT_BYTES)
    sent = body.parse(raw)
    if not isinstance(sent, dict):
        raise Refused(Refusal.NOT_AN_OBJECT)
    return Draft(sent, request, received, deadline)


def _report(faults: list[tuple[str, StorageError]], log: Log, meter: Meter) -> None:
    for what, error in faults:
        log.fault(error, what)
        meter.add(metrics.STORAGE_FAULTS)


def _seconds_left(context: Any) -> float:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return _DEFAULT_SECONDS if remaining is None else float(remaining()) / 1000


def _from_environment() -> Handler:
    return make_app(
        settings.read(os.environ),
        S3Store.from_environment(os.environ),
        function_name=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""),
    )


# Wired while Lambda starts the environment, when it lends a full processor whatever the
# memory size, rather than in the first request.
_app: Handler | None = (
    _from_environment() if "AWS_LAMBDA_RUNTIME_API" in os.environ else None
)


def handler(event: Mapping[str, Any], context: Any) -> Reply:
    """Answer a request of API Gateway; what Lambda calls."""
    global _app  # noqa: PLW0603 - one app for the life of the execution environment
    if _app is None:
        _app = _from_environment()
    return _app(event, context)

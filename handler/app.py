"""The function's entry: a request in, an answer out, every effect handed in.

`handler` is what Lambda calls. `make_app` wires the same with other effects; the local
server and the tests use it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial

from . import batch, pipeline, replies, settings
from .delivery import Delivery
from .draft import DIGITS, MANY_DIGITS
from .ingest import Ingest, note_refusals
from .invocation import seconds_left
from .log import Emit
from .metrics import Meter
from .pool import Pool
from .privacy import Salts
from .queues import EventQueue
from .refusals import Refusal, Refused
from .replies import Reply
from .request import read
from .s3 import S3Store
from .settings import Settings
from .storage import ObjectStore
from .typed import Any
from .visit import Visit

#: Seconds kept back for the answer itself.
_MARGIN_SECONDS = 0.5
#: Seconds a request may take where nobody says how long it has.
_SECONDS = 10.0

#: What Lambda calls: an API Gateway event and a context in, an answer out.
Handler = Callable[[Mapping[str, Any], Any], Reply]


def make_app(
    config: Settings,
    store: ObjectStore,
    *,
    queue: EventQueue | None = None,
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
        queue: Where events wait that the store does not take, or not yet.
            Default: there is none.
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
    delivery = Delivery(
        store,
        queue,
        buffered=config.buffered,
        acl=config.object_acl,
        entropy=entropy,
        monotonic=monotonic,
    )
    ingest = Ingest(
        pipeline.steps_for(config, salts, entropy),
        delivery,
        digits=MANY_DIGITS if config.buffered else DIGITS,
    )

    nothing_counted = Meter(function_name, on=False)
    enter = None
    if config.front_door:
        # Loaded here, so that it is no part of a cold start without a distribution.
        from . import front_door  # noqa: PLC0415 - as said above

        enter = front_door.enter(config.front_door)

    def app(event: Mapping[str, Any], context: Any) -> Reply:
        deadline = monotonic() + seconds_left(context, _SECONDS) - _MARGIN_SECONDS
        seconds = now()
        meter = Meter(function_name) if config.metrics else nothing_counted
        request = read(event)
        visit = Visit(
            request,
            seconds,
            deadline,
            meter,
            context=context,
            emit=emit,
        )
        cors = replies.cors_headers(config.cors_origins, request.headers.get("origin"))
        try:
            reply = answer(visit, cors)
        except Refused as refused:
            note_refusals([refused.refusal], visit)
            reply = replies.refused(request.route, refused, cors)
        except Exception as error:  # noqa: BLE001 - whatever it was, the client gets JSON
            visit.log.failure(error)
            note_refusals([Refusal.INTERNAL], visit)
            reply = replies.refused(request.route, Refused(Refusal.INTERNAL), cors)
        if meter.on:
            for line in meter.lines(seconds):
                emit(line)
        return reply

    def answer(visit: Visit, cors: Mapping[str, str]) -> Reply:
        if enter is not None:
            visit.request = enter(visit.request)
        route, method = visit.request.route, visit.request.method
        if route not in replies.METHODS:
            raise Refused(Refusal.NOT_FOUND)
        if method == "OPTIONS":
            return replies.preflight(route, cors)
        if method != replies.METHODS[route]:
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        if route == replies.SCRIPT:
            # Loaded here, and read once: most requests are events.
            from . import script  # noqa: PLC0415 - as said above

            return script.reply(visit.request.headers, gzip=config.compress)
        if route == replies.PIXEL:
            # Loaded here, since a cold start seldom begins with an image.
            from . import pixel  # noqa: PLC0415 - as said above

            visit.request = pixel.with_origin(visit.request)
            sent = pixel.read(visit)
            return replies.pixel(ingest.take(visit, [sent], batch=False)[0], cors)
        events, several = batch.read(visit.request)
        outcomes = ingest.take(visit, events, batch=several)
        if several:
            return replies.batch(outcomes, cors)
        return replies.single(route, outcomes[0], cors)

    return app


class _OnDemandQueue:
    """A queue that is opened when it is first needed, which is hardly ever.

    Args:
        environ: The environment.
        url: The queue's URL.
        pool: What carries the requests.
    """

    def __init__(self, environ: Mapping[str, str], url: str, pool: Pool) -> None:
        self._open = partial(_open_queue, environ, url, pool)
        self._queue: EventQueue | None = None

    def send(self, body: str, *, deadline: float) -> None:
        """Put a message on the queue; see the protocol."""
        if self._queue is None:
            self._queue = self._open()
        self._queue.send(body, deadline=deadline)


def _open_queue(environ: Mapping[str, str], url: str, pool: Pool) -> EventQueue:
    # Loaded here, so that it is no part of a cold start that does not need it.
    from .sqs import SqsQueue  # noqa: PLC0415 - as said above

    return SqsQueue.from_environment(environ, url, pool=pool)


def _from_environment() -> Handler:
    environ = os.environ
    config = settings.read(environ)
    store = S3Store.from_environment(environ)
    queue: EventQueue | None = None
    if config.queue_url and config.buffered:
        queue = _open_queue(environ, config.queue_url, store.pool)
    elif config.queue_url:
        queue = _OnDemandQueue(environ, config.queue_url, store.pool)
    return make_app(
        config,
        store,
        queue=queue,
        function_name=environ.get("AWS_LAMBDA_FUNCTION_NAME", ""),
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

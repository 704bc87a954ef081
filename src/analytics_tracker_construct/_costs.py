"""What a tracker costs at list prices, and what its default throttle lets through.

The prices are those of us-east-1 in US dollars, without the free tier. Durations and
sizes are estimates, each of which can be given another value.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ._deployed_numbers import (
    BATCH_BYTES,
    MEMORY_MIB,
    MOST_MESSAGES,
    RATE_LIMIT,
    TIMEOUT_SECONDS,
    WINDOW_SECONDS,
    WRITER_MEMORY_MIB,
)
from ._handler import limits

#: Month and region of the prices below.
PRICED = "2026-11"
REGION = "us-east-1"

SECONDS_A_DAY = 86_400


class Price(float):
    """A list price in US dollars, with its unit and where it is written."""

    unit: str
    source: str

    def __new__(cls, dollars: float, unit: str, source: str) -> Price:
        """Return the price."""
        price = super().__new__(cls, dollars)
        price.unit = unit
        price.source = source
        return price


_API = "https://aws.amazon.com/api-gateway/pricing/"
_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_S3 = "https://aws.amazon.com/s3/pricing/"
_SQS = "https://aws.amazon.com/sqs/pricing/"
_ATHENA = "https://aws.amazon.com/athena/pricing/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"

REST_MILLION = Price(3.50, "million requests of a REST API", _API)
HTTP_MILLION = Price(1.00, "million requests of an HTTP API, 512 KiB each", _API)
INVOCATION_MILLION = Price(0.20, "million invocations", _LAMBDA)
GB_SECOND = Price(0.0000133334, "GB-second on arm64", _LAMBDA)
PUT_MILLION = Price(5.00, "million PUTs", _S3)
SQS_MILLION = Price(0.40, "million requests of a standard queue, 64 KiB each", _SQS)
SCANNED_TB = Price(5.00, "TB that queries read, 10 MB at least of each", _ATHENA)
LOGS_GB = Price(0.50, "GB of logs taken in", _CLOUDWATCH)
LOGS_GB_MONTH = Price(0.03, "GB of logs kept for a month", _CLOUDWATCH)
DASHBOARD_MONTH = Price(3.00, "dashboard a month", _CLOUDWATCH)
ALARM_MONTH = Price(0.10, "alarm a month", _CLOUDWATCH)
METRIC_MONTH = Price(0.30, "metric a month in which it has values", _CLOUDWATCH)

#: Bytes that a query is charged for at least, and in steps of which.
_SCAN_BYTES, _SCAN_STEP = 10_000_000, 1_000_000
#: Bytes that count as one request: of an HTTP API, of a queue.
_HTTP_BYTES = 512 * 1024
_SQS_BYTES = 64 * 1024
#: Bytes that Lambda adds to each message of a batch.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_RECORD_BYTES = 700
#: Messages that one request of SQS receives or deletes.
_MESSAGES_A_CALL = 10
#: Batches that Lambda gathers at once while there is little to do, each for itself.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLERS = 5
#: Bytes of the longest URL that API Gateway takes.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
URL_BYTES = 10_240
#: The longest that a receive waits at an empty queue.
POLL_SECONDS = 20


class Design(NamedTuple):
    """What of a tracker decides its bill."""

    api: Price = REST_MILLION
    buffered: bool = False
    memory_mib: float = MEMORY_MIB
    writer_memory_mib: float = WRITER_MEMORY_MIB
    batch_size: float = MOST_MESSAGES
    window_seconds: float = WINDOW_SECONDS
    log_bytes: float = 0
    """Bytes that a request leaves in the logs, of the API and of the function."""


class Work(NamedTuple):
    """What comes in, and how long it takes."""

    events: int = 1
    """Events of a request."""
    places: int = 1
    """Pairs of a bucket and a day that they are for."""
    per_second: float = 10
    """Events a second; it decides how full the writer's batches are."""
    event_bytes: float = 1024
    packed: float = 0.25
    """What gzip leaves of them."""
    request_seconds: float = 0.035
    """Time of a request with one event, nearly all of it S3's or SQS's."""
    event_seconds: float = 0.0002
    """Time of each further event, in the function and in the writer."""
    batch_seconds: float = 0.1
    """Time of the writer beside that."""


class Bill(NamedTuple):
    """US dollars for a million requests, or events, by service."""

    api: float
    function: float
    storage: float
    queue: float = 0
    writer: float = 0
    logs: float = 0

    @property
    def total(self) -> float:
        """Their sum."""
        return sum(self)

    def per(self, events: int) -> Bill:
        """Return the bill of a million events that come so many in a request."""
        return Bill(*(dollars / events for dollars in self))


def bill(design: Design, work: Work) -> Bill:
    """Return what a million requests cost, each stored at the first attempt."""
    calls = 1
    if design.api is HTTP_MILLION:
        calls = math.ceil(work.events * work.event_bytes / _HTTP_BYTES)
    seconds = work.request_seconds + (work.events - 1) * work.event_seconds
    direct = Bill(
        api=calls * design.api,
        function=_runs(design.memory_mib, seconds),
        storage=work.places * PUT_MILLION,
        logs=design.log_bytes / 1e9 * 1e6 * LOGS_GB,
    )
    return direct if not design.buffered else direct._replace(**_buffered(design, work))


def _buffered(design: Design, work: Work) -> dict[str, float]:
    """What of a million requests' bill is another with delivery BUFFERED."""
    # Base64 makes four characters of three bytes.
    whole = work.events / work.places * work.event_bytes * work.packed * 4 / 3
    split = math.ceil(whole / limits.MESSAGE_BYTES)
    messages = work.places * split
    size = whole / split
    received = math.ceil(_MESSAGES_A_CALL * size / _SQS_BYTES) / _MESSAGES_A_CALL
    requests = math.ceil(size / _SQS_BYTES) + received + 1 / _MESSAGES_A_CALL
    arriving = work.per_second / work.events * messages * design.window_seconds
    batch = max(
        1.0,
        min(
            design.batch_size, BATCH_BYTES / (size + _RECORD_BYTES), arriving / POLLERS
        ),
    )
    seconds = work.batch_seconds + batch / messages * work.events * work.event_seconds
    return {
        "queue": messages * requests * SQS_MILLION,
        "storage": messages / batch * min(batch, work.places) * PUT_MILLION,
        "writer": messages / batch * _runs(design.writer_memory_mib, seconds),
    }


def _runs(memory_mib: float, seconds: float) -> float:
    """What a million runs of a function cost."""
    return INVOCATION_MILLION + memory_mib / 1024 * seconds * 1e6 * GB_SECOND


def query_dollars(scanned: int) -> float:
    """Return what a query in Athena costs that read so many bytes."""
    steps = math.ceil(max(scanned, _SCAN_BYTES) / _SCAN_STEP)
    return steps * _SCAN_STEP / 1e12 * SCANNED_TB


def requests_a_day(rate: float = RATE_LIMIT) -> float:
    """Return how many requests `rate` a second are in a day."""
    return rate * SECONDS_A_DAY


def million_dollars() -> float:
    """Return what a million requests with one event each cost where all is default."""
    return bill(Design(), Work()).total


def dollars_a_day() -> float:
    """Return what a day of nothing but accepted requests costs at the default throttle.

    API Gateway counts each method of a route by itself, so `POST /track` and
    `GET /pixel.gif` take so many requests a second each.
    """
    return 2 * requests_a_day() / 1e6 * million_dollars()


def worst_dollars_a_day(
    rate: float = RATE_LIMIT,
    design: Design | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    *,
    script: bool = True,
) -> float:
    """Return what the worst day costs on which each route takes `rate` a second.

    A tracker has four routes, a tenant three of its own, and API Gateway counts each
    by itself: "per-API, per-stage throttling limits are applied at the API method
    level".
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html

    Each POST is as large as may be and becomes as many objects as may be; each image
    brings one event, of as many bytes as a URL may have. S3 stores them, and the
    function does not hear of it and runs into its timeout. So each object goes to the
    queue as well, and the writer stores it once more. Preflights and the browser client
    store nothing.

    Args:
        rate: Requests a second on each route.
        design: What the tracker is.
            Default: all by default.
        timeout_seconds: Seconds that the function may run.
        script: Whether one of the routes is the browser client's.
    """
    design = design or Design()
    places = limits.BATCH_OBJECTS
    batch = Work(
        events=limits.BATCH_EVENTS,
        places=places,
        # What gzip cannot shrink, and what the function adds to each event.
        event_bytes=1.5 * limits.BODY_BYTES / limits.BATCH_EVENTS,
        packed=1,
        per_second=rate * limits.BATCH_EVENTS,
        request_seconds=timeout_seconds,
    )
    image = Work(
        event_bytes=1.5 * URL_BYTES,
        packed=1,
        per_second=rate,
        request_seconds=timeout_seconds,
    )
    preflight = bill(
        design._replace(buffered=False), Work(places=0, request_seconds=0.002)
    )
    nothing_stored = preflight.total * (2 if script else 1)
    million = _twice(design, batch) + _twice(design, image) + nothing_stored
    return requests_a_day(rate) / 1e6 * million


def _twice(design: Design, work: Work) -> float:
    """What a million requests cost whose events are stored and queued as well."""
    once = bill(design._replace(buffered=False), work)
    # The writer's batches hold few such messages: each is an object of its own.
    again = _buffered(design, work) | {"storage": work.places * PUT_MILLION}
    return once.total + sum(again.values())


def idle_dollars_a_month(pollers: int = POLLERS) -> float:
    """Return what Lambda's waiting at the empty queue costs in a month of 30 days.

    Args:
        pollers: How many wait; Lambda goes down to 2 by itself where it can.
    """
    receives = pollers * 30 * SECONDS_A_DAY / POLL_SECONDS
    return receives / 1e6 * SQS_MILLION

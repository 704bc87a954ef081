"""Checks of the construct's numbers and durations: argument, value, a way out.

What is only known at deployment, a token, always passes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from aws_cdk import Duration, Token

from ._deployed_numbers import (
    MOST_MESSAGES,
    MOST_WINDOW_SECONDS,
    RATE_LIMIT,
    TIMEOUT_SECONDS,
    WINDOW_SECONDS,
)
from .delivery import Delivery

#: API Gateway waits no longer than this for a function.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
API_SECONDS = 29
#: The least in which the function can answer a storage fault in its own words.
LEAST_SECONDS = 3

_DAY_MILLISECONDS = 86_400_000


class Buffering(NamedTuple):
    """What the writer waits for before it stores a batch."""

    interval: Duration
    """How long a batch is gathered."""
    batch_size: float
    """How many messages it may have."""


def timeout(value: Duration | float) -> Duration:
    """Return `lambda_timeout` as a duration."""
    return _seconds(
        "lambda_timeout",
        value,
        (LEAST_SECONDS, API_SECONDS),
        Duration.seconds(TIMEOUT_SECONDS),
        f"API Gateway gives up after {API_SECONDS}",
    )


def buffering(
    delivery: Delivery, interval: Duration | float | None, batch_size: float | None
) -> Buffering:
    """Return the writer's window and batch.

    Raises:
        ValueError: If they cannot be, or are given where the user has no say in them.
    """
    if not isinstance(delivery, Delivery):
        raise ValueError(
            f"'delivery' must be a Delivery, got {delivery!r}; pass Delivery.DIRECT or "
            "Delivery.BUFFERED"
        )
    given = {"buffering_interval": interval, "buffering_batch_size": batch_size}
    for argument, value in given.items():
        if value is not None and delivery is not Delivery.BUFFERED:
            raise ValueError(
                f"{argument!r} is {value!r}, but 'delivery' is DIRECT, with which the "
                "function stores each event itself and nothing is buffered; leave the "
                "argument out, or pass delivery=Delivery.BUFFERED"
            )
    window = WINDOW_SECONDS if interval is None else interval
    messages = MOST_MESSAGES if batch_size is None else batch_size
    whole("buffering_batch_size", messages, 1, MOST_MESSAGES)
    return Buffering(
        _seconds(
            "buffering_interval",
            window,
            (1, MOST_WINDOW_SECONDS),
            Duration.seconds(WINDOW_SECONDS),
            "Lambda gathers a batch no longer",
        ),
        messages,
    )


def function_size(
    memory_size: float | None, reserved_concurrent_executions: float | None
) -> None:
    """Check the numbers that Lambda bounds."""
    if memory_size is not None:
        whole("memory_size", memory_size, 128, 10_240)
    if reserved_concurrent_executions is not None:
        whole("reserved_concurrent_executions", reserved_concurrent_executions, 0)


def throttles(rate_limit: float | None, burst_limit: float | None) -> None:
    """Check what an API of the tracker's own lets through."""
    if (
        rate_limit is not None
        and _known("throttling_rate_limit", rate_limit)
        and not rate_limit > 0
    ):
        raise ValueError(
            "'throttling_rate_limit' must be above 0 requests a second, "
            f"got {rate_limit!r}; the default is {RATE_LIMIT}"
        )
    if burst_limit is not None:
        whole("throttling_burst_limit", burst_limit, 1)


def whole(argument: str, value: float, least: int, most: int | None = None) -> None:
    """Check a whole number within bounds."""
    if not _known(argument, value):
        return
    if value % 1 or value < least or (most is not None and value > most):
        bounds = (
            f"from {least} to {most}" if most is not None else f"of {least} or more"
        )
        raise ValueError(f"{argument!r} must be a whole number {bounds}, got {value!r}")


def whole_days(what: str, value: Duration, way_out: str) -> None:
    """Check a time in whole days.

    Args:
        what: The argument, as a message names it.
        value: What was given.
        way_out: What to pass instead.
    """
    if not isinstance(value, Duration):
        raise ValueError(f"{what} must be a Duration, got {value!r}; {way_out}")
    if value.is_unresolved():
        return
    days = value.to_milliseconds() / _DAY_MILLISECONDS
    if days < 1 or days % 1:
        raise ValueError(
            f"{what} must be whole days and at least one, got {days:g} days; {way_out}"
        )


def _seconds(
    argument: str,
    value: Duration | float,
    bounds: tuple[int, int],
    example: Duration,
    reason: str,
) -> Duration:
    """Return whole seconds within bounds; a plain number is seconds."""
    if isinstance(value, bool) or not isinstance(value, (Duration, int, float)):
        raise ValueError(
            f"{argument!r} must be a Duration or a number of seconds, "
            f"got {value!r}; pass Duration.seconds({int(example.to_seconds())})"
        )
    if isinstance(value, Duration):
        if value.is_unresolved():
            return value
        seconds = value.to_milliseconds() / 1000
    else:
        if _finite(value) and Token.is_unresolved(value):
            return Duration.seconds(value)
        seconds = value
    least, most = bounds
    if not (least <= seconds <= most and seconds % 1 == 0):
        raise ValueError(
            f"{argument!r} must be {least} to {most} whole seconds, got {seconds:g}; "
            f"{reason}"
        )
    return Duration.seconds(seconds)


def _known(argument: str, value: float) -> bool:
    """Whether a number is known now."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not _finite(value)
    ):
        raise ValueError(f"{argument!r} must be a number, got {value!r}")
    return not Token.is_unresolved(value)


def _finite(value: float) -> bool:
    """Whether a number is one of JSON's; jsii's process dies of the others."""
    return math.isfinite(value)

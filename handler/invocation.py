"""What Lambda tells of an invocation, or what to assume where nobody tells."""

from __future__ import annotations

from .typed import Any


def seconds_left(context: Any, default: float) -> float:
    """Return how many seconds are left to answer in.

    Args:
        context: What Lambda passed beside the event.
        default: Seconds where it does not say.
    """
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return default if remaining is None else float(remaining()) / 1000


def request_id(context: Any) -> str:
    """Return Lambda's id of the invocation; empty where there is none."""
    return str(getattr(context, "aws_request_id", ""))

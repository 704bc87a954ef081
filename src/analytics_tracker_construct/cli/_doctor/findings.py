"""What a check finds, and how one that may not look says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from .._aws import REACH, AwsError

#: What goes with every setting that was changed by hand: CloudFormation compares
#: templates, and not what is there.
UNCHANGED = "deploying an unchanged template mends nothing"
#: What to do about a resource of the stack that is gone.
RECREATE = (
    "detect drift (aws cloudformation detect-stack-drift) and import or re-create it; "
    + UNCHANGED
)


class Outcome(Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "unknown"
    """It could not look."""


class Finding(NamedTuple):
    """One thing that was found."""

    check: str
    """What was looked at, such as `bucket shop-analytics`."""
    outcome: Outcome
    found: str
    advice: str = ""
    """What to do, where there is something to do."""


def ok(check: str, found: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(check, Outcome.OK, found)


def warning(check: str, found: str, advice: str) -> Finding:
    """Return a finding that may become a failure, or that someone may have wanted."""
    return Finding(check, Outcome.WARNING, found, advice)


def failure(check: str, found: str, advice: str) -> Finding:
    """Return a finding by which events are lost, or are not stored as promised."""
    return Finding(check, Outcome.FAILURE, found, advice)


def unknown(check: str, error: AwsError) -> Finding:
    """Return a finding for what could not be looked at."""
    if error.denied:
        return Finding(
            check,
            Outcome.UNKNOWN,
            f"could not look: needs {error.action}",
            f"allow {error.action} to your user or role, or use another --profile",
        )
    if error.unreachable:
        return Finding(
            check,
            Outcome.UNKNOWN,
            f"could not look: {error.action} failed: {error.detail}",
            f"{REACH}, and run it again",
        )
    return Finding(
        check, Outcome.UNKNOWN, f"could not look: {error}", "run it again later"
    )


def guarded(check: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield what a check finds, and where it cannot look any further, that.

    Args:
        check: What it looks at.
        found: Its findings, one by one; `AwsError` ends them.
    """
    try:
        yield from found
    except AwsError as error:
        yield unknown(check, error)

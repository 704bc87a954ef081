"""Checks of what kind an argument is, for those whose wrong kinds jsii would refuse.

Its own words name a parameter of some method of the CDK's, not the argument here.
"""

from __future__ import annotations

from enum import Enum


def flags(**given: object) -> None:
    """Check bools: `"no"` would count as true."""
    for argument, value in given.items():
        if not isinstance(value, bool):
            raise ValueError(f"{argument!r} must be True or False, got {value!r}")


def member(argument: str, value: object, kind: type[Enum], example: str) -> None:
    """Check a member of one of the CDK's enums; None is the default."""
    if value is not None and not isinstance(value, kind):
        raise ValueError(
            f"{argument!r} must be a {kind.__name__}, got {value!r}; "
            f"pass {kind.__name__}.{example}"
        )


def resource(argument: str, value: object, attribute: str, way_out: str) -> None:
    """Check a resource, which has the attribute that all of its interface have."""
    if value is not None and not hasattr(value, attribute):
        raise ValueError(f"{argument!r} is {value!r}, which is none; {way_out}")

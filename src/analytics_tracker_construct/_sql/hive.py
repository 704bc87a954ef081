"""Types as Hive writes them, which the stored columns have."""

from __future__ import annotations

import re

_STRUCT = re.compile(r"struct<([^<>]+)>")


def members(type_: str) -> dict[str, str]:
    """Return the types of a struct's members by name; none for another type."""
    struct = _STRUCT.fullmatch(type_)
    if struct is None:
        return {}
    return dict(member.split(":") for member in struct[1].split(","))

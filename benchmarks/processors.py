"""Which processor runs what: the handler has the first for itself.

Where the system cannot pin processes, or has one processor, nothing is pinned.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

_ALL = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def first() -> contextlib.AbstractContextManager[None]:
    """Keep what is started inside to the processor of handlers."""
    return _on(_ALL[:1])


def second() -> contextlib.AbstractContextManager[None]:
    """Keep what is started inside off that processor."""
    return _on(_ALL[1:])


@contextlib.contextmanager
def _on(some: list[int]) -> Iterator[None]:
    # A child inherits it; so nothing need be run between fork and exec.
    if len(_ALL) < 2:
        yield
        return
    os.sched_setaffinity(0, some)
    try:
        yield
    finally:
        os.sched_setaffinity(0, _ALL)

"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait(
    done: Callable[[], object], what: str | Callable[[], str], seconds: float = 30.0
) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: If it is not in time; it says for what.
    """
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"waited {seconds} s for {said}")
        time.sleep(0.05)

"""Work that Ctrl-C always ends, also while native code has the word."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

#: Seconds that interrupted work has to end by itself.
GRACE = 1.0
#: The exit status of a process that was interrupted.
STATUS = 130
# Where a wait holds back Ctrl-C (Windows), it comes after this many seconds.
_POLL = 0.1


def interruptible(work: Callable[[], int], stop: Callable[[], None]) -> int:
    """Do `work` aside; at Ctrl-C end it, and after `GRACE` the process with it.

    Python hands Ctrl-C to the main thread once it runs Python again, which a long
    native call there puts off for minutes.

    Args:
        work: What is done, in a thread of its own.
        stop: Asks the work to end; it is called from the main thread.

    Returns:
        What `work` returned.

    Raises:
        BaseException: Whatever `work` raised.
    """
    task = _Task(work)
    try:
        task.start()
        while not task.done.wait(_POLL):
            pass
    except KeyboardInterrupt:
        # The usual exit would wait to flush what a stopped reader does not take.
        try:
            stop()
            task.done.wait(GRACE)
        finally:
            os._exit(STATUS)
    if task.error is not None:
        raise task.error
    return task.result


class _Task(threading.Thread):
    def __init__(self, work: Callable[[], int]) -> None:
        super().__init__(daemon=True)
        self._work = work
        # An interrupted `join` takes the thread for ended (Python 3.10 to 3.12).
        self.done = threading.Event()
        self.result = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:  # noqa: BLE001  the main thread raises it
            self.error = error
        finally:
            self.done.set()

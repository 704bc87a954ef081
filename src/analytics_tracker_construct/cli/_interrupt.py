"""Work that Ctrl-C and SIGTERM end, also while native code has the word."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import NoReturn

#: Seconds that interrupted work has to end by itself.
GRACE = 1.0
#: Seconds that a service has to hear that the work is not wanted any more.
STOP_GRACE = 5.0
#: The exit status of a process that was interrupted.
STATUS = 130
# And of one that was ended with SIGTERM.
_TERMINATED = 143
# Where a wait holds back Ctrl-C (Windows), it comes after this many seconds.
_POLL = 0.1


def _nothing() -> None: ...


def interruptible(
    work: Callable[[], int],
    stop: Callable[[], None],
    give_up: Callable[[], None] = _nothing,
    discard: Callable[[], None] = _nothing,
) -> int:
    """Do `work` aside; at Ctrl-C end it, and soon afterwards the process with it.

    Python hands Ctrl-C to the main thread once it runs Python again, which a long
    native call there puts off for minutes.

    Args:
        work: What is done, in a thread of its own.
        stop: Asks the work to end, in a thread of its own for `STOP_GRACE`. The work
            then has `GRACE` to end.
        give_up: Called where `stop` has not come back.
        discard: Removes what the work leaves behind; called last.

    Returns:
        What `work` returned.

    Raises:
        BaseException: Whatever `work` raised.
    """
    task = _Task(work)
    status = STATUS

    def terminated(*_: object) -> NoReturn:
        nonlocal status
        status = _TERMINATED
        raise KeyboardInterrupt

    # Process managers and `timeout` end a command so, and it must clean up as well.
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, terminated) if in_main else None
    try:
        task.start()
        while not task.done.wait(_POLL):
            pass
    except KeyboardInterrupt:
        # The usual exit would wait to flush what a stopped reader does not take.
        try:
            _end(task, stop, give_up)
        finally:
            _leave(discard, status)
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
    if task.error is not None:
        raise task.error
    return task.result


def _end(task: _Task, stop: Callable[[], None], give_up: Callable[[], None]) -> None:
    stopped = threading.Event()

    def ask() -> None:
        try:
            stop()
        finally:
            stopped.set()

    # A call to a service is repeated for minutes where nobody answers.
    threading.Thread(target=ask, daemon=True).start()
    ends = time.monotonic() + STOP_GRACE
    while not stopped.wait(_POLL) and time.monotonic() < ends:
        pass
    if not stopped.is_set():
        give_up()
    task.done.wait(GRACE)


def _leave(discard: Callable[[], None], status: int) -> NoReturn:
    try:
        discard()
    finally:
        os._exit(status)


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

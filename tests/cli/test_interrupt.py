"""Work that Ctrl-C ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from analytics_tracker_construct.cli._interrupt import (
    GRACE,
    STOP_GRACE,
    interruptible,
)

_DEAF = """\
import time
from analytics_tracker_construct.cli._interrupt import interruptible

def work():
    print("begun", flush=True)
    time.sleep(60)

interruptible(work, lambda: print("asked", flush=True))
"""


def test_work_that_does_not_stop_is_ended_with_the_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _DEAF],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "begun\n"
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        took = time.monotonic() - sent
        assert process.stdout.read() == "asked\n"
        assert process.stderr.read() == ""

    # The rest is a slow machine's.
    assert GRACE <= took < GRACE + 10


_BUSY = """\
import time
from analytics_tracker_construct.cli._interrupt import interruptible

def work():
    print("begun", flush=True)
    time.sleep(60)

interruptible(
    work,
    lambda: time.sleep(60),
    lambda: print("given up", flush=True),
    lambda: print("discarded", flush=True),
)
"""


def test_a_stop_that_does_not_come_back_is_not_waited_for() -> None:
    """As of a service that nobody can reach."""
    with subprocess.Popen(
        [sys.executable, "-c", _BUSY], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(STOP_GRACE + GRACE + 10) == 130
        finally:
            process.kill()
        assert process.stdout.read() == "given up\ndiscarded\n"


def test_returns_what_the_work_returned() -> None:
    assert interruptible(lambda: 7, lambda: None) == 7


def test_raises_what_the_work_raised() -> None:
    def work() -> int:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        interruptible(work, lambda: None)


def test_an_interrupt_while_the_program_loads_is_no_traceback() -> None:
    code = """
import sys

class Interrupted:
    def find_spec(self, name, *_):
        if name == "analytics_tracker_construct.cli.query":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted())
from analytics_tracker_construct.cli import main
sys.exit(main(["--version"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (130, "")

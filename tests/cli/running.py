"""The command line in processes of its own."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from analytics_tracker_construct import cli

COMMAND = [sys.executable, "-m", "analytics_tracker_construct.cli"]


def run(
    *arguments: str, given: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, in this environment and what is added to it."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


def query(data: Path, sql: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Ask a data folder."""
    return run("query", sql, "--local", "--data", str(data), *options)


def inside(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command in this process, which is quicker than in its own."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = cli.main(arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
    return subprocess.CompletedProcess(
        arguments, status, out.getvalue(), err.getvalue()
    )


def ask(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Ask a data folder in this process."""
    return inside("query", *arguments, "--local", "--data", str(data))


class Dev:
    """A running `analytics-tracker dev`."""

    def __init__(self, data: Path, options: tuple[str, ...]) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [*COMMAND, "dev", "--port", "0", "--data", str(data), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        match = re.fullmatch(r"url: (http://[\d.]+:\d+)\n", first)
        assert match, self.process.communicate()
        self.url = match[1]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
        """End it; return the rest of what it printed, and the function's log."""
        self.process.send_signal(how)
        return self.process.communicate(timeout=20)


@contextmanager
def dev(data: Path, *options: str) -> Iterator[Dev]:
    """Run the server until the block ends."""
    running = Dev(data, options)
    try:
        yield running
    finally:
        if running.process.returncode is None:
            running.stop()

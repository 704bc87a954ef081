"""Servers as child processes that end with the tests, however those end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PATIENCE = 90.0


def free_port() -> int:
    """Return a port of this machine's that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Processes:
    """Starts servers, and ends them in the opposite order.

    Args:
        logs: The folder for what they print.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[tuple[subprocess.Popen[bytes], Path]] = []

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start a server; what it prints goes to `<name>.out`."""
        log = self._logs / f"{name}.out"
        # Where the tests are killed no `stop` runs, and the kernel ends the server.
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*guard, *map(str, command)],
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append((process, log))

    def wait_for(self, what: str, ready: Callable[[], bool]) -> None:
        """Wait until a server is ready.

        Raises:
            RuntimeError: If a server has ended, or if it takes too long; the message
                has the end of each log.
        """
        deadline = time.monotonic() + _PATIENCE
        while not ready():
            ended = any(process.poll() is not None for process, _ in self._running)
            if ended or time.monotonic() > deadline:
                how = "a server has ended" if ended else f"not in {_PATIENCE:.0f} s"
                raise RuntimeError(f"{what} did not start: {how}\n{self._ends()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End every server."""
        for process, _ in reversed(self._running):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process, _ in reversed(self._running):
            _end(process)
        self._running.clear()

    def _ends(self) -> str:
        return "\n".join(
            f"{log.name}:\n{log.read_text(errors='replace')[-1500:]}"
            for _, log in self._running
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

"""Lambda's Runtime API, and the process of the runtime interface client that asks it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import NamedTuple
from urllib.parse import urlsplit

_API = "/2018-06-01/runtime/"
_INIT_SECONDS = 30.0


class Invocation(NamedTuple):
    """What a function is asked."""

    request_id: str
    event: bytes
    trace: str


class Outcome(NamedTuple):
    """What became of an invocation."""

    body: bytes
    failed: bool
    log: str
    """What the function printed meanwhile."""


class Function(NamedTuple):
    """What runs."""

    python: str
    """An interpreter that has `awslambdaric`."""
    code: Path
    handler: str
    arn: str
    timeout: float
    environment: Mapping[str, str]


class Instance:
    """One execution environment: it takes one invocation at a time.

    Its process is started anew where it has ended, as Lambda does.
    """

    def __init__(self, function: Function) -> None:
        self._function = function
        self._one_at_a_time = threading.Lock()
        self._process: _Process | None = None

    def start(self) -> None:
        """Start the process and wait until it asks for its first invocation.

        Raises:
            RuntimeError: If its code cannot be loaded, with what it said.
        """
        self._process = _Process(self._function)
        self._process.wait_until_ready()

    def invoke(self, invocation: Invocation) -> Outcome:
        """Run the function once."""
        with self._one_at_a_time:
            if self._process is None or self._process.ended:
                self.start()
            assert self._process is not None
            return self._process.invoke(invocation)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.stop()


class _Process:
    def __init__(self, function: Function) -> None:
        self._function = function
        self._log: list[bytes] = []
        self._server = _Server(function)
        host, port = self._server.server_address[:2]
        self._popen = subprocess.Popen(
            [function.python, "-m", "awslambdaric", function.handler],
            cwd=function.code,
            env={
                **function.environment,
                "AWS_LAMBDA_RUNTIME_API": f"{host!s}:{port}",
                "LAMBDA_TASK_ROOT": str(function.code),
                "_HANDLER": function.handler,
                # Lambda's own code folder cannot be written to.
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._popen.stdout is not None
        self._output = self._popen.stdout
        os.set_blocking(self._output.fileno(), False)

    @property
    def ended(self) -> bool:
        return self._popen.poll() is not None

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _INIT_SECONDS
        while not self._server.asked.wait(0.05):
            self._said()
            if self.ended or time.monotonic() > deadline:
                break
        if not self._server.asked.is_set() or self._server.init_error:
            self.stop()
            said = self._server.init_error.decode() + self._said()
            raise RuntimeError(f"{self._function.handler} did not start: {said}")

    def invoke(self, invocation: Invocation) -> Outcome:
        self._log.clear()
        self._server.invocations.put(invocation)
        deadline = time.monotonic() + self._function.timeout
        while not self._server.answered.wait(0.05):
            # Or it would wait for somebody to empty the pipe.
            self._said()
            if self.ended or time.monotonic() > deadline:
                how = "Runtime exited" if self.ended else "Task timed out"
                self.stop()
                error = {"errorMessage": f"{invocation.request_id} {how}"}
                return Outcome(
                    json.dumps(error).encode(), failed=True, log=self._said()
                )
        self._server.answered.clear()
        body, failed = self._server.answer
        return Outcome(body, failed, self._said())

    def stop(self) -> None:
        self._popen.kill()
        self._popen.wait()
        self._said()
        self._output.close()
        self._server.invocations.put(None)
        self._server.shutdown()
        self._server.server_close()

    def _said(self) -> str:
        """Return what was printed since the invocation began."""
        # What it printed before it answered is in the pipe by then.
        while not self._output.closed and (some := self._output.read()):
            self._log.append(some)
        return b"".join(self._log).decode(errors="replace")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, function: Function) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.function = function
        self.invocations: Queue[Invocation | None] = Queue()
        self.asked = threading.Event()
        self.init_error = b""
        self.answered = threading.Event()
        self.answer = (b"", False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that was killed."""


class _Connection(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Headers and body in one segment: else each call waits 40 ms for an ACK.
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        if self._call() != ["invocation", "next"]:
            self._reply(404)
            return
        self.server.asked.set()
        invocation = self.server.invocations.get()
        if invocation is None:
            self.close_connection = True
            return
        function = self.server.function
        deadline = int((time.time() + function.timeout) * 1000)
        self._reply(
            200,
            invocation.event,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": function.arn,
                "Lambda-Runtime-Trace-Id": invocation.trace,
            },
        )

    def do_POST(self) -> None:
        body = self._body()
        match self._call():
            case ["init", "error"]:
                self.server.init_error = body
                self.server.asked.set()
            case ["invocation", _, ("response" | "error") as kind]:
                self.server.answer = body, kind == "error"
                self.server.answered.set()
            case _:
                self._reply(404)
                return
        self._reply(202, b'{"status":"OK"}')

    def _call(self) -> list[str]:
        return urlsplit(self.path).path.removeprefix(_API).split("/")

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length")
        if length is not None:
            return self.rfile.read(int(length))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _reply(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

"""Runs one Python handler in a process of its own, as Lambda's runtime would.

    python worker.py MODE MODULE:FUNCTION REQUESTS WARM_UP CHUNK FOLDER...

Each line of the file REQUESTS is one invocation's event. MODE is `cold`: import, one
event, exit; or `warm`: WARM_UP events, and then the rest, whose processor time is noted
every CHUNK events. Then the same loop runs without the handler; what that takes is
Lambda's own work and is subtracted later. The result is one line of JSON on the
standard output that the process was started with; the handler's output goes nowhere.

Imports as little as can be: what is loaded here is missing in the handler's cold start.
"""

import json
import os
import sys
import time

# What only a type checker reads must not be loaded either, `typing` among it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Step = Callable[[str], object]


class Context:
    """What Lambda tells of an invocation."""

    function_name = "analytics-tracker"
    function_version = "$LATEST"
    memory_limit_in_mb = 1024
    invoked_function_arn = (
        "arn:aws:lambda:us-east-1:123456789012:function:analytics-tracker"
    )
    aws_request_id = "8f6b8e2c-1f5a-4a8e-9b53-0c1f3c1f0a11"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Return how long the invocation may still take."""
        return 9000


def main() -> None:
    mode, target, requests, *rest = sys.argv[1:]
    warm_up, chunk, folders = int(rest[0]), int(rest[1]), rest[2:]
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.path[:1] = folders
    lead_home()
    module, _, name = target.partition(":")
    wrong: list[str] = []
    context = Context()

    def invoke(line: str) -> None:
        answer = handler(json.loads(line), context)
        status = answer.get("statusCode")
        failed = answer.get("batchItemFailures", status not in (200, 202))
        if failed or '"rejected":[{' in answer.get("body", ""):
            wrong.append(repr(answer)[:400])

    def chunks(step: "Step", lines: "Iterator[str]") -> list[tuple[int, int]]:
        noted: list[tuple[int, int]] = []
        marks: tuple[int, int] | None = None
        for count, line in enumerate(lines):
            if count % chunk == 0:
                now = time.process_time_ns(), time.perf_counter_ns()
                if marks:
                    noted.append((now[0] - marks[0], now[1] - marks[1]))
                marks = now
            step(line)
        now = time.process_time_ns(), time.perf_counter_ns()
        if marks:
            noted.append((now[0] - marks[0], now[1] - marks[1]))
        return noted

    with open(requests, encoding="utf-8") as file:  # noqa: PTH123 - loads pathlib
        handler = getattr(__import__(module, fromlist=[name]), name)
        imported = time.process_time_ns()
        invoke(file.readline())
        result: dict[str, object] = {
            "cold_cpu_ms": time.process_time_ns() / 1e6,
            "import_cpu_ms": imported / 1e6,
        }
        if mode == "warm":
            for _ in range(warm_up - 1):
                invoke(file.readline())
            start = file.tell()
            result["chunks"] = chunks(invoke, iter(file.readline, ""))
            result["rss_kib"] = peak()
            file.seek(start)
            result["bare"] = chunks(json.loads, iter(file.readline, ""))
    result["wrong"] = len(wrong)
    result["first_wrong"] = wrong[:1]
    os.write(out, json.dumps(result).encode() + b"\n")
    os._exit(0)


def lead_home() -> None:
    """Lead S3's own host names to the stub, where there is BENCHMARK_PORT."""
    port = os.environ.pop("BENCHMARK_PORT", None)
    if port is None:
        return
    # The C module beneath `socket`, which the handler has yet to import.
    import _socket  # noqa: PLC0415 - as said above

    found = _socket.AF_INET, _socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port))
    _socket.getaddrinfo = lambda *_: [found]


def peak() -> int:
    """Return the most memory that the process had, in KiB."""
    # Not `resource.getrusage`: that remembers the process that forked this one.
    with open("/proc/self/status", "rb") as status:  # noqa: PTH123 - as above
        return next(int(line.split()[1]) for line in status if line[:5] == b"VmHWM")


main()

"""`python -m tools.load`: many events through the local server, and none astray.

Client processes send single events, batches and pixels over kept-alive connections to
`analytics-tracker dev`, some of them twice on purpose. Then every event is looked for
among the stored ones; the command fails if one is missing, doubled or altered.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timezone
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from typing import Any

from analytics_tracker_construct._local.queue import QUEUE
from analytics_tracker_construct._query import duck

from . import load_client
from .load_client import BUCKETS, Heard, Task

DELIVERIES = ("direct", "buffered")
_DEV = [sys.executable, "-m", "analytics_tracker_construct.cli", "dev", "--quiet"]
#: Seconds that the writer may take for what waits at the end.
_DRAIN = 120.0


class Memory:
    """Samples a process's resident memory once a second.

    Args:
        pid: The process.
    """

    def __init__(self, pid: int) -> None:
        self._command = ["ps", "-o", "rss=", "-p", str(pid)]
        self._stop = threading.Event()
        self.samples: list[float] = []
        """MiB, from before the first request to after the last."""
        self._sample()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take the last sample and end."""
        self._stop.set()
        self._thread.join()
        self._sample()

    def _run(self) -> None:
        while not self._stop.wait(1):
            self._sample()

    def _sample(self) -> None:
        found = subprocess.run(self._command, capture_output=True, check=True)
        self.samples.append(round(int(found.stdout) / 1024, 1))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return 1 if an event is missing, doubled or altered."""
    options = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        data = Path(folder)
        figures, heard, tasks = _load(data, options)
        began = time.perf_counter()
        figures["reconciled"] = compare(data, tasks)
        figures["reconcile_seconds"] = round(time.perf_counter() - began, 1)
    figures["answers"] = {
        "acknowledged": heard.accepted,
        "sent_again": heard.repeated,
        "called_duplicates": heard.duplicates,
        "queued": heard.queued,
        "problems": dict(heard.problems),
    }
    text = json.dumps(figures, indent=2) + "\n"
    print(text, end="")
    if options.record:
        options.record.write_text(text)
    wrong = ("missing", "doubled", "altered", "unknown")
    return 1 if heard.problems or any(figures["reconciled"][w] for w in wrong) else 0


def compare(data: Path, tasks: Sequence[Task]) -> dict[str, int]:
    """Compare what was sent with the rows that a query sees."""
    connection, views = duck.connect(data)
    with connection:
        sql = f'SELECT tenant, "eventId", page FROM {duck.ALL}'
        rows: Counter[tuple[str, str, str]] = Counter(
            connection.execute(sql).fetchall()
        )
        lines = sum(
            connection.execute(f'SELECT count(*) FROM "{view.name}"').fetchall()[0][0]
            for view in views
        )
    sent = {event for task in tasks for event in load_client.expected(task)}
    ids = {row[:2] for row in rows}
    return {
        "sent": len(sent),
        "rows": rows.total(),
        "stored_lines": lines,
        "objects": sum(1 for _ in data.glob("*/analytics/*/*/*/*")),
        "missing": sum(event[:2] not in ids for event in sent),
        "altered": sum(event[:2] in ids and event not in rows for event in sent),
        "doubled": rows.total() - len(ids),
        "unknown": sum(1 for row in ids - {event[:2] for event in sent}),
    }


def _load(
    data: Path, options: argparse.Namespace
) -> tuple[dict[str, Any], Heard, list[Task]]:
    with _serving(data, options.delivery) as (process, port):
        share = options.events // options.clients
        tasks = [
            Task(number, port, share, options.connections, _now())
            for number in range(options.clients)
        ]
        memory = Memory(process.pid)
        began = time.perf_counter()
        with ProcessPoolExecutor(options.clients, get_context("spawn")) as pool:
            heard = load_client.merged(list(pool.map(load_client.run, tasks)))
        seconds = time.perf_counter() - began
        memory.stop()
        _drain(data)
    requests = sum(map(len, heard.latencies.values()))
    figures: dict[str, Any] = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "python": platform.python_version(),
        "delivery": options.delivery,
        "events": share * options.clients,
        "connections": options.clients * options.connections,
        "requests": requests,
        "seconds": round(seconds, 1),
        "events_per_second": round(heard.accepted / seconds),
        "requests_per_second": round(requests / seconds),
        "milliseconds": {k: _spread(v) for k, v in sorted(heard.latencies.items())},
        "memory_mib": _memory(memory.samples),
    }
    return figures, heard, tasks


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _spread(some: list[float]) -> dict[str, float]:
    cuts = quantiles(some, n=100) if len(some) > 1 else some * 99
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}


def _memory(samples: list[float]) -> dict[str, Any]:
    """Return samples at the start, at each tenth of the run, and the highest."""
    last = len(samples) - 1
    return {
        "start": samples[0],
        "each_tenth": [samples[round(last * tenth / 10)] for tenth in range(1, 11)],
        "peak": max(samples),
    }


@contextmanager
def _serving(data: Path, delivery: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    allowed = [word for bucket in BUCKETS for word in ("--allow", bucket)]
    command = [*_DEV, "--port", "0", "--data", str(data), "--delivery", delivery]
    with subprocess.Popen(
        [*command, *allowed],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield process, int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.terminate()


def _drain(data: Path) -> None:
    """Wait until nothing is on the queue."""
    until = time.monotonic() + _DRAIN
    waiting = data / QUEUE / "messages"
    while any(waiting.iterdir()) and time.monotonic() < until:
        time.sleep(0.2)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.load", description=(__doc__ or "").partition("\n\n")[2]
    )
    parser.add_argument(
        "--events", type=int, default=200_000, help="default: %(default)s"
    )
    parser.add_argument(
        "--clients", type=int, default=2, help="processes (default: %(default)s)"
    )
    parser.add_argument(
        "--connections", type=int, default=8, help="of each (default: %(default)s)"
    )
    parser.add_argument("--delivery", choices=DELIVERIES, default=DELIVERIES[0])
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write the figures there too"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""How long the function takes over a body that was made to hurt, and how much memory.

    python -m benchmarks.worst                 measure, and print a table
    python -m benchmarks.worst --record FILE   and write it as JSON

Each body is sent by itself to a fresh process, with a store in memory: what is left is
the function's own work. A body that is refused early costs next to nothing; those that
stay are the ones to know.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handler import limits

from . import markdown

_SIZE = limits.BODY_BYTES
_EVENT = {
    "bucket": "website-analytics",
    "eventType": "page_view",
    "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
}


def _event(**members: Any) -> bytes:
    return json.dumps({**_EVENT, **members}).encode()


def _events(count: int, **members: Any) -> bytes:
    return json.dumps({"events": [{**_EVENT, **members}] * count}).encode()


def _full(unit: str) -> bytes:
    """Return a batch that fills a body with events that hold `unit` over and over."""
    count = limits.BATCH_EVENTS
    room = _SIZE // count - len(_event(x="")) - 2
    return _events(count, x=unit * (room // len(json.dumps(unit)[1:-1])))


#: Bodies by what is bad about them.
BODIES: dict[str, Callable[[], bytes]] = {
    "an array 1,048,576 deep": lambda: b"[" * _SIZE,
    "an object 5,000 deep": lambda: b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "metadata 3,000 deep": lambda: (
        _event()[:-1] + b',"metadata":' + b'{"a":' * 3000 + b"1" + b"}" * 3001
    ),
    "an object of 60,000 members": lambda: json.dumps(
        {f"k{n}": n for n in range(60_000)}
    ).encode(),
    "an event of 5,000 unknown members": lambda: _event(
        **{f"k{n}": 1 for n in range(5_000)}
    ),
    "one name 40,000 times": lambda: b"{" + b'"bucket":"x-lake",' * 40_000 + b'"a":1}',
    "names that differ in case": lambda: _event(
        metadata={"a": 1, "A": 2}, IP="1", Device={"is_bot": True}, Page="x"
    ),
    "a number of a million digits": lambda: b'{"a":' + b"9" * (_SIZE - 100) + b"}",
    "a number beyond all bounds": lambda: _event()[:-1] + b',"n":1e999999}',
    "half a character": lambda: _event(page="\ud800", x="\udfff"),
    "NUL": lambda: _event(page="\x00", eventType="\x00", x={"\x00": 1}),
    "no UTF-8": lambda: b'{"bucket":"\xff\xfe"}',
    "a byte-order mark": lambda: b"\xef\xbb\xbf" + _event(),
    "NaN and Infinity": lambda: _event(x=[float("nan"), float("inf")]),
    "500 small events": lambda: _events(limits.BATCH_EVENTS),
    "500 events, 1 MiB of letters": lambda: _full("abcdefgh"),
    "500 events, 1 MiB of escapes": lambda: _full('\\"'),
    "500 events, 1 MiB, one with NaN": lambda: (
        _full("abcdefgh")[:-4000] + b'"},{"x":NaN}]}'
    ),
    "500 events for 500 buckets": lambda: json.dumps(
        {"events": [{**_EVENT, "bucket": f"x{n}-lake"} for n in range(500)]}
    ).encode(),
    "500 pieces of nothing": lambda: json.dumps({"events": [None] * 500}).encode(),
    "1 MiB of blanks": lambda: b" " * _SIZE,
    "more than 1 MiB": lambda: b" " * (_SIZE + 1),
}
#: Bytes that a gzip body would have, of which the function sees the first.
BOMB_BYTES = 256 * 1024 * 1024


class _Store:
    """Takes everything and keeps the salt."""

    def put(self, *_: object, **__: object) -> Any:
        from handler.storage import Outcome, Put  # noqa: PLC0415 - measured

        return Put(Outcome.STORED)


def measure(body: bytes, *, packed: bool) -> dict[str, Any]:
    """Send a body to an app in this process and tell what it took."""
    from handler.app import make_app  # noqa: PLC0415 - measured
    from handler.buckets import Patterns  # noqa: PLC0415 - likewise
    from handler.settings import Settings  # noqa: PLC0415 - likewise

    store: Any = _Store()
    app = make_app(
        Settings(patterns=Patterns(["website-analytics", "*-lake"])),
        store,
        emit=lambda _: None,
    )
    request = {
        "httpMethod": "POST",
        "path": "/track",
        "headers": {"Content-Encoding": "gzip"} if packed else {},
        "requestContext": {"identity": {"sourceIp": "203.0.113.9"}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    app({**request, "body": base64.b64encode(_event()).decode(), "headers": {}}, None)
    before = _peak()
    start = time.process_time()
    reply = app(request, None)
    return {
        "bytes": len(body),
        "status": reply["statusCode"],
        "cpu_ms": (time.process_time() - start) * 1000,
        "more_mib": (_peak() - before) / 1024,
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure each body in a process of its own, or one in this."""
    parser = argparse.ArgumentParser(description="Measure the worst bodies.")
    parser.add_argument("--record", type=Path, metavar="FILE")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one is not None:
        bomb = options.one not in BODIES
        body = gzip.compress(bytes(BOMB_BYTES)) if bomb else BODIES[options.one]()
        print(json.dumps(measure(body, packed=bomb)))
        return
    rows = []
    for name in [*BODIES, "256 MiB in gzip"]:
        command = [sys.executable, "-m", "benchmarks.worst", "--one", name]
        runs = [
            json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            for _ in range(3)
        ]
        rows.append({"body": name, **min(runs, key=lambda run: run["cpu_ms"])})
    results = {"date": time.strftime("%Y-%m-%d", time.gmtime()), "bodies": rows}
    if options.record:
        options.record.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))


def table(results: dict[str, Any], most: int | None = None) -> str:
    """Return the measurements as Markdown, the slowest first.

    Args:
        results: What was measured.
        most: How many bodies are listed.
            Default: all.
    """
    rows = sorted(results["bodies"], key=lambda row: -float(row["cpu_ms"]))
    return markdown.table(
        ("body", "answer", "CPU ms", "more memory, MiB"),
        [
            (
                row["body"],
                str(row["status"]),
                f"{row['cpu_ms']:.0f}",
                f"{row['more_mib']:.0f}",
            )
            for row in rows[:most]
        ],
    )


def _peak() -> int:
    """Return the most memory that the process had, in KiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(row.split()[1]) for row in status.splitlines() if "VmHWM" in row)


if __name__ == "__main__":
    main()

"""One process of the load run's clients: what it sends, and what it is answered.

Ids and contents follow from the client's number, so whoever knows how many events it
was to send knows each of them.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlencode

BUCKETS = ("load-shop-analytics", "load-blog-analytics")
#: Events of a batch.
BATCH = 25
#: Of a hundred requests: batches and pixels; the rest are single events.
_BATCHES, _PIXELS = 8, 15
#: Of a hundred requests, those that are sent again, and batches that share events with
#: the one before.
_AGAIN, _SHARING = 3, 5
_PATIENCE = 60.0
_AGENT = "Mozilla/5.0 (X11; Linux x64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Task(NamedTuple):
    """What one process is to do."""

    number: int
    port: int
    events: int
    connections: int
    at: str
    """The time of every event: one day for all, also in a run across midnight."""


class Heard(NamedTuple):
    """What the answers to one process were."""

    accepted: int
    """Events acknowledged, each time that they were sent."""
    duplicates: int
    """Those of them that the answers called duplicates."""
    queued: int
    repeated: int
    """Events that were sent once more on purpose."""
    problems: Counter[str]
    """Answers that are no acknowledgement of all that was sent."""
    latencies: dict[str, list[float]]
    """Milliseconds of each request, by kind."""


class _Request(NamedTuple):
    kind: str
    method: str
    target: str
    body: bytes | None
    events: int
    repeated: int


def expected(task: Task) -> Iterator[tuple[str, str, str]]:
    """Yield bucket, id and page of every event that a process sends."""
    for index in range(task.events):
        event = _event(task, index)
        yield event["bucket"], event["eventId"], event["page"]


def run(task: Task) -> Heard:
    """Send everything and return what was heard."""
    requests = _requests(task)
    lock = threading.Lock()
    parts: list[Heard] = []
    failed: list[BaseException] = []

    def work() -> None:
        heard = Heard(0, 0, 0, 0, Counter(), {})
        server = HTTPConnection("127.0.0.1", task.port, timeout=_PATIENCE)
        try:
            while True:
                with lock:
                    request = next(requests, None)
                if request is None:
                    break
                heard = _send(server, request, heard)
        except BaseException as error:  # noqa: BLE001  raised again below
            failed.append(error)
        server.close()
        parts.append(heard)

    threads = [threading.Thread(target=work) for _ in range(task.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return merged(parts)


def merged(parts: list[Heard]) -> Heard:
    """Return what several heard together."""
    latencies: dict[str, list[float]] = {}
    for part in parts:
        for kind, some in part.latencies.items():
            latencies.setdefault(kind, []).extend(some)
    return Heard(
        sum(part.accepted for part in parts),
        sum(part.duplicates for part in parts),
        sum(part.queued for part in parts),
        sum(part.repeated for part in parts),
        sum((part.problems for part in parts), Counter()),
        latencies,
    )


def _send(server: HTTPConnection, request: _Request, heard: Heard) -> Heard:
    began = time.perf_counter()
    server.request(request.method, request.target, request.body, {"User-Agent": _AGENT})
    answer = server.getresponse()
    body = answer.read()
    took = (time.perf_counter() - began) * 1000
    heard.latencies.setdefault(request.kind, []).append(took)
    if request.kind == "pixel":
        why = answer.getheader("X-Tracker-Rejected")
        accepted = 0 if why else 1
        said: dict[str, Any] = {}
    else:
        said = json.loads(body)
        why = f"{answer.status} {said.get('error', said.get('status'))}"
        taken = answer.status < 300
        accepted = int(said.get("accepted", 1)) if taken else 0
    if accepted != request.events:
        heard.problems[str(why)] += 1
    # A single event's answer says `true`, which counts as one.
    duplicates = int(said.get("duplicates", said.get("duplicate", 0)))
    queued = int(said.get("queued", said.get("status") == "queued"))
    return heard._replace(
        accepted=heard.accepted + accepted,
        duplicates=heard.duplicates + duplicates,
        queued=heard.queued + queued,
        repeated=heard.repeated + request.repeated,
    )


def _requests(task: Task) -> Iterator[_Request]:
    """Yield the requests that bring every event at least once."""
    chance = random.Random(task.number)
    index = 0
    while index < task.events:
        draw = chance.randrange(100)
        count = BATCH if draw < _BATCHES else 1
        # Some of these events came with the request before.
        shared = count > 1 and chance.randrange(100) < _SHARING
        first = max(0, index - BATCH // 2) if shared else index
        last = min(first + count, task.events)
        events = [_event(task, each) for each in range(first, last)]
        kind = "pixel" if _BATCHES <= draw < _BATCHES + _PIXELS else "single"
        if count > 1:
            kind = "batch"
        request = _request(kind, events, index - first)
        yield request
        if chance.randrange(100) < _AGAIN:
            yield request._replace(repeated=len(events))
        index = last


def _request(kind: str, events: list[dict[str, Any]], repeated: int) -> _Request:
    if kind == "pixel":
        query = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in events[0].items()
        }
        target = "/pixel.gif?" + urlencode(query)
        return _Request(kind, "GET", target, None, 1, repeated)
    sent = {"events": events} if kind == "batch" else events[0]
    body = json.dumps(sent, separators=(",", ":")).encode()
    return _Request(kind, "POST", "/track", body, len(events), repeated)


def _event(task: Task, index: int) -> dict[str, Any]:
    return {
        "bucket": BUCKETS[index // 50 % len(BUCKETS)],
        "eventId": f"load-{task.number:02d}-{index:08d}",
        "eventType": "page_view" if index % 3 else "click",
        "timestamp": task.at,
        "page": f"/articles/{index * 7919 % 1009}?n={index}",
        "sessionId": f"session-{task.number}-{index // 20}",
        "viewport": {"width": 1280, "height": 720},
        "referrer": "https://www.example.com/",
        "metadata": {"n": index, "campaign": "autumn", "price": 19.9},
    }

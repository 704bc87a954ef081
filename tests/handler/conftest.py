"""One tracker, wired to fakes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from handler.app import make_app
from handler.buckets import Patterns
from handler.settings import Settings, Tenant
from handler.writer import make_writer

from .fakes import Clock, Context, MemoryQueue, MemoryStore, records_of, rest

SETTINGS = Settings(
    patterns=Patterns(["website-analytics", "*-lake"]),
    tenants={
        "shop": Tenant(
            "shop", "shop-private", "222222222222", frozenset({"https://shop.example"})
        ),
        "blog": Tenant("blog", "blog-private"),
    },
    bucket_owner="111111111111",
    salt_bucket="salts",
    salt_bucket_owner="111111111111",
    metrics=True,
)


class Tracker:
    """An app with its effects at hand.

    Args:
        settings: The tracker's settings.
        queued: Whether it has a queue.
    """

    def __init__(self, settings: Settings = SETTINGS, *, queued: bool = False) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock)
        self.queue = MemoryQueue(self.clock)
        self.lines: list[str] = []
        self.drawn = 0
        self.app = make_app(
            settings,
            self.store,
            queue=self.queue if queued else None,
            function_name="tracker",
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            entropy=self._entropy,
            emit=self.lines.append,
        )

    def send(self, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
        """Answer one API Gateway event."""
        return self.app(event, context or Context())

    def answer(self, event: Mapping[str, Any]) -> tuple[int, Any]:
        """Return the status and the body's JSON of an answer."""
        reply = self.send(event)
        return reply["statusCode"], json.loads(reply["body"])

    def send_events(
        self, events: Iterable[Any], **defaults: Any
    ) -> tuple[int, dict[str, Any]]:
        """Send a batch; return the status and the body's JSON of its answer."""
        status, answer = self.answer(rest({"events": list(events), **defaults}))
        assert isinstance(answer, dict)
        return status, answer

    def counted(self, metric: str) -> float:
        """Return the sum of a metric over all requests."""
        return sum(float(document.get(metric, 0)) for document in self.metrics)

    def write(
        self, bodies: Iterable[str] | None = None, context: Any = None
    ) -> list[str]:
        """Give messages to a writer, those of the queue by default.

        Returns:
            The identifiers of those that failed.
        """
        writer = make_writer(
            self.store,
            metrics_on=True,
            function_name="writer",
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            emit=self.lines.append,
        )
        records = records_of(self.queue.bodies if bodies is None else bodies)
        failures = writer(records, context or Context(60_000))["batchItemFailures"]
        return [failure["itemIdentifier"] for failure in failures]

    @property
    def log(self) -> list[dict[str, Any]]:
        """The structured log without the metrics."""
        lines = [json.loads(line) for line in self.lines]
        return [line for line in lines if "_aws" not in line]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The metric documents."""
        lines = [json.loads(line) for line in self.lines]
        return [line for line in lines if "_aws" in line]

    def _entropy(self, size: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(size, "big")


@pytest.fixture
def tracker() -> Tracker:
    """A tracker with two tenants, one named bucket and one pattern."""
    return Tracker()


@pytest.fixture
def tracker_with() -> Callable[..., Tracker]:
    """A tracker whose settings a test changes."""

    def make(**changes: Any) -> Tracker:
        return Tracker(SETTINGS._replace(**changes))

    return make


@pytest.fixture
def direct() -> Tracker:
    """The same tracker with a queue to fall back on."""
    return Tracker(queued=True)


@pytest.fixture
def buffered() -> Tracker:
    """The same tracker with a queue that goes first."""
    return Tracker(SETTINGS._replace(buffered=True), queued=True)

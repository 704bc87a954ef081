"""One tracker, wired to fakes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from handler.app import make_app
from handler.buckets import Patterns
from handler.settings import Settings, Tenant

from .fakes import Clock, Context, MemoryStore

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
    """An app with its effects at hand."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.store = MemoryStore()
        self.clock = Clock()
        self.lines: list[str] = []
        self.drawn = 0
        self.app = make_app(
            settings,
            self.store,
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

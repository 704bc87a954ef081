"""Processes that are killed: the function's, the writer's, the local server's."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from handler import settings

BUCKETS = ("website-analytics", "data-lake")
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"


class Killed(Exception):
    """The process ended before it answered."""


class Instance:
    """An instance of a function.

    Args:
        module: `handler.app` or `handler.writer`.
        port: Where S3 and SQS are.
        buffered: Whether the delivery is BUFFERED.
    """

    def __init__(self, module: str, port: int, *, buffered: bool = False) -> None:
        url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.instance", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={
                **os.environ,
                "AWS_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": "the-id",
                "AWS_SECRET_ACCESS_KEY": "the-secret",
                "AWS_ENDPOINT_URL": url,
                settings.ALLOWED_BUCKETS: ",".join(BUCKETS),
                settings.SALT_BUCKET: "salts",
                settings.QUEUE_URL: QUEUE,
                settings.BUFFERED: "1" if buffered else "0",
            },
        )
        assert self._process.stdin
        assert self._process.stdout
        self._ask = self._process.stdin
        self._answers = self._process.stdout
        assert self._answers.readline() == "ready\n"

    def kill_in(self, seconds: float) -> threading.Timer:
        """Kill it after a while, whatever it does then."""
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        return timer

    def ask(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return what it answers to an invocation.

        Raises:
            Killed: If it does not live to answer.
        """
        try:
            self._ask.write(json.dumps(event) + "\n")
            self._ask.flush()
        except OSError:
            raise Killed from None
        line = self._answers.readline()
        if not line.endswith("\n"):
            raise Killed
        return dict(json.loads(line))

    def close(self) -> None:
        """End it, if it lives."""
        self._process.kill()
        # What was written last was perhaps never read.
        with self._process, suppress(OSError):
            self._ask.close()


@contextmanager
def serving(folder: Path, seed: int) -> Iterator[int]:
    """S3 and SQS as a process; yields its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.server", str(folder), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


class Client:
    """Sends events until each is acknowledged.

    Args:
        name: What its events' ids begin with.
        seed: Decides how many come together, and where they go.
    """

    def __init__(self, name: str, seed: int) -> None:
        self._name = name
        self._random = random.Random(seed)
        self._made = 0
        self._waiting: list[dict[str, Any]] = []
        self._alone = False
        self.acknowledged: set[str] = set()

    def next(self, at: str) -> dict[str, Any]:
        """Return what to send: what is not acknowledged first, else new events."""
        if not self._waiting:
            count = self._random.choice((1, 1, 1, 2, 8, 25))
            self._alone = count == 1
            self._waiting = [self._event(at) for _ in range(count)]
        if self._alone:
            return self._waiting[0]
        return {"events": self._waiting}

    def heard(self, status: int, answer: Mapping[str, Any]) -> None:
        """Note an answer."""
        if status >= 300:
            return
        taken = answer["eventIds"] if "eventIds" in answer else [answer["eventId"]]
        self.acknowledged.update(taken)
        self._waiting = [
            event for event in self._waiting if event["eventId"] not in taken
        ]

    @property
    def is_done(self) -> bool:
        """Whether everything that it sent is acknowledged."""
        return not self._waiting

    def _event(self, at: str) -> dict[str, Any]:
        self._made += 1
        return {
            "eventId": f"{self._name}-{self._made:06d}",
            "bucket": self._random.choice(BUCKETS),
            "eventType": "page_view",
            "timestamp": at,
            "page": "/" + "x" * self._random.randrange(200),
        }

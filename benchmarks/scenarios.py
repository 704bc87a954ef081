"""What each contender is sent: how many events, in what, how often.

Peers that are slow are sent fewer, so that no run takes longer than a few seconds; a
figure is per event all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from . import contenders, load, processes, verify
from .certificates import Certificates
from .contenders import Contender
from .load import Event, Invocation
from .processes import Plan
from .stand_in import StandIn

BATCH = 25
#: Messages of an invocation of the writer, where each holds a batch; without a batch
#: an invocation is as full as SQS makes it.
MESSAGES_OF_BATCHES = 1000
#: As many messages of one event fill no invocation: each is about 1.3 kB of it.
_MESSAGES = 4000


class Size(NamedTuple):
    """How much there is to do."""

    warm_up: int
    """Requests before those that are measured."""
    chunks: int
    chunk: int
    """Requests of a chunk."""

    @property
    def total(self) -> int:
        """All requests of a run."""
        return self.warm_up + self.chunks * self.chunk


class Sizes(NamedTuple):
    """How much there is to do, by who does it."""

    slow: Size
    node: Size
    """Its compiler needs longer to warm up."""
    fast: Size
    slow_batch: Size
    node_batch: Size
    fast_batch: Size
    writer: Size
    """In the writer's invocations."""
    writer_messages: int
    """The most messages of an invocation."""

    @property
    def events(self) -> int:
        """As many events as any run needs, with some that fill no batch."""
        single = (self.slow, self.node, self.fast)
        batched = (self.slow_batch, self.node_batch, self.fast_batch)
        most = max(size.total for size in batched) + 20
        return max(BATCH * most, *(size.total for size in single))


FULL_SIZES = Sizes(
    slow=Size(300, 10, 200),
    node=Size(2500, 10, 200),
    fast=Size(1000, 20, 500),
    slow_batch=Size(20, 10, 8),
    node_batch=Size(100, 10, 8),
    fast_batch=Size(40, 20, 20),
    writer=Size(1, 3, 1),
    writer_messages=load.INVOCATION_MESSAGES,
)
QUICK_SIZES = Sizes(
    slow=Size(5, 2, 20),
    node=Size(5, 2, 20),
    fast=Size(5, 2, 50),
    slow_batch=Size(1, 2, 2),
    node_batch=Size(1, 2, 2),
    fast_batch=Size(1, 2, 5),
    writer=Size(1, 2, 1),
    writer_messages=50,
)


class Scenario(NamedTuple):
    """One contender with what it is sent."""

    kind: str
    """`single`, `batch` or `writer`; `messages` only prepares the last."""
    per_request: int
    """Events of a request, or of a message."""
    contender: Contender
    plan: Plan
    sent: Sequence[Event]
    """The events of all invocations."""
    invocations: int


class Maker:
    """Makes scenarios and the files that they need.

    Args:
        folder: Where files go.
        sizes: How much there is to do.
    """

    def __init__(self, folder: Path, sizes: Sizes) -> None:
        self._folder = folder
        self._sizes = sizes
        self._every: list[Event] = []

    def requests(self, contender: Contender, per_request: int) -> Scenario:
        """Return a scenario of requests to the API."""
        size = self._size(contender, per_request)
        every = self._events(self._sizes.events)
        if per_request == 1:
            invocations = list(load.single(every[: size.total]))
        else:
            invocations = list(load.batches(every, per_request))[: size.total]
        kind = "single" if per_request == 1 else "batch"
        return self._scenario(kind, contender, per_request, size, invocations)

    def deliveries(
        self,
        buffered: Contender,
        writer: Contender,
        per_message: int,
        stand_in: StandIn,
        certificates: Certificates,
    ) -> Scenario:
        """Return a scenario of the writer, with messages that the function wrote."""
        size = self._sizes.writer
        limit = self._sizes.writer_messages
        if per_message > 1:
            limit = min(limit, MESSAGES_OF_BATCHES)
        messages = size.total * min(limit, _MESSAGES)
        every = self._events(messages * per_message + 500)
        requests = (
            list(load.single(every[:messages]))
            if per_message == 1
            else list(load.batches(every, per_message))[:messages]
        )
        made = self._scenario(
            "messages", buffered, per_message, Size(1, 1, len(requests) - 1), requests
        )
        stand_in.take()
        processes.warm(buffered, made.plan, stand_in, certificates)
        taken = stand_in.take()
        verify.queued(taken, made.sent)
        carried = [request.events for request in requests]
        invocations = list(load.deliveries(taken.messages, carried, limit))
        return self._scenario(
            "writer", writer, per_message, size, invocations[: size.total]
        )

    def _scenario(
        self,
        kind: str,
        contender: Contender,
        per_request: int,
        size: Size,
        invocations: Iterable[Invocation],
    ) -> Scenario:
        invocations = list(invocations)
        path = self._folder / f"{kind}-{contender.name}-{per_request}.jsonl"
        sent = load.write(path, invocations)
        events = len(sent) / len(invocations)
        plan = Plan(path, size.warm_up, size.chunk, events)
        return Scenario(kind, per_request, contender, plan, sent, len(invocations))

    def _size(self, contender: Contender, per_request: int) -> Size:
        sizes = self._sizes
        if contender.node:
            return sizes.node if per_request == 1 else sizes.node_batch
        quick = contender.ours or contender.name == contenders.BARE
        slow = contender.stores and not quick
        if per_request == 1:
            return sizes.slow if slow else sizes.fast
        # One object a request is no slower than ours by much.
        slow = slow and contender.name != contenders.GZIP
        return sizes.slow_batch if slow else sizes.fast_batch

    def _events(self, number: int) -> list[Event]:
        if len(self._every) < number:
            self._every = load.events(number, load.now())
        return self._every[:number]

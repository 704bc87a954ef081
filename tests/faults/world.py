"""S3 and SQS on the loopback, the function and its writer, and one clock for all.

Time passes only where somebody waits for it: a silent server costs the function its
whole timeout and the test nothing, and what happened once happens again.
"""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

from handler.app import make_app
from handler.buckets import Patterns
from handler.calls import Caller
from handler.endpoints import Endpoints, queue_endpoint
from handler.pool import Pool
from handler.s3 import S3Store
from handler.settings import Settings, Tenant
from handler.sigv4 import Credentials
from handler.sqs import SqsQueue
from handler.tls import TlsStream, Trust
from handler.writer import make_writer

from ..handler.fakes import Clock, Context
from ..handler.scripted_s3 import ScriptedS3, Step
from ..handler.scripted_sqs import ScriptedSqs

SETTINGS = Settings(
    patterns=Patterns(["website-analytics", "*-lake"]),
    tenants={
        "shop": Tenant("shop", "shop-private", "222222222222"),
        "blog": Tenant("blog", "blog-private"),
    },
    bucket_owner="111111111111",
    salt_bucket="salts",
    salt_bucket_owner="111111111111",
    metrics=True,
)
#: Receives after which SQS moves a message to the dead letters, as deployed.
MAX_RECEIVES = 5

_CREDENTIALS = Credentials("the-id", "the-secret", "the-token")
_QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"
#: Seconds that no sum of times is wrong by.
ROUNDING = 1e-6
# Seconds of real time after which a server that should answer is broken.
_PATIENCE = 20.0


class Wire:
    """What the servers tell the function's sockets about time.

    Args:
        clock: Both sides' clock.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.hushed = threading.Event()
        """Set by a server that will say nothing more on the connection in use."""
        self.pace = 0.0
        """Seconds that each byte of the answer under way takes."""
        self.spares_salts = False
        """Whether troubles wait for a request that is about events."""
        self.met: list[str] = []
        """The faults that were met, in order."""


class _Socket:
    """A connected socket whose timeouts are told by the wire's clock."""

    def __init__(self, sock: socket.socket, wire: Wire) -> None:
        self._sock = sock
        self._wire = wire
        self._timeout = 0.0
        sock.settimeout(_PATIENCE)
        self.fileno = sock.fileno
        self.send = sock.send

    def close(self) -> None:
        self._wire.hushed.clear()
        self._sock.close()

    def settimeout(self, seconds: float) -> None:
        self._timeout = seconds

    def recv(self, size: int) -> bytes:
        wire = self._wire
        for _ in range(int(_PATIENCE / 0.002)):
            if select.select([self._sock], [], [], 0.002)[0]:
                break
            if wire.hushed.is_set():
                self._wait(self._timeout)
        if not wire.pace:
            return self._sock.recv(size)
        self._wait(min(wire.pace, self._timeout))
        return self._sock.recv(1)

    def _wait(self, seconds: float) -> None:
        late = seconds >= self._timeout
        # So little more that no rounding leaves an instant before the deadline.
        self._wire.clock.advance(seconds + late * ROUNDING)
        if late:
            raise TimeoutError


class _Believer(Trust):
    """In the place where TLS would begin, time does."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def wrap(self, sock: socket.socket, host: str, seconds: float) -> TlsStream:  # noqa: ARG002  as TLS
        return cast("TlsStream", _Socket(sock, self._wire))


class Queued(NamedTuple):
    """A message on the queue or among the dead letters."""

    id: str
    body: str
    receives: int = 0


class World:
    """Everything that outlives a request.

    Args:
        buffered: Whether the tracker's delivery is BUFFERED.
    """

    def __init__(self, *, buffered: bool) -> None:
        self.settings = SETTINGS._replace(buffered=buffered)
        self.clock = Clock()
        self.wire = Wire(self.clock)
        self.s3 = ScriptedS3()
        self.sqs = ScriptedSqs()
        self.queue: list[Queued] = []
        self.dead: list[Queued] = []
        self.log: list[str] = []
        self.draws: deque[int] = deque()
        """What the next ids that are short are made of, where a test decides it."""
        self._drawn = 0
        self._sent = 0
        self._pools: list[Pool] = []
        self.restart()

    def close(self) -> None:
        self._close_pools()
        self.s3.close()
        self.sqs.close()

    def restart(self) -> None:
        """Start two new instances of the function and one of the writer."""
        self._close_pools()
        self.apps = [self._start() for _ in range(2)]
        store, _ = self._store()
        self.writer = make_writer(
            store,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            emit=self.log.append,
        )

    def ask(
        self, event: Mapping[str, Any], milliseconds: int, instance: int
    ) -> dict[str, Any]:
        """Pass one event of API Gateway to an instance of the function."""
        return self.apps[instance](event, Context(milliseconds))

    def script(self, s3: Sequence[Step] = (), sqs: Sequence[Step] = ()) -> None:
        """Tell the servers what to do with the next requests; then they obey."""
        self.s3.steps, self.sqs.steps = list(s3), list(sqs)
        self.wire.met.clear()
        self.wire.pace = 0.0

    def arrive(self) -> None:
        """Let what SQS took be on the queue."""
        for body in self.sqs.messages:
            self._sent += 1
            self.queue.append(Queued(f"message-{self._sent}", body))
        self.sqs.messages.clear()

    def objects(self) -> dict[tuple[str, str], bytes]:
        """Every object by bucket and key."""
        found = {}
        for path, body in self.s3.objects.items():
            bucket, _, key = unquote(path)[1:].partition("/")
            found[bucket, key] = body
        return found

    def _start(self) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
        store, pool = self._store()
        queue = SqsQueue(
            queue_endpoint({"AWS_ENDPOINT_URL_SQS": _local(self.sqs.port)}, _QUEUE_URL),
            _QUEUE_URL,
            Caller(
                "sqs",
                _CREDENTIALS,
                pool,
                monotonic=self.clock.monotonic,
                wall=self.clock.now,
                sleep=self.clock.advance,
                jitter=lambda: 1.0,
            ),
        )
        return make_app(
            self.settings,
            store,
            queue=queue,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            entropy=self._entropy,
            emit=self.log.append,
        )

    def _store(self) -> tuple[S3Store, Pool]:
        pool = Pool(
            _Believer(self.wire), monotonic=self.clock.monotonic, wall=self.clock.now
        )
        self._pools.append(pool)
        store = S3Store(
            Endpoints("eu-west-1", url=_local(self.s3.port)),
            Caller(
                "s3",
                _CREDENTIALS,
                pool,
                monotonic=self.clock.monotonic,
                wall=self.clock.now,
                sleep=self.clock.advance,
                jitter=lambda: 1.0,
            ),
        )
        return store, pool

    def _close_pools(self) -> None:
        for pool in self._pools:
            pool.close()
        self._pools.clear()

    def _entropy(self, size: int) -> bytes:
        self._drawn += 1
        number = self._drawn
        if size == 4 and self.draws:
            number = self.draws.popleft()
        return number.to_bytes(size, "big")


def _local(port: int) -> str:
    return f"https://127.0.0.1:{port}"

"""One query in Athena: started once, watched, and stopped when nobody waits for it."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from .athena_failures import failed
from .errors import QueryCancelled

#: Seconds between two looks: at first, at most, and how they grow.
_SOON, _LATE, _GROWTH = 0.2, 3.0, 1.5
#: Seconds without a look that succeeds after which the query is given up.
_PATIENCE = 60.0
_RETRYABLE = frozenset(
    {
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

Answer = Mapping[str, Any]


class Progress(NamedTuple):
    """How far a query is.

    Attributes:
        state: Athena's word for it: `QUEUED`, `RUNNING`, `SUCCEEDED`, …
        bytes_scanned: Bytes read so far.
        seconds: Time since the query was sent.
    """

    state: str
    bytes_scanned: int
    seconds: float


class Execution:
    """One run of one query.

    Args:
        athena: A client of boto3's.
        request: The arguments of `StartQueryExecution`, without a token.
        on_progress: Called after each look.
    """

    def __init__(
        self,
        athena: Any,
        request: Mapping[str, Any],
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.id: str | None = None
        self._athena = athena
        # Sent twice, it starts one query.
        self._request = {**request, "ClientRequestToken": str(uuid.uuid4())}
        self._on_progress = on_progress
        self._starting = threading.Lock()
        self._unwanted = threading.Event()
        self._ended = False
        self._began = time.monotonic()

    def run(self) -> Answer:
        """Start the query and wait for its end; stop it if that is interrupted.

        Returns:
            Athena's description of the query.

        Raises:
            QueryError: If it fails or was stopped.
            botocore.exceptions.BotoCoreError: If Athena cannot be reached.
            botocore.exceptions.ClientError: If Athena refuses.
        """
        try:
            self._start()
            return self._wait()
        except BaseException:
            # Its error is the one that counts.
            with suppress(Exception):
                self.stop()
            raise

    def stop(self) -> bool:
        """Stop the query unless it has ended; any thread may call this.

        Returns:
            Whether there was a query to stop.

        Raises:
            botocore.exceptions.BotoCoreError: If Athena cannot be reached.
            botocore.exceptions.ClientError: If Athena refuses.
        """
        self._unwanted.set()
        with self._starting:
            if self.id is None or self._ended:
                return False
            self._athena.stop_query_execution(QueryExecutionId=self.id)
            self._ended = True
            return True

    def _start(self) -> None:
        with self._starting:
            if self._unwanted.is_set():
                raise QueryCancelled("the query was cancelled before it began")
            try:
                self._send()
            except KeyboardInterrupt:
                # It may have begun. The same token tells which one it is.
                with suppress(Exception):
                    self._send()
                raise

    def _send(self) -> None:
        answer = self._athena.start_query_execution(**self._request)
        self.id = str(answer["QueryExecutionId"])

    def _wait(self) -> Answer:
        delay, seen = _SOON, time.monotonic()
        while True:
            answer = self._look(time.monotonic() - seen)
            if answer is not None:
                seen = time.monotonic()
                self._tell(answer)
                if self._has_ended(answer):
                    return answer
            # Several who wait do not ask at the same moment.
            if self._unwanted.wait(delay * random.uniform(0.8, 1.2)):  # noqa: S311  no secret
                raise QueryCancelled("the query was cancelled", self.id)
            delay = min(delay * _GROWTH, _LATE)

    def _look(self, blind_seconds: float) -> Answer | None:
        """Return what Athena says of the query, or None where it says nothing now."""
        from botocore import exceptions as errors  # noqa: PLC0415  an extra

        try:
            told = self._athena.get_query_execution(QueryExecutionId=self.id)
        except errors.ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code not in _RETRYABLE or blind_seconds > _PATIENCE:
                raise
            return None
        except (errors.ConnectionError, errors.HTTPClientError):
            if blind_seconds > _PATIENCE:
                raise
            return None
        answer: Answer = told["QueryExecution"]
        return answer

    def _tell(self, answer: Answer) -> None:
        if self._on_progress:
            scanned = answer.get("Statistics", {}).get("DataScannedInBytes", 0)
            seconds = time.monotonic() - self._began
            self._on_progress(Progress(answer["Status"]["State"], scanned, seconds))

    def _has_ended(self, answer: Answer) -> bool:
        state = answer["Status"]["State"]
        if state in ("QUEUED", "RUNNING"):
            return False
        self._ended = True
        if state != "SUCCEEDED":
            raise failed(answer)
        return True

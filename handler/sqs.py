"""The queue that is one of SQS's: signed requests, retried inside a deadline.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from . import calls
from .endpoints import Endpoint, configured_url, queue_endpoint
from .http1 import Response
from .pool import Pool
from .sigv4 import Credentials
from .typed import Any

_HEADERS = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "AmazonSQS.SendMessage",
}


class SqsQueue:
    """Puts messages on a queue of SQS, or of what speaks SQS's JSON protocol.

    Not thread safe: Lambda runs one request at a time.

    Args:
        endpoint: Where requests for the queue go.
        queue_url: The queue's URL; it names the queue, whatever the endpoint.
        caller: What makes the calls.
    """

    def __init__(
        self, endpoint: Endpoint, queue_url: str, caller: calls.Caller
    ) -> None:
        self.pool = caller.pool
        """What carries the requests."""
        self._target = caller.target("POST", endpoint, _HEADERS)
        self._start = f'{{"QueueUrl": {json.dumps(queue_url)}, "MessageBody": '
        self._caller = caller

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], queue_url: str, *, pool: Pool | None = None
    ) -> SqsQueue:
        """Build the queue from the variables that the AWS SDKs read.

        Args:
            environ: The environment.
            queue_url: The queue's URL.
            pool: One in use already, such as an S3 store's. It is shared if it is for
                the same kind of server: AWS's own, or whatever URLs were given for.
                Default: a pool of its own.

        Raises:
            ValueError: If the region or the credentials are missing, or an endpoint's
                URL is none.
            OSError: If ``AWS_CA_BUNDLE`` cannot be read.
        """
        endpoint = queue_endpoint(environ, queue_url)
        credentials = Credentials.from_environment(environ)
        amazon = configured_url(environ, "SQS") is None
        # Reading authorities takes longer than all else here.
        if pool is None or pool.amazon is not amazon:
            pool = Pool.from_environment(environ, amazon=amazon)
        return cls(endpoint, queue_url, calls.Caller("sqs", credentials, pool))

    def send(self, body: str, *, deadline: float) -> None:
        """Put a message on the queue: see the protocol."""
        self._caller.settle(
            _Call(
                self._target,
                f"{self._start}{json.dumps(body)}}}".encode(),
                hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            ),
            deadline,
        )


class _Refusal(calls.Refusal):
    """An answer of SQS that does not acknowledge the message."""

    transient = frozenset(
        {
            408,
            429,
            "KmsThrottled",
            "MD5Mismatch",
            "OverLimit",
            "RequestThrottled",
            "RequestTimeout",
            "Throttling",
            "ThrottlingException",
        }
    )
    missing = frozenset(
        {404, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"}
    )
    # SQS has no word of its own for a wrong clock.
    untimely = frozenset(
        {"InvalidSignatureException", "RequestExpired", "SignatureDoesNotMatch"}
    )


class _Call:
    """A request to send one message."""

    path = ""
    values: tuple[str, ...] = ()

    def __init__(self, target: calls.Target, body: bytes, md5: str) -> None:
        self.body = body
        self.sha256 = hashlib.sha256(body).hexdigest()
        self.target = target
        self._md5 = md5

    def refusal(self, response: Response) -> _Refusal | None:
        members = _members(response.body)
        if response.status != 200:
            return _Refusal(response.status, _code(members.get("__type")))
        if members.get("MD5OfMessageBody") == self._md5:
            return None
        # What the queue took, if anything, is not what was sent. Sent again, it may be
        # there twice: that does no harm.
        return _Refusal(response.status, "MD5Mismatch")


def _members(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _code(kind: object) -> str:
    # Such as "com.amazonaws.sqs#QueueDoesNotExist".
    code = str(kind or "").rpartition("#")[2][:64]
    return code if code.isascii() and code.replace(".", "").isalnum() else ""

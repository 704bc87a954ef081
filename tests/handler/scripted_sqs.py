"""A small SQS on the loopback that keeps messages, and misbehaves as it is told to."""

from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import Iterable

from .scripted_s3 import Conversation, Request, ScriptedS3, Step, send


class ScriptedSqs(ScriptedS3):
    """Listens until it is closed.

    Args:
        steps: What to do with the first requests, in order; later ones
            are taken.
        tls: The server's side of TLS.
            Default: plain HTTP.
    """

    def __init__(
        self, steps: Iterable[Step] = (), tls: ssl.SSLContext | None = None
    ) -> None:
        self.messages: list[str] = []
        super().__init__(steps, tls, usual=take)

    def __enter__(self) -> ScriptedSqs:
        return self


def take(conversation: Conversation, request: Request) -> bool:
    """Do what SQS does with a message."""
    return acknowledge(_take(conversation, request))(conversation, request)


def take_and_reset(conversation: Conversation, request: Request) -> bool:
    """Take the message, and break the connection before the answer."""
    _take(conversation, request)
    conversation.reset()
    return False


def take_and_fail(conversation: Conversation, request: Request) -> bool:
    """Take the message, and say that something went wrong."""
    _take(conversation, request)
    return error(500, "InternalFailure")(conversation, request)


def take_something_else(conversation: Conversation, request: Request) -> bool:
    """Take another message than was sent, and say so."""
    return acknowledge(_take(conversation, request) + "!")(conversation, request)


def take_and_hang_up(conversation: Conversation, request: Request) -> bool:
    """Answer as if the connection were to stay, and end it."""
    take(conversation, request)
    return False


def acknowledge(message: str) -> Step:
    """Say that this is the message taken."""
    md5 = hashlib.md5(message.encode()).hexdigest()
    return answer(200, {"MessageId": "5fea7756-0ea4-451a", "MD5OfMessageBody": md5})


def error(
    status: int,
    code: str,
    *,
    namespace: str = "com.amazonaws.sqs#",
    date: str | None = None,
) -> Step:
    """Refuse in SQS's words."""
    members = {"__type": f"{namespace}{code}", "message": "secret words"}
    return answer(status, members, date=date)


def answer(
    status: int,
    members: object,
    *,
    date: str | None = None,
    close: bool = False,
) -> Step:
    """Answer with a status and JSON."""
    body = json.dumps(members).encode()
    lines = [
        f"HTTP/1.1 {status} Whatever",
        "x-amzn-RequestId: 48eb8e3b-6e4c-5d4b",
        "Content-Type: application/x-amz-json-1.0",
        f"Content-Length: {len(body)}",
    ]
    if date is not None:
        lines.append(f"Date: {date}")
    if close:
        lines.append("connection: close")
    return send("\r\n".join([*lines, "", ""]).encode() + body, keep=not close)


def _take(conversation: Conversation, request: Request) -> str:
    assert isinstance(conversation.server, ScriptedSqs)
    message: str = json.loads(request.body)["MessageBody"]
    conversation.server.messages.append(message)
    return message

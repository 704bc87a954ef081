"""What can go wrong at S3 and at SQS, one request at a time, by name."""

from __future__ import annotations

import json
from email.utils import formatdate

from ..handler import scripted_s3 as s3
from ..handler import scripted_sqs as sqs
from ..handler.s3_rig import region_of
from ..handler.scripted_s3 import Conversation, Request, Step
from ..handler.scripted_sqs import ScriptedSqs
from .world import Wire

#: Seconds that a byte of a slow answer takes; an answer has some hundred bytes.
_PACES = {"slow": 0.004, "too slow": 0.2}
#: Seconds by which a clock is said to be wrong.
_SKEW = 3600.0
_REGIONS = ("eu-central-1", "us-west-2")

#: Troubles of S3 in which it has not done what was asked.
S3_BEFORE = (
    "403",
    "404",
    "409",
    "500",
    "503",
    "reset",
    "silence",
    "skew",
    "redirect 301",
    "redirect 400",
    # Done and told, but the next request finds the connection closed.
    "hang up",
)
#: Those in which it has.
S3_AFTER = (
    "500 after",
    "reset after",
    "silence after",
    "slow",
    "too slow",
)
SQS_BEFORE = (
    "400",
    "403",
    "500",
    "503",
    "throttled",
    "reset",
    "silence",
    "skew",
    "hang up",
)
SQS_AFTER = (
    "500 after",
    "reset after",
    "silence after",
    "slow",
    "too slow",
    "another digest",
)
#: No trouble; the next request may have some.
OBEY = "obey"


def s3_step(name: str, wire: Wire) -> Step:
    """Return what S3 does in a trouble."""

    def skew(conversation: Conversation, request: Request) -> bool:
        date = {"Date": formatdate(wire.clock.now() + _SKEW, usegmt=True)}
        step = s3.answer(403, "RequestTimeTooSkewed", headers=date)
        return step(conversation, request)

    hush = _hush(wire)
    steps: dict[str, Step] = {
        "403": s3.answer(403, "AccessDenied"),
        "404": s3.answer(404, "NoSuchBucket"),
        "409": s3.answer(409, "ConditionalRequestConflict"),
        "500": s3.answer(500, "InternalError"),
        "503": s3.answer(503, "SlowDown"),
        "reset": s3.reset,
        "silence": hush,
        "skew": skew,
        "redirect 301": _moved,
        "redirect 400": _malformed,
        "hang up": s3.obey_and_hang_up,
        "500 after": _written(s3.answer(500, "InternalError")),
        "reset after": _written(s3.reset),
        "silence after": _written(hush),
    }
    return _noted("s3", name, wire, steps.get(name, s3.obey))


def sqs_step(name: str, wire: Wire) -> Step:
    """Return what SQS does in a trouble."""

    def skew(conversation: Conversation, request: Request) -> bool:
        date = formatdate(wire.clock.now() + _SKEW, usegmt=True)
        step = sqs.error(403, "InvalidSignatureException", namespace="", date=date)
        return step(conversation, request)

    hush = _hush(wire)
    steps: dict[str, Step] = {
        "400": sqs.error(400, "QueueDoesNotExist"),
        "403": sqs.error(403, "AccessDeniedException", namespace=""),
        "500": sqs.error(500, "InternalFailure"),
        "503": sqs.error(503, "ServiceUnavailable"),
        "throttled": sqs.error(400, "RequestThrottled"),
        "reset": s3.reset,
        "silence": hush,
        "skew": skew,
        "hang up": sqs.take_and_hang_up,
        "500 after": sqs.take_and_fail,
        "reset after": sqs.take_and_reset,
        "silence after": _taken(hush),
        "another digest": _taken(sqs.acknowledge("another message")),
    }
    return _noted("sqs", name, wire, steps.get(name, sqs.take))


def is_harmful(met: str) -> bool:
    """Whether a trouble that was met may leave what was asked done, and nobody told."""
    service, _, name = met.partition(" ")
    return name in (S3_AFTER if service == "s3" else SQS_AFTER)


def _noted(service: str, name: str, wire: Wire, step: Step) -> Step:
    """Return a step that is noted on the wire when it is met."""

    def noted(conversation: Conversation, request: Request) -> bool:
        if wire.spares_salts and request.path.startswith("/salts/"):
            conversation.server.steps.insert(0, noted)
            return s3.obey(conversation, request)
        wire.pace = _PACES.get(name, 0.0)
        if name != OBEY:
            wire.met.append(f"{service} {name}")
        return step(conversation, request)

    return noted


def _moved(conversation: Conversation, request: Request) -> bool:
    headers = {"x-amz-bucket-region": _elsewhere(request)}
    return s3.answer(301, "PermanentRedirect", headers=headers)(conversation, request)


def _malformed(conversation: Conversation, request: Request) -> bool:
    inside = f"<Region>{_elsewhere(request)}</Region>"
    step = s3.answer(400, "AuthorizationHeaderMalformed", inside=inside)
    return step(conversation, request)


def _elsewhere(request: Request) -> str:
    """Return a region that the request is not signed for."""
    return next(region for region in _REGIONS if region != region_of(request))


def _written(then: Step) -> Step:
    """Return a step that does what S3 does, and says something else."""

    def step(conversation: Conversation, request: Request) -> bool:
        objects = conversation.server.objects
        if request.method == "PUT":
            # All writes are conditional: S3 keeps what is there.
            objects.setdefault(request.path, request.body)
        elif request.method == "DELETE":
            objects.pop(request.path, None)
        return then(conversation, request)

    return step


def _taken(then: Step) -> Step:
    """Return a step that takes a message, and says something else."""

    def step(conversation: Conversation, request: Request) -> bool:
        assert isinstance(conversation.server, ScriptedSqs)
        message: str = json.loads(request.body)["MessageBody"]
        conversation.server.messages.append(message)
        return then(conversation, request)

    return step


def _hush(wire: Wire) -> Step:
    """Return a step that says nothing until the client has gone."""

    def step(conversation: Conversation, _: Request) -> bool:
        wire.hushed.set()
        while conversation.sock.recv(65536):
            pass
        return False

    return step

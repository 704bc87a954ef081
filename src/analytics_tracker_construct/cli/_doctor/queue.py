"""Checks of the queue, of the writer that reads it, and of the dead letters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ... import _actions
from ..._deployed_numbers import RETENTION_DAYS, hidden_seconds
from .. import _letters, _redrive
from .._aws import Answer, AwsError, call
from .._deployed import Queue
from .._letters import instant
from .._tally import Tally
from . import keys, rights
from .findings import (
    RECREATE,
    UNCHANGED,
    Finding,
    failure,
    ok,
    unknown,
    warning,
)
from .subject import Subject

_DAY = 86_400
_RETENTION = RETENTION_DAYS * _DAY
# The oldest message may wait for the window, a retry or two, and their visibility.
_LATE = 3_600
_VERY_LATE = _DAY
# Days left to the oldest dead letter below which it is a matter of today.
_DAYS_LEFT = 3
# Letters that are looked at; more take longer than a check should.
_PEEK = 100
_DEAD = "dead letters"


def mappings(subject: Subject, queue: Queue) -> list[Answer]:
    """Return what Lambda functions read the queue.

    Raises:
        AwsError: If AWS does not tell.
    """
    answer = call(
        "lambda:ListEventSourceMappings",
        subject.client("lambda").list_event_source_mappings,
        EventSourceArn=queue.arn,
    )
    found: list[Answer] = answer.get("EventSourceMappings", [])
    return found


def depth(subject: Subject, queue: Queue) -> Iterator[Finding]:
    """Yield how many messages wait, how long, and whether they are kept long enough."""
    if queue.retention < _RETENTION:
        yield warning(
            "queue",
            f"messages are kept for {queue.retention / _DAY:.1f} days, "
            f"not {RETENTION_DAYS}",
            _set(queue, "MessageRetentionPeriod", _RETENTION),
        )
    if queue.dead_letters is None:
        yield failure(
            "queue",
            "it has no dead-letter queue, so what cannot be stored is lost in the end",
            "set its RedrivePolicy as the stack's template has it, with the ARN of the "
            f"stack's dead-letter queue; {UNCHANGED}",
        )
    found = f"{queue.visible:,} messages wait, {queue.in_flight:,} are in flight"
    try:
        age = _age(subject, queue)
    except AwsError as error:
        yield ok("queue", found)
        yield unknown("queue, the oldest", error)
        return
    if age is None:
        yield ok("queue", f"{found}; CloudWatch knows no age of the oldest")
    elif age < _LATE:
        yield ok("queue", f"{found}, the oldest is {_span(age)} old")
    else:
        judge = failure if age >= _VERY_LATE else warning
        yield judge(
            "queue",
            f"{found}, the oldest is {_span(age)} old",
            "look at the writer's errors, throttles and reserved concurrency",
        )


def readers(
    found: list[Answer], queue: Queue, timeout: int | None
) -> Iterator[Finding]:
    """Yield whether a writer reads the queue, and as it must.

    Args:
        found: The queue's event source mappings.
        queue: The queue.
        timeout: The writer's, in seconds, where it is known.
    """
    if not found:
        yield failure(
            "writer",
            "no function reads the queue, so queued events are not stored",
            f"the writer's event source mapping is gone: {RECREATE}",
        )
    for mapping in found:
        name = mapping["FunctionArn"].split(":function:")[-1]
        check = f"writer {name}"
        state = mapping.get("State", "Enabled")
        result = mapping.get("LastProcessingResult") or ""
        if state in ("Disabled", "Disabling"):
            yield failure(
                check,
                f"its event source mapping is {state}",
                "enable it: aws lambda update-event-source-mapping --enabled --uuid "
                f"{mapping['UUID']}",
            )
        elif state != "Enabled":
            yield warning(
                check, f"its event source mapping is {state}", "look again soon"
            )
        elif result.startswith("PROBLEM"):
            yield failure(
                check,
                f"the last processing was a {result}",
                "look at the writer's log and its role",
            )
        else:
            yield ok(check, f"{state}, last result: {result or 'not told'}")
        if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
            yield failure(
                check,
                "Lambda does not ask which messages failed, and deletes them all",
                "set it: aws lambda update-event-source-mapping "
                "--function-response-types ReportBatchItemFailures --uuid "
                f"{mapping['UUID']}",
            )
        window = mapping.get("MaximumBatchingWindowInSeconds") or 0
        if timeout is None:
            continue
        hidden = hidden_seconds(timeout, window)
        if queue.visibility < hidden:
            yield warning(
                check,
                f"messages are hidden for {queue.visibility} s, less than six times "
                f"its timeout of {timeout} s and its window of {window} s",
                "so that no message is stored twice, "
                + _set(queue, "VisibilityTimeout", hidden),
            )


def may_send(subject: Subject, arn: str) -> Iterator[Finding]:
    """Yield whether the ingest function may put events on the queue.

    Args:
        subject: The tracker.
        arn: The queue's.

    Raises:
        AwsError: If the simulator cannot be asked.
    """
    yield from rights.may(
        subject,
        subject.ingest_role,
        (_actions.SEND,),
        arn,
        {},
        check="rights on the queue",
    )


def may_use_key(subject: Subject, queue: Queue) -> Iterator[Finding]:
    """Yield whether the tracker's roles may use the queue's key, if it has one.

    Args:
        subject: The tracker, with the roles of the queue's readers.
        queue: The queue.

    Raises:
        AwsError: If AWS does not tell, or the simulator cannot be asked.
    """
    if queue.key is None:
        return
    for arn in keys.arn_of(subject, queue.key, queue.arn.split(":")[4]):
        for role in subject.roles:
            yield from rights.may(
                subject,
                role,
                _actions.USE_KEY if role.what == "function" else (_actions.DECRYPT,),
                arn,
                {},
                check="key of the queue",
                grant=rights.OWN_KEY,
            )


def dead_letters(subject: Subject, queue: Queue, dead: Queue) -> Iterator[Finding]:
    """Yield how many dead letters there are and how long the oldest has.

    Raises:
        AwsError: If AWS does not tell.
    """
    if dead.retention < _RETENTION:
        yield warning(
            _DEAD,
            f"they are kept for {dead.retention / _DAY:.1f} days, not {RETENTION_DAYS}",
            _set(dead, "MessageRetentionPeriod", _RETENTION),
        )
    if dead.dead_letters is not None:
        yield warning(
            _DEAD,
            f"{dead.visible:,} wait; looking at them would pass them on to "
            f"{dead.dead_letters}",
            "remove the redrive policy of the dead-letter queue",
        )
        return
    if not dead.visible + dead.in_flight:
        yield ok(_DEAD, "there are none")
        return
    # CloudWatch counts from the day that a letter died, but SQS deletes it by the day
    # that it was first sent, and only the letter itself knows that one. Receiving it
    # raises its count, which moves nothing: this queue has no redrive policy.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    tally = None
    try:
        tally = _peek(subject, queue, dead)
    except AwsError as error:
        yield unknown(f"{_DEAD}, the oldest", error)
    aged = None if tally else _age(subject, dead)
    yield _judge(subject, dead, tally, aged)
    if tally and tally.foreign:
        yield warning(
            _DEAD,
            f"{tally.foreign:,} are no messages of the tracker's, or of a newer "
            "version's",
            "upgrade analytics-tracker-construct here, or find out who sends to the "
            "queue",
        )


def _set(queue: Queue, attribute: str, value: int) -> str:
    return (
        f"set it: aws sqs set-queue-attributes --queue-url {queue.url} "
        f"--attributes {attribute}={value}"
    )


def _peek(subject: Subject, queue: Queue, dead: Queue) -> Tally:
    sqs = subject.aws.client("sqs", connections=_redrive.WORKERS)
    look = _redrive.Redrive(
        sqs,
        dead.url,
        queue.url,
        wanted=lambda _: True,
        before=float("inf"),
        most=_PEEK,
        dry_run=True,
    )
    look.run()
    return look.tally


def _judge(
    subject: Subject, dead: Queue, tally: Tally | None, aged: float | None
) -> Finding:
    groups = tally.moved.all() if tally else []
    oldest = _letters.oldest(groups)
    found = f"about {dead.visible + dead.in_flight:,}"
    if oldest is not None:
        whose = ", ".join(f"{group.name}: {group.letters:,}" for group in groups)
        found += f" ({whose}); the oldest is of {instant(oldest)}"
        if tally and not tally.complete:
            found += f", as far as {tally.letters} tell"
        age: float | None = subject.now.timestamp() - oldest
    else:
        age = aged
    advice = (
        "mend the cause, then: "
        f"analytics-tracker replay --function {subject.function} --dry-run"
    )
    if age is None:
        return warning(_DEAD, f"{found}; how old they are is not known", advice)
    left = (dead.retention - age) / _DAY
    found += f", lost in {max(left, 0):.1f} days"
    if left < _DAYS_LEFT:
        return failure(_DEAD, found, advice)
    return warning(_DEAD, found, advice)


def _age(subject: Subject, queue: Queue) -> float | None:
    """Return how old the oldest message is, in seconds, as CloudWatch saw it last."""
    answer = call(
        "cloudwatch:GetMetricStatistics",
        subject.client("cloudwatch").get_metric_statistics,
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue.arn.split(":")[-1]}],
        # A queue that nothing happens in for hours reports less often.
        StartTime=subject.now - timedelta(minutes=30),
        EndTime=subject.now + timedelta(minutes=5),
        Period=300,
        Statistics=["Maximum"],
    )
    points: list[dict[str, Any]] = answer.get("Datapoints", [])
    if not points:
        return None
    return float(max(points, key=lambda point: point["Timestamp"])["Maximum"])


def _span(seconds: float) -> str:
    for unit, name in ((_DAY, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} seconds"

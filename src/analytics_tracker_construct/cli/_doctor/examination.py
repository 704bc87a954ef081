"""All checks of one tracker, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from ..._handler import settings
from .. import _deployed
from .._aws import Answer, Aws, AwsError
from .._deployed import Queue
from . import buckets, function, glue, objects, queue, salts
from .findings import (
    RECREATE,
    UNCHANGED,
    Finding,
    Outcome,
    failure,
    guarded,
    unknown,
    warning,
)
from .subject import Role, Subject


def examine(
    aws: Aws, *, stack: str | None, function_name: str | None, database: str | None
) -> Iterator[Finding]:
    """Yield every finding about one tracker.

    Args:
        aws: Who asks.
        stack: The stack that the tracker is in.
            Default: it is found by its function.
        function_name: The tracker's function.
            Default: that of the stack; one of both must be given.
        database: The Glue database of the tenants' tables.
            Default: that of the stack; without a stack, tables are not looked at.

    Raises:
        CommandError: If there is no such tracker, or the credentials are of no use.
        ValueError: If neither a stack nor a function is given.
    """
    yield from guarded("credentials", function.credentials(aws))
    try:
        configuration = _configuration(aws, stack, function_name)
    except AwsError as error:
        # Without it nothing else can be checked, which is no good health.
        finding = unknown("function", error)
        yield finding._replace(outcome=Outcome.FAILURE)
        return
    yield from function.state(configuration)
    config, finding = function.parsed(configuration)
    yield finding
    if config is None:
        return
    subject = Subject(
        aws=aws,
        function=configuration["FunctionName"],
        arn=configuration["FunctionArn"],
        settings=config,
        roles=(Role("function", configuration["Role"]),),
        now=datetime.now(timezone.utc),
    )
    # Looked at first, since the writers' roles are found with it; told in its turn.
    of_queue, writers = _queue(subject)
    subject = subject._replace(roles=(*subject.roles, *writers))
    yield from _buckets(subject)
    yield from salts.check(subject)
    yield from of_queue
    if config.tenants:
        yield from guarded("tables", _tables(subject, stack, database))


def _configuration(aws: Aws, stack: str | None, function_name: str | None) -> Answer:
    if stack is not None:
        return _deployed.function_in_stack(aws, stack)
    if function_name is not None:
        return _deployed.function_named(aws, function_name)
    raise ValueError("a stack or a function is needed")


def _buckets(subject: Subject) -> Iterator[Finding]:
    named = subject.named_buckets()
    patterns = subject.settings.patterns.wildcards
    others: list[str] = []
    if patterns:
        try:
            fits = buckets.matches(patterns, buckets.of_account(subject))
        except AwsError as error:
            yield unknown("patterns", error)
        else:
            yield from buckets.patterns(subject, fits)
            others = buckets.matched(fits, named)
    for bucket in (*named, *others):
        there = list(guarded(f"bucket {bucket}", buckets.reachable(subject, bucket)))
        yield from there
        yield from guarded(f"rights on {bucket}", buckets.writable(subject, bucket))
        if any(finding.outcome is Outcome.FAILURE for finding in there):
            continue
        yield from guarded(f"key of {bucket}", buckets.encryptable(subject, bucket))
        yield from guarded(f"objects in {bucket}", objects.check(subject, bucket))


def _tables(
    subject: Subject, stack: str | None, database: str | None
) -> Iterator[Finding]:
    if database is None and stack is not None:
        found = _deployed.databases(subject.aws, stack)
        if len(found) != 1:
            yield glue.which(stack, found)
            return
        (database,) = found
    if database is None:
        return
    for tenant in subject.settings.tenants.values():
        yield from guarded(
            f"table of {tenant.name}", glue.check(subject, database, tenant)
        )


def _queue(subject: Subject) -> tuple[list[Finding], list[Role]]:
    """Return what is found of the queue, and the roles of its readers."""
    url = subject.settings.queue_url
    if url is None:
        none = warning(
            "queue",
            "there is none: what S3 does not take is refused, not queued",
            "deploy with this version of the construct where the stack is older; else "
            f"set {settings.QUEUE_URL} of the function to the URL of the stack's "
            f"queue: {UNCHANGED}",
        )
        return [none], []
    sqs = subject.client("sqs")
    try:
        found = _deployed.look(sqs, url)
    except AwsError as error:
        if error.missing:
            return [failure("queue", f"{url} does not exist", RECREATE)], []
        return [unknown("queue", error)], []
    findings = [
        *guarded("queue", queue.depth(subject, found)),
        *guarded("rights on the queue", queue.may_send(subject, found.arn)),
    ]
    of_writers, writers = _writers(subject, found)
    findings += of_writers
    whole = subject._replace(roles=(*subject.roles, *writers))
    findings += guarded("key of the queue", queue.may_use_key(whole, found))
    findings += _dead_letters(subject, found)
    return findings, writers


def _writers(subject: Subject, found: Queue) -> tuple[list[Finding], list[Role]]:
    """Return what is found of the queue's readers, and their roles."""
    try:
        mappings = queue.mappings(subject, found)
    except AwsError as error:
        return [unknown("writer", error)], []
    findings: list[Finding] = []
    roles: list[Role] = []
    timeouts: list[int] = []
    for mapping in mappings:
        try:
            writer = _deployed.function_named(subject.aws, mapping["FunctionArn"])
        except AwsError as error:
            findings.append(unknown("writer", error))
            continue
        findings += function.state(writer)
        roles.append(Role("writer", writer["Role"]))
        timeouts.append(int(writer["Timeout"]))
    findings += queue.readers(mappings, found, max(timeouts, default=None))
    return findings, roles


def _dead_letters(subject: Subject, found: Queue) -> Iterator[Finding]:
    """Yield what is found of the dead letters, if there is a queue for them."""
    try:
        dead = _deployed.dead_letters_of(subject.client("sqs"), found)
    except AwsError as error:
        if error.missing:
            yield failure("dead letters", "their queue does not exist", RECREATE)
        else:
            yield unknown("dead letters", error)
        return
    if dead is not None:
        yield from guarded("dead letters", queue.dead_letters(subject, found, dead))

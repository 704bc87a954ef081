"""What is deployed: a tracker's function and queues, and what a stack has of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from .._handler import settings
from ._aws import Answer, Aws, AwsError, call
from ._errors import CommandError

_ATTRIBUTES = "sqs:GetQueueAttributes"
_DATABASE = "AWS::Glue::Database"


class Resource(NamedTuple):
    """A resource of a stack."""

    type: str
    name: str
    """Its physical id."""


class Queue(NamedTuple):
    """A queue, as it was when it was looked at."""

    url: str
    arn: str
    visible: int
    """Messages that can be received, about."""
    in_flight: int
    """Messages that some reader has and has not deleted yet, about."""
    retention: int
    """Seconds that a message is kept."""
    visibility: int
    """Seconds that a message is hidden from others once it was received."""
    dead_letters: str | None
    """The ARN of the queue that takes what cannot be processed."""
    key: str | None = None
    """The id, ARN or alias of its KMS key; None where SQS's own keys encrypt it."""


def function_in_stack(aws: Aws, stack: str) -> Answer:
    """Return the configuration of the one tracker's function in a stack.

    Raises:
        AwsError: If AWS does not tell.
        CommandError: If there is no such stack, not exactly one tracker in it, or none
            whose environment Lambda can decrypt for who asks.
    """
    functions = [
        function_named(aws, name)
        for type_, name in resources(aws, stack)
        if type_ == "AWS::Lambda::Function"
    ]
    # The writer does not have it, and no function that is none of ours does.
    found = [each for each in functions if settings.SALT_BUCKET in environment(each)]
    locked = [each for each in functions if lock(each)]
    if not found and locked:
        raise undecryptable(
            locked,
            "name the tracker's function with --function, or for replay its queue "
            "with --queue",
        )
    if not found:
        raise CommandError(
            f"no function in stack {stack} has the tracker's settings; name the "
            "tracker's stack, or its function with --function",
            status=2,
        )
    if len(found) > 1:
        names = ", ".join(str(each["FunctionName"]) for each in found)
        raise CommandError(
            f"stack {stack} has {len(found)} trackers; name one's function with "
            f"--function: {names}",
            status=2,
        )
    return found[0]


def function_named(aws: Aws, name: str) -> Answer:
    """Return a function's configuration.

    Raises:
        AwsError: If AWS does not tell.
        CommandError: If there is no such function.
    """
    client = aws.client("lambda")
    try:
        return call(
            "lambda:GetFunctionConfiguration",
            client.get_function_configuration,
            FunctionName=name,
        )
    except AwsError as error:
        if not error.missing:
            raise
        raise CommandError(
            f"there is no function {name} in {aws.region}; name another, or its "
            "region with --region",
            status=2,
        ) from None


def environment(configuration: Answer) -> dict[str, str]:
    """Return a function's environment variables, as far as AWS tells them."""
    variables: dict[str, str] = configuration.get("Environment", {}).get(
        "Variables", {}
    )
    return variables


def lock(configuration: Answer) -> Answer | None:
    """Return the error where Lambda could not decrypt the environment for who asks.

    Lambda tells it in place of the variables.
    https://docs.aws.amazon.com/lambda/latest/api/API_EnvironmentResponse.html
    """
    error: Answer | None = configuration.get("Environment", {}).get("Error")
    return error or None


def undecryptable(locked: list[Answer], otherwise: str) -> CommandError:
    """Return what to say of functions whose environment is locked.

    Args:
        locked: Their configurations.
        otherwise: The way out beside the right.
    """
    names = ", ".join(str(each["FunctionName"]) for each in locked)
    return CommandError(
        f"Lambda cannot decrypt the environment of {names}: you need kms:Decrypt on "
        f"its key, or {otherwise}"
    )


def look(sqs: Any, url: str) -> Queue:
    """Return what is known of a queue.

    Raises:
        AwsError: If AWS does not tell.
    """
    answer = call(
        _ATTRIBUTES, sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"]
    )
    attributes: dict[str, str] = answer.get("Attributes", {})
    policy = json.loads(attributes.get("RedrivePolicy") or "{}")
    return Queue(
        url=url,
        arn=attributes["QueueArn"],
        visible=int(attributes.get("ApproximateNumberOfMessages", 0)),
        in_flight=int(attributes.get("ApproximateNumberOfMessagesNotVisible", 0)),
        retention=int(attributes.get("MessageRetentionPeriod", 0)),
        visibility=int(attributes.get("VisibilityTimeout", 0)),
        dead_letters=policy.get("deadLetterTargetArn"),
        key=attributes.get("KmsMasterKeyId"),
    )


def dead_letters_of(sqs: Any, queue: Queue) -> Queue | None:
    """Return the dead-letter queue of a queue, or None where it has none.

    Raises:
        AwsError: If AWS does not tell.
    """
    if queue.dead_letters is None:
        return None
    *_, account, name = queue.dead_letters.split(":")
    answer = call(
        "sqs:GetQueueUrl",
        sqs.get_queue_url,
        QueueName=name,
        QueueOwnerAWSAccountId=account,
    )
    return look(sqs, answer["QueueUrl"])


def databases(aws: Aws, stack: str) -> list[str]:
    """Return the names of a stack's databases.

    Raises:
        AwsError: If AWS does not tell.
    """
    return [name for type_, name in resources(aws, stack) if type_ == _DATABASE]


def resources(aws: Aws, stack: str) -> Iterator[Resource]:
    """Yield the resources of a stack and of the stacks nested in it.

    Raises:
        AwsError: If AWS does not tell.
        CommandError: If there is no such stack.
    """
    client = aws.client("cloudformation")
    more: dict[str, str] = {}
    while True:
        try:
            answer = call(
                "cloudformation:ListStackResources",
                client.list_stack_resources,
                StackName=stack,
                **more,
            )
        except AwsError as error:
            if error.code != "ValidationError":
                raise
            raise CommandError(
                f"there is no stack {stack} in {aws.region}; name another, or its "
                "region with --region",
                status=2,
            ) from None
        for resource in answer.get("StackResourceSummaries", []):
            # One that is being made has no name yet.
            name = resource.get("PhysicalResourceId")
            if name and resource["ResourceType"] == "AWS::CloudFormation::Stack":
                yield from resources(aws, name)
            elif name:
                yield Resource(resource["ResourceType"], name)
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}

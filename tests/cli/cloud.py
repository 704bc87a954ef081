"""AWS as moto's server plays it, with a queue of the tracker's and its dead letters."""

from __future__ import annotations

import io
import json
import logging
import os
import random
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime, timezone
from typing import Any
from unittest.mock import patch

import boto3
from botocore.stub import Stubber
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.exceptions import AccessDeniedError
from moto.iam.responses import IamResponse
from moto.server import ThreadedMotoServer
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from analytics_tracker_construct import cli
from analytics_tracker_construct._handler import message
from analytics_tracker_construct.cli._aws import Aws

ACCOUNT = "123456789012"
REGION = "eu-west-1"
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "none",
    "AWS_SHARED_CREDENTIALS_FILE": "none",
}


class Cloud:
    """An account of AWS, on this machine."""

    def __init__(self, url: str) -> None:
        self.environment = {**_CREDENTIALS, "AWS_ENDPOINT_URL": url}
        self._url = url
        self.sqs = self.client("sqs")

    def client(self, service: str) -> Any:
        """Return a client of boto3's."""
        return boto3.client(
            service,
            endpoint_url=self._url,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    @contextmanager
    def forbidden(self, *actions: str) -> Iterator[dict[str, str]]:
        """Check rights until the block ends; yield the keys of who lacks these."""
        iam = self.client("iam")
        name = f"user-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        statements = [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": list(actions), "Resource": "*"},
        ]
        policy = {"Version": "2012-10-17", "Statement": statements}
        iam.put_user_policy(
            UserName=name, PolicyName="these", PolicyDocument=json.dumps(policy)
        )
        key = iam.create_access_key(UserName=name)["AccessKey"]

        def check(_: object, __: str) -> None:
            """Stand in for moto, which miscounts the signatures of Lambda's paths."""
            if any(action.startswith("lambda:") for action in actions):
                raise AccessDeniedError("moto", "lambda")

        with (
            patch("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0),
            patch.object(
                LambdaResponse, "_authenticate_and_authorize_normal_action", check
            ),
        ):
            yield {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            }

    @contextmanager
    def locked(self, *functions: str) -> Iterator[None]:
        """Answer, until the block ends, as Lambda does who may not use the key.

        moto's environments have no key.
        https://docs.aws.amazon.com/lambda/latest/api/API_EnvironmentResponse.html
        """
        told = LambdaFunction.get_configuration

        def locked(function: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
            configuration = told(function, on_create)
            if function.function_name in functions:
                error = {"ErrorCode": "AccessDeniedException", "Message": "no right"}
                configuration["Environment"] = {"Error": error}
            return configuration

        with patch.object(LambdaFunction, "get_configuration", locked):
            yield

    def inside(
        self, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command in this process, which is quicker than in its own."""
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, {**self.environment, **environment}),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            # It would go before the keys.
            os.environ.pop("AWS_PROFILE", None)
            status = cli.main(arguments)
        return subprocess.CompletedProcess(
            arguments, status, out.getvalue(), err.getvalue()
        )

    def queues(self) -> Queues:
        """Make a queue of the tracker's with its dead letters."""
        return Queues(self)


class Queues:
    """A queue and its dead letters; attributes are those of both."""

    def __init__(self, cloud: Cloud, **attributes: str) -> None:
        name = f"tracker-{uuid.uuid4().hex[:8]}"
        kept = {"MessageRetentionPeriod": "1209600", **attributes}
        self._sqs = cloud.sqs
        self.dead = self._make(f"{name}-dead", kept)
        self.dead_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-dead"
        policy = {"deadLetterTargetArn": self.dead_arn, "maxReceiveCount": 50}
        self.main = self._make(name, {**kept, "RedrivePolicy": json.dumps(policy)})
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def _make(self, name: str, attributes: dict[str, str]) -> str:
        made = self._sqs.create_queue(QueueName=name, Attributes=attributes)
        return str(made["QueueUrl"])

    def bury(self, *bodies: str, days: float = 0) -> None:
        """Put dead letters there, as if first sent so many days ago."""
        for body in bodies:
            held = Message(str(uuid.uuid4()), body)
            held.mark_sent()
            vars(held)["sent_timestamp"] = int((time.time() - days * 86_400) * 1000)
            _queue(self.dead).add_message(held)

    def waiting(self) -> list[str]:
        """Return the bodies of all messages of the queue, hidden or not."""
        return [held.body for held in _held(self.main)]

    def dead_letters(self) -> list[str]:
        """Return the bodies of all dead letters, hidden or not."""
        return [held.body for held in _held(self.dead)]

    def hidden(self) -> int:
        """Return how many dead letters no reader would get now."""
        return sum(not held.visible for held in _held(self.dead))

    def wait(self) -> None:
        """Let so much time go by that every dead letter is visible again."""
        for held in _held(self.dead):
            held.visible_at = 0


def _queue(url: str) -> Queue:
    return sqs_backends[ACCOUNT][REGION].queues[url.rpartition("/")[2]]


def _held(url: str) -> list[Message]:
    return list(_queue(url)._messages)


def letter(
    bucket: str, tenant: str | None = None, *, events: int = 1, size: int = 0
) -> str:
    """Return the body of a message, unlike all others.

    Args:
        bucket: Where its events go.
        tenant: Whose they are.
        events: How many they are.
        size: Bytes that do not pack, in each.
    """
    number = uuid.uuid4().hex
    noise = random.randbytes(size).hex()
    line = json.dumps({"eventId": number, "page": f"/secret-{noise}"})
    return message.encode(
        message.Message(
            bucket=bucket,
            day="2026-03-04",
            id=number,
            events=events,
            lines=f"{line}\n".encode() * events,
            tenant=tenant,
        )
    )


@contextmanager
def started() -> Iterator[Cloud]:
    """Serve the account until the block ends; all of a process share one."""
    with (
        _for_several_readers(),
        _without_simulator(),
        # Functions would need Docker; one that fails leaves its messages in the queue.
        patch.object(LambdaBackend, "send_sqs_batch", return_value=False),
    ):
        yield from _served()


@contextmanager
def _without_simulator() -> Iterator[None]:
    """Refuse what moto does not have; it would answer with an HTML page."""

    def refuse(_: object) -> None:
        raise AccessDeniedError("moto", "iam:SimulatePrincipalPolicy")

    with patch.object(IamResponse, "simulate_principal_policy", refuse, create=True):
        yield


@contextmanager
def _for_several_readers() -> Iterator[None]:
    """Mend what moto's queue cannot: several readers, many and old messages.

    A deletion writes a copy of the list back over another thread's, and the set of
    hidden messages grows while it is read. Each message costs a count of all. The
    twelve hours that a message may be hidden count from its sending.
    """
    lock = threading.Lock()
    delete = Queue.delete_message

    def delete_alone(queue: Queue, receipt_handle: str) -> None:
        with lock:
            delete(queue, receipt_handle)

    def groups(queue: Queue) -> set[str]:
        return {held.group_id for held in list(queue.pending_messages) if held.group_id}

    def is_kept(backend: SQSBackend, name: str, held: Message) -> bool:
        kept = int(vars(backend.queues[name])["message_retention_period"])
        return kept + int(held.sent_timestamp or 0) / 1000 > time.time()

    def change(
        backend: SQSBackend,
        queue_name: str,
        receipt_handle: str,
        visibility_timeout: int,
    ) -> None:
        for held in backend.queues[queue_name]._messages:
            if held.had_receipt_handle(receipt_handle):
                held.change_visibility(visibility_timeout)
                return
        raise ReceiptHandleIsInvalid

    with (
        patch("moto.sqs.models.unix_time_millis", lambda: time.time() * 1000),
        patch.object(SQSBackend, "change_message_visibility", change),
        patch.object(Queue, "delete_message", delete_alone),
        patch.object(Queue, "pending_message_groups", property(groups)),
        patch.object(SQSBackend, "is_message_valid_based_on_retention_period", is_kept),
    ):
        yield


def _served() -> Iterator[Cloud]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Cloud(f"http://{host}:{port}")
    finally:
        server.stop()


@contextmanager
def stack_of(
    cloud: Cloud, *resources: tuple[str, str], times: int = 1
) -> Iterator[None]:
    """Answer for CloudFormation; moto's loads all its services, which takes seconds.

    Args:
        cloud: Whose client answers.
        resources: Types and physical ids of what stack Website has; without any there
            is no such stack.
        times: How often it is asked.
    """
    client = cloud.client("cloudformation")
    stub = Stubber(client)
    listed = [
        {
            "LogicalResourceId": f"R{index}",
            "PhysicalResourceId": name,
            "ResourceType": type_,
            "LastUpdatedTimestamp": datetime(2026, 3, 4, tzinfo=timezone.utc),
            "ResourceStatus": "CREATE_COMPLETE",
        }
        for index, (type_, name) in enumerate(resources)
    ]
    for _ in range(times):
        if listed:
            answer = {"StackResourceSummaries": listed}
            stub.add_response("list_stack_resources", answer, {"StackName": "Website"})
        else:
            stub.add_client_error("list_stack_resources", "ValidationError")
    asked = Aws.client

    def answered(aws: Aws, service: str, **options: Any) -> Any:
        if service == "cloudformation":
            return client
        return asked(aws, service, **options)

    with stub, patch.object(Aws, "client", answered):
        yield
        stub.assert_no_pending_responses()

"""A stack of the release before, with events in it, is updated to what is here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from analytics_tracker_construct.query import DuckDbEngine

from ..infra import released
from .apps import App
from .aws import ACCOUNT, REGION, Aws
from .conftest import World
from .deployment import Answer, Deployment, event, post

_STACK = "Released"
_SENT = event(tenant="shop", eventId="before-00000001", page="/shoes")
#: Where the CDK puts a function's code.
_ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"


class Upgrade(NamedTuple):
    """The stack after its update."""

    stack: Deployment
    resources: Mapping[str, tuple[str, str]]
    """Those of the release before: logical id → type and physical id."""
    old_code: str
    """What the function ran then."""
    stored: Mapping[str, bytes]
    """The tenant's objects before the update."""
    first: Answer
    """To the event, from the release before."""
    again: Answer
    """To the same event, from what is here."""


@pytest.fixture(scope="module")
def upgrade(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgrade]:
    app = App(
        "existing_stack", tmp_path_factory.mktemp("app"), world.parts.cdk, world.aws
    )
    init = "super().__init__(scope, construct_id{})"
    app.edit(init.format(""), init.format(f', stack_name="{_STACK}"'))
    stack = Deployment(world.aws, app, _STACK, "Api", {"shop": "Lake"})
    app.keep_buckets()
    app.synthesise()
    _create(world.aws, _queue_name(app.template()))
    first = post(stack.url("/track"), _SENT)
    resources = world.aws.resources(_STACK)
    stored = stack.objects(stack.bucket("shop"))
    old_code = _code(stack)
    app.deploy()
    _put_back_on_air(stack)
    again = post(stack.url("/track"), _SENT)
    yield Upgrade(stack, resources, old_code, stored, first, again)
    app.destroy()


def _queue_name(template: str) -> str:
    """Return how the queue's name begins; the stack's name is a part of it."""
    found = set(re.findall(r"\b\w+Tracker[0-9A-F]{8}-(?=\")", template))
    (name,) = found
    return str(name)


def _create(aws: Aws, queue: str) -> None:
    """Make the stack as the release before made it, for a stack of another name."""
    text = json.dumps(released.template("existing_stack"))
    template = json.loads(text.replace(_queue_name(text), queue))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            code = resource["Properties"]["Code"]
            aws.client("s3").upload_file(released.FUNCTION, _ASSETS, code["S3Key"])
    # A request holds 51,200 characters of a template.
    aws.client("s3").put_object(
        Bucket=_ASSETS, Key="released.json", Body=json.dumps(template).encode()
    )
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=_STACK,
        TemplateURL=f"{aws.url}/{_ASSETS}/released.json",
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=_STACK, WaiterConfig={"Delay": 2, "MaxAttempts": 150}
    )


def _put_back_on_air(stack: Deployment) -> None:
    """Deploy the API to its stage once more.

    LocalStack takes an API off the air when a deployment of before goes, though the
    stage has the new one already.
    """
    (api,) = stack.ids("AWS::ApiGateway::RestApi", "ApiF").values()
    stack.aws.client("apigateway").create_deployment(restApiId=api, stageName="prod")


def _code(stack: Deployment) -> str:
    name = stack.one("AWS::Lambda::Function", "TrackerFunction")
    found = stack.aws.client("lambda").get_function_configuration(FunctionName=name)
    return str(found["CodeSha256"])


def test_the_release_before_stored_the_event(upgrade: Upgrade) -> None:
    assert (upgrade.first.status, upgrade.first.json["status"]) == (200, "ok")
    assert upgrade.first.json["key"] in upgrade.stored


def test_the_function_is_another_after_the_update(upgrade: Upgrade) -> None:
    """Else it would be no wonder that everything was kept."""
    assert _code(upgrade.stack) != upgrade.old_code


def test_all_that_holds_data_is_the_same_after_the_update(upgrade: Upgrade) -> None:
    stateful = {
        logical_id: resource
        for logical_id, resource in upgrade.resources.items()
        if resource[0].partition("::")[2].startswith(("S3", "SQS", "KMS", "Logs"))
    }
    now = upgrade.stack.aws.resources(_STACK)

    assert len(stateful) > 6
    assert {name: now.get(name) for name in stateful} == stateful


def test_the_event_of_the_release_before_is_there_and_counts_once(
    upgrade: Upgrade, tmp_path: Path
) -> None:
    """Also where its client sends it again."""
    stack = upgrade.stack
    objects = stack.objects(stack.bucket("shop"))
    engine = DuckDbEngine(stack.download(tmp_path))

    found = engine.sql("SELECT eventId, page FROM all_events").rows()

    assert upgrade.again.json.get("duplicate") is True, upgrade.again
    assert {key: objects[key] for key in upgrade.stored} == upgrade.stored
    assert found == [("before-00000001", "/shoes")]

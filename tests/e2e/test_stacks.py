"""The life of the stacks: what they hold, their update, and their end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from analytics_tracker_construct.query import DuckDbEngine

from .conftest import QUEUED, Destroyed, Update, World
from .deployment import Deployment, event, post, wait_until
from .test_browser import SENT

_STATEFUL = (
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
)
#: What LocalStack makes nothing of, and says so. Their templates are checked in
#: `tests/infra`, and what they do in `tests/athena`.
_NOT_CARRIED_OUT = {
    "AWS::Athena::NamedQuery",
    "AWS::Athena::WorkGroup",
    "AWS::CloudWatch::Dashboard",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
}
_CANARY = "CanaryAgent/4711"


def _stacks(world: World) -> tuple[Deployment, ...]:
    return world.buffered, world.direct


def test_all_of_the_template_is_deployed_but_what_localstack_has_not(
    world: World,
) -> None:
    for stack in _stacks(world):
        wanted = {
            logical_id: resource["Type"]
            for logical_id, resource in json.loads(stack.app.template())[
                "Resources"
            ].items()
        }
        found = world.aws.resources(stack.stack)

        assert {name: kind for name, (kind, _) in found.items()} == wanted
        unknown = {
            kind for kind, physical_id in found.values() if physical_id == "unknown"
        }
        assert unknown <= _NOT_CARRIED_OUT


def test_what_a_browser_sent_is_stored_by_the_writer(world: World) -> None:
    """Delivery BUFFERED: by queue, event source mapping and writer."""
    stack = world.buffered

    rows = stack.wait_for("shop", set(SENT))

    assert {row["eventId"]: row["eventType"] for row in rows} == SENT
    assert {row["page"] for row in rows} == {"/shoes"}
    devices = {(row["device"]["browser"], row["device"]["is_bot"]) for row in rows}
    assert devices == {("Chrome", False)}
    # One object or several: a batch ends when LocalStack hands it over.
    assert len(rows) == len(SENT)


def test_what_was_queued_before_an_update_is_stored_after_it(updated: Update) -> None:
    assert updated.queued[0].json["status"] == "queued"

    assert updated.world.buffered.wait_for("shop", {QUEUED})


def test_an_update_keeps_every_bucket_queue_key_and_log(updated: Update) -> None:
    for stack in _stacks(updated.world):
        before = updated.before[stack.stack]
        stateful = {
            logical_id: resource
            for logical_id, resource in before.items()
            if resource[0] in _STATEFUL
        }
        now = updated.world.aws.resources(stack.stack)

        assert len(stateful) > 4
        assert {name: now.get(name) for name in stateful} == stateful


def test_an_update_changes_what_its_owner_has_changed(updated: Update) -> None:
    """Else it would be no wonder that everything was kept."""
    world = updated.world
    before = updated.before[world.buffered.stack]

    assert not [name for name in before if name.startswith("TrackerTenantsnewsletter")]
    assert updated.queued[1].json["status"] == "queued"
    bucket = world.buffered.one("AWS::S3::Bucket", "TrackerTenantsnewsletter")
    wait_until(lambda: bool(world.buffered.objects(bucket)), "the newsletter's event")


def test_events_stored_before_an_update_are_there_after_it(updated: Update) -> None:
    stack = updated.world.direct

    assert "python-00000001" in {row["eventId"] for row in stack.events("shop")}


def test_an_event_that_s3_refuses_is_queued_and_stored_later(updated: Update) -> None:
    """Delivery DIRECT, while the owner's bucket policy denies the function."""
    stack = updated.world.direct
    bucket = stack.bucket("shop")
    s3 = updated.world.aws.s3()
    own = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    try:
        sent = event(tenant="shop", eventId="refused-00000001")
        answer = post(stack.url("/track"), sent)
        assert (answer.status, answer.json["status"]) == (202, "queued")
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=own)

    stack.wait_for("shop", {"refused-00000001"})


def test_stored_events_answer_queries_in_the_views(
    updated: Update, tmp_path: Path
) -> None:
    stack = updated.world.buffered
    stack.wait_for("shop", set(SENT))

    engine = DuckDbEngine(stack.download(tmp_path))

    found = engine.sql(
        "SELECT tenant, eventId, eventType FROM all_events "
        "WHERE eventId IN (?, ?, ?, ?) ORDER BY eventId",
        sorted(SENT),
    )
    assert found.rows() == [("shop", each, SENT[each]) for each in sorted(SENT)]


def test_the_log_has_figures_and_nothing_of_who_sent(updated: Update) -> None:
    stack = updated.world.direct
    sent = event(tenant="shop", eventId="canary-00000001", sessionId="canary-session")
    post(stack.url("/track"), sent, user_agent=_CANARY)
    logs = updated.world.aws.client("logs")
    # LocalStack writes to the group that a function has where it names none.
    group = f"/aws/lambda/{stack.one('AWS::Lambda::Function', 'TrackerFunction')}"

    def lines() -> str:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return "".join(each["message"] for page in pages for each in page["events"])

    wait_until(lambda: '"_aws"' in lines(), "the function's metrics")
    text = lines()
    for canary in (_CANARY, "canary-session", "127.0.0.1"):
        assert canary not in text


def test_destroying_the_stacks_keeps_what_was_stored(destroyed: Destroyed) -> None:
    """The queues are kept on AWS alone: LocalStack knows no `RetainExceptOnCreate`."""
    aws = destroyed.world.aws
    here = {each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]}

    assert sum(map(len, destroyed.objects.values())) > 4
    assert set(destroyed.objects) <= here
    stack = destroyed.world.buffered
    assert {b: stack.objects(b) for b in destroyed.objects} == destroyed.objects


def test_destroying_the_stacks_leaves_nothing_that_runs(destroyed: Destroyed) -> None:
    """Else it would be no wonder that the data is there."""
    aws = destroyed.world.aws

    assert not aws.client("lambda").list_functions()["Functions"]
    assert not aws.client("apigateway").get_rest_apis()["items"]
    assert not aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]


def test_a_bucket_with_objects_cannot_be_deleted_here_either(
    destroyed: Destroyed,
) -> None:
    """So a stack that tried to would have failed to go."""
    bucket = next(name for name, objects in destroyed.objects.items() if objects)

    with pytest.raises(ClientError, match="BucketNotEmpty"):
        destroyed.world.aws.client("s3").delete_bucket(Bucket=bucket)

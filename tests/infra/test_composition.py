"""The construct in other people's trees: beside itself, nested, tagged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aws_cdk import App, CfnElement, NestedStack, Stack, Stage, TagManager, Tags
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template
from constructs import Construct

from analytics_tracker_construct import AnalyticsTracker, TrackerApi

from .templates import build


def test_two_trackers_share_a_stack(stack: Stack) -> None:
    """Nothing is named by hand, so nothing collides."""
    for name in ("Blog", "Shop"):
        tracker = AnalyticsTracker(stack, name, allowed_buckets=["*-analytics"])
        tracker.add_tenant("acme")
    built = build(tracker)

    names = {
        resource["Properties"]["Name"]
        for resource in built.all("AWS::ApiGateway::RestApi").values()
    }
    assert len(names) == 2
    assert len(built.all("AWS::S3::Bucket")) == 6
    for kind, name in (
        ("AWS::Athena::WorkGroup", "Name"),
        ("AWS::Glue::Database", "DatabaseInput"),
    ):
        made = [str(each["Properties"][name]) for each in built.all(kind).values()]
        assert len(set(made)) == len(made) > 1


@pytest.mark.parametrize("api", [TrackerApi.rest, TrackerApi.http])
def test_every_child_hangs_on_the_tracker(
    stack: Stack, api: Callable[[], TrackerApi]
) -> None:
    topic = sns.Topic(stack, "Topic")
    tracker = AnalyticsTracker(
        stack, "Tracker", alarm_topic=topic, api=api(), enable_metrics=True
    )
    tracker.add_tenant("acme")

    assert {child.node.id for child in stack.node.children} == {"Topic", "Tracker"}


def test_tenants_hang_below_their_own_construct(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tenant = tracker.add_tenant("acme")

    assert tenant.bucket.node.path == "Host/Tracker/Tenants/acme"


def test_it_may_be_part_of_another_construct(stack: Stack) -> None:
    tracker = AnalyticsTracker(Construct(stack, "Product"), "Tracker")

    assert build(tracker).all("AWS::Lambda::Function")


def test_it_may_be_part_of_a_nested_stack(stack: Stack) -> None:
    nested = NestedStack(stack, "Nested")
    AnalyticsTracker(nested, "Tracker", enable_metrics=True).add_tenant("acme")

    Template.from_stack(nested).resource_count_is("AWS::Lambda::Function", 2)


def test_it_may_be_part_of_a_stage(tmp_path: object) -> None:
    stage = Stage(App(outdir=str(tmp_path)), "Live")
    tracker = AnalyticsTracker(Stack(stage, "Host"), "Tracker")

    assert build(tracker).all("AWS::Lambda::Function")


@pytest.mark.parametrize("api", [TrackerApi.rest, TrackerApi.http])
def test_tags_reach_everything_that_takes_tags(
    stack: Stack, api: Callable[[], TrackerApi]
) -> None:
    """Whether a resource takes them is the CDK's to know; it differs by version."""
    topic = sns.Topic(stack, "Topic")
    tracker = AnalyticsTracker(
        stack, "Tracker", alarm_topic=topic, api=api(), enable_metrics=True
    )
    tracker.add_tenant("acme")
    taggable = {
        stack.get_logical_id(child)
        for child in tracker.node.find_all()
        if isinstance(child, CfnElement) and TagManager.of(child) is not None
    }
    Tags.of(tracker).add("team", "web")

    resources = Template.from_stack(stack).to_json()["Resources"]

    tagged = {
        name
        for name, resource in resources.items()
        if name.startswith("Tracker")
        and "web" in str(resource.get("Properties", {}).get("Tags"))
    }
    assert tagged == taggable
    assert {resources[name]["Type"] for name in tagged} >= {
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        *(
            {"AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage"}
            if api is TrackerApi.rest
            else {"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"}
        ),
    }

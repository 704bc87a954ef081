"""The stack for an app that needs nothing but a tracker."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from aws_cdk import (
    App,
    CfnOutput,
    DefaultStackSynthesizer,
    Environment,
    PermissionsBoundary,
    Stack,
)
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from analytics_tracker_construct import AnalyticsTrackerStack

from .templates import flat


def _stack(tmp_path: Path) -> AnalyticsTrackerStack:
    return AnalyticsTrackerStack(
        App(outdir=str(tmp_path)),
        "Analytics",
        allowed_buckets=["*-analytics"],
        description="Events of our sites",
        env=Environment(account="111111111111", region="eu-west-1"),
        function_prefix="acme",
        stack_name="acme-analytics",
        tags={"team": "web"},
        termination_protection=True,
    )


def test_its_one_output_is_the_address(tmp_path: Path) -> None:
    stack = _stack(tmp_path)
    outputs = Template.from_stack(stack).to_json()["Outputs"]

    assert set(outputs) == {"ApiEndpoint"}
    assert flat(outputs["ApiEndpoint"]["Value"]) == flat(
        stack.resolve(stack.tracker.api_endpoint)
    )


def test_it_passes_arguments_on_to_the_tracker(tmp_path: Path) -> None:
    template = Template.from_stack(_stack(tmp_path))

    template.has_resource_properties(
        "AWS::Lambda::Function", {"FunctionName": "acme-analytics-tracker"}
    )


def test_it_is_a_stack_like_any_other(tmp_path: Path) -> None:
    stack = _stack(tmp_path)

    assert stack.stack_name == "acme-analytics"
    assert stack.account == "111111111111"
    assert stack.termination_protection
    assert stack.tags.tag_values() == {"team": "web"}
    assert Template.from_stack(stack).to_json()["Description"] == "Events of our sites"


#: The newest CDK's only; it changes constructs before they are made.
_NOT_TAKEN = {"property_injectors"}
_TAKEN_BY_A_STACK = set(inspect.signature(Stack.__init__).parameters) - _NOT_TAKEN
_FAR = Environment(account="111111111111", region="us-east-1")
_TOPIC = "arn:aws:sns:eu-west-1:111111111111:events"


def test_it_takes_what_a_stack_takes() -> None:
    mine = set(inspect.signature(AnalyticsTrackerStack.__init__).parameters)

    # The CDK calls it `id`, and its scope may be left out.
    assert _TAKEN_BY_A_STACK - {"id"} <= mine


def test_it_passes_a_stacks_arguments_on(tmp_path: Path) -> None:
    stack = AnalyticsTrackerStack(
        App(outdir=str(tmp_path), analytics_reporting=True),
        "Analytics",
        analytics_reporting=False,
        cross_region_references=True,
        env=Environment(account="111111111111", region="eu-west-1"),
        permissions_boundary=PermissionsBoundary.from_name("bounds"),
        suppress_template_indentation=True,
        synthesizer=DefaultStackSynthesizer(qualifier="web"),
    )
    app = stack.node.root
    assert isinstance(app, App)
    topic = sns.Topic(
        Stack(app, "Far", cross_region_references=True, env=_FAR),
        "Topic",
        topic_name="far",
    )
    CfnOutput(stack, "Far", value=topic.topic_arn)
    made = app.synth().get_stack_by_name("Analytics")

    assert "CDKMetadata" not in made.template["Resources"]
    assert "policy/bounds" in str(made.template["Resources"])
    assert "ExportsReader" in str(made.template["Resources"])
    assert "\n" not in Path(made.template_full_path).read_text("utf-8").strip()
    assert "/cdk-bootstrap/web/version" in str(made.template["Parameters"])


@pytest.mark.skipif(
    "notification_arns" not in _TAKEN_BY_A_STACK, reason="this CDK's stack has none"
)
def test_it_passes_notification_arns_on(tmp_path: Path) -> None:
    stack = AnalyticsTrackerStack(
        App(outdir=str(tmp_path)), "Analytics", notification_arns=[_TOPIC]
    )
    app = stack.node.root
    assert isinstance(app, App)

    assert app.synth().get_stack_by_name("Analytics").notification_arns == [_TOPIC]

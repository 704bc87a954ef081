"""The stack for an app that needs nothing but a tracker."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Environment
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

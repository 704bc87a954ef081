"""Other APIs that may call the function."""

from __future__ import annotations

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk.assertions import Template

from analytics_tracker_construct import AnalyticsTracker

from .templates import build, flat


@pytest.mark.parametrize("route", ["POST/track", "GET/mail/pixel.gif", "POST/*"])
def test_another_api_may_call_the_function(stack: Stack, route: str) -> None:
    source = f"arn:aws:execute-api:eu-west-1:111111111111:abc/prod/{route}"
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.grant_invoke_to_api_gateway(source)

    (permission,) = [
        resource["Properties"]
        for resource in build(tracker).all("AWS::Lambda::Permission").values()
        if resource["Properties"]["SourceArn"] == source
    ]
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert permission["Action"] == "lambda:InvokeFunction"


def test_with_another_api_the_country_is_no_longer_believed(stack: Stack) -> None:
    """A client of that API may be able to set the header."""
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.grant_invoke_to_api_gateway("arn:aws:execute-api:x")
    tracker.add_tenant("acme")

    assert build(tracker).environment()["TRACKER_VIEWER_COUNTRY"] == "0"
    assert build(tracker).environment()["TRACKER_COMPRESS"] == "0"


@pytest.mark.parametrize("known", [True, False])
def test_the_same_api_gets_one_permission(stack: Stack, *, known: bool) -> None:
    """A token is written anew each time, and is the same ARN nevertheless."""
    tracker = AnalyticsTracker(stack, "Tracker")
    for _ in range(2):
        tracker.grant_invoke_to_api_gateway(
            "arn:aws:execute-api:x"
            if known
            else stack.format_arn(service="execute-api", resource="abc/prod/POST/track")
        )

    assert len(build(tracker).all("AWS::Lambda::Permission")) == 5


def test_two_stacks_with_an_api_of_one_name_get_a_permission_each() -> None:
    """References resolve alike before it is known which stack they cross."""
    app = App()
    apis = [apigateway.RestApi(Stack(app, name), "Api") for name in ("A", "B")]
    tracker = AnalyticsTracker(Stack(app, "Host"), "Tracker")
    for api in apis:
        api.root.add_method("GET")
        source = api.arn_for_execute_api("POST", "/track", "prod")
        tracker.grant_invoke_to_api_gateway(source)

    assert len(build(tracker).all("AWS::Lambda::Permission")) == 4
    for api in apis:
        template = Template.from_stack(Stack.of(api))
        template.resource_count_is("AWS::Lambda::Permission", 1)


def test_an_api_of_another_stack_may_call_the_function() -> None:
    """It refers to the function, so the right that refers to it stands beside it."""
    app = App()
    tracker = AnalyticsTracker(Stack(app, "Host"), "Tracker")
    theirs = Stack(app, "Theirs")
    api = apigateway.RestApi(theirs, "Api")
    api.root.add_resource("track").add_method(
        "POST", apigateway.LambdaIntegration(tracker.function)
    )
    for _ in range(2):
        source = api.arn_for_execute_api("POST", "/track", "prod")
        tracker.grant_invoke_to_api_gateway(source)

    permissions = Template.from_stack(theirs).find_resources("AWS::Lambda::Permission")
    sources = [
        flat(each["Properties"]["SourceArn"])
        for name, each in permissions.items()
        if name.startswith("HostTrackerCallers")
    ]
    (source,) = sources
    assert source.endswith("/prod/POST/track")
    assert len(build(tracker).all("AWS::Lambda::Permission")) == 4


def test_two_trackers_let_the_same_api_of_another_stack_call() -> None:
    app = App()
    theirs = Stack(app, "Theirs")
    api = apigateway.RestApi(theirs, "Api")
    for name in ("One", "Two"):
        tracker = AnalyticsTracker(Stack(app, name), "Tracker")
        api.root.add_resource(name).add_resource("track").add_method(
            "POST", apigateway.LambdaIntegration(tracker.function)
        )
        source = api.arn_for_execute_api("POST", "/*/track", "prod")
        tracker.grant_invoke_to_api_gateway(source)

    permissions = Template.from_stack(theirs).find_resources("AWS::Lambda::Permission")
    assert len([name for name in permissions if "TrackerCallers" in name]) == 2

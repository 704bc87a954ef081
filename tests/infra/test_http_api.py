"""The HTTP API that the tracker makes."""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct

from analytics_tracker_construct import AnalyticsTracker, TrackerApi

from .templates import Built, build, flat


def test_every_route_leads_to_the_function(http: Built) -> None:
    (integration,) = http.all("AWS::ApiGatewayV2::Integration")
    routes = {
        resource["Properties"]["RouteKey"]: flat(resource["Properties"]["Target"])
        for resource in http.all("AWS::ApiGatewayV2::Route").values()
    }

    target = f"integrations/<{integration}>"
    assert routes == {
        "POST /track": target,
        "OPTIONS /track": target,
        "GET /pixel.gif": target,
        "GET /tracker.js": target,
    }


def test_the_function_gets_payloads_of_version_two(http: Built) -> None:
    integration = http.only("AWS::ApiGatewayV2::Integration")

    assert integration["PayloadFormatVersion"] == "2.0"


def test_preflights_are_the_functions_to_answer(http: Built) -> None:
    """A CORS configuration would take them, with one list for all tenants."""
    assert "CorsConfiguration" not in http.only("AWS::ApiGatewayV2::Api")


def test_the_stage_is_throttled_and_deploys_itself(http: Built) -> None:
    stage = http.only("AWS::ApiGatewayV2::Stage")

    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingBurstLimit": 200,
        "ThrottlingRateLimit": 100,
    }


def test_access_logs_are_on_and_hold_no_address_or_user_agent(http: Built) -> None:
    settings = http.only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]

    assert "AccessLogs" in str(settings["DestinationArn"])
    assert "$context.routeKey" in settings["Format"]
    for forbidden in ("sourceIp", "userAgent", "$context.path"):
        assert forbidden not in settings["Format"]


def test_access_logs_can_be_left_out(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.http(access_logs=False))

    assert "AccessLogSettings" not in build(tracker).only("AWS::ApiGatewayV2::Stage")
    assert tracker.access_log_group is None


def test_the_api_may_call_the_function_on_its_own_paths_only(http: Built) -> None:
    (api,) = http.all("AWS::ApiGatewayV2::Api")
    sources = {
        flat(resource["Properties"]["SourceArn"]).rpartition(":")[2]
        for resource in http.all("AWS::Lambda::Permission").values()
    }

    paths = ("track", "pixel.gif", "tracker.js")
    assert sources == {f"<{api}>/*/*/{path}" for path in paths}


def test_the_address_has_no_stage_and_no_slash(http: Built) -> None:
    endpoint = flat(Stack.of(http.tracker).resolve(http.tracker.api_endpoint))

    (api,) = http.all("AWS::ApiGatewayV2::Api")
    assert endpoint == f"https://<{api}>.execute-api.<AWS::Region>.<AWS::URLSuffix>"


def test_it_is_named_like_a_rest_api(stack: Stack) -> None:
    tracker = AnalyticsTracker(
        stack, "Tracker", api=TrackerApi.http(), api_name="events"
    )

    assert build(tracker).only("AWS::ApiGatewayV2::Api")["Name"] == "events"


def test_the_name_is_no_longer_than_api_gateway_takes(stack: Stack) -> None:
    """It is made of the construct's path, however deep that is."""
    scope: Construct = stack
    for part in "abcd":
        scope = Construct(scope, part * 40)

    built = build(AnalyticsTracker(scope, "Tracker", api=TrackerApi.http()))

    assert len(built.only("AWS::ApiGatewayV2::Api")["Name"]) == 128

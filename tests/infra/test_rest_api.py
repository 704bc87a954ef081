"""The REST API that the tracker makes."""

from __future__ import annotations

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_apigateway as apigateway

from analytics_tracker_construct import AnalyticsTracker, TrackerApi

from .templates import Built, Json, build, flat, warnings


def _methods(built: Built) -> dict[str, Json]:
    return {
        resource["Properties"]["HttpMethod"]: resource["Properties"]
        for resource in built.all("AWS::ApiGateway::Method").values()
    }


def test_every_route_leads_to_the_function(minimal: Built) -> None:
    methods = _methods(minimal)

    assert set(methods) == {"POST", "OPTIONS", "GET"}
    for method in methods.values():
        assert method["Integration"]["Type"] == "AWS_PROXY"
        assert "<TrackerFunction5513E925.Arn>" in flat(method["Integration"]["Uri"])


@pytest.mark.parametrize(
    ("path", "methods"),
    [("track", {"POST", "OPTIONS"}), ("pixel.gif", {"GET"}), ("tracker.js", {"GET"})],
)
def test_a_path_has_these_methods(minimal: Built, path: str, methods: set[str]) -> None:
    """An image and a script are asked for without a preflight."""
    (resource,) = [
        logical_id
        for logical_id, found in minimal.all("AWS::ApiGateway::Resource").items()
        if found["Properties"]["PathPart"] == path
    ]

    assert methods == {
        method["Properties"]["HttpMethod"]
        for method in minimal.all("AWS::ApiGateway::Method").values()
        if method["Properties"]["ResourceId"] == {"Ref": resource}
    }


def test_the_pixel_is_checked_as_events_are(minimal: Built) -> None:
    """The API checks parameters, and no words of its own replace the function's."""
    methods = _methods(minimal)

    for name in ("RequestValidatorId", "AuthorizationType"):
        assert methods["GET"][name] == methods["POST"][name]
    assert not methods["GET"].keys() & {"RequestModels", "RequestParameters"}


def test_bodies_arrive_as_bytes(minimal: Built) -> None:
    """Text would mangle gzip."""
    assert minimal.only("AWS::ApiGateway::RestApi")["BinaryMediaTypes"] == ["*/*"]


def test_a_body_has_no_model_that_would_replace_our_words(minimal: Built) -> None:
    assert "RequestModels" not in _methods(minimal)["POST"]
    assert minimal.only("AWS::ApiGateway::RequestValidator") == {
        "RestApiId": {"Ref": "TrackerApi2DF23A67"},
        "ValidateRequestBody": True,
        "ValidateRequestParameters": True,
    }


def test_the_gateways_own_errors_can_be_read_in_a_browser(minimal: Built) -> None:
    responses = minimal.all("AWS::ApiGateway::GatewayResponse").values()

    assert {r["Properties"]["ResponseType"] for r in responses} == {
        "DEFAULT_4XX",
        "DEFAULT_5XX",
    }
    for response in responses:
        assert response["Properties"]["ResponseParameters"] == {
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'"
        }


def test_the_stage_is_throttled_and_traces_no_data(minimal: Built) -> None:
    assert minimal.only("AWS::ApiGateway::Stage")["MethodSettings"] == [
        {
            "DataTraceEnabled": False,
            "HttpMethod": "*",
            "ResourcePath": "/*",
            "ThrottlingBurstLimit": 200,
            "ThrottlingRateLimit": 100,
        }
    ]


def test_throttles_are_what_they_are_told_to_be(stack: Stack) -> None:
    tracker = AnalyticsTracker(
        stack, "Tracker", throttling_burst_limit=5, throttling_rate_limit=2.5
    )

    (settings,) = build(tracker).only("AWS::ApiGateway::Stage")["MethodSettings"]

    assert settings["ThrottlingBurstLimit"] == 5
    assert settings["ThrottlingRateLimit"] == 2.5


def test_the_api_may_call_the_function_on_its_own_routes_only(minimal: Built) -> None:
    sources = {
        flat(resource["Properties"]["SourceArn"])
        for resource in minimal.all("AWS::Lambda::Permission").values()
    }

    arn = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>"
    api, stage = "<TrackerApi2DF23A67>", "<TrackerApiDeploymentStageprod590A4220>"
    assert sources == {
        f"{arn}:{api}/{stage}/POST/track",
        f"{arn}:{api}/{stage}/OPTIONS/track",
        f"{arn}:{api}/{stage}/GET/pixel.gif",
        f"{arn}:{api}/{stage}/GET/tracker.js",
    }


def test_the_accounts_logging_role_is_left_alone(full: Built) -> None:
    """It is one for all APIs of an account and region."""
    full.template.resource_count_is("AWS::ApiGateway::Account", 0)


def test_a_library_defines_no_outputs(full: Built) -> None:
    assert not full.template.find_outputs("*")


def test_the_deployment_waits_for_every_route(minimal: Built) -> None:
    (deployment,) = minimal.all("AWS::ApiGateway::Deployment").values()

    assert {
        *minimal.all("AWS::ApiGateway::Method"),
        *minimal.all("AWS::ApiGateway::Resource"),
        *minimal.all("AWS::ApiGateway::GatewayResponse"),
    } <= set(deployment["DependsOn"])


@pytest.mark.parametrize(
    ("region", "kind"),
    [
        (None, "EDGE"),
        ("eu-west-1", "EDGE"),
        ("us-gov-west-1", "REGIONAL"),
        ("cn-north-1", "REGIONAL"),
        ("us-iso-east-1", "REGIONAL"),
        ("us-isob-east-1", "REGIONAL"),
        ("eusc-de-east-1", "REGIONAL"),
    ],
)
def test_endpoints_are_at_the_edge_where_the_partition_has_one(
    tmp_path_factory: pytest.TempPathFactory, region: str | None, kind: str
) -> None:
    app = App(outdir=str(tmp_path_factory.mktemp("cdk")))
    stack = Stack(app, "Host", env=Environment(region=region))

    api = build(AnalyticsTracker(stack, "Tracker")).only("AWS::ApiGateway::RestApi")

    assert api["EndpointConfiguration"]["Types"] == [kind]


def test_the_endpoint_can_be_chosen(stack: Stack) -> None:
    api = TrackerApi.rest(endpoint_type=apigateway.EndpointType.REGIONAL)

    built = build(AnalyticsTracker(stack, "Tracker", api=api))

    assert built.only("AWS::ApiGateway::RestApi")["EndpointConfiguration"] == {
        "Types": ["REGIONAL"]
    }


def test_the_stage_can_be_named(stack: Stack) -> None:
    api = TrackerApi.rest(stage_name="v1")

    built = build(AnalyticsTracker(stack, "Tracker", api=api))

    assert built.only("AWS::ApiGateway::Stage")["StageName"] == "v1"


def test_the_api_can_be_named(stack: Stack) -> None:
    built = build(AnalyticsTracker(stack, "Tracker", api_name="events"))

    assert built.only("AWS::ApiGateway::RestApi")["Name"] == "events"


def test_a_prefix_names_the_api_too(stack: Stack) -> None:
    built = build(AnalyticsTracker(stack, "Tracker", function_prefix="acme"))

    assert built.only("AWS::ApiGateway::RestApi")["Name"] == "acme-analytics-tracker"


def test_the_address_has_no_slash_at_its_end(minimal: Built) -> None:
    stack = Stack.of(minimal.tracker)
    endpoint = flat(stack.resolve(minimal.tracker.api_endpoint))

    assert endpoint == (
        "https://<TrackerApi2DF23A67>.execute-api.<AWS::Region>.<AWS::URLSuffix>/"
        "<TrackerApiDeploymentStageprod590A4220>"
    )
    assert flat(stack.resolve(minimal.tracker.track_url)) == f"{endpoint}/track"
    assert flat(stack.resolve(minimal.tracker.pixel_url)) == f"{endpoint}/pixel.gif"
    assert flat(stack.resolve(minimal.tracker.script_url)) == f"{endpoint}/tracker.js"


def test_a_web_acl_guards_the_stage(full: Built) -> None:
    association = full.only("AWS::WAFv2::WebACLAssociation")

    assert association["WebACLArn"].endswith("regional/webacl/guard/1")
    assert flat(association["ResourceArn"]).endswith(
        "/restapis/<TrackerApi2DF23A67>/stages/<TrackerApiDeploymentStageprod590A4220>"
    )


def test_access_logs_are_off_by_default(minimal: Built) -> None:
    assert "AccessLogSetting" not in minimal.only("AWS::ApiGateway::Stage")
    assert minimal.tracker.access_log_group is None


def test_access_logs_never_hold_an_address_or_a_user_agent(full: Built) -> None:
    text = full.only("AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"]

    assert "$context.requestId" in text
    for forbidden in ("sourceIp", "userAgent", "$context.path", "caller", "user"):
        assert forbidden not in text


def test_a_default_tracker_warns_of_nothing(stack: Stack) -> None:
    AnalyticsTracker(stack, "Tracker").add_tenant("acme")

    assert warnings(stack) == []

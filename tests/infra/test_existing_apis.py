"""APIs that exist: they gain routes, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk.assertions import Template

from analytics_tracker_construct import AnalyticsTracker, TrackerApi

from .templates import Built, Json, build, flat, warnings

#: What belongs to a host's API as a whole.
STAGE_WIDE = (
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Account",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
)


def _rest(stack: Stack, **options: object) -> apigateway.RestApi:
    api = apigateway.RestApi(stack, "Api", **options)  # type: ignore[arg-type] # any
    api.root.add_method("GET")
    return api


def _stage_wide(template: Template) -> Json:
    return {kind: template.find_resources(kind) for kind in STAGE_WIDE}


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_nothing_stage_wide_of_the_host_changes(
    tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    """The host's template with the tracker and without it differ in routes only."""
    templates = []
    for tracked in (False, True):
        stack = Stack(App(outdir=str(tmp_path_factory.mktemp("cdk"))), "Host")
        if kind == "rest":
            api = TrackerApi.existing_rest(_rest(stack))
        else:
            api = TrackerApi.existing_http(apigatewayv2.HttpApi(stack, "Api"))
        if tracked:
            AnalyticsTracker(stack, "Tracker", api=api)
        templates.append(Template.from_stack(stack))
    without, with_tracker = map(_stage_wide, templates)

    # The stage points at a deployment, whose id stands for the routes.
    for found in (without, with_tracker):
        for stage in found["AWS::ApiGateway::Stage"].values():
            del stage["Properties"]["DeploymentId"]
    assert without == with_tracker


def test_routes_enter_the_hosts_deployment(stack: Stack) -> None:
    api = _rest(stack)
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))
    built = build(tracker)

    (deployment,) = built.all("AWS::ApiGateway::Deployment").values()
    routes = [i for i in built.all("AWS::ApiGateway::Method") if "Routes" in i]
    assert len(routes) == 4
    assert set(routes) <= set(deployment["DependsOn"])
    assert tracker.api is api


def test_routes_change_the_hosts_deployment(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A deployment with an old id would serve the old routes."""
    deployments = set()
    for tracked in (False, True):
        stack = Stack(App(outdir=str(tmp_path_factory.mktemp("cdk"))), "Host")
        api = _rest(stack)
        if tracked:
            AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))
        found = Template.from_stack(stack).find_resources("AWS::ApiGateway::Deployment")
        deployments |= set(found)

    assert len(deployments) == 2


def test_all_that_a_rest_api_gains_hangs_on_the_tracker(stack: Stack) -> None:
    api = _rest(stack)
    before = {child.node.path for child in api.node.find_all()}
    AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))

    assert {child.node.path for child in api.node.find_all()} == before


def test_all_that_an_http_api_gains_hangs_on_the_tracker(stack: Stack) -> None:
    api = apigatewayv2.HttpApi(stack, "Api")
    before = {child.node.path for child in api.node.find_all()}
    AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_http(api))

    assert {child.node.path for child in api.node.find_all()} == before


def _method(built_methods: Json, name: str) -> Json:
    found, *others = [
        resource["Properties"]
        for resource in built_methods.values()
        if resource["Properties"]["HttpMethod"] == name
        and "TrackerRoutes" in str(resource["Properties"]["ResourceId"])
    ]
    # The image and the script, which differ in nothing but their paths.
    assert all({**each, "ResourceId": found["ResourceId"]} == found for each in others)
    return dict(found)


def test_the_hosts_defaults_hold_for_all_but_preflights(stack: Stack) -> None:
    """A browser sends a preflight without keys or tokens."""
    api = _rest(
        stack, default_method_options=apigateway.MethodOptions(api_key_required=True)
    )
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))

    methods = build(tracker).all("AWS::ApiGateway::Method")

    assert _method(methods, "POST")["ApiKeyRequired"] is True
    assert _method(methods, "GET")["ApiKeyRequired"] is True
    assert "ApiKeyRequired" not in _method(methods, "OPTIONS")


def test_the_hosts_cors_defaults_add_no_second_preflight(stack: Stack) -> None:
    """Two methods with one name would fail to deploy."""
    api = _rest(
        stack,
        default_cors_preflight_options=apigateway.CorsOptions(
            allow_origins=["https://a.example"]
        ),
    )
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))

    preflight = _method(build(tracker).all("AWS::ApiGateway::Method"), "OPTIONS")

    assert preflight["Integration"]["Type"] == "AWS_PROXY"


def test_an_http_hosts_authorizer_holds_for_all_but_preflights(stack: Stack) -> None:
    api = apigatewayv2.HttpApi(
        stack, "Api", default_authorizer=authorizers.HttpIamAuthorizer()
    )
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_http(api))

    routes = {
        resource["Properties"]["RouteKey"]: resource["Properties"]["AuthorizationType"]
        for resource in build(tracker).all("AWS::ApiGatewayV2::Route").values()
    }
    assert routes == {
        "POST /track": "AWS_IAM",
        "OPTIONS /track": "NONE",
        "GET /pixel.gif": "AWS_IAM",
        "GET /tracker.js": "AWS_IAM",
    }


def test_the_address_is_that_of_the_hosts_stage(stack: Stack) -> None:
    api = _rest(stack, deploy_options=apigateway.StageOptions(stage_name="live"))
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))

    (stage,) = build(tracker).all("AWS::ApiGateway::Stage")
    assert flat(stack.resolve(tracker.track_url)).endswith(f"/<{stage}>/track")


def _callers(built: Built) -> set[str]:
    """What may call the function, from the stage on."""
    rights = built.all("AWS::Lambda::Permission").values()
    sources = (flat(each["Properties"]["SourceArn"]) for each in rights)
    return {source.partition("/")[2] for source in sources}


@pytest.mark.parametrize("named", ["live", "next"])
def test_the_stage_that_is_named_may_call_the_function(
    stack: Stack, named: str
) -> None:
    """Not only the one that the CDK makes, whose rights it adds by itself."""
    api = _rest(stack, deploy_options=apigateway.StageOptions(stage_name="live"))
    deployment = api.latest_deployment
    assert deployment is not None
    apigateway.Stage(stack, "Next", deployment=deployment, stage_name="next")
    built = build(
        AnalyticsTracker(
            stack, "Tracker", api=TrackerApi.existing_rest(api, stage_name=named)
        )
    )

    (own,) = [
        logical_id
        for logical_id, stage in built.all("AWS::ApiGateway::Stage").items()
        if stage["Properties"]["StageName"] == "live"
    ]
    routes = ("POST/track", "OPTIONS/track", "GET/pixel.gif", "GET/tracker.js")
    stages = {f"<{own}>", *({named} - {"live"})}
    assert _callers(built) == {f"{each}/{path}" for each in stages for path in routes}


def test_a_rest_api_with_a_deployment_of_its_users_tells_its_stage(
    stack: Stack,
) -> None:
    api = _rest(stack, deploy=False)
    deployment = apigateway.Deployment(stack, "Deployment", api=api)
    api.deployment_stage = apigateway.Stage(
        stack, "Live", deployment=deployment, stage_name="live"
    )
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))

    (stage,) = build(tracker).all("AWS::ApiGateway::Stage")
    assert flat(stack.resolve(tracker.track_url)).endswith(f"/<{stage}>/track")


def test_a_rest_api_that_deploys_nothing_tells_no_address(stack: Stack) -> None:
    api = _rest(stack, deploy=False)
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))

    with pytest.raises(ValueError, match=r"deploy=False.*stage_name='prod'"):
        _ = tracker.track_url


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_an_api_that_answers_at_its_own_domain_alone_tells_no_address(
    stack: Stack, kind: str
) -> None:
    """The one that API Gateway gave it answers nobody."""
    if kind == "rest":
        api = TrackerApi.existing_rest(_rest(stack, disable_execute_api_endpoint=True))
    else:
        http = apigatewayv2.HttpApi(stack, "Api", disable_execute_api_endpoint=True)
        api = TrackerApi.existing_http(http)
    tracker = AnalyticsTracker(stack, "Tracker", api=api)

    with pytest.raises(
        ValueError, match=r"'disable_execute_api_endpoint'.*own domain.* '/track'"
    ):
        _ = tracker.track_url


def test_an_imported_rest_api_gains_routes_and_a_warning(stack: Stack) -> None:
    api = apigateway.RestApi.from_rest_api_attributes(
        stack, "Api", rest_api_id="abc", root_resource_id="root"
    )
    tracker = AnalyticsTracker(
        stack, "Tracker", api=TrackerApi.existing_rest(api, stage_name="live")
    )

    (warning,) = warnings(stack)
    assert "analytics-tracker:rest-api-not-deployed" in warning
    assert "create-deployment" in warning
    resources = build(tracker).all("AWS::ApiGateway::Resource").values()
    assert {
        (each["Properties"]["RestApiId"], each["Properties"]["ParentId"])
        for each in resources
    } == {("abc", "root")}
    assert flat(stack.resolve(tracker.track_url)) == (
        "https://abc.execute-api.<AWS::Region>.<AWS::URLSuffix>/live/track"
    )


def test_an_api_that_this_app_deploys_needs_no_warning(stack: Stack) -> None:
    AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(_rest(stack)))

    assert warnings(stack) == []


def test_an_api_of_another_stack_can_be_imported(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """What the error about a cycle tells to do works."""
    app = App(outdir=str(tmp_path_factory.mktemp("cdk")))
    api = _rest(Stack(app, "Host"))
    stack = Stack(app, "Mine")
    imported = apigateway.RestApi.from_rest_api_attributes(
        stack,
        "Api",
        rest_api_id=api.rest_api_id,
        root_resource_id=api.rest_api_root_resource_id,
    )

    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(imported))

    assert len(build(tracker).all("AWS::ApiGateway::Method")) == 4


def test_an_http_api_of_another_stack_gains_routes(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """It deploys itself, so nothing of the host's waits for the tracker."""
    app = App(outdir=str(tmp_path_factory.mktemp("cdk")))
    api = apigatewayv2.HttpApi(Stack(app, "Host"), "Api")
    stack = Stack(app, "Mine")
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_http(api))

    assert len(build(tracker).all("AWS::ApiGatewayV2::Route")) == 4


def test_the_address_of_an_imported_rest_api_needs_its_stage(stack: Stack) -> None:
    api = apigateway.RestApi.from_rest_api_attributes(
        stack, "Api", rest_api_id="abc", root_resource_id="root"
    )
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))

    with pytest.raises(ValueError, match="stage_name='prod'"):
        _ = tracker.api_endpoint


@pytest.mark.parametrize(
    ("stage", "end"),
    [(None, "<AWS::URLSuffix>"), ("live", "/live"), ("$default", "x>")],
)
def test_the_address_of_an_imported_http_api(
    stack: Stack, stage: str | None, end: str
) -> None:
    api = apigatewayv2.HttpApi.from_http_api_attributes(stack, "Api", http_api_id="abc")
    tracker = AnalyticsTracker(
        stack, "Tracker", api=TrackerApi.existing_http(api, stage_name=stage)
    )

    endpoint = flat(stack.resolve(tracker.api_endpoint))

    assert endpoint.startswith("https://abc.execute-api.")
    assert endpoint.endswith(end)
    assert tracker.api is api


def test_an_existing_apis_metrics_raise_no_alarm(stack: Stack) -> None:
    """They count the host's other routes too."""
    api = TrackerApi.existing_rest(_rest(stack))
    tracker = AnalyticsTracker(stack, "Tracker", api=api, enable_metrics=True)

    dashboard = build(tracker).only("AWS::CloudWatch::Dashboard")

    assert "AWS/ApiGateway" not in str(dashboard)


def test_refuses_a_second_tracker_on_an_http_api(stack: Stack) -> None:
    """Both would define the same route."""
    api = apigatewayv2.HttpApi(stack, "Api")
    AnalyticsTracker(stack, "One", api=TrackerApi.existing_http(api))

    with pytest.raises(ValueError, match=r"'api' .*tracker 'Host/One'.*another API"):
        AnalyticsTracker(stack, "Two", api=TrackerApi.existing_http(api))


def test_refuses_a_second_tracker_on_an_api_imported_twice(stack: Stack) -> None:
    """Two imports are two constructs and one API."""

    def imported(name: str) -> TrackerApi:
        api = apigateway.RestApi.from_rest_api_attributes(
            stack, name, rest_api_id="abc", root_resource_id="root"
        )
        return TrackerApi.existing_rest(api)

    AnalyticsTracker(stack, "One", api=imported("First"))

    with pytest.raises(ValueError, match=r"'api' 'abc' .*tracker 'Host/One'"):
        AnalyticsTracker(stack, "Two", api=imported("Second"))


def test_two_existing_apis_take_a_tracker_each(stack: Stack) -> None:
    for name in ("One", "Two"):
        api = apigatewayv2.HttpApi(stack, f"{name}Api")
        AnalyticsTracker(stack, name, api=TrackerApi.existing_http(api))


@pytest.mark.parametrize("path", ["track", "pixel.gif", "tracker.js"])
def test_refuses_an_http_api_that_has_one_of_the_routes(
    stack: Stack, path: str
) -> None:
    """API Gateway takes each route key once."""
    api = apigatewayv2.HttpApi(stack, "Api")
    method = "POST" if path == "track" else "GET"
    api.add_routes(
        integration=integrations.HttpUrlIntegration("Ours", "https://shop.example"),
        methods=[apigatewayv2.HttpMethod[method]],
        path=f"/{path}",
    )

    with pytest.raises(ValueError, match=rf"'api' .*'{method} /{path}' already"):
        AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_http(api))


def test_another_method_of_a_path_is_the_hosts_own(stack: Stack) -> None:
    api = apigatewayv2.HttpApi(stack, "Api")
    api.add_routes(
        integration=integrations.HttpUrlIntegration("Ours", "https://shop.example"),
        methods=[apigatewayv2.HttpMethod.DELETE],
        path="/track",
    )
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_http(api))

    assert len(build(tracker).all("AWS::ApiGatewayV2::Route")) == 5


@pytest.mark.parametrize("path", ["track", "pixel.gif", "tracker.js"])
def test_refuses_a_rest_api_whose_document_has_the_path(
    stack: Stack, path: str
) -> None:
    document = {
        "info": {"title": "Shop", "version": "1"},
        "openapi": "3.0.0",
        "paths": {f"/{path}": {}},
    }
    definition = apigateway.ApiDefinition.from_inline(document)
    api = apigateway.SpecRestApi(stack, "Api", api_definition=definition)

    with pytest.raises(ValueError, match=rf"/{path} .*grant_invoke_to_api_gateway"):
        AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_refuses_an_api_of_another_region(pinned: Stack, kind: str) -> None:
    app = pinned.node.root
    assert isinstance(app, App)
    far = Stack(
        app,
        "Far",
        env=Environment(account=pinned.account, region="us-east-1"),
    )
    if kind == "rest":
        rest = apigateway.RestApi.from_rest_api_attributes(
            far, "Api", rest_api_id="abc", root_resource_id="root"
        )
        api = TrackerApi.existing_rest(rest)
    else:
        api = TrackerApi.existing_http(apigatewayv2.HttpApi(far, "Api"))

    with pytest.raises(ValueError, match=r"'api' Far/Api is in region us-east-1"):
        AnalyticsTracker(pinned, "Tracker", api=api)


@pytest.mark.parametrize("stage", ["/prod/", "", "a b", 5])
@pytest.mark.parametrize("kind", ["rest", "http"])
def test_refuses_a_stage_of_an_impossible_name(
    stack: Stack, kind: str, stage: Any
) -> None:
    def give() -> TrackerApi:
        if kind == "rest":
            return TrackerApi.existing_rest(_rest(stack), stage_name=stage)
        http = apigatewayv2.HttpApi(stack, "Api")
        return TrackerApi.existing_http(http, stage_name=stage)

    with pytest.raises(ValueError, match=rf"'stage_name' .*got {stage!r}"):
        give()

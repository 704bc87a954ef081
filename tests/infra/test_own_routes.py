"""Tenants with a limit of their own: their routes, on either API of the tracker's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import CfnParameter, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2

from analytics_tracker_construct import AnalyticsTracker, FrontDoor, TrackerApi
from analytics_tracker_construct._handler import settings

from .templates import Built, Json, build, flat

#: Method and path of what each of the tenant's routes is.
OF_ACME = {
    ("POST", "/acme/track"),
    ("OPTIONS", "/acme/track"),
    ("GET", "/acme/pixel.gif"),
}
OF_ALL = {
    ("POST", "/track"),
    ("OPTIONS", "/track"),
    ("GET", "/pixel.gif"),
    ("GET", "/tracker.js"),
}
BOTH = pytest.mark.parametrize("api", [TrackerApi.rest, TrackerApi.http])


def rest_routes(built: Built) -> dict[tuple[str, str], Json]:
    """Return a REST API's methods by name and path."""
    resources = built.all("AWS::ApiGateway::Resource")

    def path_of(resource: Any) -> str:
        if "Ref" not in resource:
            return ""
        found = resources[resource["Ref"]]["Properties"]
        return f"{path_of(found['ParentId'])}/{found['PathPart']}"

    return {
        (method["HttpMethod"], path_of(method["ResourceId"])): method
        for each in built.all("AWS::ApiGateway::Method").values()
        for method in [each["Properties"]]
    }


def http_routes(built: Built) -> dict[tuple[str, str], Json]:
    """Return an HTTP API's routes by method and path."""
    found = {}
    for each in built.all("AWS::ApiGatewayV2::Route").values():
        method, path = each["Properties"]["RouteKey"].split(" ")
        found[method, path] = each["Properties"]
    return found


def limits_of(built: Built) -> dict[tuple[str, str], tuple[float, float]]:
    """Return rate and burst of each route that has settings of its own."""
    if built.all("AWS::ApiGateway::Stage"):
        return {
            (each["HttpMethod"], each["ResourcePath"][1:].replace("~1", "/")): (
                each["ThrottlingRateLimit"],
                each["ThrottlingBurstLimit"],
            )
            for each in built.only("AWS::ApiGateway::Stage")["MethodSettings"]
            if each["HttpMethod"] != "*"
        }
    stage = built.only("AWS::ApiGatewayV2::Stage")
    found = {}
    for key, each in stage.get("RouteSettings", {}).items():
        method, path = key.split(" ")
        found[method, path] = each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"]
    return found


def test_a_rest_api_has_routes_for_the_tenant_that_lead_to_the_function(
    stack: Stack,
) -> None:
    """As the tracker's own do: the same function, checked in the same way."""
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("acme", throttling_rate_limit=5)
    tracker.add_tenant("free")

    routes = rest_routes(build(tracker))

    assert set(routes) == OF_ALL | OF_ACME
    for method, path in OF_ACME:
        own, shared = routes[method, path], routes[method, path.replace("/acme", "")]
        for name in ("Integration", "AuthorizationType"):
            assert flat(own[name]) == flat(shared[name])
    assert (
        routes["POST", "/acme/track"]["RequestValidatorId"]
        == (routes["POST", "/track"]["RequestValidatorId"])
    )


def test_an_http_api_has_routes_for_the_tenant_that_lead_to_the_function(
    stack: Stack,
) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.http())
    for name in ("acme", "beta"):
        tracker.add_tenant(name, throttling_rate_limit=5)

    built = build(tracker)

    routes = http_routes(built)
    integrations = built.all("AWS::ApiGatewayV2::Integration")
    of_beta = {(m, p.replace("acme", "beta")) for m, p in OF_ACME}
    assert set(routes) == OF_ALL | OF_ACME | of_beta
    # An API may have 300 integrations: one serves all tenants.
    assert len(integrations) == 2
    one, other = (each["Properties"] for each in integrations.values())
    assert one == other
    targets = {flat(routes[route]["Target"]) for route in OF_ACME | of_beta}
    assert len(targets) == 1
    assert targets.pop().removeprefix("integrations/")[1:-1] in integrations


@BOTH
def test_the_stage_limits_the_tenants_routes_and_leaves_the_others(
    stack: Stack, api: Callable[[], TrackerApi]
) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", api=api())
    tracker.add_tenant("acme", throttling_rate_limit=5)
    tracker.add_tenant("beta", throttling_rate_limit=0.5, throttling_burst_limit=9)
    tracker.add_tenant("free")

    built = build(tracker)

    of_beta = {(m, p.replace("acme", "beta")): (0.5, 9) for m, p in OF_ACME}
    assert limits_of(built) == {**dict.fromkeys(OF_ACME, (5, 10)), **of_beta}
    if built.all("AWS::ApiGateway::Stage"):
        first = built.only("AWS::ApiGateway::Stage")["MethodSettings"][0]
        assert (first["ResourcePath"], first["HttpMethod"]) == ("/*", "*")
        assert first["ThrottlingRateLimit"] == 100
    else:
        default = built.only("AWS::ApiGatewayV2::Stage")["DefaultRouteSettings"]
        assert default["ThrottlingRateLimit"] == 100


@BOTH
def test_a_stage_waits_for_the_routes_that_it_limits(
    stack: Stack, api: Callable[[], TrackerApi]
) -> None:
    """API Gateway refuses settings of a route that is not there, or not deployed."""
    tracker = AnalyticsTracker(stack, "Tracker", api=api())
    tracker.add_tenant("acme", throttling_rate_limit=5)

    built = build(tracker)

    waiting = [
        *built.all("AWS::ApiGateway::Deployment").values(),
        *built.all("AWS::ApiGatewayV2::Stage").values(),
    ]
    kinds = ("AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Route")
    own = [id_ for kind in kinds for id_ in built.all(kind) if "acme" in id_]
    assert len(own) == 3
    assert set(own) <= set(waiting[0]["DependsOn"])


@BOTH
def test_the_api_may_call_the_function_by_every_tenants_routes(
    stack: Stack, api: Callable[[], TrackerApi]
) -> None:
    """By two rights for all tenants: a function's policy may have 20 KB."""
    tracker = AnalyticsTracker(stack, "Tracker", api=api())
    before = len(build(tracker).all("AWS::Lambda::Permission"))
    other = AnalyticsTracker(Stack(None, "Other"), "Tracker", api=api())
    for number in range(10):
        other.add_tenant(f"tenant-{number}", throttling_rate_limit=5)

    rights = build(other).all("AWS::Lambda::Permission")

    assert len(rights) == before + 2
    sources = [flat(each["Properties"]["SourceArn"]) for each in rights.values()]
    for path in ("track", "pixel.gif"):
        assert any(source.endswith(f"/*/*/{path}") for source in sources)


@BOTH
def test_the_function_is_told_who_has_routes_of_their_own(
    stack: Stack, api: Callable[[], TrackerApi]
) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", api=api())
    tracker.add_tenant("acme", throttling_rate_limit=5)
    tracker.add_tenant("free")

    found = settings.read(build(tracker).environment()).tenants

    assert {name: each.own_route for name, each in found.items()} == {
        "acme": True,
        "free": False,
    }


@BOTH
def test_addresses_are_the_tenants(stack: Stack, api: Callable[[], TrackerApi]) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", api=api())
    acme = tracker.add_tenant("acme", throttling_rate_limit=5)
    free = tracker.add_tenant("free")
    endpoint = tracker.api_endpoint

    assert tracker.track_url_of(acme) == f"{endpoint}/acme/track"
    assert tracker.pixel_url_of(acme) == f"{endpoint}/acme/pixel.gif"
    assert tracker.track_url_of(free) == tracker.track_url
    assert tracker.pixel_url_of(free) == tracker.pixel_url
    assert (acme.throttling_rate_limit, acme.throttling_burst_limit) == (5, 10)
    assert (free.throttling_rate_limit, free.throttling_burst_limit) == (None, None)


@BOTH
def test_behind_a_front_door_addresses_are_the_distributions(
    stack: Stack, api: Callable[[], TrackerApi]
) -> None:
    """Which passes every path on that it does not keep."""
    tracker = AnalyticsTracker(stack, "Tracker", api=api(), front_door=FrontDoor())
    acme = tracker.add_tenant("acme", throttling_rate_limit=5)

    built = build(tracker)

    (distribution,) = built.all("AWS::CloudFront::Distribution")
    address = flat(stack.resolve(tracker.track_url_of(acme)))
    assert address == f"https://<{distribution}.DomainName>/acme/track"
    assert set(limits_of(built)) == OF_ACME


def test_a_limit_may_be_a_parameter(stack: Stack) -> None:
    rate = CfnParameter(stack, "Rate", type="Number").value_as_number
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("acme", throttling_rate_limit=rate, throttling_burst_limit=7)

    stage = build(tracker).only("AWS::ApiGateway::Stage")

    assert stage["MethodSettings"][1]["ThrottlingRateLimit"] == {"Ref": "Rate"}


def test_a_tracker_may_change_its_kind_of_api() -> None:
    """CloudFormation refuses a logical id whose type has changed."""
    kinds: list[dict[str, str]] = []
    for name, api in (("Host", TrackerApi.rest()), ("Again", TrackerApi.http())):
        tracker = AnalyticsTracker(Stack(None, name), "Tracker", api=api)
        tracker.add_tenant("acme", throttling_rate_limit=5)
        resources = build(tracker).template.to_json()["Resources"]
        kinds.append({id_: each["Type"] for id_, each in resources.items()})

    one, other = kinds
    assert [id_ for id_ in one.keys() & other.keys() if one[id_] != other[id_]] == []


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_refuses_a_limit_on_an_api_that_exists(stack: Stack, kind: str) -> None:
    """The stage is its owner's."""
    if kind == "rest":
        api = TrackerApi.existing_rest(apigateway.RestApi(stack, "Api"))
    else:
        api = TrackerApi.existing_http(apigatewayv2.HttpApi(stack, "Api"))
    tracker = AnalyticsTracker(stack, "Tracker", api=api)

    with pytest.raises(
        ValueError,
        match=r"'throttling_rate_limit' of tenant 'acme'.*5.*TrackerApi.rest\(\)",
    ):
        tracker.add_tenant("acme", throttling_rate_limit=5)
    assert tracker.tenants == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"throttling_rate_limit": 0}, "above 0 requests a second, got 0"),
        ({"throttling_rate_limit": "5"}, "must be a number, got '5'"),
        ({"throttling_rate_limit": float("nan")}, "must be a number, got nan"),
        (
            {"throttling_rate_limit": 5, "throttling_burst_limit": 0},
            "'throttling_burst_limit' must be a whole number of 1 or more, got 0",
        ),
        (
            {"throttling_burst_limit": 5},
            "'throttling_burst_limit' of tenant 'acme' is 5 without a rate",
        ),
        *(
            ({"name": name, "throttling_rate_limit": 5}, f"such as '{name}-sites'")
            for name in ("track", "ping", "sping")
        ),
    ],
)
def test_refuses_what_can_be_no_limit(
    stack: Stack, arguments: dict[str, Any], said: str
) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")

    with pytest.raises(ValueError, match=r"^'(name|throttling_)") as caught:
        tracker.add_tenant(**{"name": "acme", **arguments})

    assert said in str(caught.value)
    assert tracker.node.try_find_child("Tenants") is None
    assert tracker.node.try_find_child("TenantRoutes") is None


def test_refuses_a_rate_of_the_deployments_without_a_burst(stack: Stack) -> None:
    rate = CfnParameter(stack, "Rate", type="Number").value_as_number
    tracker = AnalyticsTracker(stack, "Tracker")

    with pytest.raises(ValueError, match="pass throttling_burst_limit too"):
        tracker.add_tenant("acme", throttling_rate_limit=rate)


def test_refuses_an_address_of_another_trackers_tenant(stack: Stack) -> None:
    one, other = (AnalyticsTracker(stack, name) for name in ("One", "Other"))
    tenant = one.add_tenant("acme")

    with pytest.raises(ValueError, match="one of this tracker's tenants"):
        other.track_url_of(tenant)
    with pytest.raises(ValueError, match="one of this tracker's tenants"):
        other.pixel_url_of(tenant)

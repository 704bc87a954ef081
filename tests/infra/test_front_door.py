"""The distribution before the API: what it passes on, what it keeps, who gets past."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from aws_cdk import App, Environment, NestedStack, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import (
    AnalyticsTracker,
    AnalyticsTrackerStack,
    FrontDoor,
    TrackerApi,
)
from analytics_tracker_construct._handler import replies, script, settings
from tests.handler import edge

from .templates import Built, Json, build, flat, warnings

CERTIFICATE = "arn:aws:acm:us-east-1:111111111111:certificate/1"
WEB_ACL = "arn:aws:wafv2:us-east-1:111111111111:global/webacl/guard/1"


@pytest.fixture(scope="module")
def door(session_stack: Callable[[], Stack]) -> Built:
    """A tracker with a front door and nothing else said."""
    return _build(session_stack(), FrontDoor())


@pytest.fixture(scope="module")
def said(session_stack: Callable[[], Stack]) -> Built:
    """A tracker whose front door has everything that can be said of it."""
    stack = session_stack()
    front_door = FrontDoor(
        access_log_bucket=s3.Bucket.from_bucket_name(stack, "Logs", "edge-logs"),
        certificate=acm.Certificate.from_certificate_arn(stack, "Cert", CERTIFICATE),
        comment="Events of our sites",
        domain_names=["events.example.com", "*.example.org"],
        price_class=cloudfront.PriceClass.PRICE_CLASS_100,
        secret_generation=3,
        web_acl_arn=WEB_ACL,
    )
    return _build(stack, front_door)


def _build(stack: Stack, front_door: FrontDoor, api: TrackerApi | None = None) -> Built:
    return build(AnalyticsTracker(stack, "Tracker", api=api, front_door=front_door))


def _config(built: Built) -> Json:
    return dict(built.only("AWS::CloudFront::Distribution")["DistributionConfig"])


def _origin(built: Built) -> Json:
    (origin,) = _config(built)["Origins"]
    return dict(flat(origin))


def _policy(built: Built, name: str) -> Json:
    """Return the settings of the cache policy of a name."""
    kind = "AWS::CloudFront::CachePolicy"
    resource = built.all(kind)[built.id_of(kind, f"FrontDoor{name}")]
    return dict(resource["Properties"]["CachePolicyConfig"])


def _headers(built: Built) -> set[str]:
    """Return the headers that the function gets, in lower case."""
    key = _policy(built, "EventKey")["ParametersInCacheKeyAndForwardedToOrigin"]
    beside = built.only("AWS::CloudFront::OriginRequestPolicy")
    lists = (
        key["HeadersConfig"],
        beside["OriginRequestPolicyConfig"]["HeadersConfig"],
    )
    assert {each["HeaderBehavior"] for each in lists} == {"whitelist"}
    names = [name.lower() for each in lists for name in each["Headers"]]
    assert len(set(names)) == len(names)
    return set(names)


def _values(template: Any) -> list[Any]:
    """Return every value in a template, however deep."""
    inner = template.values() if isinstance(template, dict) else template
    if isinstance(inner, str) or not isinstance(inner, Iterable):
        return [template]
    return [template, *(found for each in inner for found in _values(each))]


def _sent(built: Built) -> str:
    (header,) = _origin(built)["OriginCustomHeaders"]
    assert header["HeaderName"] == settings.FRONT_DOOR_HEADER
    return str(header["HeaderValue"])


def test_the_function_is_told_what_it_asks_for_and_no_more(door: Built) -> None:
    """The requests of `tests/handler` have these, and prove that none is missing."""
    assert _headers(door) == {*edge.PASSED, *edge.TOLD}


def test_the_host_of_the_viewer_never_reaches_api_gateway(door: Built) -> None:
    """It finds the API by that header, and answers 403 to any other host."""
    assert "host" not in _headers(door)


def test_each_policy_has_room_for_its_headers(door: Built) -> None:
    """CloudFront's quota, without asking AWS for more."""
    key = _policy(door, "EventKey")["ParametersInCacheKeyAndForwardedToOrigin"]
    beside = door.only("AWS::CloudFront::OriginRequestPolicy")

    assert len(key["HeadersConfig"]["Headers"]) <= 10
    config = beside["OriginRequestPolicyConfig"]["HeadersConfig"]
    assert len(config["Headers"]) <= 10


def test_each_header_stands_where_cloudfront_takes_it(door: Built) -> None:
    """The address in an origin request policy only, Authorization in no such policy."""
    key = _policy(door, "EventKey")["ParametersInCacheKeyAndForwardedToOrigin"]
    beside = door.only("AWS::CloudFront::OriginRequestPolicy")
    config = beside["OriginRequestPolicyConfig"]["HeadersConfig"]

    assert "CloudFront-Viewer-Address" not in key["HeadersConfig"]["Headers"]
    assert "Authorization" not in config["Headers"]


def test_cookies_stay_at_the_edge_and_parameters_do_not(door: Built) -> None:
    key = _policy(door, "EventKey")["ParametersInCacheKeyAndForwardedToOrigin"]
    beside = door.only("AWS::CloudFront::OriginRequestPolicy")
    config = beside["OriginRequestPolicyConfig"]

    assert key["CookiesConfig"] == config["CookiesConfig"] == {"CookieBehavior": "none"}
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert config["QueryStringsConfig"] == {"QueryStringBehavior": "all"}


def test_no_answer_to_an_event_is_kept(door: Built) -> None:
    """The longest time cannot be 0 where a policy lists headers."""
    policy = _policy(door, "EventKey")

    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 0, 1)


def test_events_and_preflights_are_passed_on_and_not_kept(door: Built) -> None:
    behavior = _config(door)["DefaultCacheBehavior"]

    assert {"GET", "POST", "OPTIONS"} <= set(behavior["AllowedMethods"])
    assert "OPTIONS" not in behavior.get("CachedMethods", [])
    assert behavior["CachePolicyId"] == {
        "Ref": door.id_of("AWS::CloudFront::CachePolicy", "FrontDoorEventKey")
    }
    assert behavior["OriginRequestPolicyId"]


def test_no_route_of_events_is_kept_as_the_client_is(door: Built) -> None:
    (client,) = _config(door)["CacheBehaviors"]

    assert client["PathPattern"] == f"/{replies.SCRIPT}" == "/tracker.js"
    assert replies.SCRIPT not in (replies.TRACK, replies.PIXEL)


def test_the_client_is_kept_as_long_as_it_says_and_compressed(door: Built) -> None:
    (client,) = _config(door)["CacheBehaviors"]
    policy = _policy(door, "ClientKey")
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]

    assert client["Compress"] is True
    assert (key["EnableAcceptEncodingGzip"], key["EnableAcceptEncodingBrotli"]) == (
        True,
        True,
    )
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0)
    assert policy["MaxTTL"] == 365 * 86_400


def test_one_copy_of_the_client_is_kept_for_all_origins(door: Built) -> None:
    """Its answer says that every origin may read it, whichever asks."""
    key = _policy(door, "ClientKey")["ParametersInCacheKeyAndForwardedToOrigin"]

    assert key["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert key["CookiesConfig"] == {"CookieBehavior": "none"}
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert script.reply({})["headers"]["Access-Control-Allow-Origin"] == "*"


def test_no_error_is_kept(door: Built) -> None:
    """By default each would be answered to others for ten seconds."""
    found = {
        each["ErrorCode"]: each["ErrorCachingMinTTL"]
        for each in _config(door)["CustomErrorResponses"]
    }

    assert set(found.values()) == {0}
    assert {403, 404, 500, 502, 503, 504} <= set(found)


def test_nothing_travels_in_the_clear(door: Built) -> None:
    config = _config(door)

    for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert behavior["ViewerProtocolPolicy"] == "https-only"
    assert _origin(door)["CustomOriginConfig"] == {
        "OriginProtocolPolicy": "https-only",
        "OriginSSLProtocols": ["TLSv1.2"],
    }
    assert config["HttpVersion"] == "http2and3"


def test_behind_it_stands_the_stage_of_a_regional_rest_api(door: Built) -> None:
    (api,) = door.all("AWS::ApiGateway::RestApi")
    (stage,) = door.all("AWS::ApiGateway::Stage")

    assert door.only("AWS::ApiGateway::RestApi")["EndpointConfiguration"] == {
        "Types": ["REGIONAL"]
    }
    origin = _origin(door)
    assert origin["DomainName"] == (
        f"<{api}>.execute-api.<AWS::Region>.<AWS::URLSuffix>"
    )
    assert origin["OriginPath"] == f"/<{stage}>"


def test_behind_it_may_stand_an_http_api(stack: Stack) -> None:
    built = _build(stack, FrontDoor(), TrackerApi.http())
    (api,) = built.all("AWS::ApiGatewayV2::Api")

    origin = _origin(built)
    assert origin["DomainName"].startswith(f"<{api}>.execute-api.")
    assert "OriginPath" not in origin


def test_the_secret_is_made_by_aws_and_in_no_template(door: Built) -> None:
    """64 letters and digits; the template has a reference to them.

    Neither its name nor how it is made may change: the function would no longer take
    the value that edge locations still send.
    """
    (secret,) = door.all("AWS::SecretsManager::Secret")

    assert secret == "TrackerFrontDoorSecret133338DF8"
    made = door.only("AWS::SecretsManager::Secret")["GenerateSecretString"]
    assert made == {"ExcludePunctuation": True, "PasswordLength": 64}
    reference = f"{{{{resolve:secretsmanager:<{secret}>:SecretString:::}}}}"
    assert _sent(door) == reference
    assert door.environment()[settings.FRONT_DOOR] == reference


@pytest.mark.parametrize("generation", [2, 3])
def test_a_new_secret_is_sent_and_the_one_before_is_taken(
    stack: Stack, generation: int
) -> None:
    """Each generation is a resource of its own, so what was made stays as it is."""
    built = _build(stack, FrontDoor(secret_generation=generation))
    kind = "AWS::SecretsManager::Secret"
    new, old = (
        f"{{{{resolve:secretsmanager:<{built.id_of(kind, name)}>:SecretString:::}}}}"
        for name in (f"FrontDoorSecret{generation}", f"FrontDoorSecret{generation - 1}")
    )

    assert len(built.all(kind)) == 2
    assert _sent(built) == new
    assert built.environment()[settings.FRONT_DOOR] == f"{new},{old}"


def test_the_function_takes_a_new_secret_before_it_is_sent(door: Built) -> None:
    """CloudFormation changes the distribution after what it depends on."""
    (resource,) = door.all("AWS::CloudFront::Distribution").values()

    assert door.id_of("AWS::Lambda::Function", "Function") in resource["DependsOn"]


def test_the_function_depends_on_neither_api_nor_distribution(door: Built) -> None:
    """They depend on it, so that would be a cycle."""
    kind = "AWS::Lambda::Function"
    function = str(door.all(kind)[door.id_of(kind, "Function")])

    for kind in ("AWS::CloudFront::Distribution", "AWS::ApiGateway::RestApi"):
        (name,) = door.all(kind)
        assert name not in function


def test_the_country_of_an_edge_endpoint_is_not_looked_at(door: Built) -> None:
    assert settings.VIEWER_COUNTRY not in door.environment()


def test_its_addresses_are_the_distributions(door: Built) -> None:
    stack = Stack.of(door.tracker)
    (name,) = door.all("AWS::CloudFront::Distribution")
    endpoint = f"https://<{name}.DomainName>"

    assert flat(stack.resolve(door.tracker.api_endpoint)) == endpoint
    assert flat(stack.resolve(door.tracker.track_url)) == f"{endpoint}/track"
    assert flat(stack.resolve(door.tracker.pixel_url)) == f"{endpoint}/pixel.gif"


def test_its_address_is_the_first_name_of_its_own(said: Built) -> None:
    assert said.tracker.track_url == "https://events.example.com/track"
    assert _config(said)["Aliases"] == ["events.example.com", "*.example.org"]


def test_a_name_of_its_own_needs_tls_1_2(said: Built) -> None:
    assert _config(said)["ViewerCertificate"] == {
        "AcmCertificateArn": CERTIFICATE,
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }


def test_what_was_said_of_it_is_so(said: Built) -> None:
    config = _config(said)

    assert config["WebACLId"] == WEB_ACL
    assert config["PriceClass"] == "PriceClass_100"
    assert config["Comment"] == "Events of our sites"
    assert flat(config["Logging"])["Bucket"].startswith("edge-logs.s3.")


def test_access_logs_are_off_by_default(door: Built) -> None:
    """They would hold addresses."""
    assert "Logging" not in _config(door)


def test_what_it_is_made_of_can_be_had(door: Built, said: Built) -> None:
    (name,) = door.all("AWS::CloudFront::Distribution")
    tracker = door.tracker

    assert tracker.distribution is not None
    assert Stack.of(tracker).resolve(tracker.distribution.distribution_id) == {
        "Ref": name
    }
    assert len(tracker.front_door_secrets) == 1
    assert said.tracker.front_door is not None
    assert said.tracker.front_door.secret_generation == 3


def test_without_one_there_is_nothing_of_it(minimal: Built) -> None:
    tracker = minimal.tracker

    assert (tracker.front_door, tracker.distribution) == (None, None)
    assert tracker.front_door_secrets == ()
    for kind in ("AWS::CloudFront::Distribution", "AWS::SecretsManager::Secret"):
        assert minimal.all(kind) == {}


def test_throttles_and_metrics_are_those_of_the_api(stack: Stack) -> None:
    tracker = AnalyticsTracker(
        stack, "Tracker", enable_metrics=True, front_door=FrontDoor()
    )
    built = build(tracker)

    (settings_of_all,) = built.only("AWS::ApiGateway::Stage")["MethodSettings"]
    assert settings_of_all["ThrottlingRateLimit"] == 100
    assert "AWS/ApiGateway" in str(built.only("AWS::CloudWatch::Dashboard"))


def test_policies_have_names_that_no_other_stack_has(stack: Stack) -> None:
    """They are the account's, whatever the region, and two of one name cannot be."""
    for name in ("Blog", "Shop"):
        tracker = AnalyticsTracker(stack, name, front_door=FrontDoor())
    built = build(tracker)

    names = [
        flat(resource["Properties"][f"{kind}Config"]["Name"])
        for kind in ("CachePolicy", "OriginRequestPolicy")
        for resource in built.all(f"AWS::CloudFront::{kind}").values()
    ]
    assert len(set(names)) == len(names) == 6
    assert all("AWS::StackId" in name for name in names)
    assert all(len(name) - len("<part 2 of <AWS::StackId>>") <= 92 for name in names)


def test_a_nested_stack_may_have_one(stack: Stack) -> None:
    nested = NestedStack(stack, "Nested")

    built = _build(nested, FrontDoor())

    assert len(built.all("AWS::CloudFront::Distribution")) == 1
    assert {"Ref": "AWS::StackId"} in _values(built.template.to_json())


@pytest.mark.parametrize("region", [None, "us-east-1", "ap-southeast-2"])
def test_a_stack_of_any_region_has_one_and_warns_of_nothing(
    region: str | None, tmp_path: object
) -> None:
    env = Environment(account="111111111111", region=region) if region else None
    stack = Stack(App(outdir=str(tmp_path)), "Host", env=env)

    built = _build(stack, FrontDoor())

    assert len(built.all("AWS::CloudFront::Distribution")) == 1
    assert warnings(stack) == []


def test_a_certificate_of_another_stack_in_its_region_is_taken(
    tmp_path: object,
) -> None:
    app = App(outdir=str(tmp_path))
    home = Stack(
        app,
        "Certificates",
        cross_region_references=True,
        env=Environment(account="111111111111", region="us-east-1"),
    )
    stack = Stack(
        app,
        "Host",
        cross_region_references=True,
        env=Environment(account="111111111111", region="eu-west-1"),
    )
    certificate = acm.Certificate(home, "Cert", domain_name="events.example.com")

    built = _build(
        stack, FrontDoor(certificate=certificate, domain_names=["events.example.com"])
    )

    assert _config(built)["Aliases"] == ["events.example.com"]


def test_the_stack_of_one_tracker_tells_the_distributions_address(
    tmp_path: object,
) -> None:
    stack = AnalyticsTrackerStack(
        App(outdir=str(tmp_path)), "Analytics", front_door=FrontDoor()
    )

    output = build(stack.tracker).template.to_json()["Outputs"]["ApiEndpoint"]
    assert flat(output["Value"]).endswith(".DomainName>")


def test_its_address_never_changes(door: Built) -> None:
    """A replaced distribution has another host name, and every client has the old."""
    (name,) = door.all("AWS::CloudFront::Distribution")

    assert name == "TrackerFrontDoorDistribution92F88F9D"


def test_a_regional_endpoint_may_be_asked_for(stack: Stack) -> None:
    api = TrackerApi.rest(endpoint_type=apigateway.EndpointType.REGIONAL)

    assert _origin(_build(stack, FrontDoor(), api))

"""Wrong front doors: each error names the argument, the value and a way out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Environment, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import AnalyticsTracker, FrontDoor, TrackerApi

from .templates import build, flat

NAME = "events.example.com"
ACL = "arn:aws:wafv2:us-east-1:111111111111:"

ARGUMENTS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"domain_names": NAME}, "domain_names", f"'{NAME}'", f"pass ['{NAME}']"),
    ({"domain_names": ["Events.example"]}, "domain_names", "'Eve", "lower case"),
    ({"domain_names": [f"https://{NAME}"]}, "domain_names", "https", "a scheme"),
    ({"domain_names": [f"{NAME}/track"]}, "domain_names", "/track", "a path"),
    ({"domain_names": ["localhost"]}, "domain_names", "'localhost'", NAME),
    ({"domain_names": ["-a.example"]}, "domain_names", "'-a.ex", NAME),
    ({"domain_names": ["*.a.example"]}, "domain_names", "'*.a", "without '*'"),
    ({"domain_names": [7]}, "domain_names", "7", "no string"),
    ({"domain_names": [NAME]}, "domain_names", NAME, "ACM's in us-east-1"),
    ({"certificate": "arn"}, "certificate", "'arn'", "from_certificate_arn"),
    ({"web_acl_arn": "guard"}, "web_acl_arn", "'guard'", "scope CLOUDFRONT"),
    (
        {"web_acl_arn": f"{ACL}regional/webacl/guard/1"},
        "web_acl_arn",
        "regional/webacl",
        "TrackerApi.rest(web_acl_arn=…)",
    ),
    (
        {"web_acl_arn": f"{ACL}global/webacl/a/1".replace("us-east", "eu-west")},
        "web_acl_arn",
        "eu-west-1",
        "in us-east-1",
    ),
    ({"price_class": "all"}, "price_class", "'all'", "PriceClass.PRICE_CLASS_100"),
    ({"web_acl_arn": 5}, "web_acl_arn", "5", "scope CLOUDFRONT"),
    ({"access_log_bucket": "logs"}, "access_log_bucket", "'logs'", "from_bucket_name"),
    ({"comment": ""}, "comment", "''", "1 to 128"),
    ({"comment": "x" * 129}, "comment", "x" * 129, "leave it out"),
    ({"comment": 7}, "comment", "7", "leave it out"),
    ({"secret_generation": 0}, "secret_generation", "0", "of 1 or more"),
    ({"secret_generation": 1.5}, "secret_generation", "1.5", "whole number"),
    ({"secret_generation": True}, "secret_generation", "True", "a number"),
]


def _refused(make: Callable[[], object], *words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words[0])) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(("given", "argument", "value", "way_out"), ARGUMENTS)
def test_refuses(
    given: dict[str, Any], argument: str, value: str, way_out: str
) -> None:
    _refused(lambda: FrontDoor(**given), f"'{argument}'", value, way_out)


def test_refuses_what_is_none(stack: Stack) -> None:
    _refused(
        lambda: AnalyticsTracker(stack, "Tracker", front_door=True),  # type: ignore[arg-type] # the point
        "'front_door'",
        "True",
        "pass FrontDoor()",
    )
    assert stack.node.children == []


def test_refuses_a_certificate_that_nothing_uses(stack: Stack) -> None:
    certificate = acm.Certificate(stack, "Cert", domain_name=NAME)

    _refused(
        lambda: FrontDoor(certificate=certificate),
        "'certificate'",
        "without 'domain_names'",
    )


@pytest.mark.parametrize("imported", [False, True])
def test_refuses_a_certificate_of_another_region(
    pinned: Stack, *, imported: bool
) -> None:
    certificate: acm.ICertificate = (
        acm.Certificate.from_certificate_arn(
            pinned, "Cert", "arn:aws:acm:eu-west-1:111111111111:certificate/1"
        )
        if imported
        else acm.Certificate(pinned, "Cert", domain_name=NAME)
    )

    _refused(
        lambda: FrontDoor(certificate=certificate, domain_names=[NAME]),
        "'certificate'",
        "eu-west-1",
        "cross_region_references=True",
    )


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_refuses_a_region_without_cloudfront(region: str, tmp_path: object) -> None:
    env = Environment(account="111111111111", region=region)
    stack = Stack(App(outdir=str(tmp_path)), "Host", env=env)

    _refused(
        lambda: AnalyticsTracker(stack, "Tracker", front_door=FrontDoor()),
        "'front_door'",
        region,
        "leave it out",
    )


def test_refuses_an_edge_optimised_api_behind_it(stack: Stack) -> None:
    api = TrackerApi.rest(endpoint_type=apigateway.EndpointType.EDGE)

    _refused(
        lambda: AnalyticsTracker(stack, "Tracker", api=api, front_door=FrontDoor()),
        "'endpoint_type'",
        "EDGE",
        "pass REGIONAL",
    )


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_refuses_an_api_that_exists(stack: Stack, kind: str) -> None:
    api = (
        TrackerApi.existing_rest(apigateway.RestApi(stack, "Api"))
        if kind == "rest"
        else TrackerApi.existing_http(apigatewayv2.HttpApi(stack, "Api"))
    )

    _refused(
        lambda: AnalyticsTracker(stack, "Tracker", api=api, front_door=FrontDoor()),
        "'front_door'",
        f"pass TrackerApi.{kind}()",
    )


def test_refuses_another_api_past_it(stack: Stack) -> None:
    """It does not have the secret, and each of its requests would be a 403."""
    tracker = AnalyticsTracker(stack, "Tracker", front_door=FrontDoor())
    source = "arn:aws:execute-api:eu-west-1:111111111111:abc/prod/POST/track"

    _refused(
        lambda: tracker.grant_invoke_to_api_gateway(source),
        "'source_arn'",
        source,
        "'track_url'",
    )
    assert "abc/prod" not in str(build(tracker).template.to_json())


def test_refuses_a_generation_that_is_not_known_yet(stack: Stack) -> None:
    number = CfnParameter(stack, "Number", type="Number").value_as_number

    _refused(
        lambda: FrontDoor(secret_generation=number),  # type: ignore[arg-type] # a token
        "'secret_generation'",
        "known at synthesis",
    )


def test_what_is_only_known_at_deployment_passes(stack: Stack) -> None:
    text = CfnParameter(stack, "Text").value_as_string
    front_door = FrontDoor(
        certificate=acm.Certificate.from_certificate_arn(stack, "Cert", text),
        comment=text,
        domain_names=[text],
        web_acl_arn=text,
    )

    built = build(AnalyticsTracker(stack, "Tracker", front_door=front_door))

    config = built.only("AWS::CloudFront::Distribution")["DistributionConfig"]
    assert flat(config["Aliases"]) == ["<Text>"]
    assert flat(config["WebACLId"]) == flat(config["Comment"]) == "<Text>"


@pytest.mark.parametrize("generation", [1, 2])
def test_secrets_count_where_the_environment_is_measured(
    stack: Stack, generation: int
) -> None:
    """Each with the 64 characters that it will have."""
    origins = [f"https://{'x' * 40}{number:03}.example" for number in range(68)]

    def size(name: str, front_door: FrontDoor | None) -> int:
        with pytest.raises(ValueError, match="bytes of the function's") as caught:
            AnalyticsTracker(stack, name, cors_origin=origins, front_door=front_door)
        found = re.search(r"take (\d+) bytes", str(caught.value))
        assert found is not None
        return int(found[1])

    secrets = ",".join(["x" * 64] * generation)
    behind = size("Behind", FrontDoor(secret_generation=generation))
    plain = size("Plain", None) - len(',"TRACKER_VIEWER_COUNTRY":"1"')
    assert behind - plain == len(f',"TRACKER_FRONT_DOOR":"{secrets}"')


@pytest.mark.parametrize("ownership", [None, s3.ObjectOwnership.BUCKET_OWNER_ENFORCED])
def test_refuses_a_bucket_of_logs_without_acls(
    stack: Stack, ownership: s3.ObjectOwnership | None
) -> None:
    """CloudFront would refuse it at the deployment."""
    bucket = s3.Bucket(stack, "Logs", object_ownership=ownership)

    with pytest.raises(
        ValueError,
        match=r"'access_log_bucket' Host/Logs .*ObjectOwnership.BUCKET_OWNER_PREFERRED",
    ):
        FrontDoor(access_log_bucket=bucket)


@pytest.mark.parametrize(
    "ownership",
    [s3.ObjectOwnership.BUCKET_OWNER_PREFERRED, s3.ObjectOwnership.OBJECT_WRITER],
)
def test_takes_a_bucket_of_logs_with_acls(
    stack: Stack, ownership: s3.ObjectOwnership
) -> None:
    bucket = s3.Bucket(stack, "Logs", object_ownership=ownership)

    assert FrontDoor(access_log_bucket=bucket).access_log_bucket is bucket

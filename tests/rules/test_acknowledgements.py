"""AwsSolutions finds nothing in what the construct makes, and all that others made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import App, CfnParameter, Fn, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from analytics_tracker_construct import (
    AnalyticsTracker,
    Delivery,
    FrontDoor,
    TrackerApi,
)
from tests.infra import reviewers
from tests.infra.ledger import Finding

_PACK = "cdk-nag AwsSolutions"


def _default(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", allowed_buckets=["*-a", "lake"])
    tracker.add_tenant("shop")


def _front_door(stack: Stack) -> None:
    AnalyticsTracker(stack, "Tracker", front_door=FrontDoor(secret_generation=2))


def _guarded_front_door(stack: Stack) -> None:
    AnalyticsTracker(
        stack,
        "Tracker",
        front_door=FrontDoor(
            access_log_bucket=s3.Bucket.from_bucket_name(stack, "Logs", "edge-logs"),
            certificate=acm.Certificate.from_certificate_arn(
                stack, "Cert", "arn:aws:acm:us-east-1:111111111111:certificate/1"
            ),
            domain_names=["events.example.com"],
            web_acl_arn="arn:aws:wafv2:us-east-1:111111111111:global/webacl/guard/1",
        ),
    )


def _guarded_api(stack: Stack) -> None:
    acl = "arn:aws:wafv2:eu-west-1:111111111111:regional/webacl/guard/1"
    api = TrackerApi.rest(access_logs=True, web_acl_arn=acl)
    AnalyticsTracker(stack, "Tracker", api=api)


def _own_routes(stack: Stack) -> None:
    AnalyticsTracker(stack, "Tracker").add_tenant("shop", throttling_rate_limit=5)


def _own_http_routes(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.http())
    tracker.add_tenant("shop", throttling_rate_limit=5)


def _silent_http_api(stack: Stack) -> None:
    AnalyticsTracker(stack, "Tracker", api=TrackerApi.http(access_logs=False))


def _existing_rest_api(stack: Stack) -> None:
    api = apigateway.RestApi(stack, "Api")
    api.root.add_method("GET")
    AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))


def _existing_http_api(stack: Stack) -> None:
    api = TrackerApi.existing_http(apigatewayv2.HttpApi(stack, "Api"))
    AnalyticsTracker(stack, "Tracker", api=api)


def _network(stack: Stack) -> None:
    AnalyticsTracker(stack, "Tracker", allowed_buckets=["lake"], vpc=_vpc(stack))


def _key_and_logs(stack: Stack) -> None:
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        encryption_key=kms.Key(stack, "Key"),
        server_access_logs_bucket=s3.Bucket(stack, "Logs"),
    )
    tracker.add_tenant("shop")


def _buffered(stack: Stack) -> None:
    AnalyticsTracker(
        stack, "Tracker", allowed_buckets=["lake"], delivery=Delivery.BUFFERED
    )


def _buckets_of_others(stack: Stack) -> None:
    text = CfnParameter(stack, "Text").value_as_string
    tracker = AnalyticsTracker(stack, "Tracker", allowed_buckets=[text])
    for tenant, name in (
        ("exported", Fn.import_value("lake")),
        ("known", "data-lake"),
        ("part", Fn.select(0, Fn.split(",", text))),
    ):
        tracker.add_tenant(
            tenant, bucket=s3.Bucket.from_bucket_name(stack, tenant, name)
        )


def _many_buckets(stack: Stack) -> None:
    """More than a role's own policy takes, so that the CDK makes another."""
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        allowed_buckets=[f"{'lake' * 10}-{number}" for number in range(40)],
    )
    for number in range(30):
        tracker.add_to_role_policy(
            iam.PolicyStatement(
                actions=[f"dynamodb:Get{number}"],
                resources=[f"arn:aws:dynamodb:eu-west-1:111111111111:table/{number}"],
            )
        )


CASES = [
    _default,
    _front_door,
    _guarded_front_door,
    _guarded_api,
    _own_routes,
    _own_http_routes,
    _silent_http_api,
    _existing_rest_api,
    _existing_http_api,
    _network,
    _key_and_logs,
    _buffered,
    _buckets_of_others,
    _many_buckets,
]


def _vpc(stack: Stack) -> ec2.Vpc:
    return ec2.Vpc(stack, "Vpc", nat_gateways=1)


def _found(stack: Stack, below: str = "Host/Tracker/") -> list[Finding]:
    """What is found when a reviewer looks, at the end of the synthesis."""
    app = stack.node.root
    assert isinstance(app, App)
    app.synth()
    return [
        found for found in reviewers.nag(app, _PACK) if found.where.startswith(below)
    ]


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_found_below_the_tracker(
    stack: Stack, tmp_path: Path, case: Callable[[Stack], None]
) -> None:
    """Nor is anything acknowledged that would not be found."""
    case(stack)
    raw = Stack(App(outdir=str(tmp_path / "raw")), "Host")
    with reviewers.nothing_acknowledged():
        case(raw)
    there = _found(raw)

    assert there
    assert _found(stack) == []
    app = stack.node.root
    assert isinstance(app, App)
    unneeded = [
        (place, rule)
        for place, rule, _ in reviewers.acknowledged(app)
        if not any(
            found.where.startswith(place) and rule == reviewers.rule_of(found)
            for found in there
        )
    ]
    assert unneeded == []


@pytest.mark.parametrize("case", [_default, _front_door, _network])
def test_no_template_is_changed(
    stack: Stack, tmp_path: Path, case: Callable[[Stack], None]
) -> None:
    case(stack)
    without = Stack(App(outdir=str(tmp_path / "without")), "Host")
    with reviewers.nothing_acknowledged():
        case(without)

    assert (
        Template.from_stack(stack).to_json() == Template.from_stack(without).to_json()
    )
    app = without.node.root
    assert isinstance(app, App)
    assert reviewers.acknowledged(app) == []


def test_a_bucket_of_another_stack_is_told_by_its_export(tmp_path: Path) -> None:
    """The name under which it is found is made during the synthesis alone."""
    app = App(outdir=str(tmp_path))
    lake = s3.Bucket(Stack(app, "Data"), "Lake")
    stack = Stack(app, "Host")
    AnalyticsTracker(stack, "Tracker").add_tenant("shop", bucket=lake)

    assert _found(stack) == []


def test_a_wildcard_of_the_users_own_is_found(stack: Stack) -> None:
    mine = "arn:aws:s3:::mine/*"
    AnalyticsTracker(
        stack,
        "Tracker",
        additional_policies=[
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[mine]),
            iam.PolicyStatement(actions=["s3:*"], resources=["arn:aws:s3:::mine"]),
        ],
        allowed_buckets=["lake"],
    )

    assert {found.detail for found in _found(stack)} == {
        f"Resource::{mine}",
        "Action::s3:*",
    }


@pytest.mark.parametrize("later", [False, True])
def test_all_resources_are_found_if_the_user_has_them_too(
    stack: Stack, *, later: bool
) -> None:
    """For cdk-nag does not tell the two statements apart."""
    lists = iam.PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"])
    tracker = AnalyticsTracker(
        stack, "Tracker", additional_policies=[] if later else [lists], vpc=_vpc(stack)
    )
    if later:
        tracker.add_to_role_policy(lists)

    assert [(found.where, found.detail) for found in _found(stack)] == [
        ("Host/Tracker/Role/DefaultPolicy/Resource", "Resource::*")
    ]


def test_a_role_of_the_users_is_the_users_to_judge(stack: Stack) -> None:
    role = iam.Role(
        stack, "Mine", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
    )
    AnalyticsTracker(stack, "Tracker", allowed_buckets=["lake"], role=role)

    assert {found.rule for found in _found(stack, "Host/Mine/")} == {
        "AwsSolutions-IAM5"
    }


def test_a_hosts_authorizer_is_the_hosts_to_judge(stack: Stack) -> None:
    """Only the preflight's route, which asks for nothing, is the tracker's."""
    api = apigateway.RestApi(
        stack,
        "Api",
        default_method_options=apigateway.MethodOptions(
            authorization_type=apigateway.AuthorizationType.IAM
        ),
    )
    AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api))

    assert {(found.rule, found.where) for found in _found(stack)} == {
        ("AwsSolutions-COG4", f"Host/Tracker/Routes/{name}/Resource")
        for name in ("Post", "Get", "GetScript")
    }


def test_a_name_that_cannot_be_acknowledged_stays_found(stack: Stack) -> None:
    """The CDK refuses brackets that do not match; the app is made all the same."""
    text = CfnParameter(stack, "Text").value_as_string
    name = Fn.select(0, Fn.split(")", text))
    AnalyticsTracker(stack, "Tracker").add_tenant(
        "odd", bucket=s3.Bucket.from_bucket_name(stack, "Odd", name)
    )

    assert {found.rule for found in _found(stack)} == {"AwsSolutions-IAM5"}


def test_a_pack_that_runs_in_the_synthesis_lets_it_pass(tmp_path: Path) -> None:
    """As users run one: without acknowledgements there is no template."""

    def app(name: str) -> App:
        made = App(outdir=str(tmp_path / name))
        pack: Any = reviewers.PACKS[_PACK]
        cdk.Validations.of(made).add_plugins(pack(made))
        return made

    clean, raw = app("clean"), app("raw")
    _default(Stack(clean, "Host"))
    with reviewers.nothing_acknowledged():
        _default(Stack(raw, "Host"))

    clean.synth()
    with pytest.raises(RuntimeError, match="AwsSolutions-IAM5"):
        raw.synth()

"""What the hardened example is for: nothing without the key, no way but its own."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template

from . import example_apps
from .templates import Json, flat


@pytest.fixture(scope="module")
def resources() -> dict[str, Json]:
    """The resources of the example's template."""
    (stack,) = example_apps.construct_tree("hardened").node.children
    assert isinstance(stack, Stack)
    return dict(Template.from_stack(stack).to_json()["Resources"])


def _all(resources: dict[str, Json], kind: str) -> dict[str, Any]:
    return {
        name[:-8]: flat(each["Properties"])
        for name, each in resources.items()
        if each["Type"] == kind
    }


@pytest.mark.parametrize(
    ("kind", "member", "number"),
    [
        ("AWS::Lambda::Function", "KmsKeyArn", 2),
        ("AWS::Logs::LogGroup", "KmsKeyId", 4),
        ("AWS::SNS::Topic", "KmsMasterKeyId", 1),
        ("AWS::SQS::Queue", "KmsMasterKeyId", 2),
    ],
)
def test_all_that_takes_the_key_has_it(
    resources: dict[str, Json], kind: str, member: str, number: int
) -> None:
    found = [each[member] for each in _all(resources, kind).values()]

    assert len(found) == number
    assert all(each.startswith("<Key") for each in found)


def test_no_bucket_but_that_of_the_logs_is_without_the_key(
    resources: dict[str, Json],
) -> None:
    without = [
        name
        for name, each in _all(resources, "AWS::S3::Bucket").items()
        if "<Key" not in str(each["BucketEncryption"])
    ]

    assert without == ["AccessLogs"]


def test_the_vpc_has_no_way_out_but_its_endpoints(resources: dict[str, Json]) -> None:
    kinds = {each["Type"] for each in resources.values()}

    assert not kinds & {
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
    }
    assert len(_all(resources, "AWS::EC2::VPCEndpoint")) == 2


def test_endpoints_let_the_trackers_roles_to_the_trackers_things_alone(
    resources: dict[str, Json],
) -> None:
    allowed = set()
    for endpoint in _all(resources, "AWS::EC2::VPCEndpoint").values():
        for statement in endpoint["PolicyDocument"]["Statement"]:
            roles = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
            assert [role[1:-13] for role in roles] == [
                "TrackerRole",
                "TrackerWriterRole",
            ]
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                allowed.add((action, statement["Resource"].replace(".Arn", "")[:14]))

    assert allowed == {
        ("s3:PutObject", "<TrackerTenant"),
        ("s3:DeleteObject", "<TrackerSalts5"),
        ("s3:GetObject", "<TrackerSalts5"),
        ("s3:PutObject", "<TrackerSalts5"),
        ("sqs:SendMessage", "<TrackerQueue3"),
    }


def test_nothing_keeps_a_viewers_address(resources: dict[str, Json]) -> None:
    """WAF's samples and logs would, and so would traces."""
    (acl,) = _all(resources, "AWS::WAFv2::WebACL").values()
    (stage,) = _all(resources, "AWS::ApiGateway::Stage").values()

    for each in (acl, *acl["Rules"]):
        assert each["VisibilityConfig"]["SampledRequestsEnabled"] is False
    assert "AWS::WAFv2::LoggingConfiguration" not in str(resources)
    assert "TracingEnabled" not in stage
    assert "sourceIp" not in stage["AccessLogSetting"]["Format"]


def test_the_web_acl_blocks_floods_and_no_event_for_its_text(
    resources: dict[str, Json],
) -> None:
    (acl,) = _all(resources, "AWS::WAFv2::WebACL").values()
    flood, core, known = acl["Rules"]
    counted = core["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]

    assert flood["Action"] == {"Block": {}}
    assert flood["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    assert {"SizeRestrictions_BODY", "CrossSiteScripting_BODY"} <= {
        each["Name"] for each in counted
    }
    assert all(each["ActionToUse"] == {"Count": {}} for each in counted)
    assert core["OverrideAction"] == known["OverrideAction"] == {"None": {}}

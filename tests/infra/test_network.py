"""With `vpc`, both functions run there, and Lambda alone may touch the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from analytics_tracker_construct import AnalyticsTracker

from .evaluator import ACCOUNT, REGION, Request, policies_of
from .templates import Built, build, flat

_FUNCTIONS = "AWS::Lambda::Function"
_GROUPS = "AWS::EC2::SecurityGroup"


def _vpc(stack: Stack, *kinds: ec2.SubnetType) -> ec2.Vpc:
    return ec2.Vpc(
        stack,
        "Vpc",
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(name=kind.name, subnet_type=kind) for kind in kinds
        ],
    )


def _isolated(stack: Stack) -> ec2.Vpc:
    return _vpc(stack, ec2.SubnetType.PUBLIC, ec2.SubnetType.PRIVATE_ISOLATED)


@pytest.fixture(scope="module")
def inside(session_stack: Callable[[], Stack]) -> Built:
    """A tracker in a VPC, by default in all else."""
    stack = session_stack()
    return build(AnalyticsTracker(stack, "Tracker", vpc=_isolated(stack)))


def _places(built: Built) -> list[Any]:
    return [
        flat(each["Properties"]["VpcConfig"]) for each in built.all(_FUNCTIONS).values()
    ]


def test_both_functions_run_in_its_private_subnets(inside: Built) -> None:
    one, other = _places(inside)

    assert one == other
    assert len(one["SubnetIds"]) == 2
    assert all("ISOLATED" in subnet for subnet in one["SubnetIds"])


def test_their_security_group_lets_nothing_in_and_https_out(inside: Built) -> None:
    (group,) = inside.all(_GROUPS)
    properties = inside.only(_GROUPS)

    assert [place["SecurityGroupIds"] for place in _places(inside)] == [
        [f"<{group}.GroupId>"]
    ] * 2
    assert "SecurityGroupIngress" not in properties
    assert not inside.all("AWS::EC2::SecurityGroupIngress")
    (rule,) = properties["SecurityGroupEgress"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)


def test_subnets_and_security_groups_may_be_given(stack: Stack) -> None:
    vpc = _vpc(
        stack, ec2.SubnetType.PRIVATE_WITH_EGRESS, ec2.SubnetType.PRIVATE_ISOLATED
    )
    group = ec2.SecurityGroup(stack, "Mine", vpc=vpc)
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        security_groups=[group],
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
    )
    built = build(tracker)

    assert [name[:-8] for name in built.all(_GROUPS)] == ["Mine"]
    for place in _places(built):
        assert all("ISOLATED" in subnet for subnet in place["SubnetIds"])
        assert place["SecurityGroupIds"][0].startswith("<Mine")


def test_a_subnet_that_is_known_by_its_id_alone_may_be_given(stack: Stack) -> None:
    """Its availability zone is not known, and nothing here needs it."""
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", availability_zones=["eu-west-1a"], vpc_id="vpc-0123456789abcdef0"
    )
    subnet = ec2.Subnet.from_subnet_id(stack, "Subnet", "subnet-0123456789abcdef0")
    built = build(
        AnalyticsTracker(
            stack,
            "Tracker",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=[subnet]),
        )
    )

    for place in _places(built):
        assert place["SubnetIds"] == ["subnet-0123456789abcdef0"]


def test_without_a_vpc_no_role_may_touch_a_network(minimal: Built) -> None:
    assert "ec2:" not in str(minimal.all("AWS::IAM::Policy"))
    assert all(
        "VpcConfig" not in each["Properties"]
        for each in minimal.all(_FUNCTIONS).values()
    )


_HERE = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
_BY_THE_CODE = (
    ("lambda:SourceFunctionArn", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:tracker"),
)
_NETWORK = (
    ("CreateNetworkInterface", f"{_HERE}:network-interface/eni-1"),
    ("CreateNetworkInterface", f"{_HERE}:subnet/subnet-1"),
    ("DeleteNetworkInterface", f"{_HERE}:network-interface/eni-1"),
    ("AssignPrivateIpAddresses", f"{_HERE}:network-interface/eni-1"),
    ("UnassignPrivateIpAddresses", f"{_HERE}:network-interface/eni-1"),
    ("DescribeNetworkInterfaces", "*"),
    ("DescribeSubnets", "*"),
)


@pytest.mark.parametrize("role", ["TrackerRole", "TrackerWriterRole"])
def test_lambda_may_attach_the_function_and_the_functions_code_may_not(
    pinned: Stack, role: str
) -> None:
    AnalyticsTracker(pinned, "Tracker", vpc=_isolated(pinned))
    policies = policies_of(pinned, role)

    def asked(context: tuple[tuple[str, str], ...]) -> list[Request]:
        return [
            Request(f"ec2:{action}", resource, context) for action, resource in _NETWORK
        ]

    assert policies.refused(asked(())) == set()
    assert policies.refused(asked(_BY_THE_CODE)) == set(asked(_BY_THE_CODE))
    elsewhere = Request(
        "ec2:DeleteNetworkInterface",
        f"arn:aws:ec2:us-east-1:{ACCOUNT}:network-interface/eni-1",
    )
    assert policies.refused([elsewhere]) == {elsewhere}


def test_a_role_that_is_given_gets_the_rights_once(stack: Stack) -> None:
    role = iam.Role(
        stack, "Given", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
    )
    tracker = AnalyticsTracker(stack, "Tracker", role=role, vpc=_isolated(stack))

    statements = build(tracker).statements("Given")

    assert len([each for each in statements if "ec2:" in str(each["Action"])]) == 2


_PUBLIC = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
_NAT = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (lambda _: {"vpc": "vpc-1"}, ("'vpc'", "'vpc-1'", "from_lookup")),
        (lambda _: {"vpc_subnets": _PUBLIC}, ("'vpc_subnets'", "'vpc' is not given")),
        (lambda _: {"security_groups": []}, ("'security_groups'", "empty")),
        (
            lambda vpc: {"security_groups": [_group(vpc)]},
            ("'security_groups'", "'vpc' is not given"),
        ),
        (
            lambda vpc: {"vpc": vpc, "security_groups": _group(vpc)},
            ("'security_groups'", "must be a list", "[it]"),
        ),
        (
            lambda vpc: {"vpc": vpc, "security_groups": ["sg-1"]},
            ("'security_groups'", "'sg-1'", "from_security_group_id"),
        ),
        (
            lambda vpc: {"vpc": vpc, "vpc_subnets": "private"},
            ("'vpc_subnets'", "'private'", "SubnetSelection"),
        ),
        (
            lambda vpc: {"vpc": vpc, "vpc_subnets": _PUBLIC},
            ("'vpc_subnets'", "public", "PRIVATE_ISOLATED"),
        ),
        (
            lambda vpc: {"vpc": vpc, "vpc_subnets": _these(vpc.public_subnets)},
            ("'vpc_subnets'", "public", "PRIVATE_ISOLATED"),
        ),
        (
            lambda vpc: {"vpc": vpc, "vpc_subnets": _these([])},
            ("'vpc_subnets'", "no subnets of Host/Vpc"),
        ),
        (
            lambda vpc: {"vpc": vpc, "vpc_subnets": _NAT},
            ("'vpc_subnets'", "no subnets of Host/Vpc"),
        ),
        (
            lambda vpc: {
                "vpc": vpc,
                "vpc_subnets": ec2.SubnetSelection(availability_zones=["nowhere"]),
            },
            ("'vpc_subnets'", "no subnets of Host/Vpc"),
        ),
    ],
)
def test_refuses_a_place_where_no_function_can_run(
    stack: Stack, arguments: Callable[[ec2.Vpc], dict[str, Any]], parts: tuple[str, ...]
) -> None:
    given = arguments(_isolated(stack))

    with pytest.raises(ValueError, match=parts[0]) as refused:
        AnalyticsTracker(stack, "Tracker", **given)

    for part in parts:
        assert part in str(refused.value)
    assert stack.node.try_find_child("Tracker") is None


def _these(subnets: list[ec2.ISubnet]) -> ec2.SubnetSelection:
    return ec2.SubnetSelection(subnets=subnets)


def _group(vpc: ec2.Vpc) -> ec2.SecurityGroup:
    return ec2.SecurityGroup(vpc, "Mine", vpc=vpc)

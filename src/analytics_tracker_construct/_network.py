"""The functions' place in a VPC: its checks, its security group, the role's rights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from . import _kinds
from ._acknowledgements import INTERFACE_LISTS, INTERFACES
from ._actions import CHANGE_INTERFACES, LIST_INTERFACES
from ._wildcards import acknowledge_all, acknowledge_wildcards

#: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
CHANGED = ("network-interface", "security-group", "subnet")
#: Lambda puts this into each request that a function's code makes, and not into its
#: own. So Lambda has these rights, and the code has none of them.
#: https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
NOT_THE_CODE = {"Null": {"lambda:SourceFunctionArn": "true"}}

_HTTPS = 443


class Network(NamedTuple):
    """Where in a VPC both functions run."""

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup]


def checked(
    vpc: ec2.IVpc | None,
    vpc_subnets: ec2.SubnetSelection | None,
    security_groups: Sequence[ec2.ISecurityGroup] | None,
) -> Network | None:
    """Return where the functions run; None for no VPC.

    Raises:
        ValueError: If an argument cannot work.
    """
    _kinds.resource(
        "vpc", vpc, "vpc_id", "import it with ec2.Vpc.from_lookup(…), or define one"
    )
    if vpc_subnets is not None and not isinstance(vpc_subnets, ec2.SubnetSelection):
        raise ValueError(
            f"'vpc_subnets' must be a SubnetSelection, got {vpc_subnets!r}; pass "
            "ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)"
        )
    groups = _groups(security_groups)
    if vpc is None:
        for argument, value in (
            ("vpc_subnets", vpc_subnets),
            ("security_groups", security_groups),
        ):
            if value is not None:
                raise ValueError(
                    f"{argument!r} is {value!r} but 'vpc' is not given; pass the VPC "
                    "that the functions run in, or leave the argument out"
                )
        return None
    _check_subnets(vpc, vpc_subnets)
    return Network(vpc, vpc_subnets, groups)


def with_group(scope: Construct, network: Network) -> Network:
    """Return the same with a security group, if none was given.

    It lets nothing in, and HTTPS out: to S3 and SQS, through endpoints or a NAT.
    """
    if network.security_groups:
        return network
    group = ec2.SecurityGroup(
        scope,
        "SecurityGroup",
        allow_all_outbound=False,
        description="The functions of an analytics tracker: HTTPS to S3 and SQS",
        vpc=network.vpc,
    )
    group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(_HTTPS), "S3 and SQS")
    return network._replace(security_groups=(group,))


def let_attach(role: iam.IRole, scope: Construct) -> None:
    """Let Lambda, as a role, make and remove a function's network interfaces.

    Lambda's guide names no resource narrower than all of the account and region, since
    an interface's id is not known before it is made. Of these the actions know three
    kinds.
    """
    stack = Stack.of(scope)
    here = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}"
    changed = [f"{here}:{kind}/*" for kind in CHANGED]
    for actions, resources in ((CHANGE_INTERFACES, changed), (LIST_INTERFACES, ["*"])):
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=list(actions), conditions=NOT_THE_CODE, resources=resources
            )
        )
    acknowledge_wildcards(scope, role, INTERFACES, changed)
    acknowledge_all(scope, role, INTERFACE_LISTS, LIST_INTERFACES)


def _groups(
    value: Sequence[ec2.ISecurityGroup] | None,
) -> tuple[ec2.ISecurityGroup, ...]:
    if value is None:
        return ()
    if hasattr(value, "security_group_id") or not isinstance(value, Sequence):
        raise ValueError(
            f"'security_groups' must be a list of security groups, got {value!r}; for "
            "one pass [it]"
        )
    if not value:
        raise ValueError(
            "'security_groups' is empty; leave it out to have a security group made"
        )
    for each in value:
        _kinds.resource(
            "security_groups",
            each,
            "security_group_id",
            "import it with ec2.SecurityGroup.from_security_group_id(…)",
        )
    return tuple(value)


def _check_subnets(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> None:
    """Refuse subnets that a function cannot run in, or from which it reaches nothing.

    Lambda gives a function no public address, so that one in a public subnet has no
    way out.
    """
    ids, has_public = _selected(vpc, selection or ec2.SubnetSelection())
    if has_public:
        raise ValueError(
            f"'vpc_subnets' selects public subnets of {vpc.node.path}, from which a "
            "function reaches neither S3 nor SQS; pass "
            "ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)"
        )
    if not ids:
        raise ValueError(
            f"'vpc_subnets' selects no subnets of {vpc.node.path}; pass "
            "ec2.SubnetSelection(subnets=[…])"
        )


def _selected(vpc: ec2.IVpc, given: ec2.SubnetSelection) -> tuple[list[str], bool]:
    """Return the selected subnets' ids, and whether there are public ones."""
    if given.subnets is not None:
        # The CDK's own answer tells zones as well, which a subnet that was imported by
        # its id does not know.
        ids = [each.subnet_id for each in given.subnets]
        public = {each.subnet_id for each in vpc.public_subnets}
        return ids, not public.isdisjoint(ids)
    try:
        found = vpc.select_subnets(
            availability_zones=given.availability_zones,
            one_per_az=given.one_per_az,
            subnet_filters=given.subnet_filters,
            subnet_group_name=given.subnet_group_name,
            subnet_type=given.subnet_type,
        )
    except RuntimeError as error:
        raise ValueError(
            f"'vpc_subnets' selects no subnets of {vpc.node.path}: {error}; pass "
            "ec2.SubnetSelection(subnets=[…]) or another type"
        ) from error
    return found.subnet_ids, bool(found.has_public)

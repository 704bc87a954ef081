"""Acknowledges wildcards in the tracker's own roles, each by the resource it is in.

Never the rule alone: a wildcard in a statement of the user's must still be found.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import jsii
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from ._acknowledgements import WILDCARD, Accepted, is_known, record

_ALL = "*"


def acknowledge_wildcards(
    scope: Construct, role: iam.IRole, accepted: Accepted, arns: Sequence[str]
) -> None:
    """Acknowledge resources with a wildcard in a role's policies, each by itself.

    Args:
        scope: The tracker; a role that is not below it is the user's to judge.
        role: Whose policies.
        accepted: Why.
        arns: The resources, as they are in a statement.
    """
    if is_known() and _is_below(scope, role):
        role.node.add_validation(_Wildcards(role, accepted, arns))


def acknowledge_all(
    scope: Construct, role: iam.IRole, accepted: Accepted, actions: Sequence[str]
) -> None:
    """Acknowledge the resource `*`, if no other action of a role's has it.

    Args:
        scope: The tracker; a role that is not below it is the user's to judge.
        role: Whose policies.
        accepted: Why.
        actions: The actions that it is acknowledged for.
    """
    if is_known() and _is_below(scope, role):
        role.node.add_validation(_All(role, accepted, actions))


def flatten(value: Any) -> str:
    """Return a resolved value as cdk-nag writes it in brackets.

    https://github.com/cdklabs/cdk-nag/blob/main/src/utils/flatten-cfn-reference.ts
    """
    if isinstance(value, str):
        return value.replace("${", "<").replace("}", ">")
    if isinstance(value, dict):
        if "Fn::Join" in value:
            delimiter, parts = value["Fn::Join"]
            return str(delimiter).join(map(flatten, parts))
        if "Fn::GetAtt" in value:
            resource, attribute = value["Fn::GetAtt"]
            return f"<{flatten(resource)}.{flatten(attribute)}>"
        for function in ("Fn::Sub", "Fn::ImportValue"):
            if function in value:
                return flatten(value[function])
        if "Ref" in value:
            return f"<{flatten(value['Ref'])}>"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@jsii.implements(IValidation)
class _Wildcards:
    """Acknowledges a role's wildcards, now and once more at synthesis.

    What is in another stack is known by another name when references between stacks
    have been made. Of what comes after that and before reviewers look, a validation is
    all that a library can have.
    """

    def __init__(
        self, role: iam.IRole, accepted: Accepted, arns: Sequence[str]
    ) -> None:
        self._role = role
        self._reason = accepted.reason
        self._arns = tuple(arns)
        self._recorded: set[str] = set()
        self.validate()

    def validate(self) -> list[str]:
        """Find no fault."""
        stack = Stack.of(self._role)
        for arn in self._arns:
            rule = f"{WILDCARD}[Resource::{flatten(stack.resolve(arn))}]"
            if rule not in self._recorded:
                self._recorded.add(rule)
                record(self._role, rule, self._reason)
        return []


@jsii.implements(IValidation)
class _All:
    """Acknowledges the resource `*` at synthesis, when all statements are known.

    cdk-nag tells a statement of the user's from the tracker's by the resource alone.
    """

    def __init__(
        self, role: iam.IRole, accepted: Accepted, actions: Sequence[str]
    ) -> None:
        self._role = role
        self._reason = accepted.reason
        self._actions = frozenset(actions)
        self._recorded = False

    def validate(self) -> list[str]:
        """Find no fault."""
        if not self._recorded and self._others() <= self._actions:
            self._recorded = True
            record(self._role, f"{WILDCARD}[Resource::{_ALL}]", self._reason)
        return []

    def _others(self) -> set[str]:
        """Every action that the role has upon all resources."""
        stack = Stack.of(self._role)
        return {
            action
            for policy in self._role.node.find_all()
            if isinstance(policy, (iam.CfnPolicy, iam.CfnManagedPolicy))
            for statement in stack.resolve(policy.policy_document)["Statement"]
            if statement["Effect"] == "Allow"
            and _ALL in _listed(statement.get("Resource", []))
            for action in _listed(statement.get("Action", []))
        }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_below(scope: Construct, role: iam.IRole) -> bool:
    return role.node.path.startswith(f"{scope.node.path}/")

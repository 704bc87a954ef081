"""What stands below a construct: those that hold a kind, and its own resource."""

from __future__ import annotations

from typing import TypeVar

from aws_cdk import CfnResource
from constructs import Construct, IConstruct

_Resource = TypeVar("_Resource", bound=CfnResource)


def child_of(scope: Construct, name: str) -> Construct:
    """Return the construct below `scope` that holds a kind; made when first asked."""
    found = scope.node.try_find_child(name)
    return found if isinstance(found, Construct) else Construct(scope, name)


def resource_of(construct: IConstruct, kind: type[_Resource]) -> _Resource:
    """Return the resource of CloudFormation's that a construct made here stands for."""
    found = construct.node.default_child
    assert isinstance(found, kind)  # noqa: S101 - for the type only
    return found

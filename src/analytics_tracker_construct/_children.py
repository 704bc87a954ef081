"""Constructs that hold all children of one kind."""

from __future__ import annotations

from constructs import Construct


def child_of(scope: Construct, name: str) -> Construct:
    """Return the construct below `scope` that holds a kind; made when first asked."""
    found = scope.node.try_find_child(name)
    return found if isinstance(found, Construct) else Construct(scope, name)

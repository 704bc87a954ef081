"""The synthesised policies in the form that radosgw takes.

What is taken out has a name here, and nothing else is. It is proved elsewhere, by an
evaluator of IAM's that knows it: `tests/infra`.
"""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

_RESOURCE_ACCOUNT = "aws:ResourceAccount"


def as_radosgw_takes(document: Json) -> Json:
    """Return a policy with what radosgw knows of it.

    Raises:
        ValueError: If nothing is left of it.
    """
    statements = document["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    kept = [of_s3(without_resource_account(each)) for each in statements]
    if not any(kept):
        raise ValueError(f"there is nothing about S3 in {document}")
    return {
        "Version": document["Version"],
        "Statement": [each for each in kept if each],
    }


def without_resource_account(statement: Json) -> Json:
    """Return a statement without its condition on who owns the resource.

    radosgw has no accounts and does not know the condition's key. Where it is the only
    one, no `Condition` is left.
    """
    conditions = {
        operator: {
            key: value for key, value in keys.items() if key != _RESOURCE_ACCOUNT
        }
        for operator, keys in statement.get("Condition", {}).items()
    }
    left = {operator: keys for operator, keys in conditions.items() if keys}
    bare = {name: value for name, value in statement.items() if name != "Condition"}
    return {**bare, "Condition": left} if left else bare


def of_s3(statement: Json) -> Json | None:
    """Return a statement with its actions of S3 alone; None where there are none.

    radosgw refuses a policy that names a service which it is not.
    """
    actions = statement["Action"]
    actions = [actions] if isinstance(actions, str) else actions
    kept = [action for action in actions if action.startswith("s3:")]
    return {**statement, "Action": kept} if kept else None


def as_text(document: Json) -> str:
    """Return a document as radosgw reads it: it keeps `+` for a form's spaces."""
    return json.dumps(document, separators=(",", ":"))

"""The name of a catalog's database where none is given."""

from __future__ import annotations

import hashlib
import re

from aws_cdk import Stack, Token
from aws_cdk import aws_glue as glue
from constructs import Construct, IConstruct

from ._sql.tables import DATABASE_CHARS

_HASH_CHARS = 8


def database_of(scope: Construct) -> str:
    """Return a name made from the outermost stack's name and the path below it.

    Views hold it, so it is text and no token. What is deployed twice under two names
    of the stack has two databases. Where the path has more than letters and digits in
    its parts, or is too long, the name ends with a hash: else `Shop-Live/Catalog` and
    `Shop/Live/Catalog` would be one.
    """
    scopes = scope.node.scopes
    first = next(at for at, each in enumerate(scopes) if Stack.is_stack(each))
    path = "/".join(map(_part, scopes[first:]))
    name = re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_")
    if len(name) <= DATABASE_CHARS and re.fullmatch(r"[A-Za-z0-9/]+", path):
        return name
    digest = hashlib.sha256(path.encode()).hexdigest()[:_HASH_CHARS]
    return f"{name[: DATABASE_CHARS - _HASH_CHARS - 1]}_{digest}"


def check_free(scope: Construct, name: str) -> None:
    """Check that no other database of the app has a name in the same environment.

    Raises:
        ValueError: If one has; the message has both paths.
    """
    environment = Stack.of(scope).environment
    for each in scope.node.root.node.find_all():
        if not isinstance(each, glue.CfnDatabase):
            continue
        given = each.database_input
        if (
            isinstance(given, glue.CfnDatabase.DatabaseInputProperty)
            and given.name == name
            and Stack.of(each).environment == environment
        ):
            raise ValueError(
                f"'database_name' of {scope.node.path} is {name!r}, which "
                f"{each.node.path} has in the same environment; pass another "
                "database_name to one of them, or env to their stacks where these are "
                "deployed to different accounts or regions"
            )


def _part(construct: IConstruct) -> str:
    if isinstance(construct, Stack) and not Token.is_unresolved(construct.stack_name):
        return construct.stack_name
    return construct.node.id

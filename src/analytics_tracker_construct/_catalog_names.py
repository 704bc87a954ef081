"""The name of a catalog's database where none is given."""

from __future__ import annotations

import hashlib
import re

from aws_cdk import Stack, Token
from constructs import Construct, IConstruct

from ._sql.tables import DATABASE_CHARS

_HASH_CHARS = 8


def database_of(scope: Construct) -> str:
    """Return a name made from the outermost stack's name and the path below it.

    Views hold it, so it is text and no token. What is deployed twice under two names
    of the stack has two databases.
    """
    scopes = scope.node.scopes
    first = next(at for at, each in enumerate(scopes) if Stack.is_stack(each))
    path = "/".join(map(_part, scopes[first:]))
    name = re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_")
    if len(name) <= DATABASE_CHARS:
        return name
    digest = hashlib.sha256(path.encode()).hexdigest()[:_HASH_CHARS]
    return f"{name[: DATABASE_CHARS - _HASH_CHARS - 1]}_{digest}"


def _part(construct: IConstruct) -> str:
    if isinstance(construct, Stack) and not Token.is_unresolved(construct.stack_name):
        return construct.stack_name
    return construct.node.id

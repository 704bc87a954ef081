"""The queries as Athena's console offers them: named, in the catalog's workgroup."""

from __future__ import annotations

from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from ._sql import queries

#: https://docs.aws.amazon.com/athena/latest/APIReference/API_NamedQuery.html
DESCRIPTION_CHARS = 1024


def make_queries(
    scope: Construct, database: glue.CfnDatabase, workgroup: athena.CfnWorkGroup
) -> dict[str, athena.CfnNamedQuery]:
    """Return the named queries by name."""
    return {
        name: _named(scope, database, workgroup, queries.load(name))
        for name in queries.names()
    }


def _named(
    scope: Construct,
    database: glue.CfnDatabase,
    workgroup: athena.CfnWorkGroup,
    query: queries.Query,
) -> athena.CfnNamedQuery:
    text, parameters = query.render(queries.Relations.among_all(), style="?")
    return athena.CfnNamedQuery(
        scope,
        query.name,
        database=database.ref,
        description=_described(query, parameters),
        name=query.name,
        query_string=text,
        # By its reference it waits for the workgroup.
        work_group=workgroup.ref,
    )


def _described(query: queries.Query, parameters: list[str]) -> str:
    """A query's title, and in which order the console asks for its parameters."""
    asked = ", ".join(parameters)
    return f"{query.title}. Parameters: {asked}"[:DESCRIPTION_CHARS]

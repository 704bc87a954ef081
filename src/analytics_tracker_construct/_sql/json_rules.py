"""How Trino's functions of JSON are said in DuckDB's SQL."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp

from .kinds import Kinds
from .rewriting import Change, duck, refused


def map_keys(node: exp.Expr, _: Kinds) -> Change | None:
    """Names of the members of an object."""
    parsed(node)
    if isinstance(node.parent, exp.Try):
        return None
    return lambda: duck("list_distinct(json_keys(x))", x=parsed(node))


def parsed(keys: exp.Expr) -> exp.Expr:
    """Return the text whose keys `map_keys(CAST(json_parse(text) AS map(…)))` gives."""
    cast = keys.this
    if (
        isinstance(cast, exp.Cast)
        and isinstance(cast.this, exp.ParseJSON)
        and cast.to.sql(dialect="trino") == "MAP(VARCHAR, JSON)"
    ):
        text: exp.Expr = cast.this.this
        return text
    raise refused(keys, "write map_keys(CAST(json_parse(x) AS map(varchar, json)))")


def parse_json(node: exp.Expr, _: Kinds) -> None:
    """Refuse JSON as a value: the engines print it differently."""
    if not isinstance(node.find_ancestor(exp.MapKeys), exp.MapKeys):
        raise refused(node, "write json_extract_scalar(x, '$.member')")


def scalar(node: exp.Expr, _: Kinds) -> Change:
    """The text of a member that is no list and no object."""
    where = _pointer(node)

    def change() -> exp.Expr:
        # DuckDB fails at what is no JSON, gives lists and objects as text, writes
        # numbers in its own way, and older versions give the word null.
        return duck(
            "CASE WHEN json_valid(x) THEN CASE json_type(x, path) "
            "WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL WHEN 'NULL' THEN NULL "
            "WHEN 'DOUBLE' THEN CASE "
            "WHEN regexp_full_match(json_extract_string(x, path), '-?[0-9]+') "
            "THEN json_extract_string(x, path) "
            "ELSE CAST(CAST(json_extract_string(x, path) AS DOUBLE) AS VARCHAR) END "
            "ELSE json_extract_string(x, path) END END",
            x=node.this,
            path=where,
        )

    return change


def _pointer(node: exp.Expr) -> exp.Expr:
    """Return the JSON pointer, RFC 6901, for a path of members."""
    path = node.expression
    if isinstance(path, exp.JSONPath) and all(
        isinstance(step, exp.JSONPathRoot)
        or (isinstance(step, exp.JSONPathKey) and isinstance(step.this, str))
        for step in path.expressions
    ):
        names = [step.this for step in path.expressions[1:]]
        escaped = (name.replace("~", "~0").replace("/", "~1") for name in names)
        return exp.Literal.string("".join(f"/{name}" for name in escaped))
    text = path.sql(dialect="trino")
    match = re.fullmatch(
        r"""'\$\["' \|\| REPLACE\(REPLACE\((?P<name>[\w.]+), '\\', '\\\\'\), """
        r"""'"', '\\"'\) \|\| '"\]'""",
        text,
    )
    if match is None:
        raise refused(node, "its path must be '$.member', a literal")
    return duck(
        "'/' || replace(replace(name, '~', '~0'), '/', '~1')",
        name=sqlglot.parse_one(match["name"], read="trino"),
    )

"""The queries that come with the tracker: files with one question each.

A file begins with comments: its title, what the answer's columns mean, and one line for
each parameter. Its SQL is Athena's (Trino) and reads the relations `{events}`,
`{sessions}`, `{lines}`, `{all_events}` and `{all_sessions}`, whose names are put in.
Parameters such as `:from` are never put in: they are bound. Each stands in a WHERE,
the only place that Athena's documentation allows them in:
https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from . import tables, views
from .literals import OPAQUE
from .parameters import Parameter, Value

FOLDER = Path(__file__).parent / "queries"

#: The parameter that :meth:`Relations.among_all` adds.
TENANT = "tenant"

_TOKEN = re.compile(
    OPAQUE + r" | :: | :(?P<parameter>[a-z_]+) | \{(?P<relation>[a-z_]+)\}",
    re.VERBOSE | re.DOTALL,
)
_PARAMETER = re.compile(
    r":(?P<name>[a-z_]+) (?P<type>\S+(?: -?\d+\.\.\d+)?)"
    r"(?: = (?P<default>\S+))?  (?P<meaning>\S.*)"
)


# How a file writes that a default is empty.
_NOTHING = "''"


class Relations(NamedTuple):
    """What a query reads, as SQL; each has the column `tenant`."""

    events: str
    """Each event once."""
    sessions: str
    lines: str
    """Every stored line."""
    all_events: str
    all_sessions: str
    parameters: tuple[Parameter, ...] = ()
    """Those that stand in the relations themselves."""

    @classmethod
    def of(cls, table: str, database: str | None = None) -> Relations:
        """Return those of one tenant, whose table is `table`."""
        names = tables.names(table)
        constant = "'" + table.replace("'", "''") + "'"
        # Those of all tenants have the tenant's name in each row, which tells people
        # of two tenants apart; a constant lets every other predicate through.
        lines, events, sessions = (
            f"(SELECT {constant} AS tenant, * FROM {views.relation(name, database)})"  # noqa: S608  quoted
            for name in names
        )
        return cls.all(database)._replace(events=events, sessions=sessions, lines=lines)

    @classmethod
    def all(cls, database: str | None = None) -> Relations:
        """Return those of all tenants together."""
        events, sessions, lines = (
            views.relation(name, database) for name in views.OVER_ALL
        )
        return cls(events, sessions, lines, events, sessions)

    @classmethod
    def among_all(cls, database: str | None = None) -> Relations:
        """Return those of one tenant, whose name is bound as `:tenant`."""
        every = cls.all(database)
        events, sessions, lines = (
            f"(SELECT * FROM {relation} WHERE tenant = :{TENANT})"  # noqa: S608  our own names
            for relation in every[:3]
        )
        meaning = "Name of the tenant"
        return every._replace(
            events=events,
            sessions=sessions,
            lines=lines,
            parameters=(Parameter(TENANT, "string", None, meaning),),
        )


class Query(NamedTuple):
    """One question."""

    name: str
    """Its name, such as `top-pages`."""
    title: str
    description: str
    """What the answer's columns mean."""
    parameters: tuple[Parameter, ...]
    text: str
    """The SQL below the comments, with its placeholders."""

    @property
    def relations(self) -> frozenset[str]:
        """The names of the relations that it reads, such as `events`."""
        found = (match["relation"] for match in _TOKEN.finditer(self.text))
        return frozenset(name for name in found if name)

    @property
    def is_over_all(self) -> bool:
        """Whether it compares tenants, so that none can be chosen."""
        return not self.relations & {"events", "sessions", "lines"}

    def bind(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return every parameter's value, defaults among them.

        Args:
            values: Values by the parameters' names, as they are or as typed.

        Raises:
            ValueError: If one is missing, of another type, or of no parameter.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in values:
            if name not in known:
                raise ValueError(
                    f"query {self.name!r} has no parameter {name!r}; "
                    f"it has {', '.join(known)}"
                )
        bound: dict[str, Value] = {}
        for name, parameter in known.items():
            given = values.get(name, parameter.default)
            if given is None:
                raise ValueError(
                    f"query {self.name!r} needs a value for {name!r} "
                    f"({parameter.type}): {parameter.meaning}"
                )
            bound[name] = parameter.value_of(given)
        return bound

    def render(
        self, relations: Relations, style: Literal["?", "$", ":"] = "?"
    ) -> tuple[str, list[str]]:
        """Return the SQL and the names of its parameters in order of occurrence.

        Args:
            relations: What it reads.
            style: How a parameter is written: `?`, or with its name after `$` or `:`.
        """
        named: list[str] = []

        def put(match: re.Match[str]) -> str:
            if match["relation"]:
                source = getattr(relations, match["relation"])
                return _TOKEN.sub(put, source)
            if match["parameter"]:
                named.append(match["parameter"])
                return "?" if style == "?" else style + match["parameter"]
            return match[0]

        return _TOKEN.sub(put, self.text), named


def names() -> tuple[str, ...]:
    """Return the names of all queries, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.sql")))


@cache
def load(name: str) -> Query:
    """Return a query.

    Raises:
        ValueError: If there is none of this name.
    """
    if name not in names():
        raise ValueError(f"there is no query {name!r}; there are {', '.join(names())}")
    return read(name, (FOLDER / f"{name}.sql").read_text(encoding="utf-8"))


def read(name: str, file: str) -> Query:
    """Return the query that a file's text holds.

    Raises:
        ValueError: If the file does not begin as it should, or if its parameters are
            not those that its SQL has.
    """
    lines = file.splitlines()
    comments = list(_comments(lines))
    if not comments or not comments[0]:
        raise ValueError(f"query {name!r} must begin with a comment, its title")
    parameters = []
    description = []
    for comment in comments[1:]:
        match = _PARAMETER.fullmatch(comment)
        if match:
            declared = Parameter(**match.groupdict())
            if declared.default == _NOTHING:
                declared = declared._replace(default="")
            parameters.append(declared)
        else:
            description.append(comment)
    text = "\n".join(lines[len(comments) :]).strip()
    described = {parameter.name for parameter in parameters}
    used = {found["parameter"] for found in _TOKEN.finditer(text)} - {None}
    if described != used:
        raise ValueError(
            f"query {name!r} has the parameters {sorted(used)} in its SQL and "
            f"{sorted(described)} in its comments"
        )
    return Query(
        name, comments[0], "\n".join(description).strip(), tuple(parameters), text
    )


def _comments(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("--"):
            return
        yield line.removeprefix("--").removeprefix(" ")

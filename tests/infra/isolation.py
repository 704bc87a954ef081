"""Requests that a role may make and may not, and whether they prove its policy.

They do where no statement can lose anything, nor be widened in anything, without one of
them being decided otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .evaluator import Policies, Request, allowed
from .templates import Json


class Role(NamedTuple):
    """What is known of a role."""

    policies: Policies
    may: tuple[Request, ...]
    may_not: tuple[Request, ...]

    def unproved(self) -> list[str]:
        """Return what could change in the policy while every request stays as it is."""
        changes = list(_changes(self.policies.identity["Statement"]))
        asked = [
            (self.policies._replace(identity=self._with(statements)), request)
            for _, statements in changes
            for request in (*self.may, *self.may_not)
        ]
        answers = allowed(asked)
        expected = [True] * len(self.may) + [False] * len(self.may_not)
        size = len(expected)
        return [
            what
            for index, (what, _) in enumerate(changes)
            if answers[index * size : (index + 1) * size] == expected
        ]

    def _with(self, statements: list[Json]) -> Json:
        return {**self.policies.identity, "Statement": statements}


def _changes(statements: list[Json]) -> Iterator[tuple[str, list[Json]]]:
    """Yield each change by its words, and the statements after it."""
    for at, statement in enumerate(statements):
        rest = [*statements[:at], *statements[at + 1 :]]
        for what, changed in _of(statement):
            words = f"{statement['Action']} on {statement['Resource']}: {what}"
            yield words, [*rest, *([changed] if changed else [])]


def _of(statement: Json) -> Iterator[tuple[str, Json | None]]:
    """Yield each change of one statement; None where nothing is left of it."""
    for member in ("Action", "Resource"):
        values = _listed(statement[member])
        for value in values:
            left = [each for each in values if each != value]
            yield f"without {value}", {**statement, member: left} if left else None
    services = {action.partition(":")[0] for action in _listed(statement["Action"])}
    yield "any action", {**statement, "Action": [f"{each}:*" for each in services]}
    yield "any resource", {**statement, "Resource": "*"}
    conditions = statement.get("Condition", {})
    for operator, keys in conditions.items():
        for key in keys:
            others_of = {name: value for name, value in keys.items() if name != key}
            others = {op: each for op, each in conditions.items() if op != operator}
            kept = {**others, **({operator: others_of} if others_of else {})}
            bare = {n: value for n, value in statement.items() if n != "Condition"}
            yield f"whatever {key} is", {**bare, "Condition": kept} if kept else bare


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value

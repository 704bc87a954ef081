"""What the function's modules need of `typing`, without importing it.

Its import alone is a good part of a cold start. Type checkers see the real names; while
the function runs, a `NamedTuple` is a named tuple and the others mean nothing.
"""

from __future__ import annotations

from collections import namedtuple

__all__ = ["TYPE_CHECKING", "Any", "NamedTuple", "NoReturn", "Protocol", "TypedDict"]

# Type checkers take a constant of this name for true.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any, NamedTuple, NoReturn, Protocol, TypedDict
else:
    Any = NoReturn = Protocol = object
    TypedDict = dict

    class _Meta(type):
        def __new__(mcs, name, bases, namespace):
            if not bases:
                return super().__new__(mcs, name, bases, namespace)
            fields = namespace.pop("__annotations__", {})
            defaults = [namespace.pop(field) for field in fields if field in namespace]
            made = namedtuple(
                name, fields, defaults=defaults, module=namespace["__module__"]
            )
            for member, value in namespace.items():
                setattr(made, member, value)
            return made

    class NamedTuple(metaclass=_Meta):
        """As `typing.NamedTuple`."""

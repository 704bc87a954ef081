"""What users may import: a name that comes or goes is a decision."""

from __future__ import annotations

import dataclasses
import inspect
import re
from enum import Enum

import pytest

import analytics_tracker_construct as package
from analytics_tracker_construct import query

_NAMES = [
    "AnalyticsTracker",
    "AnalyticsTrackerStack",
    "AthenaEngine",
    "Delivery",
    "DuckDbEngine",
    "EventCatalog",
    "EventTable",
    "FrontDoor",
    "MetricOptions",
    "QueryEngine",
    "Result",
    "Tenant",
    "TrackerApi",
    "TrackerOptions",
    "WriteKey",
    "__version__",
]


def test_public_names_are_these() -> None:
    """The README describes them, and the version promises them."""
    assert sorted(package.__all__) == _NAMES


@pytest.mark.parametrize("name", [name for name in _NAMES if name != "__version__"])
def test_public_name_is_the_packages_own_and_described(name: str) -> None:
    """Nothing of the CDK's is passed on as ours."""
    thing = getattr(package, name)

    assert thing.__name__ == name
    assert thing.__module__.startswith("analytics_tracker_construct.")
    assert inspect.getdoc(thing)


@pytest.mark.parametrize(
    "public",
    [
        *(getattr(package, name) for name in _NAMES if name != "__version__"),
        *(getattr(query, name) for name in query.__all__ if name not in _NAMES),
    ],
    ids=lambda public: str(public.__name__),
)
def test_help_tells_each_attribute(public: type) -> None:
    """A text below an attribute is for readers of the source; `help` knows no such."""
    told = re.findall(r"^    (\w+): ", inspect.getdoc(public) or "", re.MULTILINE)

    # Their meaning is that of the tracker's arguments, and told there.
    if public is not package.TrackerOptions:
        assert sorted(_attributes(public) - set(told)) == []


def _attributes(public: type) -> set[str]:
    """Return the names of the attributes that a class or its instances have."""
    if issubclass(public, Enum):
        return set(public.__members__)
    if dataclasses.is_dataclass(public):
        return {field.name for field in dataclasses.fields(public)}
    if hasattr(public, "_fields"):
        return set(public._fields)
    if hasattr(public, "__total__"):
        return set(public.__annotations__)
    init = public.__init__ if "__init__" in vars(public) else None
    source = inspect.getsource(init) if init else ""
    return set(
        re.findall(r"^        self\.([a-z]\w*)(?::.*)? = ", source, re.MULTILINE)
    )


def test_star_import_gives_the_public_names() -> None:
    """Although each is loaded late."""
    names: dict[str, object] = {}

    exec("from analytics_tracker_construct import *", names)

    assert sorted(names.keys() - {"__builtins__"}) == _NAMES


def test_dir_shows_the_public_names() -> None:
    """An interactive user completes them, and nothing private."""
    assert dir(package) == _NAMES


def test_other_names_are_refused_as_usual() -> None:
    """`hasattr` and `from … import` depend on the exception's type."""
    assert not hasattr(package, "Tracker")
    with pytest.raises(ImportError, match="Tracker"):
        exec("from analytics_tracker_construct import Tracker")

"""What users may import: a name that comes or goes is a decision."""

from __future__ import annotations

import inspect

import pytest

import analytics_tracker_construct as package

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

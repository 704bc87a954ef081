"""A multi-tenant event tracker for your own AWS account, as one CDK construct.

Names are loaded when they are first used: the command line imports this package too
and must not wait for the CDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from ._metrics import MetricOptions
    from ._options import TrackerOptions
    from .api import TrackerApi
    from .catalog import EventCatalog
    from .delivery import Delivery
    from .event_table import EventTable
    from .front_door import FrontDoor
    from .query import AthenaEngine, DuckDbEngine, QueryEngine, Result
    from .stack import AnalyticsTrackerStack
    from .tenant import Tenant
    from .tracker import AnalyticsTracker
    from .write_key import WriteKey

__all__ = [
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

_HOMES = {
    "AnalyticsTracker": ".tracker",
    "AnalyticsTrackerStack": ".stack",
    "AthenaEngine": ".query",
    "Delivery": ".delivery",
    "DuckDbEngine": ".query",
    "EventCatalog": ".catalog",
    "EventTable": ".event_table",
    "FrontDoor": ".front_door",
    "MetricOptions": "._metrics",
    "QueryEngine": ".query",
    "Result": ".query",
    "Tenant": ".tenant",
    "TrackerApi": ".api",
    "TrackerOptions": "._options",
    "WriteKey": ".write_key",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

"""Where the ingest function's source is: the one module that knows these paths.

A wheel carries the source as a subpackage. A source checkout and an editable install
have it beside `src`, from where it is loaded under the same name. Everything else
imports the function's contract (`settings`, `columns`, `limits`, …) from here.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

_PACKAGE = f"{__package__}.handler"
_PACKED = Path(__file__).parent / "handler"

#: The folder that holds the function's modules.
FOLDER = _PACKED if _PACKED.is_dir() else Path(__file__).parents[2] / "handler"

if FOLDER is not _PACKED and _PACKAGE not in sys.modules:
    _spec = spec_from_file_location(
        _PACKAGE,
        FOLDER / "__init__.py",
        submodule_search_locations=[str(FOLDER)],
    )
    if _spec is None or _spec.loader is None:
        raise ImportError(f"the ingest function's source is not at {FOLDER}")
    _module = module_from_spec(_spec)
    sys.modules[_PACKAGE] = _module
    _spec.loader.exec_module(_module)

if TYPE_CHECKING:
    from handler import (
        batch,
        buckets,
        columns,
        draft,
        fields,
        limits,
        message,
        metrics,
        queues,
        refusals,
        replies,
        script,
        settings,
        storage,
        write_keys,
    )
else:
    from .handler import (
        batch,
        buckets,
        columns,
        draft,
        fields,
        limits,
        message,
        metrics,
        queues,
        refusals,
        replies,
        script,
        settings,
        storage,
        write_keys,
    )

__all__ = [
    "FOLDER",
    "batch",
    "buckets",
    "columns",
    "draft",
    "fields",
    "limits",
    "message",
    "metrics",
    "queues",
    "refusals",
    "replies",
    "script",
    "settings",
    "storage",
    "write_keys",
]

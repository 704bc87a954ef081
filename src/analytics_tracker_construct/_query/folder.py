"""Which folder holds the data: the one that is named, or the one with data in it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from .._handler import columns
from . import duck


def find(named: Path) -> Path:
    """Return the data folder.

    Args:
        named: The folder, or one above it: `analytics-tracker dev` and the demo keep
            theirs in folders of one.

    Returns:
        `named` if it has events, else the one folder right below that has, else
        `named`.

    Raises:
        ValueError: If there is no such folder, or DuckDB cannot read it.
    """
    if not named.is_dir():
        wrong = "is not a folder" if named.exists() else "does not exist"
        raise ValueError(f"{named} {wrong}; `analytics-tracker dev` makes it")
    # To DuckDB the one ends a file's name, so that what is gzipped would be left out,
    # and the other parts folders.
    path = named.resolve().as_posix()
    if "?" in path or "\\" in path:
        raise ValueError(
            f"DuckDB cannot read folders with ? or \\ in their path, {path}; move it"
        )
    if has_events(named):
        return named
    below = duck.data_folders(named)
    return below[0] if len(below) == 1 else named


def has_events(folder: Path) -> bool:
    """Whether a folder is a data folder with at least one day."""
    first = columns.PARTITIONS[0].name
    return next(folder.glob(f"*/{columns.PREFIX}{first}=*"), None) is not None


def check_tenant(folder: Path, tenant: str, known: Collection[str]) -> None:
    """Check that a tenant is one of the folder's.

    Raises:
        ValueError: If it is not; it says which there are.
    """
    if tenant not in known:
        raise ValueError(
            f"there is no tenant {tenant!r} in {folder}; "
            f"there are: {', '.join(sorted(known)) or 'none'}{hint(folder)}"
        )


def hint(folder: Path) -> str:
    """Return what to add to an error where folders below are meant; often nothing."""
    if has_events(folder):
        return ""
    below = " or ".join(map(str, duck.data_folders(folder)))
    return below and f"; did you mean {below}"

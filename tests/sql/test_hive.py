"""Types as Hive writes them."""

from __future__ import annotations

import pytest

from analytics_tracker_construct._handler import columns
from analytics_tracker_construct._sql import hive


def test_a_struct_has_members() -> None:
    assert hive.members("struct<width:int,isBot:boolean>") == {
        "width": "int",
        "isBot": "boolean",
    }


@pytest.mark.parametrize(
    "type_", ["string", "", "struct<>", "map<string,string>", "array<struct<a:int>>"]
)
def test_another_type_has_none(type_: str) -> None:
    assert hive.members(type_) == {}


def test_every_stored_struct_is_read() -> None:
    """One within another would not be."""
    structs = [c.type for c in columns.COLUMNS if c.type.startswith("struct")]

    assert structs
    assert all(map(hive.members, structs))

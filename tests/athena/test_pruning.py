"""A query of one day reads one day; one of one tenant reads that tenant alone.

The S3 server's log says which folders were listed and which objects were read.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any, NamedTuple

import pytest

from analytics_tracker_construct._sql import queries
from analytics_tracker_construct._sql.literals import literals
from handler.columns import PREFIX

from ..sql.world import TENANTS
from .bed import Bed
from .deployment import DATABASE
from .stored import keys_in

_DAY = date(2026, 3, 2)
_FOLDER = f"{PREFIX}year=2026/month=03/day=02/"
#: Each has events on other days than this, too.
_OTHERS = {"steps": "view", "event_type": "page_view", "property": "plan"}


class Read(NamedTuple):
    """What a statement has made Trino do."""

    listed: set[tuple[str, str]]
    """Buckets and folders."""
    objects: set[tuple[str, str]]
    """Buckets and keys."""
    bytes: int
    """Trino's own figure."""


def _read(bed: Bed, sql: str) -> Read:
    mark = bed.server.mark()
    answer = bed.query(sql)
    requests = bed.server.requests(mark)
    return Read(
        {(each.bucket, each.key) for each in requests if each.listed},
        {(r.bucket, r.key) for r in requests if r.method == "GET" and not r.listed},
        answer.stats["physicalInputBytes"],
    )


def _bound(sql: str, *values: Any) -> str:
    quoted = sql.replace("'", "''")
    return f"EXECUTE IMMEDIATE '{quoted}' USING {', '.join(literals(values))}"


def _day_of_shop(bed: Bed) -> tuple[set[tuple[str, str]], int]:
    """Return the objects that a query of the day may read, and their bytes."""
    kept = keys_in(bed.s3, "shop", _FOLDER)
    assert 0 < len(kept) < len(keys_in(bed.s3, "shop"))
    # An empty object is not asked for.
    return {("shop", key) for key, size in kept.items() if size}, sum(kept.values())


@pytest.mark.parametrize(
    "relation",
    [
        '"shop_events"',
        '"shop_events_unique"',
        '"shop_sessions"',
        "(SELECT * FROM all_lines WHERE tenant = 'shop')",
        "(SELECT * FROM all_events WHERE tenant = 'shop')",
        "(SELECT * FROM all_sessions WHERE tenant = 'shop')",
    ],
)
@pytest.mark.parametrize(
    ("predicate", "values"),
    [
        ("year = ? AND month = ? AND day = ?", ("2026", "03", "02")),
        (
            "year || '-' || month || '-' || day BETWEEN CAST(? AS varchar) "
            "AND CAST(? AS varchar)",
            (_DAY, _DAY),
        ),
    ],
    ids=["equal", "between"],
)
def test_a_days_predicate_reads_that_day_once(
    bed: Bed, relation: str, predicate: str, values: tuple[Any, ...]
) -> None:
    """Through every view, with bound parameters; Trino's bytes are the objects'."""
    objects, size = _day_of_shop(bed)
    sql = f"SELECT * FROM {relation} WHERE {predicate}"
    read = _read(bed, _bound(sql, *values))
    assert read.listed == {("shop", _FOLDER)}
    assert read.objects == objects
    assert read.bytes == size


def test_a_tenants_name_is_a_parameter_that_prunes(bed: Bed) -> None:
    sql = (
        "SELECT count(*) FROM all_events "
        "WHERE tenant = ? AND year = '2026' AND month = '03' AND day = '02'"
    )
    read = _read(bed, _bound(sql, "shop"))
    assert read.listed == {("shop", _FOLDER)}


def test_the_plan_names_one_tenant_and_one_day(bed: Bed) -> None:
    """Trino's own account of what it will read."""
    [[plan]] = bed.rows(
        "EXPLAIN (TYPE IO) SELECT * FROM all_sessions WHERE tenant = 'shop' "
        "AND year = '2026' AND month = '03' AND day = '02'"
    )
    [table] = json.loads(plan)["inputTableColumnInfos"]
    assert table["table"]["schemaTable"]["table"] == "shop_events"
    constraints = table["constraint"]["columnConstraints"]
    ranges = {each["columnName"]: each["domain"]["ranges"] for each in constraints}
    for name, value in (("year", "2026"), ("month", "03"), ("day", "02")):
        [only] = ranges[name]
        assert (only["low"]["value"], only["high"]["value"]) == (value, value)


@pytest.mark.parametrize("name", queries.names())
def test_each_query_of_one_day_reads_that_day(bed: Bed, name: str) -> None:
    """As the console has it, with every parameter bound, of one tenant where it can."""
    query = queries.load(name)
    declared = {parameter.name: parameter for parameter in query.parameters}
    given: dict[str, Any] = {
        parameter: value
        for parameter, value in _OTHERS.items()
        if parameter in declared
    }
    if "from" in declared:
        given |= {"from": _DAY, "to": _DAY}
    if "now" in declared:
        given["now"] = "2026-03-02T12:30:00Z"
    text, names = query.render(queries.Relations.among_all(DATABASE))
    bound = {**query.bind(given), "tenant": "shop"}
    read = _read(bed, _bound(text, *(bound[each] for each in names)))
    read_tenants = TENANTS if query.is_over_all else ("shop",)
    assert read.listed == {(tenant, _FOLDER) for tenant in read_tenants}
    assert read.bytes > 0


def test_without_a_days_predicate_every_projected_day_is_looked_for(bed: Bed) -> None:
    """What the predicates are for: a month without one is 31 listings."""
    read = _read(
        bed, "SELECT count(*) FROM \"shop_events\" WHERE year = '2026' AND month = '03'"
    )
    assert len(read.listed) == 31
    month = f"{PREFIX}year=2026/month=03/"
    assert read.bytes == sum(keys_in(bed.s3, "shop", month).values())

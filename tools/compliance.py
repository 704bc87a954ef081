"""COMPLIANCE.md's tables, from the ledger of reviewers' findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks import markdown
from tests.infra import ledger
from tests.infra.example_apps import NAMES
from tests.infra.findings import ENTRIES, FRONT_DOOR


def counts() -> str:
    """Return how many findings of each tool users see in each example, as a table."""
    tools = tuple(dict.fromkeys(ledger.TOOLS.values()))
    rows = [(tool, *(str(_seen(name, tool)) for name in NAMES)) for tool in tools]
    return markdown.table(("tool", *(f"`{name}`" for name in NAMES)), rows)


def _seen(example: str, tool: str) -> int:
    rows = ledger.rows_of(ENTRIES, example, tool)
    return sum(not row.acknowledged for row in rows)


def reasons() -> str:
    """Return each finding with why it stays, a table for each topic."""
    topics = dict.fromkeys(entry.topic for entry in (*ENTRIES, *FRONT_DOOR))
    return "\n\n".join(
        f"### {topic[0].upper()}{topic[1:]}\n\n"
        + markdown.table(("why it stays", "rules", "where", "in"), list(_lines(topic)))
        for topic in topics
    )


def _lines(topic: str) -> Iterator[tuple[str, ...]]:
    """Yield a line for each entry of a topic, the reason where it is another."""
    last = ""
    for entry in (*ENTRIES, *FRONT_DOOR):
        if entry.topic != topic:
            continue
        places = [
            f"`{place} {detail}`".replace(" `", "`")
            for place in entry.places
            for detail in entry.details
        ]
        yield (
            "as above" if entry.reason == last else entry.reason,
            _listed(entry.rules),
            "<br>".join(places),
            "all" if set(entry.examples) == set(NAMES) else _listed(entry.examples),
        )
        last = entry.reason


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)

"""Makes COMPLIANCE.md's generated parts from the ledger of reviewers' findings.

python -m tools.compliance           rewrite the parts between `<!-- generated: … -->`
python -m tools.compliance --check   fail if they are not as the ledger says
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import markdown
from tests.infra import ledger
from tests.infra.example_apps import NAMES
from tests.infra.findings import ENTRIES, FRONT_DOOR

DOCUMENT = Path(__file__).parents[1] / "COMPLIANCE.md"
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    """Rewrite or check; return the exit status."""
    old = DOCUMENT.read_text()
    new = generated(old)
    if "--check" in sys.argv[1:]:
        if new != old:
            print("COMPLIANCE.md is not as the ledger says; run `make docs`")
            return 1
        return 0
    DOCUMENT.write_text(new)
    return 0


def generated(text: str) -> str:
    """Return the document with its generated parts made anew."""
    parts: dict[str, Callable[[], str]] = {"counts": counts, "reasons": _reasons}
    return _PART.sub(lambda part: f"{part[1]}\n{parts[part[2]]()}\n\n{part[3]}", text)


def counts() -> str:
    """Return how many findings of each tool users see in each example, as a table."""
    tools = tuple(dict.fromkeys(ledger.TOOLS.values()))
    rows = [(tool, *(str(_seen(name, tool)) for name in NAMES)) for tool in tools]
    return markdown.table(("tool", *(f"`{name}`" for name in NAMES)), rows)


def _seen(example: str, tool: str) -> int:
    rows = ledger.rows_of(ENTRIES, example, tool)
    return sum(not row.acknowledged for row in rows)


def _reasons() -> str:
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


if __name__ == "__main__":
    sys.exit(main())

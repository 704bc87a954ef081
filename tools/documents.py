"""Makes the generated parts of the documents from the code that they describe.

python -m tools.documents           rewrite the parts between `<!-- generated: … -->`
python -m tools.documents --check   fail if they are not as the code says
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from aws_cdk.assertions import Template

from analytics_tracker_construct import (
    AnalyticsTracker,
    EventCatalog,
    FrontDoor,
    _acknowledgements,
    _costs,
    _deployed_numbers,
)
from analytics_tracker_construct._handler import columns, limits, refusals
from analytics_tracker_construct._sql import queries
from benchmarks import costs, figures, markdown

from . import compliance

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
#: Those that have generated parts.
DOCUMENTS = (
    README,
    *(ROOT / f"{name}.md" for name in ("BENCHMARKS", "COMPLIANCE", "IAM")),
)
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)

_FIELDS = {
    "bucket": ("string", "The bucket, unless `tenant` is given"),
    "tenant": ("string", "A registered tenant, in place of the bucket"),
    "eventType": (
        "string, required",
        f"What happened; at most {limits.NAME_CHARS} characters",
    ),
    "timestamp": (
        "string, required",
        "When, in ISO 8601: `2026-01-31`, or with a time `T12:00`, seconds, a "
        "fraction, `Z` or an offset; without one it is UTC",
    ),
    "sentAt": (
        "string",
        "The client's time as the request leaves, in ISO 8601. Where it is more than "
        f"{limits.CLOCK_SECONDS} seconds off, `timestamp` is corrected, and the time "
        "as sent is kept as `clientTimestamp`",
    ),
    "eventId": (
        "string",
        "8 to 64 letters, digits and hyphens: makes a retry safe. "
        "Default: `<unix seconds>-<8 or 16 hex digits>`",
    ),
    "page": ("string", f"Path or URL, cut at {limits.TEXT_CHARS:,} characters"),
    "referrer": ("string", f"Cut at {limits.TEXT_CHARS:,} characters"),
    "userAgent": (
        "string",
        f"Default: the request's header; cut at {limits.TEXT_CHARS:,} characters",
    ),
    "viewport": ("object", "`width` and `height` in CSS pixels"),
    "sessionId": ("string", f"At most {limits.NAME_CHARS} characters"),
    "metadata": ("object", "Anything else that is worth keeping"),
    "writeKey": (
        "string",
        "One of the tenant's [write keys](#write-keys), where it has any. Never stored",
    ),
}


def main() -> int:
    """Rewrite or check; return the exit status."""
    status = 0
    for document in DOCUMENTS:
        old = document.read_text("utf-8")
        new = generated(old)
        if "--check" not in sys.argv[1:]:
            document.write_text(new, "utf-8")
        elif new != old:
            print(f"{document.name} is not as the code says; run `make docs`")
            status = 1
    return status


def generated(text: str) -> str:
    """Return a document with its generated parts made anew."""
    parts: dict[str, Callable[[], str]] = {
        "answers": _answers,
        "arguments": lambda: _arguments_of(AnalyticsTracker),
        "bench": figures.bench,
        "catalog": lambda: _arguments_of(EventCatalog),
        "client": figures.client,
        "columns": _columns,
        "cost": _cost,
        "counts": compliance.counts,
        "fields": _fields,
        "front_door": lambda: _arguments_of(FrontDoor),
        "help": _help,
        "iam": _iam,
        "lake": figures.lake,
        "load": figures.load,
        "nag": _nag,
        "queries": _queries,
        "reasons": compliance.reasons,
        "resources": _resources,
        "speed": figures.speed,
        "tenants": lambda: _arguments_of(AnalyticsTracker.add_tenant),
        "worst": figures.worst,
    }
    return _PART.sub(lambda part: f"{part[1]}\n{parts[part[2]]()}\n\n{part[3]}", text)


def python_blocks(text: str) -> list[str]:
    """Return the README's Python, in order."""
    return [block[1] for block in _PYTHON.finditer(text)]


@cache
def template() -> dict[str, Any]:
    """Return the template of the README's first Python."""
    names: dict[str, Any] = {}
    exec(python_blocks(README.read_text("utf-8"))[0], names)
    return dict(Template.from_stack(names["stack"]).to_json())


def _arguments_of(documented: object) -> str:
    document = inspect.getdoc(documented) or ""
    block = re.split(r"\n\n(?:Raises|Returns):", document.partition("Args:\n")[2])[0]
    rows = []
    for entry in re.split(r"\n(?= {4}\w)", "\n" + block)[1:]:
        name, _, meaning = " ".join(entry.split()).partition(": ")
        meaning, _, default = meaning.partition(" Default: ")
        if name not in {"scope", "construct_id"}:
            rows.append((f"`{name}`", meaning, default.rstrip(".")))
    return markdown.table(("argument", "meaning", "default"), rows)


def _queries() -> str:
    rows = []
    for name in queries.names():
        query = queries.load(name)
        own = [
            f"`{each.name}`"
            for each in query.parameters
            if each.name not in ("from", "to")
        ]
        rows.append((f"`{name}`", query.title, ", ".join(own)))
    return markdown.table(("name", "answer", "parameters beside `from` and `to`"), rows)


def _resources() -> str:
    counted = Counter(each["Type"] for each in template()["Resources"].values())
    rows = [(f"`{kind}`", str(count)) for kind, count in sorted(counted.items())]
    return markdown.table(("resource", "number"), rows)


def _iam() -> str:
    parts = []
    for name, resource in template()["Resources"].items():
        if resource["Type"] == "AWS::IAM::Policy":
            whose = "The writer" if "Writer" in name else "The function"
            statements = resource["Properties"]["PolicyDocument"]["Statement"]
            parts.append(
                f"{whose}:\n\n```json\n{json.dumps(statements, indent=2)}\n```"
            )
    return "\n\n".join(parts)


def _nag() -> str:
    rows = [
        (
            ", ".join(f"`{_acknowledgements.PACK}-{rule}`" for rule in each.rules),
            each.where,
            each.reason,
        )
        for each in _acknowledgements.TABLE
    ]
    return markdown.table(("rule", "where", "reason"), rows)


def _fields() -> str:
    rows = [(f"`{name}`", kind, meaning) for name, (kind, meaning) in _FIELDS.items()]
    made = markdown.table(("field", "type", "meaning"), rows)
    return (
        f"{made}\n\nAn event may have {limits.EVENT_BYTES // 1024} KiB and "
        f"{limits.DEPTH} levels of nesting, a body "
        f"{limits.BODY_BYTES // 1024 // 1024} MiB, also once decompressed; a batch "
        f"{limits.BATCH_EVENTS} events for {limits.BATCH_OBJECTS} pairs of bucket and "
        f"day, and {limits.DEFAULTS_BYTES // 1024} KiB of members beside `events`."
    )


def _answers() -> str:
    rows = []
    for refusal in sorted(refusals.Refusal, key=lambda row: row.status):
        said = refusals.Refused(refusal, "*field*")
        rows.append(
            (str(refusal.status), said.error, said.message, f"`{refusal.label}`")
        )
    return markdown.table(
        ("status", "error", "message", "reason in logs and metrics"), rows
    )


def _columns() -> str:
    rows = [
        (f"`{column.name}`", f"`{column.type}`", column.comment)
        for column in (*columns.COLUMNS, *columns.PARTITIONS)
    ]
    return markdown.table(("column", "type", "meaning"), rows)


def _cost() -> str:
    usual, worst = _costs.dollars_a_day(), _costs.worst_dollars_a_day()
    millions = _costs.requests_a_day() / 1e6
    return (
        f"{costs.tables()}\n\n"
        f"The default throttle of {_deployed_numbers.RATE_LIMIT} requests a second "
        f"lets {millions:.2f} million a day through by each of four routes (`/track` "
        "with POST and OPTIONS, `/pixel.gif`, `/tracker.js`), since API Gateway counts "
        "each by itself: "
        f"about ${usual:.0f} where POSTs and images bring one event each, and about "
        f"${worst:,.0f} on the worst of days, when each POST is a batch of "
        f"{limits.BODY_BYTES // 1024 // 1024} MiB for {limits.BATCH_OBJECTS} objects, "
        "each request runs into its timeout, and all is queued and stored once more. "
        "`tracker.worst_day_dollars` has the number for other limits, tenants' own "
        "included."
    )


def _help() -> str:
    script = Path(sys.executable).with_name("analytics-tracker")
    done = subprocess.run(
        [script, "--help"],
        env={"COLUMNS": "80", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return f"```\n{done.stdout.rstrip()}\n```"


if __name__ == "__main__":
    sys.exit(main())

"""`analytics-tracker doctor`: is a deployed tracker well, and what to do if not."""

from __future__ import annotations

import argparse
import json
from collections import Counter

from . import _aws, _options
from ._aws import Aws
from ._doctor.examination import examine
from ._doctor.findings import Finding, Outcome
from ._interrupt import interruptible
from ._printing import print_text
from ._text import visible

_DESCRIPTION = """\
Check a deployed tracker, and say for each check what was found and what to do.

It looks at the function and its settings, at each bucket and whether the function's
and the writer's roles may store there, at the salts, the queue, the writer, the dead
letters, the newest stored objects and the tenants' tables. It changes nothing: dead
letters that it looks at are hidden from other readers for a moment. No event's
content is shown.

A check ends as ok, as warning, as failure, or as unknown: then it could not look,
mostly since you lack a permission, which it names. Rights are asked of IAM's simulator,
which does not take the policies of buckets and keys into account.
"""

_EPILOG = """\
examples:
  analytics-tracker doctor --stack Website
  analytics-tracker doctor --function website-analytics-tracker --format json
  analytics-tracker doctor --stack Website --database website_events

Exit status: 0 no check failed, 1 one did, or the function could not be read, 2 wrong
arguments, 130 interrupted.
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="check a deployed tracker and say what to do",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _options.add_tracker(parser)
    parser.add_argument(
        "--database",
        metavar="NAME",
        help="the Glue database of the tenants' tables (default: the one of --stack; "
        "with --function, tables are not checked)",
    )
    _options.add_format(parser, "how findings are printed")
    _aws.add_to(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Examine one tracker."""
    aws = Aws(region=options.region, profile=options.profile)
    return interruptible(lambda: _examine(aws, options), lambda: None)


def _examine(aws: Aws, options: argparse.Namespace) -> int:
    found = []
    for finding in examine(
        aws,
        stack=options.stack,
        function_name=options.function,
        database=options.database,
    ):
        found.append(finding)
        if options.format == "text":
            _write(_text(finding))
    counts = Counter(finding.outcome for finding in found)
    if options.format == "json":
        _write(
            json.dumps(
                {
                    "summary": {outcome.value: counts[outcome] for outcome in Outcome},
                    "checks": [
                        {
                            "check": finding.check,
                            "outcome": finding.outcome.value,
                            "found": finding.found,
                            "advice": finding.advice or None,
                        }
                        for finding in found
                    ],
                },
                indent=2,
            )
        )
    else:
        _write(", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome))
    return 1 if counts[Outcome.FAILURE] else 0


def _text(finding: Finding) -> str:
    lines = [f"{finding.outcome.value:<8} {finding.check}: {finding.found}"]
    if finding.advice:
        lines.append(f"{'':<8} do: {finding.advice}")
    return "\n".join(map(visible, lines))


def _write(text: str) -> None:
    print_text(text, "cannot write the findings")

"""What reviewers' tools find in the examples, and why it stays: how that is written.

The rows themselves are in `findings.py`. A finding that is in no row fails a test, and
so does a row that nothing finds any more; so there are as many rows as findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from analytics_tracker_construct._acknowledgements import PACK

#: The tools and packs, by the beginning of their rules' names.
TOOLS = {
    "AwsSolutions-": "cdk-nag AwsSolutions",
    "Serverless-": "cdk-nag Serverless",
    "NIST.800.53.R5-": "cdk-nag NIST 800-53 R5",
    "HIPAA.Security-": "cdk-nag HIPAA Security",
    "PCI.DSS.321-": "cdk-nag PCI DSS 3.2.1",
    "CKV": "checkov",
    "W": "cfn-lint",
    "I": "cfn-lint",
}

#: The rules of which the construct acknowledges findings, and where.
ACKNOWLEDGED = f"{PACK}-"
TRACKER = "Tracker/"

#: The end of a logical id, which changes with the construct's path.
_HASH = re.compile(r"(?<=\w)[0-9A-F]{8}(?=\.Arn>)")


class Finding(NamedTuple):
    """What a tool says of a resource."""

    rule: str
    where: str
    """The construct's path."""
    text: str
    detail: str = ""
    """What cdk-nag puts in brackets after a rule that fires for each statement."""

    def __str__(self) -> str:
        return f"{self.rule} at {self.where}: {self.text} {self.detail}".rstrip()


class Row(NamedTuple):
    """One finding that stays."""

    rule: str
    example: str
    where: str
    """The construct's path below the stack."""
    detail: str
    reason: str

    @property
    def acknowledged(self) -> bool:
        """Whether the construct itself acknowledges it: a finding in what it makes."""
        return self.rule.startswith(ACKNOWLEDGED) and self.where.startswith(TRACKER)

    def covers(self, finding: Finding) -> bool:
        """Whether this row is about a finding in its example."""
        return (
            finding.rule == self.rule
            and finding.where.partition("/")[2] == self.where
            and _HASH.sub("", finding.detail) == self.detail
        )

    def __str__(self) -> str:
        return f"{self.rule} at {self.where} {self.detail}".rstrip()


class Entry(NamedTuple):
    """Findings that stay for one reason: each rule, at each place, in each example."""

    topic: str
    reason: str
    rules: Sequence[str]
    places: Sequence[str]
    examples: Sequence[str]
    details: Sequence[str] = ("",)

    def rows(self) -> Iterator[Row]:
        """Write it out."""
        for rule in self.rules:
            for example in self.examples:
                for place in self.places:
                    for detail in self.details:
                        yield Row(rule, example, place, detail, self.reason)


def tool_of(rule: str) -> str:
    """Return the tool that has a rule."""
    return next(name for start, name in TOOLS.items() if rule.startswith(start))


def rows_of(entries: Iterable[Entry], example: str, tool: str) -> list[Row]:
    """Return the rows about what a tool finds in an example."""
    return [
        row
        for entry in entries
        for row in entry.rows()
        if row.example == example and tool_of(row.rule) == tool
    ]


def judge(
    findings: Iterable[Finding], rows: Sequence[Row]
) -> tuple[list[str], list[str]]:
    """Compare what a tool found in an example with the rows that are about it.

    Returns:
        The findings that not just one row covers, and the rows that cover not just one.
    """
    found = set(findings)
    new = [
        str(finding)
        for finding in sorted(found)
        if sum(row.covers(finding) for row in rows) != 1
    ]
    gone = [
        str(row) for row in rows if sum(row.covers(finding) for finding in found) != 1
    ]
    return new, gone


def reason_for(finding: Finding, rows: Iterable[Row]) -> str:
    """Return why a finding that one row covers stays."""
    (reason,) = (row.reason for row in rows if row.covers(finding))
    return reason

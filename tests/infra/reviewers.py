"""The reviewers' tools, asked about an example; where they found it, by constructs."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]  # it has no types
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]  # likewise

from . import ledger
from .example_apps import Assembly
from .ledger import Finding, Row, tool_of

#: cdk-nag's packs by their names in the ledger.
PACKS: dict[str, type[cdk_nag.NagPack]] = {
    tool_of(f"{prefix}-"): pack
    for prefix, pack in (
        ("AwsSolutions", cdk_nag.AwsSolutionsChecks),
        ("Serverless", cdk_nag.ServerlessChecks),
        ("NIST.800.53.R5", cdk_nag.NIST80053R5Checks),
        ("HIPAA.Security", cdk_nag.HIPAASecurityChecks),
        ("PCI.DSS.321", cdk_nag.PCIDSS321Checks),
    )
}

_RULE = re.compile(r"(?P<rule>[^\[]+)(?:\[(?P<detail>.*)\])?")


def nag(app: cdk.App, pack: str) -> list[Finding]:
    """Return what a pack of cdk-nag's finds in an app."""
    return list(_violations(app, PACKS[pack]))


def _violations(app: cdk.App, pack: Any) -> Iterator[Finding]:
    for violation in pack(app).validate_scope(app).violations:
        parts = _RULE.fullmatch(violation.rule_name)
        assert parts is not None
        for resource in violation.violating_resources:
            assert resource.construct_path is not None
            yield Finding(
                parts["rule"],
                resource.construct_path,
                violation.description,
                parts["detail"] or "",
            )


def satisfied(app: cdk.App, pack: str) -> bool:
    """Whether a pack finds nothing that was not acknowledged."""
    checks: Any = PACKS[pack]
    return bool(checks(app).validate_scope(app).success)


def acknowledge(app: cdk.App, finding: Finding, reason: str) -> None:
    """Acknowledge one of cdk-nag's findings, as a user would."""
    node = app.node
    for part in finding.where.split("/"):
        node = node.find_child(part).node
    cdk.Validations.of(node.scopes[-1]).acknowledge(
        cdk.Acknowledgment(id=rule_of(finding), reason=reason)
    )


def rule_of(finding: Finding) -> str:
    """Return a rule with what is in brackets after it."""
    return f"{finding.rule}[{finding.detail}]" if finding.detail else finding.rule


@contextmanager
def nothing_acknowledged() -> Iterator[None]:
    """Let the construct meet a CDK that knows no acknowledgements, as older ones do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(cdk, "Validations")
        yield


def needless(app: cdk.App, findings: Iterable[Finding], rows: list[Row]) -> list[str]:
    """Return the app's acknowledgements that no finding needs with their reason.

    Args:
        app: The app, in which the construct acknowledges what it does.
        findings: What is found where nothing is acknowledged.
        rows: Why that stays.
    """
    needed = [
        (found.where, rule_of(found), ledger.reason_for(found, rows))
        for found in findings
        if any(row.covers(found) and row.acknowledged for row in rows)
    ]
    return [
        f"{rule} at {place}: {reason}"
        for place, rule, reason in acknowledged(app)
        if not any(
            where.startswith(f"{place}/") or where == place
            for where, *found in needed
            if found == [rule, reason]
        )
    ]


def acknowledged(app: cdk.App) -> list[tuple[str, str, str]]:
    """Return what the construct itself acknowledged: where, of which rule, and why."""
    key = cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY
    return [
        (place.node.path, rule.partition("::")[2], reason)
        for place in app.node.find_all()
        for entry in place.node.metadata
        if entry.type == key
        for rule, reason in entry.data.items()
        # The CDK's own constructs acknowledge rules of other tools.
        if rule.partition("::")[2].startswith(ledger.ACKNOWLEDGED)
    ]


def lint(made: Assembly) -> list[Finding]:
    """Return what cfn-lint finds in a template, wherever it may be deployed."""
    options = ManualArgs(regions=["us-east-1", "eu-central-1"])
    places = made.paths()
    found = []
    for match in lint_file(made.template_file(), options):
        # What is about the template as a whole has no logical id.
        _, logical_id, *rest = map(str, (*match.path, "", ""))
        where, detail = places.get(logical_id, logical_id), "/".join(filter(None, rest))
        found.append(Finding(match.rule.id, where, str(match.message), detail))
    return found


def checkov(python: str, made: Assembly) -> list[Finding]:
    """Return what checkov finds in a template.

    Args:
        python: An interpreter whose environment has checkov.
        made: What an example made.
    """
    template = made.template_file()
    done = subprocess.run(
        [
            python,
            "-m",
            "checkov.main",
            "--file",
            str(template),
            "--framework",
            "cloudformation",
            "--output",
            "json",
            "--quiet",
            "--compact",
            "--skip-download",
            "--soft-fail",
        ],
        capture_output=True,
        check=True,
        cwd=template.parent,
        text=True,
        timeout=300,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 0
    places = made.paths()
    return [
        Finding(
            check["check_id"],
            places[check["resource"].rpartition(".")[2]],
            check["check_name"],
        )
        for check in report["results"]["failed_checks"]
    ]

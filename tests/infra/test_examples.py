"""The examples work as they stand; nothing in them changes or is found unnoticed."""

from __future__ import annotations

import difflib
import os
import re
import socket
from pathlib import Path
from typing import NoReturn

import pytest

from . import example_apps, ledger, reviewers
from .example_apps import NAMES, Assembly
from .findings import ENTRIES
from .ledger import Finding, Row

_SNAPSHOTS = Path(__file__).parent / "snapshots"
_RENEW = os.environ.get("SNAPSHOTS") == "renew"
#: In a text; a number of bytes may be as long.
_ACCOUNT = re.compile(r'(?<!": )\b\d{12}\b')

each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Assembly]:
    """Every example, synthesised once."""
    return example_apps.synthesise_all(tmp_path_factory.mktemp("examples"))


def test_there_is_an_example_of_each_use() -> None:
    """The README links to these."""
    assert NAMES == [
        "existing_stack",
        "hardened",
        "minimal",
        "multi_tenant",
        "standalone",
    ]


@each
def test_runs_as_it_stands(name: str, assemblies: dict[str, Assembly]) -> None:
    """The command of its `cdk.json` makes a template, and no construct complains."""
    made = assemblies[name]

    assert made.exit_status == 0, made.messages
    assert "AWS::Lambda::Function" in made.template_file().read_text("utf-8")
    assert made.annotations() == []


@each
def test_deploys_to_any_account(name: str, assemblies: dict[str, Assembly]) -> None:
    """Neither an account nor a region is written down."""
    made = assemblies[name]

    assert made.manifest()["environment"] == "aws://unknown-account/unknown-region"
    assert _ACCOUNT.findall(made.template_file().read_text("utf-8")) == []


@each
def test_makes_what_its_snapshot_says(
    name: str, assemblies: dict[str, Assembly]
) -> None:
    """Whoever changes what is deployed sees it, and says so by renewing the file."""
    file = _SNAPSHOTS / f"{name}.json"
    now = assemblies[name].snapshot()
    if _RENEW:
        file.parent.mkdir(exist_ok=True)
        file.write_text(now, encoding="utf-8")

    before = file.read_text("utf-8") if file.exists() else ""

    difference = difflib.unified_diff(
        before.splitlines(), now.splitlines(), "snapshot", "now", lineterm="", n=5
    )
    if before != now:
        pytest.fail(
            f"examples/{name} makes another template than {file.name} says. If that "
            "is meant, renew the snapshots with `make snapshots`.\n"
            + "\n".join(difference),
            pytrace=False,
        )


def test_no_snapshot_is_left_over() -> None:
    """Each belongs to an example."""
    assert sorted(file.stem for file in _SNAPSHOTS.iterdir()) == NAMES


@each
def test_cdk_nag_finds_what_the_ledger_says(name: str) -> None:
    """And who acknowledges the ledger's rows has an app that satisfies each pack."""
    with reviewers.nothing_acknowledged():
        app = example_apps.construct_tree(name)
    acknowledged = []
    for pack in reviewers.PACKS:
        findings = reviewers.nag(app, pack)
        rows = ledger.rows_of(ENTRIES, name, pack)
        _compare(findings, rows)
        acknowledged += [(each, ledger.reason_for(each, rows)) for each in findings]

    for finding, reason in acknowledged:
        reviewers.acknowledge(app, finding, reason)
    assert all(reviewers.satisfied(app, pack) for pack in reviewers.PACKS)


@each
def test_the_construct_acknowledges_what_is_found_in_what_it_makes(name: str) -> None:
    """Of AwsSolutions: nothing less, nothing else, and for the ledger's reason."""
    pack = "cdk-nag AwsSolutions"
    rows = ledger.rows_of(ENTRIES, name, pack)
    with reviewers.nothing_acknowledged():
        found = reviewers.nag(example_apps.construct_tree(name), pack)

    app = example_apps.construct_tree(name)
    app.synth()

    _compare(reviewers.nag(app, pack), [row for row in rows if not row.acknowledged])
    assert reviewers.needless(app, found, rows) == []


@each
def test_cfn_lint_finds_what_the_ledger_says(
    name: str, assemblies: dict[str, Assembly], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No error, and no warning without a reason; all of it without a network."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("cfn-lint wants a network")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    findings = reviewers.lint(assemblies[name])

    assert [str(found) for found in findings if found.rule.startswith("E")] == []
    _compare(findings, ledger.rows_of(ENTRIES, name, "cfn-lint"))


def test_a_new_finding_is_told_with_its_words() -> None:
    """The ledger does not cover what it does not name."""
    found = Finding("AwsSolutions-S2", "Website/Tracker/Salts/Resource", "It is open.")
    rows = [Row("AwsSolutions-S1", "minimal", "Tracker/Salts/Resource", "", "because")]

    assert ledger.judge([found], rows) == (
        ["AwsSolutions-S2 at Website/Tracker/Salts/Resource: It is open."],
        ["AwsSolutions-S1 at Tracker/Salts/Resource"],
    )


def test_every_row_is_about_an_example_and_a_tool_that_are_asked() -> None:
    """A row about none would never be found to be out of date."""
    rows = [row for entry in ENTRIES for row in entry.rows()]

    assert {row.example for row in rows} <= set(NAMES)
    assert {ledger.tool_of(row.rule) for row in rows} <= {
        *reviewers.PACKS,
        "cfn-lint",
        "checkov",
    }
    assert len({row[:4] for row in rows}) == len(rows)


def _compare(findings: list[Finding], rows: list[Row]) -> None:
    new, gone = ledger.judge(findings, rows)
    assert not new, "mend it, or say in findings.py why it stays:\n" + "\n".join(new)
    assert not gone, "mended, so take it out of findings.py:\n" + "\n".join(gone)

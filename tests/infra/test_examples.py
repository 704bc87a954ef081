"""The examples work as they stand; nothing in them changes or is found unnoticed."""

from __future__ import annotations

import difflib
import os
import re
import socket
from pathlib import Path
from typing import NoReturn

import pytest
from cdk_nag import AwsSolutionsChecks

from . import example_apps, ledger
from .example_apps import NAMES, Assembly, Finding

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
    assert NAMES == ["existing_stack", "minimal", "multi_tenant", "standalone"]


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
    """And who acknowledges the ledger's rows has an app that satisfies cdk-nag."""
    app = example_apps.construct_tree(name)
    findings = example_apps.nag(app)

    _compare(name, findings, ledger.NAG)

    for finding in findings:
        reason = ledger.reason_for(name, finding, ledger.NAG)
        example_apps.acknowledge(app, finding, reason)
    assert AwsSolutionsChecks(app).validate_scope(app).success


@each
def test_cfn_lint_finds_what_the_ledger_says(
    name: str, assemblies: dict[str, Assembly], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No error, and no warning without a reason; all of it without a network."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("cfn-lint wants a network")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    findings = example_apps.lint(assemblies[name].template_file())

    assert [str(found) for found in findings if found.rule.startswith("E")] == []
    _compare(name, findings, ledger.LINT)


def test_a_new_finding_is_told_with_its_words() -> None:
    """The ledger does not cover what it does not name."""
    found = Finding("AwsSolutions-S2", "Website/Tracker/Salts/Resource", "It is open.")

    assert ledger.judge("minimal", [found], ledger.LINT) == (
        ["AwsSolutions-S2 at Website/Tracker/Salts/Resource: It is open."],
        ["W3005 at */DependsOn/1"],
    )


def _compare(name: str, findings: list[Finding], rows: tuple[ledger.Row, ...]) -> None:
    new, gone = ledger.judge(name, findings, rows)
    assert not new, "mend it, or say in ledger.py why it stays:\n" + "\n".join(new)
    assert not gone, "mended, so take it out of ledger.py:\n" + "\n".join(gone)

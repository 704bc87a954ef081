"""What checkov finds in the examples is what the ledger says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.infra import example_apps, ledger, reviewers
from tests.infra.example_apps import NAMES, Assembly
from tests.infra.findings import ENTRIES


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Assembly]:
    """Every example, synthesised once."""
    return example_apps.synthesise_all(tmp_path_factory.mktemp("examples"))


@pytest.fixture(scope="module")
def python() -> str:
    """The interpreter that has checkov."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    listed = cache / "analytics-tracker-construct" / "rules.json"
    assert listed.is_file(), "`make test-rules` or .ci/rules installs checkov"
    return str(json.loads(listed.read_text("utf-8"))["checkov"])


@pytest.mark.parametrize("name", NAMES)
def test_checkov_finds_what_the_ledger_says(
    name: str, assemblies: dict[str, Assembly], python: str
) -> None:
    """Without a network, and so without what a platform of its maker's would add."""
    findings = reviewers.checkov(python, assemblies[name])

    new, gone = ledger.judge(findings, ledger.rows_of(ENTRIES, name, "checkov"))

    assert not new, "mend it, or say in findings.py why it stays:\n" + "\n".join(new)
    assert not gone, "mended, so take it out of findings.py:\n" + "\n".join(gone)

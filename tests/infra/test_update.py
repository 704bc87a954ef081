"""An update from the release before keeps all that holds data.

What a change does to a resource is told by the CDK's own `cdk diff`, which knows of
each property whether its change replaces the resource.
"""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import released
from .node import installed
from .templates import Json

_DIFF = Path(__file__).parents[1] / "updates"
_SNAPSHOTS = Path(__file__).parent / "snapshots"
_EXAMPLES = "existing_stack", "multi_tenant"
#: What holds data, or what data cannot be read or found without.
STATEFUL = {
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::Secret",
}
_KEPT = {"NO_CHANGE", "WILL_UPDATE"}


def _lost(before: Json, after: Json) -> dict[str, str]:
    """Return the stateful resources that an update would not keep, and what it does."""
    done = subprocess.run(
        ["node", "impact.mjs"],
        capture_output=True,
        check=True,
        cwd=installed(_DIFF),
        input=json.dumps({"before": before, "after": after}),
        text=True,
        timeout=120,
    )
    return {
        logical_id: impact
        for logical_id, impact in json.loads(done.stdout).items()
        if before["Resources"][logical_id]["Type"] in STATEFUL and impact not in _KEPT
    }


@pytest.mark.parametrize("example", _EXAMPLES)
def test_an_update_replaces_and_removes_nothing_that_holds_data(example: str) -> None:
    """The snapshot is today's template: a test of its own compares it with the code."""
    today = json.loads((_SNAPSHOTS / f"{example}.json").read_text("utf-8"))
    before = released.template(example)

    kinds = {each["Type"] for each in before["Resources"].values()} & STATEFUL
    assert len(kinds) > 4
    assert _lost(before, today) == {}


def _named(resources: Json, of: str, **properties: object) -> None:
    resources[_first(resources, of)]["Properties"].update(properties)


def _first(resources: Json, kind: str) -> str:
    return next(name for name, each in resources.items() if each["Type"] == kind)


def _renamed(resources: Json) -> None:
    old = _first(resources, "AWS::S3::Bucket")
    resources[f"{old}2"] = resources.pop(old)


def _retyped(resources: Json) -> None:
    resources[_first(resources, "AWS::SQS::Queue")]["Type"] = "AWS::SNS::Topic"


def _moved(resources: Json) -> None:
    """A table of another name is another table, and views are found by their names."""
    name = _first(resources, "AWS::Glue::Table")
    resources[name]["Properties"]["DatabaseName"] = "another"


@pytest.mark.parametrize(
    "change",
    [
        _renamed,
        _retyped,
        _moved,
        lambda r: _named(r, "AWS::S3::Bucket", BucketName="mine"),
        lambda r: _named(r, "AWS::SQS::Queue", QueueName="mine"),
        lambda r: _named(r, "AWS::SQS::Queue", FifoQueue=True),
        lambda r: _named(r, "AWS::Logs::LogGroup", LogGroupName="mine"),
    ],
    ids=["id", "type", "database", "bucket", "queue", "fifo", "log group"],
)
def test_a_change_that_would_lose_data_is_noticed(
    change: Callable[[dict[str, Any]], None],
) -> None:
    before = released.template("multi_tenant")
    after = copy.deepcopy(before)
    change(after["Resources"])

    assert _lost(before, before) == {}
    assert len(_lost(before, after)) >= 1

"""A front door, looked at as a reviewer does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

from analytics_tracker_construct import AnalyticsTracker, FrontDoor

from . import example_apps, ledger
from .templates import build

ROWS = (*ledger.NAG, *ledger.FRONT_DOOR)


@pytest.fixture
def app(tmp_path: Path) -> App:
    """The minimal example's app, without its stack."""
    return App(outdir=str(tmp_path))


def _tracker(app: App, *, everything: bool) -> AnalyticsTracker:
    stack = Stack(app, "Website")
    front_door = FrontDoor()
    if everything:
        front_door = FrontDoor(
            access_log_bucket=s3.Bucket.from_bucket_name(stack, "Logs", "edge-logs"),
            certificate=acm.Certificate.from_certificate_arn(
                stack, "Cert", "arn:aws:acm:us-east-1:111111111111:certificate/1"
            ),
            domain_names=["events.example.com"],
            web_acl_arn="arn:aws:wafv2:us-east-1:111111111111:global/webacl/guard/1",
        )
    return AnalyticsTracker(
        stack, "Tracker", allowed_buckets=["*-analytics"], front_door=front_door
    )


def test_cdk_nag_finds_what_the_ledger_says(app: App) -> None:
    """And who acknowledges its rows has an app that satisfies cdk-nag."""
    _tracker(app, everything=False)
    findings = example_apps.nag(app)

    assert ledger.judge("minimal", findings, ROWS) == ([], [])

    for finding in findings:
        reason = ledger.reason_for("minimal", finding, ROWS)
        example_apps.acknowledge(app, finding, reason)
    assert AwsSolutionsChecks(app).validate_scope(app).success


def test_what_the_ledger_advises_leaves_countries_and_rotation(app: App) -> None:
    _tracker(app, everything=True)
    new, gone = ledger.judge("minimal", example_apps.nag(app), ROWS)

    place = "Tracker/FrontDoor/Distribution/Resource"
    assert new == []
    assert gone == [f"AwsSolutions-CFR{number} at {place}" for number in (2, 3, 4)]


@pytest.mark.parametrize("everything", [False, True])
def test_cfn_lint_finds_what_the_ledger_says(
    app: App, tmp_path: Path, *, everything: bool
) -> None:
    built = build(_tracker(app, everything=everything))
    template = tmp_path / "template.json"
    template.write_text(json.dumps(built.template.to_json()), encoding="utf-8")

    findings = example_apps.lint(template)

    assert ledger.judge("minimal", findings, ledger.LINT) == ([], [])

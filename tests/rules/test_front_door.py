"""A front door, looked at as a reviewer does."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import AnalyticsTracker, FrontDoor
from tests.infra import ledger, reviewers
from tests.infra.example_apps import Assembly
from tests.infra.findings import ENTRIES, FRONT_DOOR, MINIMAL

ROWS = (*ENTRIES, *FRONT_DOOR)


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
        stack, "Tracker", allowed_buckets=["website-analytics"], front_door=front_door
    )


@pytest.mark.parametrize("pack", reviewers.PACKS)
def test_cdk_nag_finds_what_the_ledger_says(app: App, pack: str) -> None:
    """And who acknowledges its rows has an app that satisfies cdk-nag."""
    with reviewers.nothing_acknowledged():
        _tracker(app, everything=False)
    findings = reviewers.nag(app, pack)
    rows = ledger.rows_of(ROWS, MINIMAL, pack)

    assert ledger.judge(findings, rows) == ([], [])

    for finding in findings:
        reviewers.acknowledge(app, finding, ledger.reason_for(finding, rows))
    assert reviewers.satisfied(app, pack)


def test_what_the_ledger_advises_leaves_countries_and_rotation(app: App) -> None:
    with reviewers.nothing_acknowledged():
        _tracker(app, everything=True)
    pack = "cdk-nag AwsSolutions"
    new, gone = ledger.judge(
        reviewers.nag(app, pack), ledger.rows_of(ROWS, MINIMAL, pack)
    )

    place = "Tracker/FrontDoor/Distribution/Resource"
    assert new == []
    assert gone == [f"AwsSolutions-CFR{number} at {place}" for number in (2, 3, 4)]


def test_the_construct_acknowledges_that_for_the_ledgers_reasons(
    app: App, tmp_path: Path
) -> None:
    pack = "cdk-nag AwsSolutions"
    _tracker(app, everything=False)
    raw = App(outdir=str(tmp_path / "raw"))
    with reviewers.nothing_acknowledged():
        _tracker(raw, everything=False)
    rows = ledger.rows_of(ROWS, MINIMAL, pack)

    assert reviewers.satisfied(app, pack)
    assert reviewers.needless(app, reviewers.nag(raw, pack), rows) == []


@pytest.mark.parametrize("everything", [False, True])
def test_cfn_lint_finds_what_the_ledger_says(app: App, *, everything: bool) -> None:
    _tracker(app, everything=everything)
    made = Assembly(Path(app.synth().directory), 0, "")

    rows = ledger.rows_of(ENTRIES, MINIMAL, "cfn-lint")
    assert ledger.judge(reviewers.lint(made), rows) == ([], [])

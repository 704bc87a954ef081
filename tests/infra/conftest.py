"""Stacks to build in, and templates that are synthesised once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_sns as sns

from analytics_tracker_construct import AnalyticsTracker, TrackerApi

from .templates import Built, build

ACCOUNT = "111111111111"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack whose account and region are known at deployment only."""
    return Stack(App(outdir=str(tmp_path)), "Host")


@pytest.fixture
def pinned(tmp_path: Path) -> Stack:
    """A stack whose account and region are known at synthesis."""
    return Stack(
        App(outdir=str(tmp_path)),
        "Pinned",
        env=Environment(account=ACCOUNT, region="eu-west-1"),
    )


@pytest.fixture(scope="session")
def session_stack(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Stack]:
    """Makes stacks that outlive one test."""
    return lambda: Stack(App(outdir=str(tmp_path_factory.mktemp("cdk"))), "Host")


@pytest.fixture(scope="session")
def minimal(session_stack: Callable[[], Stack]) -> Built:
    """The one statement: everything by default, one pattern of buckets."""
    stack = session_stack()
    return build(AnalyticsTracker(stack, "Tracker", allowed_buckets=["*-analytics"]))


@pytest.fixture(scope="session")
def full(session_stack: Callable[[], Stack]) -> Built:
    """A tracker with everything that it can make on a REST API."""
    stack = session_stack()
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        alarm_topic=sns.Topic(stack, "Topic"),
        allowed_buckets=["*-analytics"],
        api=TrackerApi.rest(
            access_logs=True,
            web_acl_arn=(
                "arn:aws:wafv2:eu-west-1:111111111111:regional/webacl/guard/1"
            ),
        ),
        enable_metrics=True,
    )
    tracker.add_tenant("acme")
    return build(tracker)


@pytest.fixture(scope="session")
def http(session_stack: Callable[[], Stack]) -> Built:
    """A tracker with everything that it can make on an HTTP API."""
    stack = session_stack()
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        alarm_topic=sns.Topic(stack, "Topic"),
        api=TrackerApi.http(),
        enable_metrics=True,
    )
    return build(tracker)

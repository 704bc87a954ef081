"""Names that are none, refused at synthesis: of buckets, of patterns, of tenants."""

from __future__ import annotations

import re

import pytest
from aws_cdk import Stack
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import AnalyticsTracker
from tests.handler.wrong_names import WRONG

#: A wildcard is an allow-list's own.
NAMES = {what: name for what, name in WRONG.items() if "*" not in name}
#: What stands in no name at all, be it a bucket's, a pattern's or a tenant's.
CHARACTERS = {
    what: name for what, name in NAMES.items() if re.search(r"[^a-z0-9-]", name)
}
LONG = {what: name for what, name in NAMES.items() if len(name) > 63}
#: The CDK itself refuses to import some.
REFUSED = (ValueError, RuntimeError)


@pytest.fixture
def tracker(stack: Stack) -> AnalyticsTracker:
    return AnalyticsTracker(stack, "Tracker")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_allowed_buckets_refuses_it(stack: Stack, name: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"'allowed_buckets' has {name!r}")):
        AnalyticsTracker(stack, "Tracker", allowed_buckets=["acme-analytics", name])


@pytest.mark.parametrize("name", CHARACTERS.values(), ids=CHARACTERS)
def test_a_pattern_with_such_characters_is_refused(stack: Stack, name: str) -> None:
    for pattern in (f"*{name}", f"{name}*", f"*-{name}"):
        with pytest.raises(ValueError, match="'allowed_buckets' has "):
            AnalyticsTracker(stack, "Tracker", allowed_buckets=[pattern])


@pytest.mark.parametrize("name", {**CHARACTERS, **LONG}.values())
def test_add_tenant_refuses_it_for_a_name(tracker: AnalyticsTracker, name: str) -> None:
    with pytest.raises(ValueError, match="'name' of a tenant must be"):
        tracker.add_tenant(name)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_add_tenant_refuses_a_bucket_of_that_name(
    stack: Stack, tracker: AnalyticsTracker, name: str
) -> None:
    def give() -> None:
        bucket = s3.Bucket.from_bucket_name(stack, "Lake", name)
        tracker.add_tenant("acme", bucket=bucket)

    with pytest.raises(REFUSED, match=r"[Bb]ucket"):
        give()
    assert not tracker.tenants

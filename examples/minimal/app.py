"""The smallest app: one statement gives a stack an event tracker.

`website-analytics` is a placeholder for a bucket of your own in the same account, or a
pattern such as `*-analytics`. A request names the bucket that it is for.
"""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from analytics_tracker_construct import AnalyticsTracker


class Website(cdk.Stack):
    """A stack that has a tracker."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)

        AnalyticsTracker(self, "Tracker", allowed_buckets=["website-analytics"])


app = cdk.App()
Website(app, "Website")
app.synth()

"""A tracker as an app of its own, ready for `cdk deploy`.

`website` is a placeholder for your tenant. Its bucket is made here, and the output
`ApiEndpoint` tells where its events go: `POST <ApiEndpoint>/track`.
"""

from __future__ import annotations

import aws_cdk as cdk

from analytics_tracker_construct import AnalyticsTrackerStack

app = cdk.App()
stack = AnalyticsTrackerStack(
    app,
    "AnalyticsTracker",
    description="An event tracker with a bucket of its own",
    termination_protection=True,
)
stack.tracker.add_tenant("website")
app.synth()

"""One tracker for several tenants, with an analyst who queries one, and alarms.

The tenants, their origins and the e-mail address are placeholders. A request names its
tenant; each one's events lie in a bucket of its own, which is made here. Events are
buffered for two minutes: few large files, where each of many would cost a PUT.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from analytics_tracker_construct import AnalyticsTracker, Delivery


class Analytics(cdk.Stack):
    """A tracker that three teams share."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)

        alarms = sns.Topic(self, "Alarms", enforce_ssl=True)
        # With a policy of its own a topic no longer lets the account's alarms in.
        cloudwatch = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": self.account}},
        )
        alarms.grant_publish(cloudwatch)
        alarms.add_subscription(subscriptions.EmailSubscription("ops@example.com"))

        tracker = AnalyticsTracker(
            self,
            "Tracker",
            alarm_topic=alarms,
            buffering_interval=cdk.Duration.minutes(2),
            delivery=Delivery.BUFFERED,
            enable_metrics=True,
        )

        shop = tracker.add_tenant(
            "shop",
            allowed_origins=["https://shop.example.com"],
            retention=cdk.Duration.days(400),
        )
        tracker.add_tenant(
            "website",
            allowed_origins=["https://example.com", "https://www.example.com"],
            retention=cdk.Duration.days(90),
        )
        # An app is no web page: it sends no origin, and so needs none here.
        tracker.add_tenant("mobile-app")

        analyst = iam.Role(self, "Analyst", assumed_by=iam.AccountRootPrincipal())
        # To read the stored objects, and to ask Athena about them.
        tracker.grant_read(analyst, shop)
        tracker.grant_query(analyst, shop)


app = cdk.App()
Analytics(app, "Analytics")
app.synth()

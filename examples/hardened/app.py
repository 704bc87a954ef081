"""The tracker for those who are audited: own key, VPC, web ACL, access logs, alarms.

What its reviewers' tools still find stands in COMPLIANCE.md, each with its reason. The
tenant, its origin and the e-mail address are placeholders. Two things the account must
have before: the role that lets API Gateway write logs, which is one for all of its APIs
(`aws apigateway update-account`), and room for the concurrency reserved here.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from analytics_tracker_construct import AnalyticsTracker, Tenant, TrackerApi

#: Requests of one address in five minutes. Many people share an office's address.
REQUESTS_OF_AN_ADDRESS = 3_000

#: Rules of AWS's core set that look for URLs, markup and paths in what was sent, or for
#: long queries and bodies. Events are full of these: a page's address is one. So these
#: rules count and do not block.
#: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
COUNTED_RULES = (
    "CrossSiteScripting_BODY",
    "CrossSiteScripting_QUERYARGUMENTS",
    "EC2MetaDataSSRF_BODY",
    "EC2MetaDataSSRF_QUERYARGUMENTS",
    "GenericLFI_BODY",
    "GenericLFI_QUERYARGUMENTS",
    "GenericRFI_BODY",
    "GenericRFI_QUERYARGUMENTS",
    "NoUserAgent_HEADER",
    "SizeRestrictions_BODY",
    "SizeRestrictions_QUERYSTRING",
)


class Audited(cdk.Stack):
    """A tracker with all that the construct and AWS have for its protection."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)

        key = kms.Key(self, "Key", enable_key_rotation=True)
        vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Functions", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED
                )
            ],
        )
        tracker = AnalyticsTracker(
            self,
            "Tracker",
            alarm_topic=self._alarm_topic(key),
            # Regional, so that the web ACL counts the viewer's address. An edge
            # endpoint would tell the country.
            api=TrackerApi.rest(
                access_logs=True,
                endpoint_type=apigateway.EndpointType.REGIONAL,
                web_acl_arn=self._web_acl().attr_arn,
            ),
            enable_metrics=True,
            encryption_key=key,
            log_retention=logs.RetentionDays.ONE_YEAR,
            reserved_concurrent_executions=100,
            server_access_logs_bucket=self._logs_bucket(),
            vpc=vpc,
        )
        shop = tracker.add_tenant(
            "shop",
            allowed_origins=["https://shop.example.com"],
            retention=cdk.Duration.days(400),
            versioned=True,
        )
        self._endpoints(vpc, tracker, shop)
        self._flow_log(vpc, key)

        analyst = iam.Role(self, "Analyst", assumed_by=iam.AccountRootPrincipal())
        tracker.grant_query(analyst, shop)

    def _alarm_topic(self, key: kms.Key) -> sns.Topic:
        topic = sns.Topic(self, "Alarms", enforce_ssl=True, master_key=key)
        cloudwatch = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": self.account}},
        )
        # With a policy of its own a topic no longer lets the account's alarms in. This
        # lets them use its key too.
        topic.grant_publish(cloudwatch)
        topic.add_subscription(subscriptions.EmailSubscription("ops@example.com"))
        return topic

    def _logs_bucket(self) -> s3.Bucket:
        """The bucket of access logs, to which S3 delivers under its own keys alone."""
        return s3.Bucket(
            self,
            "AccessLogs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(365),
                    noncurrent_version_expiration=cdk.Duration.days(30),
                )
            ],
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
        )

    def _web_acl(self) -> wafv2.CfnWebACL:
        """A web ACL that stops floods and known attacks.

        It sees the first 16 KiB of a body, and of a gzipped one nothing that it could
        read; the function's own limits hold for the rest. It keeps no sample and no log
        of requests: both hold the viewer's address, which the tracker never keeps.
        """
        acl = wafv2.CfnWebACL
        flood = acl.RuleProperty(
            action=acl.RuleActionProperty(block={}),
            name="Floods",
            priority=0,
            statement=acl.StatementProperty(
                rate_based_statement=acl.RateBasedStatementProperty(
                    aggregate_key_type="IP", limit=REQUESTS_OF_AN_ADDRESS
                )
            ),
            visibility_config=_counted_as("Floods"),
        )
        return acl(
            self,
            "WebAcl",
            default_action=acl.DefaultActionProperty(allow={}),
            rules=[
                flood,
                _managed(1, "AWSManagedRulesCommonRuleSet", COUNTED_RULES),
                _managed(2, "AWSManagedRulesKnownBadInputsRuleSet"),
            ],
            scope="REGIONAL",
            visibility_config=_counted_as("WebAcl"),
        )

    def _endpoints(
        self, vpc: ec2.Vpc, tracker: AnalyticsTracker, tenant: Tenant
    ) -> None:
        """The only ways out of the VPC: to the tracker's buckets and its queue.

        Logs need none, for Lambda delivers them itself; nor does the writer's queue,
        which Lambda reads.
        """
        roles = {
            "ArnEquals": {
                "aws:PrincipalArn": [
                    tracker.role.role_arn,
                    tracker.writer_role.role_arn,
                ]
            }
        }
        storage = vpc.add_gateway_endpoint(
            "Storage", service=ec2.GatewayVpcEndpointAwsService.S3
        )
        for actions, objects in (
            (["s3:PutObject"], tenant.bucket.arn_for_objects("analytics/*")),
            (
                ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                tracker.salt_bucket.arn_for_objects("salts/*"),
            ),
        ):
            storage.add_to_policy(
                iam.PolicyStatement(
                    actions=actions,
                    conditions=roles,
                    principals=[iam.AnyPrincipal()],
                    resources=[objects],
                )
            )
        queue = vpc.add_interface_endpoint(
            "Queue", open=False, service=ec2.InterfaceVpcEndpointAwsService.SQS
        )
        queue.add_to_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                conditions=roles,
                principals=[iam.AnyPrincipal()],
                resources=[tracker.queue.queue_arn],
            )
        )
        queue.connections.allow_default_port_from(tracker.function)

    def _flow_log(self, vpc: ec2.Vpc, key: kms.Key) -> None:
        """What goes between functions and endpoints; no viewer is seen there."""
        group = logs.LogGroup(
            self,
            "Flows",
            encryption_key=key,
            retention=logs.RetentionDays.ONE_YEAR,
        )
        vpc.add_flow_log(
            "FlowLog", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group)
        )


def _managed(
    priority: int, name: str, counted: tuple[str, ...] = ()
) -> wafv2.CfnWebACL.RuleProperty:
    """A group of rules that AWS keeps, some of which only count."""
    acl = wafv2.CfnWebACL
    return acl.RuleProperty(
        name=name,
        override_action=acl.OverrideActionProperty(none={}),
        priority=priority,
        statement=acl.StatementProperty(
            managed_rule_group_statement=acl.ManagedRuleGroupStatementProperty(
                name=name,
                rule_action_overrides=[
                    acl.RuleActionOverrideProperty(
                        action_to_use=acl.RuleActionProperty(count={}), name=rule
                    )
                    for rule in counted
                ]
                or None,
                vendor_name="AWS",
            )
        ),
        visibility_config=_counted_as(name),
    )


def _counted_as(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True,
        metric_name=name,
        sampled_requests_enabled=False,
    )


app = cdk.App()
Audited(app, "Audited")
app.synth()

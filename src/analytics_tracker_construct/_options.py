"""The arguments of `AnalyticsTracker`, as a type for those who pass them on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from .api import TrackerApi
from .catalog import EventCatalog
from .delivery import Delivery
from .front_door import FrontDoor


class TrackerOptions(TypedDict, total=False):
    """The keyword arguments of `AnalyticsTracker`; their meaning is told there."""

    allowed_buckets: Sequence[str]
    trusted_accounts: Sequence[str]
    role: iam.IRole | None
    cors_origin: str | Sequence[str]
    function_prefix: str | None
    api_name: str | None
    enable_metrics: bool
    alarm_topic: sns.ITopic | None
    lambda_timeout: Duration | float | None
    additional_policies: Sequence[iam.PolicyStatement]
    api: TrackerApi | None
    front_door: FrontDoor | None
    catalog: EventCatalog | None
    delivery: Delivery
    buffering_interval: Duration | float | None
    buffering_batch_size: int | None
    honor_privacy_signals: bool
    throttling_rate_limit: float | None
    throttling_burst_limit: int | None
    reserved_concurrent_executions: int | None
    memory_size: int | None
    log_retention: logs.RetentionDays | None
    removal_policy: RemovalPolicy | None
    encryption_key: kms.IKey | None
    server_access_logs_bucket: s3.IBucket | None
    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None

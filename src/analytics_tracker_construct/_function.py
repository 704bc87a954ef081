"""How a function is made, with its role and its log group."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from ._asset import handler_code
from ._children import resource_of
from ._network import Network

#: Lambda's Pythons that the handler's tests run on, oldest first; the last is used.
RUNTIMES = ("python3.12", "python3.13", "python3.14")


def physical_name(prefix: str | None, of: str = "tracker") -> str | None:
    """Return the name of the tracker's function or another, if it has a prefix."""
    return None if prefix is None else f"{prefix}-analytics-{of}"


def make_role(scope: Construct, construct_id: str, description: str) -> iam.Role:
    """Return a role that Lambda may assume and that has no rights yet."""
    return iam.Role(
        scope,
        construct_id,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        description=description,
    )


def make_log_group(
    scope: Construct,
    construct_id: str,
    retention: logs.RetentionDays,
    removal_policy: RemovalPolicy,
    encryption_key: kms.IKey | None,
) -> logs.LogGroup:
    """Return a log group; a key's policy must let CloudWatch Logs use it."""
    return logs.LogGroup(
        scope,
        construct_id,
        encryption_key=encryption_key,
        removal_policy=removal_policy,
        retention=retention,
    )


def make_function(
    scope: Construct,
    construct_id: str,
    *,
    description: str,
    entry: str,
    role: iam.IRole,
    log_group: logs.ILogGroup,
    environment: Mapping[str, str],
    name: str | None,
    timeout: Duration,
    memory_size: float,
    reserved_concurrent_executions: float | None,
    encryption_key: kms.IKey | None,
    network: Network | None,
) -> lambda_.Function:
    """Return a function of the handler's code."""
    function = lambda_.Function(
        scope,
        construct_id,
        architecture=lambda_.Architecture.ARM_64,
        code=handler_code(),
        description=description,
        environment=environment,
        environment_encryption=encryption_key,
        function_name=name,
        handler=entry,
        log_group=log_group,
        memory_size=memory_size,
        reserved_concurrent_executions=reserved_concurrent_executions,
        role=role,
        runtime=_runtime(),
        security_groups=list(network.security_groups) if network else None,
        timeout=timeout,
        vpc=network.vpc if network else None,
        vpc_subnets=network.subnets if network else None,
    )
    # The arguments for this changed their names over the CDK's versions; the
    # resource's own did not. Lambda's lines about each start and end cost more than
    # the function's own, hence WARN.
    resource = resource_of(function, lambda_.CfnFunction)
    resource.add_property_override("LoggingConfig.LogFormat", "JSON")
    resource.add_property_override("LoggingConfig.SystemLogLevel", "WARN")
    resource.add_property_override("LoggingConfig.ApplicationLogLevel", "INFO")
    return function


@lru_cache(maxsize=1)
def _runtime() -> lambda_.Runtime:
    """The runtime by its name: an older CDK has no constant for it."""
    return lambda_.Runtime(RUNTIMES[-1], lambda_.RuntimeFamily.PYTHON)

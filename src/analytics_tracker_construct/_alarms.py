"""The alarms of a tracker: what is wrong, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from ._front import ApiMetrics
from ._handler import metrics
from ._metrics import PERIOD, Metrics


class _Alarm(NamedTuple):
    name: str
    metric: cloudwatch.Metric
    description: str


def make_alarms(
    scope: Construct,
    topic: sns.ITopic,
    *,
    function: lambda_.IFunction,
    own: Metrics,
    api: ApiMetrics | None,
) -> tuple[cloudwatch.Alarm, ...]:
    """Return alarms that go off at the first failure within five minutes."""
    planned = [
        _Alarm(
            "FunctionErrors",
            function.metric_errors(period=PERIOD),
            "The analytics function failed or ran out of time. Read its log group; "
            "after a deployment, a wrong setting stops it at its start.",
        ),
        _Alarm(
            "FunctionThrottles",
            function.metric_throttles(period=PERIOD),
            "The analytics function was throttled and events were turned away. Raise "
            "the account's Lambda concurrency or reserved_concurrent_executions.",
        ),
        _Alarm(
            "StorageFaults",
            own.get(metrics.STORAGE_FAULTS),
            "Events could not be stored. The function's log names the fault: refused "
            "is a bucket policy or a KMS key, missing is a deleted bucket, unavailable "
            "is S3 itself, and clients that retry lose nothing.",
        ),
        _Alarm(
            "MissingSalts",
            own.get(metrics.MISSING_SALTS),
            "Events were stored without a visitor's hash, because the day's salt could "
            "not be read or made. Check the salt bucket and the function's role.",
        ),
    ]
    if api is not None:
        planned.append(
            _Alarm(
                "ApiServerErrors",
                api.server_errors.with_(period=PERIOD, statistic="Sum"),
                "The analytics API answered 5xx. If the function has no errors, look "
                "for timeouts and for a missing permission to invoke it.",
            )
        )
    home = Construct(scope, "Alarms")
    action = actions.SnsAction(topic)
    alarms = []
    for plan in planned:
        alarm = cloudwatch.Alarm(
            home,
            plan.name,
            alarm_description=plan.description,
            comparison_operator=(
                cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
            ),
            evaluation_periods=1,
            metric=plan.metric,
            threshold=1,
            # No value means that nothing of the kind happened.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(action)
        alarms.append(alarm)
    return tuple(alarms)

"""The alarms of a tracker: what is wrong, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from ._api_plan import ApiMetrics
from ._delivery import DeliveryMembers
from ._deployed_numbers import RETENTION_DAYS
from ._handler import metrics
from ._metrics import PERIOD, TrackerMetrics
from ._queue import MAX_RECEIVES

#: Seconds after which a message that still waits is not just waiting for its window.
OLDEST_SECONDS = 3600


class _Alarm(NamedTuple):
    name: str
    metric: cloudwatch.Metric
    description: str
    threshold: int = 1


def make_alarms(
    scope: Construct,
    topic: sns.ITopic,
    *,
    function: lambda_.IFunction,
    queued: DeliveryMembers,
    own: TrackerMetrics,
    api: ApiMetrics | None,
) -> tuple[cloudwatch.Alarm, ...]:
    """Return alarms that go off at the first failure within five minutes.

    Args:
        scope: The tracker.
        topic: Where they are sent.
        function: The function that takes requests.
        queued: The tracker's queue and writer.
        own: The metrics that the functions write.
        api: The metrics of an API that is the tracker's own.
    """
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
            own.storing.get(metrics.STORAGE_FAULTS),
            "S3 did not take events. The log of the function that stores, which is the "
            "writer with delivery BUFFERED, names the fault: refused is a bucket "
            "policy or a KMS key, missing is a deleted bucket, unavailable is S3 "
            "itself. What was answered 2xx waits in the queue, and clients that retry "
            "after 503 lose nothing.",
        ),
        _Alarm(
            "QueueFaults",
            own.ingest.get(metrics.QUEUE_FAULTS),
            "The queue did not take events. What S3 took in its place is stored, and "
            "the rest was answered 503: clients that retry lose nothing. The "
            "function's log names the fault. Check the queue and the function's role.",
        ),
        _Alarm(
            "DeadLetters",
            queued.metric_dead_letters(),
            "Events that were answered 2xx could not be stored. They are kept for "
            f"{RETENTION_DAYS} days from their arrival and are lost after that. Read "
            "the writer's log, mend the cause, and run `analytics-tracker replay`.",
        ),
        _Alarm(
            "OldestMessage",
            queued.metric_oldest_message_age(),
            "An event has waited in the queue for an hour. Read the writer's log, and "
            "see whether the writer is throttled or its event source is disabled; "
            f"after {MAX_RECEIVES} failures events become dead letters.",
            OLDEST_SECONDS,
        ),
        _Alarm(
            "WriterErrors",
            queued.writer.metric_errors(period=PERIOD),
            "The writer failed or ran out of time. Read its log group; its batch is "
            f"tried again, and after {MAX_RECEIVES} failures its events become dead "
            "letters.",
        ),
        _Alarm(
            "MissingSalts",
            own.ingest.get(metrics.MISSING_SALTS),
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
            threshold=plan.threshold,
            # No value means that nothing of the kind happened.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(action)
        alarms.append(alarm)
    return tuple(alarms)

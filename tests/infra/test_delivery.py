"""The queue, the dead-letter queue and the writer."""

from __future__ import annotations

import pytest
from aws_cdk import App, Duration, NestedStack, Stack
from aws_cdk.assertions import Template

from analytics_tracker_construct import AnalyticsTracker, Delivery
from analytics_tracker_construct._function import RUNTIMES
from analytics_tracker_construct._handler import settings

from .templates import Built, Json, build, flat

QUEUES = ("Queue", "DeadLetterQueue")


def _source(built: Built) -> Json:
    return built.only("AWS::Lambda::EventSourceMapping")


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_keeps_messages_encrypted_and_as_long_as_sqs_can(
    minimal: Built, name: str
) -> None:
    queue = minimal.queue(name)["Properties"]

    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 86_400


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_reached_over_tls_only(minimal: Built, name: str) -> None:
    queue = minimal.id_of("AWS::SQS::Queue", name)
    policies = minimal.all("AWS::SQS::QueuePolicy").values()

    (policy,) = [
        p["Properties"]
        for p in policies
        if p["Properties"]["Queues"] == [{"Ref": queue}]
    ]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert flat(statement["Resource"]) == f"<{queue}.Arn>"


def test_what_fails_for_hours_becomes_a_dead_letter(minimal: Built) -> None:
    """A fault of S3's is over by then."""
    dead_letters = minimal.id_of("AWS::SQS::Queue", "DeadLetterQueue")

    assert flat(minimal.queue("Queue")["Properties"]["RedrivePolicy"]) == {
        "deadLetterTargetArn": f"<{dead_letters}.Arn>",
        "maxReceiveCount": 50,
    }


def test_dead_letters_come_from_that_queue_only(minimal: Built) -> None:
    """It is named and not referred to, which would be a cycle."""
    policy = flat(minimal.queue("DeadLetterQueue")["Properties"]["RedriveAllowPolicy"])
    name = flat(minimal.queue("Queue")["Properties"]["QueueName"])

    assert policy["redrivePermission"] == "byQueue"
    (arn,) = policy["sourceQueueArns"]
    assert str(arn).endswith(f":<AWS::AccountId>:{name}")
    assert str(arn).startswith("arn:<AWS::Partition>:sqs:<AWS::Region>:")


def test_two_trackers_queues_have_names_of_their_own(stack: Stack) -> None:
    for name in ("Blog", "Shop"):
        tracker = AnalyticsTracker(stack, name)
    named = [
        str(queue["Properties"]["QueueName"])
        for queue in build(tracker).all("AWS::SQS::Queue").values()
        if "QueueName" in queue["Properties"]
    ]

    assert len(set(named)) == 2


def test_a_queues_name_fits_however_deep_the_tracker_is() -> None:
    """SQS takes 80 characters, and a stack's id has 36."""
    stack = Stack(App(), "A-stack-with-a-name-that-has-very-many-characters")
    nested = NestedStack(stack, "Another-stack-with-a-name-of-many-characters")
    AnalyticsTracker(nested, "A-tracker-with-a-name-that-has-many-characters")

    queues = Template.from_stack(nested).find_resources("AWS::SQS::Queue")

    (name,) = [
        queue["Properties"]["QueueName"]["Fn::Join"][1][0]
        for queue in queues.values()
        if "QueueName" in queue["Properties"]
    ]
    assert len(name) + 36 <= 80


@pytest.mark.parametrize("delivery", list(Delivery))
def test_a_message_is_hidden_for_six_times_the_writers_time_and_the_window(
    stack: Stack, delivery: Delivery
) -> None:
    built = build(AnalyticsTracker(stack, "Tracker", delivery=delivery))

    window = _source(built)["MaximumBatchingWindowInSeconds"]
    hidden = built.queue("Queue")["Properties"]["VisibilityTimeout"]
    assert hidden == 6 * built.writer()["Timeout"] + window == 420


@pytest.mark.parametrize("delivery", list(Delivery))
def test_the_writer_empties_the_queue_and_names_what_failed(
    stack: Stack, delivery: Delivery
) -> None:
    """With DIRECT the queue is the fallback, and its batches are as by default."""
    built = build(AnalyticsTracker(stack, "Tracker", delivery=delivery))
    queue = built.id_of("AWS::SQS::Queue", "Queue")

    assert flat(_source(built)) == {
        "BatchSize": 10_000,
        "EventSourceArn": f"<{queue}.Arn>",
        "FunctionName": f"<{built.id_of('AWS::Lambda::Function', 'Writer')}>",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MaximumBatchingWindowInSeconds": 60,
    }


@pytest.mark.parametrize("interval", [5, 5.0, Duration.seconds(5)])
def test_a_batch_is_what_it_is_told_to_be(
    stack: Stack, interval: Duration | float
) -> None:
    built = build(
        AnalyticsTracker(
            stack,
            "Tracker",
            buffering_batch_size=100,
            buffering_interval=interval,
            delivery=Delivery.BUFFERED,
        )
    )

    assert _source(built)["BatchSize"] == 100
    assert _source(built)["MaximumBatchingWindowInSeconds"] == 5
    assert built.queue("Queue")["Properties"]["VisibilityTimeout"] == 365


@pytest.mark.parametrize(("interval", "size"), [(1, 1), (300, 10_000)])
def test_a_batch_may_be_at_its_limits(stack: Stack, interval: int, size: int) -> None:
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        buffering_batch_size=size,
        buffering_interval=interval,
        delivery=Delivery.BUFFERED,
    )

    assert _source(build(tracker))["BatchSize"] == size


@pytest.mark.parametrize(
    ("delivery", "written"), [(Delivery.DIRECT, None), (Delivery.BUFFERED, "1")]
)
def test_the_function_is_told_of_the_delivery(
    stack: Stack, delivery: Delivery, written: str | None
) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", delivery=delivery)
    environment = build(tracker).environment()

    assert tracker.delivery is delivery
    assert environment.get(settings.BUFFERED) == written
    assert settings.read(environment).buffered is (delivery is Delivery.BUFFERED)


def test_the_writer_is_of_the_functions_code_and_kind(minimal: Built) -> None:
    function, writer = minimal.function(), minimal.writer()

    assert writer["Code"] == function["Code"]
    assert writer["Architectures"] == ["arm64"]
    assert writer["Runtime"] == RUNTIMES[-1]
    assert (writer["MemorySize"], writer["Timeout"]) == (512, 60)


def test_the_writer_has_a_role_of_its_own(minimal: Built) -> None:
    roles = {
        flat(function["Role"]) for function in (minimal.function(), minimal.writer())
    }

    assert roles == {
        f"<{minimal.id_of('AWS::IAM::Role', name)}.Arn>"
        for name in ("Role", "WriterRole")
    }


def test_the_source_waits_for_the_writers_rights(minimal: Built) -> None:
    """Lambda refuses one whose function may not receive."""
    (writer,) = [
        resource
        for resource in minimal.all("AWS::Lambda::Function").values()
        if resource["Properties"] == minimal.writer()
    ]

    assert (
        minimal.id_of("AWS::IAM::Policy", "WriterRoleDefaultPolicy")
        in (writer["DependsOn"])
    )


def test_all_of_it_is_exposed(minimal: Built) -> None:
    tracker = minimal.tracker
    exposed = {
        "DeadLetterQueue": tracker.dead_letter_queue,
        "Queue": tracker.queue,
        "Writer": tracker.writer,
        "WriterLogs": tracker.writer_log_group,
        "WriterRole": tracker.writer_role,
    }

    for name, resource in exposed.items():
        assert resource.node.path == f"Host/Tracker/{name}"

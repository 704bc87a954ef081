"""The writer: messages in any order and number, an object for each bucket and day."""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from handler import lake, settings, writer
from handler.message import Message, decode, gzip
from handler.s3 import S3Store
from handler.storage import Fault, StorageError

from . import scripted_s3
from .conftest import Tracker
from .fakes import (
    ADDRESS,
    USER_AGENT,
    Context,
    event_of,
    lines_of,
    message_of,
    records_of,
    rest,
)

BUCKET = "website-analytics"
FOLDER = "analytics/year=2026/month=03/day=04/"


@pytest.mark.parametrize(("count", "more"), [(1, ""), (1, "x" * 10_000), (3, "")])
def test_a_message_that_is_alone_is_the_object_that_the_store_did_not_take(
    direct: Tracker, count: int, more: str
) -> None:
    """Key, bytes and headers, so that a retry by the client finds it."""
    events = [
        event_of(eventId=f"event-000{n}", page="/ä", metadata={"more": more})
        for n in range(count)
    ]
    sent = rest(events[0] if count == 1 else {"events": events})
    direct.store.faults[BUCKET] = Fault.UNAVAILABLE
    direct.send(sent)
    direct.store.faults.clear()

    assert direct.write() == []

    plain = Tracker()
    plain.send(sent)
    (key,) = plain.store.keys_of()
    assert direct.store.keys_of() == [key]
    assert direct.store.objects[BUCKET, key] == plain.store.objects[BUCKET, key]
    options = direct.store.puts()[-1]
    assert {**options, "deadline": 0} == {**plain.store.puts()[-1], "deadline": 0}
    assert direct.answer(sent)[1]["duplicate" if count == 1 else "duplicates"] == count


def test_several_messages_become_one_object_in_any_order(tracker: Tracker) -> None:
    first, second = message_of("event-0001"), message_of("event-0002", "event-0003")

    assert tracker.write([first, second]) == []
    assert tracker.write([second, first, second]) == []

    (key,) = tracker.store.keys_of()
    several = lake.object_id(["event-0002", "event-0003"])
    both = lake.object_id(["event-0001", f"{several}.gz"])
    assert key == f"{FOLDER}{both}.json.gz"
    assert tracker.store.ids() == ["event-0001", "event-0002", "event-0003"]
    assert tracker.counted("StoredEvents") == 3
    assert tracker.counted("DuplicateEvents") == 3
    assert tracker.counted("FailedMessages") == 0
    assert {document["FunctionName"] for document in tracker.metrics} == {"writer"}
    assert tracker.store.puts()[0]["content_encoding"] == "gzip"


@pytest.mark.parametrize("ids", [["event-0001"], ["event-0001", "event-0002"]])
def test_a_message_that_came_twice_is_alone_all_the_same(
    tracker: Tracker, ids: list[str]
) -> None:
    """It has the key that it would have had without a queue."""
    once = Tracker()
    once.write([message_of(*ids)])

    assert tracker.write([message_of(*ids)] * 2) == []

    assert tracker.store.objects == once.store.objects
    assert tracker.counted("StoredEvents") == len(ids)


def test_messages_are_apart_by_bucket_day_and_owner(tracker: Tracker) -> None:
    bodies = [
        message_of("event-0001"),
        message_of("event-0002", bucket="data-lake", tenant="blog"),
        message_of("event-0003", day="2026-03-05"),
        message_of("event-0004", owner="222222222222"),
        message_of("event-0005"),
    ]

    assert tracker.write(bodies) == []

    assert len(tracker.store.keys_of()) == 3
    owners = [options["owner"] for options in tracker.store.puts()]
    assert owners == [None, None, "222222222222"]
    assert tracker.store.ids("data-lake") == ["event-0002"]
    assert "analytics/year=2026/month=03/day=05/event-0003.json" in [
        key for _, key in tracker.store.objects
    ]
    (blog,) = [document for document in tracker.metrics if "Tenant" in document]
    assert (blog["Tenant"], blog["StoredEvents"]) == ("blog", 1)
    assert blog["StorageLatency"] == [0.0]


def test_no_line_of_metrics_has_more_values_than_cloudwatch_takes(
    tracker: Tracker,
) -> None:
    """With one more it would take nothing of that line."""
    bodies = [message_of("event-0001", bucket=f"b{n}-lake") for n in range(201)]

    assert tracker.write(bodies) == []

    latencies = [document["StorageLatency"] for document in tracker.metrics]
    assert [len(each) for each in latencies] == [100, 100, 1]
    assert tracker.counted("StoredEvents") == 201


def test_an_event_may_have_the_id_that_several_others_have_together(
    tracker: Tracker,
) -> None:
    """A client that knows theirs could else have them thrown away."""
    several = message_of("event-0001", "event-0002")
    theirs = message_of(lake.object_id(["event-0001", "event-0002"]))

    assert tracker.write([theirs, several]) == []

    assert {"event-0001", "event-0002"} < set(tracker.store.ids())


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.REFUSED, Fault.MISSING])
def test_what_a_bucket_does_not_take_is_named_and_the_rest_is_stored(
    tracker: Tracker, fault: Fault
) -> None:
    tracker.store.faults["data-lake"] = fault
    bodies = [
        message_of("event-0001", bucket="data-lake"),
        message_of("event-0002"),
        message_of("event-0003", bucket="data-lake"),
    ]

    assert tracker.write(bodies) == ["m-0", "m-2"]

    assert tracker.store.ids() == ["event-0002"]
    assert tracker.counted("FailedMessages") == 2
    assert tracker.counted("StorageFaults") == 1
    (line,) = tracker.log
    assert (line["what"], line["detail"]) == ("event", f"{fault.label}: scripted")
    assert line["requestId"] == Context.aws_request_id


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        message_of("event-0001")[:-9],
        message_of("event-0001", events=2),
        message_of("event-0001", bucket="../" + ADDRESS),
        message_of("event-0001", lines=gzip(b"{}\n") + ADDRESS.encode(), packed=True),
    ],
)
def test_a_message_that_cannot_be_read_is_named_and_not_quoted(
    tracker: Tracker, body: str
) -> None:
    """It ends among the dead letters and takes no other with it."""
    assert tracker.write([body, message_of("event-0002")]) == ["m-0"]

    assert tracker.store.ids() == ["event-0002"]
    (line,) = tracker.log
    assert (line["level"], line["message"]) == ("ERROR", "unreadable message")
    assert line["detail"].startswith("the message")
    assert ADDRESS not in str(tracker.lines)
    assert "H4sI" not in str(tracker.lines)


@pytest.mark.parametrize("uncertain", [False, True])
def test_an_object_that_is_there_counts_as_stored_only_where_it_may_be_our_own(
    tracker: Tracker, uncertain: bool
) -> None:
    tracker.store.objects[BUCKET, f"{FOLDER}event-0001.json"] = b"{}\n"
    tracker.store.uncertain = uncertain

    assert tracker.write([message_of("event-0001")]) == []

    assert tracker.counted("StoredEvents") == uncertain
    assert tracker.counted("DuplicateEvents") == (not uncertain)


def test_the_acl_is_sent_where_it_is_set(tracker: Tracker) -> None:
    write = writer.make_writer(
        tracker.store,
        object_acl="bucket-owner-full-control",
        monotonic=tracker.clock.monotonic,
        emit=tracker.lines.append,
    )

    assert write(records_of([message_of("event-0001")]), None) == {
        "batchItemFailures": []
    }
    assert tracker.store.puts()[0]["acl"] == "bucket-owner-full-control"
    assert tracker.lines == []


def test_a_writer_has_a_name_of_its_own_in_the_metrics(tracker: Tracker) -> None:
    write = writer.make_writer(
        tracker.store, metrics_on=True, emit=tracker.lines.append
    )

    write(records_of([message_of("event-0001")]), None)

    (document,) = tracker.metrics
    assert document["FunctionName"] == "analytics-tracker-writer"


def test_no_messages_are_no_work(tracker: Tracker) -> None:
    assert tracker.write([]) == []
    assert tracker.lines == []


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from([BUCKET, "data-lake", "other-lake"]),
        st.sampled_from(["2026-03-04", "2026-03-05"]),
    ),
    min_size=1,
    max_size=4,
)


@examples(deadline=None)
@given(
    requests=st.lists(EVENTS, max_size=8),
    broken=st.sets(st.sampled_from([BUCKET, "data-lake", "other-lake"])),
    spoilt=st.sets(st.integers(0, 20)),
    seed=st.integers(0, 2**32),
)
def test_every_event_is_in_an_object_or_in_a_message_that_is_named(
    requests: list[Any], broken: set[str], spoilt: set[int], seed: int
) -> None:
    """Whatever fails, comes twice and out of order; and in the end all is stored."""
    chance = random.Random(seed)
    tracker = Tracker(queued=True)
    for bucket in (BUCKET, "data-lake", "other-lake"):
        tracker.store.faults[bucket] = Fault.UNAVAILABLE
    for request in requests:
        tracker.send_events(
            event_of(eventId=f"event-{n:04}", bucket=bucket, timestamp=f"{day}T10:00Z")
            for n, bucket, day in request
        )
    waiting = {f"m-{n}": body for n, body in enumerate(tracker.queue.bodies)}
    spoilt_ones = {f"m-{n}" for n in spoilt} & waiting.keys()
    tracker.store.faults = dict.fromkeys(broken, Fault.UNAVAILABLE)
    write = writer.make_writer(
        tracker.store, monotonic=tracker.clock.monotonic, emit=tracker.lines.append
    )

    for attempt in range(3):
        delivered = [*waiting, *chance.choices(list(waiting) or ["m-0"], k=3)]
        delivered = [name for name in delivered if name in waiting]
        chance.shuffle(delivered)
        records = [
            {
                "messageId": name,
                "body": "{}" if name in spoilt_ones else waiting[name],
            }
            for name in delivered
        ]
        failures = write({"Records": records}, None)["batchItemFailures"]
        failed = {failure["itemIdentifier"] for failure in failures}
        for name in set(delivered) - failed:
            assert_stored(tracker, waiting.pop(name))
        if attempt == 0:
            assert waiting.keys() == failed
            spoilt_ones.clear()
            tracker.store.faults.clear()

    assert waiting == {}
    places = {
        (event["eventId"], bucket)
        for bucket in (BUCKET, "data-lake", "other-lake")
        for event in tracker.store.events(bucket)
    }
    assert places == {(f"event-{n:04}", b) for each in requests for n, b, _ in each}


def assert_stored(tracker: Tracker, body: str) -> None:
    """Check that each event of a message is stored in its bucket and day."""
    sent = decode(body)
    folder = lake.key_of(sent.day, "")
    stored = {
        json.loads(line)["eventId"]
        for (bucket, key), octets in tracker.store.objects.items()
        if bucket == sent.bucket and key.startswith(folder)
        for line in lines_of(key, octets)
    }
    assert {json.loads(line)["eventId"] for line in sent.plain().splitlines()} <= stored


@pytest.mark.parametrize("early", [False, True])
def test_lambdas_entry_is_wired_from_the_environment_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], early: bool
) -> None:
    """In Lambda while it starts, elsewhere at the first messages."""
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    if early:
        monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    else:
        monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API", raising=False)
    try:
        fresh = importlib.reload(writer)
        assert (fresh._writer is not None) is early

        late = records_of([message_of("event-0001")]), Context(900)
        answers = [fresh.handler(*late) for _ in range(2)]

        failures = [{"itemIdentifier": "m-0"}]
        assert answers == [{"batchItemFailures": failures}] * 2
        assert capsys.readouterr().out.count('"message":"out of time"') == 2
        assert gc.isenabled()
    finally:
        monkeypatch.undo()
        importlib.reload(writer)


@pytest.mark.parametrize(
    ("environment", "acl", "function"),
    [
        ({}, None, None),
        ({settings.METRICS: "0", settings.OBJECT_ACL: ""}, None, None),
        ({settings.METRICS: "1"}, None, ""),
        (
            {
                settings.METRICS: "1",
                settings.OBJECT_ACL: "bucket-owner-full-control",
                "AWS_LAMBDA_FUNCTION_NAME": "the-writer",
            },
            "bucket-owner-full-control",
            "the-writer",
        ),
    ],
)
def test_the_environment_says_how_to_write(
    environment: dict[str, str],
    acl: str | None,
    function: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    for name, value in {**dict.fromkeys(keys, "x"), **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    with scripted_s3.ScriptedS3() as s3:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
        store = S3Store.from_environment(os.environ)
        monkeypatch.setattr(S3Store, "from_environment", lambda _: store)
        write = writer._from_environment()

        answer = write(records_of([message_of("event-0001")]), None)
        store.pool.close()

    assert answer == {"batchItemFailures": []}
    (request,) = s3.requests
    assert request.headers.get("x-amz-acl") == acl
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["FunctionName"] for each in printed] == (
        [] if function is None else [function]
    )


def test_an_uncertain_write_is_tried_again_as_the_same_object(tracker: Tracker) -> None:
    """Together with others it may be another: the view counts each event once."""
    tracker.store.loses_answers = True
    bodies = [message_of("event-0001"), message_of("event-0002")]

    assert tracker.write(bodies) == ["m-0", "m-1"]
    tracker.store.loses_answers = False
    assert tracker.write(bodies[::-1]) == []

    assert len(tracker.store.keys_of()) == 1
    assert sorted(tracker.store.ids()) == ["event-0001", "event-0002"]


def test_an_error_of_our_own_fails_its_own_messages_and_is_not_quoted(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the runtime logs of an error is its text, and that may quote an event."""
    put = lake.put

    def fail(message: Message, *arguments: Any) -> Any:
        if message.bucket == "data-lake":
            raise KeyError(message.lines)
        return put(message, *arguments)

    monkeypatch.setattr(lake, "put", fail)

    failed = tracker.write(
        [
            "not a message",
            message_of("event-0001", bucket="data-lake"),
            message_of("event-0002"),
        ]
    )

    assert failed == ["m-0", "m-1"]
    assert tracker.store.ids() == ["event-0002"]
    line = tracker.log[-1]
    assert (line["level"], line["type"]) == ("ERROR", "KeyError")
    assert "event-0001" not in "".join(tracker.lines)


def test_what_a_message_says_of_its_sender_is_in_no_line(direct: Tracker) -> None:
    """Nor in one that fails."""
    direct.store.faults[BUCKET] = StorageError(Fault.UNAVAILABLE, "503 SlowDown")
    direct.send(rest(event_of(), headers={"Sec-GPC": "1"}))
    direct.lines.clear()
    direct.write()
    direct.store.faults.clear()
    direct.write([*direct.queue.bodies, direct.queue.bodies[0][:-40] + '"}'])

    assert direct.lines
    assert ADDRESS not in str(direct.lines)
    assert USER_AGENT not in str(direct.lines)

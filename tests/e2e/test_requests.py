"""Requests to the deployed APIs, by curl and by Python, and what is then in S3."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import World
from .deployment import Answer, curl, event, post, send, with_query

_FORBIDDEN = "The specified bucket is not authorized for this analytics service"
_UNKNOWN = "The specified tenant is not registered with this analytics service"


def _by_python(url: str, sent: dict[str, Any]) -> Answer:
    return post(url, sent)


def _by_curl(url: str, sent: dict[str, Any]) -> Answer:
    header = "--header", "Content-Type: application/json"
    return curl(*header, "--data-binary", "@-", url, given=json.dumps(sent).encode())


@pytest.mark.parametrize(
    ("post_by", "event_id"),
    [(_by_python, "python-00000001"), (_by_curl, "curl-000000001")],
)
def test_an_event_answered_200_is_in_the_tenants_bucket(
    world: World,
    post_by: Callable[[str, dict[str, Any]], Answer],
    event_id: str,
) -> None:
    """Delivery DIRECT, in the bucket that the stack had before."""
    stack = world.direct
    sent = event(tenant="shop", eventId=event_id, page="/shoes", metadata={"a": 1})

    answer = post_by(stack.url("/track"), sent)

    assert (answer.status, answer.json["status"]) == (200, "ok")
    assert answer.headers["access-control-allow-origin"] == "*"
    stored = stack.objects(stack.bucket("shop"))[answer.json["key"]]
    (line,) = stored.splitlines()
    row = json.loads(line)
    assert (row["eventId"], row["page"], row["metadata"]) == (
        event_id,
        "/shoes",
        '{"a":1}',
    )


def test_a_stored_event_has_the_hash_of_an_address_and_the_salt_lies_apart(
    world: World,
) -> None:
    """The salt was written with the function's own rights, too."""
    stack = world.direct
    answer = post(stack.url("/track"), event(tenant="shop", eventId="salted-00000001"))

    row = json.loads(stack.objects(stack.bucket("shop"))[answer.json["key"]])

    assert re.fullmatch("[0-9a-f]{16}", row["ip"])
    salts = stack.objects(stack.one("AWS::S3::Bucket", "TrackerSalts"))
    assert [len(salt) for salt in salts.values()] == [32]
    assert all(key.startswith("salts/") for key in salts)


def test_an_event_sent_twice_is_stored_once(world: World) -> None:
    stack = world.direct
    sent = event(tenant="shop", eventId="twice-00000001")

    first, second = (post(stack.url("/track"), sent) for _ in range(2))

    assert "duplicate" not in first.json
    assert second.json["duplicate"] is True
    rows = [e for e in stack.events("shop") if e["eventId"] == "twice-00000001"]
    assert len(rows) == 1


def test_a_compressed_batch_is_stored_as_one_object(world: World) -> None:
    """By the API that hands on bytes as they are; the function undoes gzip."""
    stack = world.direct
    ids = {f"batch-0000000{n}" for n in range(3)}
    batch = {"tenant": "shop", "events": [event(eventId=each) for each in ids]}
    before = set(stack.objects(stack.bucket("shop")))

    answer = send(
        "POST",
        stack.url("/partners/track", api="PartnerApi"),
        gzip.compress(json.dumps(batch).encode()),
        content_encoding="gzip",
        content_type="application/json",
    )

    assert (answer.status, answer.json["accepted"]) == (200, 3)
    objects = stack.objects(stack.bucket("shop"))
    (new,) = set(objects) - before
    assert new.endswith(".json.gz")
    assert {json.loads(line)["eventId"] for line in objects[new].splitlines()} == ids


def test_the_pixel_stores_its_event(world: World) -> None:
    stack = world.direct
    sent = event(tenant="shop", eventId="pixel-00000001", eventType="mail_open")

    assert curl(with_query(stack.url("/pixel.gif"), sent)).status == 200

    (row,) = [e for e in stack.events("shop") if e["eventId"] == "pixel-00000001"]
    assert row["eventType"] == "mail_open"


def test_the_pixel_is_an_image_whatever_became_of_its_event(world: World) -> None:
    """Of an API that the tracker made: the host's own returns Base64, as on AWS."""
    url = world.buffered.url("/pixel.gif")

    answer = curl(with_query(url, event(tenant="nobody")))

    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.body.startswith(b"GIF89a")
    assert answer.headers["x-tracker-rejected"]


def test_another_api_of_the_stack_sends_to_the_same_function(world: World) -> None:
    """The API that an OpenAPI document defines, with the right it was granted."""
    stack = world.direct
    sent = event(tenant="shop", eventId="partner-00000001")

    answer = post(stack.url("/partners/track", api="PartnerApi"), sent)

    assert answer.json["status"] == "ok"
    assert answer.json["key"] in stack.objects(stack.bucket("shop"))


def test_the_hosts_own_route_still_answers(world: World) -> None:
    assert send("GET", world.direct.url("/status")).status == 200


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"tenant": "nobody"}, 403, _UNKNOWN),
        ({"bucket": "strangers-analytics"}, 403, _FORBIDDEN),
        ({"tenant": "shop", "eventType": " "}, 400, "eventType"),
        ({}, 400, "Missing required field: bucket"),
    ],
)
def test_refuses_what_it_must_not_store(
    world: World, changes: dict[str, Any], status: int, words: str
) -> None:
    stack = world.direct
    before = stack.objects(stack.bucket("shop"))

    answer = post(stack.url("/track"), event(**changes))

    assert answer.status == status
    assert words in answer.body.decode()
    assert stack.objects(stack.bucket("shop")) == before


def test_answers_200_to_each_of_many_at_once(world: World) -> None:
    """LocalStack starts an instance for each request that finds the others busy."""
    from concurrent.futures import ThreadPoolExecutor

    stack = world.direct
    url = stack.url("/track")
    ids = {f"at-once-0000000{n}" for n in range(8)}

    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(
            lambda each: post(url, event(tenant="shop", eventId=each)), ids
        )

    assert {answer.status for answer in answers} == {200}
    assert ids <= {row["eventId"] for row in stack.events("shop")}


def test_a_browsers_question_is_answered_by_the_function(world: World) -> None:
    answer = send(
        "OPTIONS",
        world.buffered.url("/track"),
        origin="https://shop.example.com",
        access_control_request_method="POST",
        access_control_request_headers="content-type",
    )

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "content-type" in answer.headers["access-control-allow-headers"].lower()


def test_a_tenants_events_come_from_its_origins_alone(world: World) -> None:
    url = world.buffered.url("/track")
    sent = event(tenant="shop")

    own = post(url, sent, origin="https://shop.example.com")
    strange = post(url, sent, origin="https://elsewhere.example.com")

    assert (own.status, own.json["status"]) == (202, "queued")
    assert strange.status == 403

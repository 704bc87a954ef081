"""Events as API Gateway makes them, and responses as it reads them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from analytics_tracker_construct._local import gateway
from analytics_tracker_construct._local.gateway import HttpRequest
from handler.request import read

REQUEST = HttpRequest(
    "POST",
    "/track?a=1&a=2&b=%20",
    [
        ("Host", "localhost:8787"),
        ("User-Agent", "agent/1"),
        ("Content-Type", "application/json"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Twice", "one"),
        ("X-Twice", "two"),
    ],
    b'{"a":1}',
    "198.51.100.7",
)


@pytest.mark.parametrize("payload", gateway.PAYLOADS)
@pytest.mark.parametrize(
    "target", ["/track", "/prod/track", "http://[x]/track", "//track", "/track?a=/b"]
)
def test_the_function_reads_the_same_request_from_both_payloads(
    payload: str, target: str
) -> None:
    event = gateway.event(REQUEST._replace(target=target), payload)
    request = read(json.loads(json.dumps(event)))

    body = request.body or ""
    decoded = base64.b64decode(body) if request.is_base64 else body.encode()
    assert (request.method, request.route) == ("POST", "track")
    assert decoded == REQUEST.body
    assert request.address == "198.51.100.7"
    assert request.headers["user-agent"] == "agent/1"


def test_payload_1_is_a_rest_proxy_event() -> None:
    event = gateway.event(REQUEST._replace(target="/prod/track?a=1&a=2&b=%20"), "1.0")

    assert event["path"] == event["resource"] == "/track"
    assert event["requestContext"]["path"] == "/prod/track"
    assert event["requestContext"]["stage"] == "prod"
    assert event["requestContext"]["identity"]["sourceIp"] == "198.51.100.7"
    assert event["queryStringParameters"] == {"a": "2", "b": " "}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [" "]}
    assert event["headers"]["X-Twice"] == "two"
    assert event["multiValueHeaders"]["X-Twice"] == ["one", "two"]
    assert event["headers"]["X-Forwarded-For"] == "203.0.113.9, 198.51.100.7"


def test_payload_1_has_every_body_in_base64() -> None:
    """As with the binary media types `*/*`, which the tracker's REST API has."""
    event = gateway.event(REQUEST, "1.0")

    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == REQUEST.body


def test_payload_1_has_null_where_there_is_nothing() -> None:
    event = gateway.event(REQUEST._replace(body=b"", target="/track"), "1.0")

    assert event["body"] is None
    assert event["isBase64Encoded"] is False
    assert event["queryStringParameters"] is None


def test_payload_2_is_an_http_api_event() -> None:
    cookies = [("Cookie", "a=1; b=2"), ("Cookie", "c=3")]
    event = gateway.event(REQUEST._replace(headers=[*REQUEST.headers, *cookies]), "2.0")

    assert event["version"] == "2.0"
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/track"
    assert event["rawQueryString"] == "a=1&a=2&b=%20"
    assert event["requestContext"]["stage"] == "$default"
    assert event["requestContext"]["http"]["sourceIp"] == "198.51.100.7"
    assert event["queryStringParameters"] == {"a": "1,2", "b": " "}
    assert event["headers"]["x-twice"] == "one,two"
    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in event["headers"]


@pytest.mark.parametrize(
    ("headers", "body", "is_base64"),
    [
        ([("Content-Type", "application/json")], b"{}", False),
        ([("content-type", "text/plain;charset=UTF-8")], b"{}", False),
        ([("Content-Type", "application/octet-stream")], b"{}", True),
        ([], b"{}", True),
        ([("Content-Type", "text/plain")], b"\xff", True),
        (
            [("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
            b"{}",
            True,
        ),
    ],
)
def test_payload_2_has_text_as_text(
    headers: list[tuple[str, str]], body: bytes, is_base64: bool
) -> None:
    event = gateway.event(REQUEST._replace(headers=headers, body=body), "2.0")

    assert event["isBase64Encoded"] is is_base64


def test_payload_2_leaves_out_what_there_is_not() -> None:
    event = gateway.event(
        REQUEST._replace(target="/prod/track", headers=[], body=b""), "2.0"
    )

    assert not {"body", "cookies", "queryStringParameters"} & event.keys()
    assert event["rawPath"] == "/prod/track"
    assert event["requestContext"]["stage"] == "prod"


def test_an_answer_becomes_a_response() -> None:
    response = gateway.response(
        {
            "statusCode": 200,
            "headers": {"A": "1", "B": 2},
            "multiValueHeaders": {"b": ["3", "4"]},
            "cookies": ["c=5"],
            "body": "é",
        }
    )

    assert response == gateway.HttpResponse(
        200,
        [("A", "1"), ("b", "3"), ("b", "4"), ("Set-Cookie", "c=5")],
        "é".encode(),
    )


def test_a_base64_answer_is_decoded() -> None:
    answer = {"statusCode": 200, "body": "R0lG", "isBase64Encoded": True}

    assert gateway.response(answer).body == b"GIF"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"statusCode": "200"},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "%", "isBase64Encoded": True},
        {"statusCode": 200, "body": "\ud800"},
    ],
)
def test_refuses_what_api_gateway_refuses(answer: dict[str, Any]) -> None:
    with pytest.raises(gateway.MalformedAnswer):
        gateway.response(answer)

"""The description of the routes says what the function does, since it is made of it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from analytics_tracker_construct._handler import (
    buckets,
    columns,
    fields,
    limits,
    refusals,
    replies,
)
from analytics_tracker_construct._openapi import answers, document, schemas

from .serving import Served

DOCUMENT = document.describe()


def responses() -> Iterator[tuple[str, str, Any]]:
    """Yield path, status and response of every operation."""
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                yield path, status, response


def examples() -> Iterator[tuple[str, Any, Any]]:
    """Yield each JSON example with its name and its schema."""
    for _, _, response in responses():
        yield from _of(response.get("content", {}))
    yield from _of(DOCUMENT["paths"]["/track"]["post"]["requestBody"]["content"])


def _of(content: Any) -> Iterator[tuple[str, Any, Any]]:
    for media in content.values():
        for name, example in media.get("examples", {}).items():
            yield name, media["schema"], example["value"]


def validator(schema: Any) -> Any:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    return jsonschema_rs.Draft202012Validator(
        {**schema, "components": DOCUMENT["components"]}
    )


def text() -> str:
    return json.dumps(document.describe())


def test_each_example_is_of_its_schema() -> None:
    found = list(examples())

    assert len(found) > len(refusals.Refusal)
    for name, schema, value in found:
        assert [e.message for e in validator(schema).iter_errors(value)] == [], name


def test_each_schema_refuses_what_another_answer_is() -> None:
    """A schema that takes anything would prove nothing."""
    for name, schema, value in examples():
        if isinstance(value, dict):
            broken = {**value, "status": 7, "error": 7, "events": 7}
            assert not validator(schema).is_valid(broken), name


def test_every_refusal_is_there_with_its_status_and_its_words() -> None:
    said = {
        name: (status, value["value"])
        for path, status, response in responses()
        if path == "/track"
        for name, value in response.get("content", {})
        .get("application/json", {})
        .get("examples", {})
        .items()
    }

    for row in refusals.Refusal:
        if row is refusals.Refusal.NONE_ACCEPTED:
            status, answer = said["refused_batch"]
            assert (status, answer["message"]) == (str(row.status), row.message)
            continue
        why = refusals.Refused(row, answers.fields().get(row, ""))
        words = {"error": why.error, "message": why.message}
        assert said[row.label] == (str(row.status), words)


@pytest.mark.parametrize("row", refusals.Refusal)
def test_words_that_name_a_field_do_so_here_too(
    row: refusals.Refusal,
) -> None:
    takes = re.search(r"(?<!\{)\{\}", row.error + row.message)

    assert (row in answers.fields()) == bool(takes)


def test_every_route_and_method_is_there() -> None:
    assert {
        (path, method) for path, each in DOCUMENT["paths"].items() for method in each
    } == {
        (f"/{route}", one)
        for route, method in replies.METHODS.items()
        for one in (method.lower(), "options")
    }


LIMITS = [
    "BODY_BYTES",
    "EVENT_BYTES",
    "BATCH_EVENTS",
    "DEFAULTS_BYTES",
    "BATCH_OBJECTS",
    "DEPTH",
    "NAME_CHARS",
    "TEXT_CHARS",
    "VIEWPORT_PIXELS",
]


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_that_of_the_table(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = re.findall(rf"\b{getattr(limits, name)}\b", text())
    assert before
    monkeypatch.setattr(limits, name, 987_654_321)

    after = text()
    assert "987654321" in after
    assert len(re.findall("987654321", after)) <= len(before)


def test_a_limit_stands_nowhere_but_in_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With all of them changed, no old one is left."""
    old = {name: getattr(limits, name) for name in LIMITS}
    for number, name in enumerate(LIMITS):
        monkeypatch.setattr(limits, name, 900_000_000 + number)

    # Statuses are text, and short numbers are also in days and pixels.
    after = re.sub(r'"\d+"', "", text())
    left = [v for v in old.values() if v > 30 and re.search(rf"\b{v}\b", after)]
    assert left == []


def test_the_days_of_an_id_are_those_of_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "DAYS_BACK", 3)
    monkeypatch.setattr(limits, "SECONDS_AHEAD", 300)

    assert "within 3 days back and 5 minutes ahead" in text()


@pytest.mark.parametrize("row", refusals.Refusal)
def test_a_refusal_is_that_of_the_table(
    row: refusals.Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row, "message", "other words")

    assert '"other words"' in text()


@pytest.mark.parametrize(
    ("module", "name", "value", "expected"),
    [
        (replies, "RETRY_AFTER_SECONDS", 77, '{"type": "string", "const": "77"}'),
        (replies, "PREFLIGHT_SECONDS", 78, '{"type": "string", "const": "78"}'),
        (buckets, "BUCKET_NAME", re.compile("bb+"), '"^bb+$"'),
        (buckets, "TENANT_NAME", re.compile("tt+"), '"^tt+$"'),
        (fields, "EVENT_ID", re.compile("ee+"), '"^ee+$"'),
        (fields, "FIELDS", fields.FIELDS | {"colour"}, '"colour": {'),
        (columns, "PREFIX", "elsewhere", '"^elsewhere"'),
    ],
)
def test_whatever_the_handler_changes_is_changed_here(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, value: Any, expected: str
) -> None:
    assert expected not in text()
    monkeypatch.setattr(module, name, value)

    assert expected in text()


def test_blank_is_what_the_handler_takes_for_blank() -> None:
    blank = {chr(code) for code in range(0x110000) if not chr(code).strip()}
    pattern = re.compile(schemas.NOT_BLANK)

    assert {chr(c) for c in range(0x110000) if not pattern.search(chr(c))} == blank


def test_describes_every_field_that_a_client_may_send() -> None:
    event = DOCUMENT["components"]["schemas"]["Event"]
    names = {p["name"] for p in DOCUMENT["paths"]["/pixel.gif"]["get"]["parameters"]}

    assert set(event["properties"]) == names == fields.FIELDS
    assert all(each["description"] for each in event["properties"].values())


def test_answers_that_may_be_tried_again_say_when() -> None:
    for _, status, response in responses():
        again = response["headers"].get("Retry-After")
        if status in {"500", "503"}:
            assert again["required"] is True
            assert again["schema"]["const"] == str(replies.RETRY_AFTER_SECONDS)
        elif again:
            assert again["required"] is False


@pytest.mark.parametrize(("path", "allow"), [("/track", "POST"), ("/pixel.gif", "GET")])
def test_a_wrong_method_is_told_the_right_one(path: str, allow: str) -> None:
    (found,) = [
        response["headers"]["Allow"]["schema"]["const"]
        for route, status, response in responses()
        if (route, status) == (path, "405")
    ]

    assert found == f"{allow}, OPTIONS"


def test_names_the_server_and_the_destination_that_it_is_told() -> None:
    described = document.describe("https://a.example/prod", ("tenant", "shop"))

    assert described["servers"] == [{"url": "https://a.example/prod"}]
    body = described["paths"]["/track"]["post"]["requestBody"]["content"]
    for example in body["application/json"]["examples"].values():
        assert example["value"]["tenant"] == "shop"
        assert "bucket" not in example["value"]


@pytest.mark.parametrize("media", ["application/json", "text/plain"])
@pytest.mark.parametrize("name", ["event", "batch"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_the_examples_are_accepted_as_they_stand(
    served: Served, media: str, name: str, encoding: str
) -> None:
    post = served.send("GET", "/openapi.json").json["paths"]["/track"]["post"]
    (header,) = post["parameters"]
    assert encoding in header["schema"]["enum"]
    value = post["requestBody"]["content"][media]["examples"][name]["value"]
    body = (value if isinstance(value, str) else json.dumps(value)).encode()
    headers = {"Content-Type": media, "Content-Encoding": encoding}
    answer = served.send(
        "POST", "/track", gzip.compress(body) if encoding == "gzip" else body, headers
    )

    assert (answer.status, answer.json["status"]) == (200, "ok")


def test_the_pixels_examples_are_accepted_as_they_stand(served: Served) -> None:
    from urllib.parse import urlencode

    get = served.send("GET", "/openapi.json").json["paths"]["/pixel.gif"]["get"]
    given = {p["name"]: p["example"] for p in get["parameters"] if "example" in p}
    answer = served.send("GET", f"/pixel.gif?{urlencode(given)}")

    assert replies.REJECTED_HEADER not in answer.headers
    assert len(served.rows()) == 1

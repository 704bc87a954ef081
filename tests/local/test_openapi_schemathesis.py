"""schemathesis sends what the description allows, and what it does not, to the tracker.

The tracker is the real `analytics-tracker dev`, once for each kind of API. Every answer
must be one that is described: its status, its headers, its media type and its body.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from analytics_tracker_construct._local import gateway
from analytics_tracker_construct._openapi import document

from ..cli.running import Dev, dev

DOCUMENT = document.describe()
API = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS: dict[str, Any] = {
    f"{method.upper()} {path}": API[path][method.upper()]
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
}
MODES: list[Any] = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
#: What takes nothing can get nothing wrong.
WRONG = [
    operation
    for label, operation in OPERATIONS.items()
    if "OPTIONS" not in label and "tracker.js" not in label
]
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
AN_EVENT = {"$ref": "#/components/schemas/Event"}
EVENT = jsonschema_rs.Draft202012Validator(
    {**AN_EVENT, "components": DOCUMENT["components"]}, validate_formats=True
)
BOUNDED = settings(
    max_examples=40,
    # The same requests each time: what fails here fails for everyone.
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module", params=gateway.PAYLOADS)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dev]:
    data = tmp_path_factory.mktemp("data")
    with dev(
        data, "--quiet", "--tenant", "shop", "--payload", request.param
    ) as running:
        yield running


@pytest.mark.parametrize(
    ("operation", "mode"),
    [
        *((each, MODES[0]) for each in OPERATIONS.values()),
        *((each, MODES[1]) for each in WRONG),
    ],
    ids=lambda each: getattr(each, "label", getattr(each, "value", None)),
)
def test_every_answer_is_one_that_is_described(
    served: Dev, operation: Any, mode: Any
) -> None:
    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.call_and_validate(base_url=served.url, checks=CHECKS)

    check()


def test_takes_one_event_if_and_only_if_the_description_does(served: Dev) -> None:
    """Its destination is one that is allowed, since names are not described."""
    seen: set[bool] = set()

    @settings(BOUNDED, max_examples=200)
    @given(case=_single(MODES[0]) | _single(MODES[1]))
    def check(case: Any) -> None:
        for name, allowed in (("bucket", "demo-analytics"), ("tenant", "shop")):
            if isinstance(case.body.get(name), str) and case.body[name].strip():
                case.body[name] = allowed
        # No schema can say that a time in a zone is of the years 1 to 9999 in UTC, nor
        # that it is once the clock which made it is corrected.
        years = [str(case.body.get(name))[:4] for name in ("timestamp", "sentAt")]
        assume(not {"0000", "0001", "9999"} & set(years))
        if all(map(str.isdigit, years)):
            assume(
                1
                < int(years[0]) - int(years[1]) + datetime.now(timezone.utc).year
                < 9999
            )
        case.headers = None
        answer = case.call(base_url=served.url)
        valid = EVENT.is_valid(case.body)
        seen.add(valid)
        assert answer.status_code == (200 if valid else 400), (case.body, answer.text)

    check()
    assert seen == {True, False}


def _single(mode: Any) -> st.SearchStrategy[Any]:
    """Return requests with one event as JSON, and nothing else."""
    post = {
        "requestBody": {"content": {"application/json": {"schema": AN_EVENT}}},
        "responses": {},
    }
    alone = {**DOCUMENT, "paths": {"/track": {"post": post}}}
    operation = schemathesis.openapi.from_dict(alone)["/track"]["POST"]
    return operation.as_strategy(generation_mode=mode).filter(
        lambda case: isinstance(case.body, dict) and "events" not in case.body
    )

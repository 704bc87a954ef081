"""The Runtime API, asked by Lambda's own client of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import parts
from .cloud.runtime_api import Function, Instance, Invocation, Outcome

_CODE = """\
import os, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    print("called with", event)
    if event == "fail":
        raise ValueError("on purpose")
    if event == "exit":
        os._exit(1)
    if event == "hang":
        time.sleep(60)
    left = context.get_remaining_time_in_millis()
    return [calls, context.aws_request_id, 0 < left <= 1500]
"""

Ask = Callable[[Any], Outcome]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Start a function with a timeout of 1.5 seconds; return what invokes it."""
    (tmp_path / "code.py").write_text(_CODE)
    python = parts.find().runtime
    instance = Instance(Function(python, tmp_path, "code.handler", "arn", 1.5, {}))
    instance.start()
    yield lambda event: instance.invoke(
        Invocation("request-1", json.dumps(event).encode(), "Root=1-0-0")
    )
    instance.stop()


def test_a_process_takes_one_invocation_after_the_other(ask: Ask) -> None:
    first, second = ask("a"), ask("b")

    assert json.loads(first.body) == [1, "request-1", True]
    assert json.loads(second.body) == [2, "request-1", True]
    assert "called with b" in second.log
    assert "called with a" not in second.log


def test_an_error_of_the_functions_is_its_outcome(ask: Ask) -> None:
    outcome = ask("fail")

    assert outcome.failed
    assert json.loads(outcome.body)["errorMessage"] == "on purpose"
    assert not ask("next").failed


@pytest.mark.parametrize(
    ("event", "words"), [("hang", "Task timed out"), ("exit", "Runtime exited")]
)
def test_a_process_that_did_not_answer_is_started_anew(
    ask: Ask, event: str, words: str
) -> None:
    outcome = ask(event)

    assert outcome.failed
    assert words in json.loads(outcome.body)["errorMessage"]
    assert json.loads(ask("next").body)[0] == 1


def test_code_that_cannot_be_loaded_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise ValueError('no such setting')\n")
    python = parts.find().runtime
    instance = Instance(Function(python, tmp_path, "broken.handler", "arn", 1.5, {}))

    with pytest.raises(RuntimeError, match="no such setting"):
        instance.start()

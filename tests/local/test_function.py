"""The function's instances."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from analytics_tracker_construct._local.function import App, Function


def test_an_instance_serves_one_request_at_a_time_and_is_used_again() -> None:
    """As Lambda does: concurrency makes instances, sequence reuses one."""
    made: list[int] = []
    inside = threading.Barrier(3)

    def make() -> App:
        number = len(made)
        made.append(number)
        busy = threading.Lock()

        def app(event: Mapping[str, Any], _: Any) -> dict[str, Any]:
            assert busy.acquire(blocking=False)
            if event["wait"]:
                inside.wait(5)
            busy.release()
            return {"instance": number}

        return app

    function = Function(make, name="f")
    assert [function.invoke({"wait": False})["instance"] for _ in range(3)] == [0] * 3

    threads = [
        threading.Thread(target=function.invoke, args=({"wait": True},))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 3


def test_tells_the_handler_its_name_and_the_time_it_has() -> None:
    seen: list[Any] = []

    def app(_: Mapping[str, Any], context: Any) -> dict[str, Any]:
        seen.append(context)
        return {}

    Function(lambda: app, name="f", timeout=3).invoke({})

    assert seen[0].function_name == "f"
    assert len(seen[0].aws_request_id) == 32
    assert 2900 <= seen[0].get_remaining_time_in_millis() <= 3000


def test_an_answer_that_is_not_json_is_an_error() -> None:
    function = Function(lambda: lambda _, __: {"body": b"bytes"}, name="f")

    with pytest.raises(TypeError):
        function.invoke({})

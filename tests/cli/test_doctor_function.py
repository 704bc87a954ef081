"""How `analytics-tracker doctor` finds the tracker's function, and its state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from analytics_tracker_construct.cli._aws import Aws
from analytics_tracker_construct.cli._doctor import function
from analytics_tracker_construct.cli._doctor.examination import examine
from analytics_tracker_construct.cli._doctor.findings import Outcome

from .cloud import REGION, Cloud, stack_of, started
from .deployed import Deployed


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


@pytest.fixture
def well(cloud: Cloud) -> Deployed:
    return Deployed(cloud)


def test_a_function_that_may_not_be_read_is_a_failure(well: Deployed) -> None:
    with well.cloud.forbidden("lambda:*") as keys:
        done = well.cloud.inside("doctor", "--function", well.function, **keys)

    assert done.returncode == 1
    assert "failure  function: could not look: needs lambda:" in done.stdout


def test_a_function_that_does_not_exist_is_a_wrong_argument(cloud: Cloud) -> None:
    done = cloud.inside("doctor", "--function", "nothing")

    assert done.returncode == 2
    assert "there is no function nothing in eu-west-1" in done.stderr


def test_a_stack_that_does_not_exist_is_a_wrong_argument(cloud: Cloud) -> None:
    with stack_of(cloud):
        done = cloud.inside("doctor", "--stack", "Website")

    assert done.returncode == 2
    assert "there is no stack Website in eu-west-1" in done.stderr


def test_the_tracker_of_a_stack_is_found_among_its_functions(well: Deployed) -> None:
    functions = [
        ("AWS::Lambda::Function", each) for each in (well.writer, well.function)
    ]
    with stack_of(well.cloud, *functions, times=2):
        done = well.cloud.inside("doctor", "--stack", "Website")

    assert done.returncode == 0, done.stdout
    assert f"function {well.function}: Active" in done.stdout


def test_neither_a_stack_nor_a_function_is_no_examination(well: Deployed) -> None:
    with patch.dict(os.environ, well.cloud.environment):
        aws = Aws(region=REGION, profile=None)
        with pytest.raises(ValueError, match="a stack or a function"):
            list(examine(aws, stack=None, function_name=None, database=None))


@pytest.mark.parametrize(
    "trouble",
    [
        {"State": "Failed", "StateReason": "no key"},
        {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no key"},
    ],
)
def test_a_function_that_cannot_run_fails_with_how_to_try_again(
    trouble: dict[str, str],
) -> None:
    (finding,) = function.state({"FunctionName": "ingest", **trouble})

    assert finding.outcome is Outcome.FAILURE
    assert "no key" in finding.found
    assert "update-function-configuration --function-name ingest;" in finding.advice

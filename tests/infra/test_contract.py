"""What must never change without a major version, and what both sides agree on."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest
from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway

from analytics_tracker_construct import (
    AnalyticsTracker,
    EventCatalog,
    FrontDoor,
    TrackerApi,
    TrackerOptions,
    _costs,
    _deployed_numbers,
)
from analytics_tracker_construct._api_plan import PATHS
from analytics_tracker_construct._handler import limits, replies
from analytics_tracker_construct._metrics import MetricMethods

from .templates import Built

#: A new logical id means that CloudFormation replaces the resource, and a bucket's
#: events stay behind in the old one.
STATEFUL = {
    "AWS::S3::Bucket": {
        "TrackerCatalogResults9A924329",
        "TrackerSalts53D4DF0A",
        "TrackerTenantsacme973C22E0",
    },
    "AWS::Logs::LogGroup": {
        "TrackerLogs6F324061",
        "TrackerAccessLogs056CBB5A",
        "TrackerWriterLogs89F1435A",
    },
    "AWS::SQS::Queue": {"TrackerQueue322E8F99", "TrackerDeadLetterQueueF017A4D9"},
}


@pytest.mark.parametrize("kind", sorted(STATEFUL))
def test_logical_ids_of_what_holds_data_never_change(full: Built, kind: str) -> None:
    assert set(full.all(kind)) == STATEFUL[kind]


def test_the_address_of_an_api_never_changes(full: Built, http: Built) -> None:
    """A replaced API has another host name, and every client has the old one."""
    assert set(full.all("AWS::ApiGateway::RestApi")) == {"TrackerApi2DF23A67"}
    assert set(http.all("AWS::ApiGatewayV2::Api")) == {"TrackerHttpApi92CB338F"}
    assert (*PATHS, replies.SCRIPT) == ("track", "pixel.gif", "tracker.js")


def test_a_tracker_may_change_its_kind_of_api(full: Built, http: Built) -> None:
    """CloudFormation refuses a logical id whose type has changed."""
    one, other = (
        {
            name: item["Type"]
            for name, item in built.template.to_json()["Resources"].items()
        }
        for built in (full, http)
    )

    assert {
        name for name in one.keys() & other.keys() if one[name] != other[name]
    } == set()


def test_importing_the_package_does_not_load_the_cdk() -> None:
    """The command line imports it too, and must start at once."""
    code = (
        "import sys, analytics_tracker_construct as package\n"
        "assert package.__version__\n"
        "sys.exit('aws_cdk' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False)

    assert done.returncode == 0


def _keywords(of: type = AnalyticsTracker) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(of.__init__).parameters  # type: ignore[misc] # its own
    return {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def test_the_stack_takes_every_argument_of_the_construct() -> None:
    types = {name: parameter.annotation for name, parameter in _keywords().items()}

    assert TrackerOptions.__annotations__.keys() == types.keys()
    for name, annotation in TrackerOptions.__annotations__.items():
        assert annotation.__forward_arg__ == types[name], name


def test_only_scope_and_id_are_needed() -> None:
    assert all(
        parameter.default is not inspect.Parameter.empty
        for parameter in _keywords().values()
    )


@pytest.mark.parametrize(
    ("of", "argument"),
    [
        (of, argument)
        for of in (AnalyticsTracker, FrontDoor)
        for argument in sorted(_keywords(of))
    ],
)
def test_the_default_of_every_argument_is_told(of: type, argument: str) -> None:
    entry = re.search(
        rf"^    {argument}: .*(?:\n        .*)*",
        inspect.getdoc(of) or "",
        re.MULTILINE,
    )

    assert entry is not None
    assert "\n        Default: " in entry[0]


@pytest.mark.parametrize(
    ("of", "method"),
    [
        (of, name)
        for of in (AnalyticsTracker, EventCatalog, TrackerApi)
        for name, member in inspect.getmembers(of, inspect.isfunction)
        if not name.startswith("_") and member.__module__.startswith("analytics_")
    ],
)
def test_the_arguments_of_every_method_are_told(of: type, method: str) -> None:
    told = inspect.getdoc(getattr(of, method)) or ""
    asked = [
        name
        for name in inspect.signature(getattr(of, method)).parameters
        if name != "self"
    ]

    assert [name for name in asked if f"\n    {name}: " not in told] == []


@pytest.mark.parametrize(
    "member",
    [
        *(name for name in vars(MetricMethods) if name.startswith("metric_")),
        *("api_endpoint", "track_url", "pixel_url", "script_url"),
    ],
)
def test_what_raises_says_so(member: str, stack: Stack) -> None:
    """Metrics without `enable_metrics`, and addresses where no stage is known."""
    imported = apigateway.RestApi.from_rest_api_attributes(
        stack, "Api", rest_api_id="a1b2c3", root_resource_id="d4e5f6"
    )
    tracker = AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(imported))

    with pytest.raises(ValueError, match=r"enable_metrics=True|stage_name='prod'"):
        _ = getattr(tracker, member)()

    assert "\nRaises:\n    ValueError: " in (
        inspect.getdoc(getattr(AnalyticsTracker, member)) or ""
    )


def test_the_bill_that_is_told_is_the_bill_that_is_computed() -> None:
    told = " ".join((inspect.getdoc(AnalyticsTracker) or "").split())
    millions = _costs.requests_a_day() / 1e6
    dollars = round(_costs.dollars_a_day(), -1)
    worst = round(_costs.worst_dollars_a_day(), -1)

    assert f"takes {_deployed_numbers.RATE_LIMIT} requests a second" in told
    assert f"bursts of {_deployed_numbers.BURST_LIMIT}" in told
    assert f"{millions:.2f} million requests" in told
    assert f"about {dollars:.0f} US dollars" in told
    assert f"The worst of such days costs about {worst:,.0f}" in told
    assert f"becomes {limits.BATCH_OBJECTS} objects" in told


def test_the_limits_that_are_told_are_those_that_are_checked() -> None:
    told = " ".join((inspect.getdoc(AnalyticsTracker) or "").split())

    assert f"1 to {_deployed_numbers.MOST_WINDOW_SECONDS} s" in told
    assert f"1 to {_deployed_numbers.MOST_MESSAGES:,}, the writer" in told
    assert f"Default: {_deployed_numbers.WINDOW_SECONDS} seconds." in told
    assert f"Default: {_deployed_numbers.MOST_MESSAGES:,}." in told
    assert f"Default: {_deployed_numbers.TIMEOUT_SECONDS} seconds." in told

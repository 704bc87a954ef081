"""What a million events cost, as a table made from templates and dated list prices.

python -m benchmarks.costs          a Markdown table
python -m benchmarks.costs --json   the same as JSON, with every service's part

What a tracker has (API, memory, batches, logs) is read from its synthesised template;
the prices are those of `_costs.py`. What no template tells (how long a request takes,
how large an event is) are options with stated defaults.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aws_cdk import App, Stack
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from analytics_tracker_construct import (
    AnalyticsTracker,
    Delivery,
    TrackerApi,
    _costs,
)
from analytics_tracker_construct._asset import ENTRY, WRITER_ENTRY
from analytics_tracker_construct._handler import metrics, settings

from .markdown import table as _table

Json = dict[str, Any]

#: Events of a request, for the table's columns.
EVENTS = (1, 10, 25, 500)

#: The metrics to which an event gives values until it is stored. CloudWatch charges for
#: each, and for those of each tenant once more.
COUNTED = {
    Delivery.DIRECT: (metrics.STORED, metrics.STORAGE_LATENCY),
    Delivery.BUFFERED: (metrics.QUEUED, metrics.STORED, metrics.STORAGE_LATENCY),
}

#: What Lambda writes of each request unless told not to: START, END and REPORT.
PLATFORM_LOG_BYTES = 600
#: What CloudWatch adds to each line.
#: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
_LINE_BYTES = 26

#: The design that this project began with: a REST API, a function that writes one
#: object for each event, Lambda's own logs. Its clients cannot send several at once.
ORIGINAL = _costs.Design(log_bytes=PLATFORM_LOG_BYTES)


class Published(NamedTuple):
    """Dollars a month that a peer's own documents state, by views of that month."""

    source: str
    version: str
    dollars: Mapping[int, float]


_SWA = "https://github.com/rehanvdm/serverless-website-analytics/blob"
_SWA_VERSION = "version 1, as of 2024-05"
#: serverless-website-analytics: ingestion, storage and 200 views of its dashboard.
PUBLISHED = (
    Published(
        f"{_SWA}/dc86f7b/README.md",
        _SWA_VERSION,
        {1_000_000: 10.18, 10_000_000: 58.88, 100_000_000: 550.32},
    ),
    Published(
        f"{_SWA}/34e3c02/docs/COST.md",
        _SWA_VERSION,
        {1_000_000: 14.64, 10_000_000: 128.74, 100_000_000: 1288.39},
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return the exit status."""
    options = _parser().parse_args(arguments)
    work = _costs.Work(**{name: getattr(options, name) for name in _assumed()})
    if options.json:
        print(json.dumps(_as_json(work, table(work), _idle()), indent=2))
    else:
        print(tables(work))
    return 0


def tables(work: _costs.Work | None = None) -> str:
    """Return the tables in Markdown.

    Args:
        work: What no template tells.
            Default: what is assumed.
    """
    work = work or _costs.Work()
    return markdown(work, table(work), _idle())


def _idle() -> dict[str, float]:
    return idle_month(template(Delivery.DIRECT, TrackerApi.rest(), watched=True))


def table(work: _costs.Work) -> dict[str, dict[int, _costs.Bill]]:
    """Return each design's bills for a million events, by events of a request."""
    found = {
        f"{kind}, {delivery.name}": _bills(read(template(delivery, api)), work)
        for kind, api in (("REST", TrackerApi.rest()), ("HTTP", TrackerApi.http()))
        for delivery in Delivery
    }
    one = _costs.bill(ORIGINAL, work._replace(events=1))
    return {
        "for comparison: REST, an object an event, no batches": dict.fromkeys(
            EVENTS, one
        )
    } | found


def template(delivery: Delivery, api: TrackerApi, *, watched: bool = False) -> Json:
    """Return the template of a tracker that is otherwise as it comes.

    Args:
        delivery: How events reach S3.
        api: Which API it has.
        watched: Whether it has metrics, a dashboard and alarms.
    """
    stack = Stack(App(), "Tracked")
    AnalyticsTracker(
        stack,
        "Tracker",
        alarm_topic=sns.Topic(stack, "Topic") if watched else None,
        allowed_buckets=["*-analytics"],
        api=api,
        delivery=delivery,
        enable_metrics=watched,
    )
    return dict(Template.from_stack(stack).to_json())


def read(template: Json) -> _costs.Design:
    """Return what of a template decides the bill.

    Raises:
        ValueError: If it has something for which there is no price here.
    """
    functions = {item["Handler"]: item for item in _all(template, "Lambda::Function")}
    function, writer = functions[ENTRY], functions[WRITER_ENTRY]
    for each in (function, writer):
        if each["Architectures"] != ["arm64"]:
            raise ValueError(f"no price for {each['Architectures']}, only for arm64")
    (source,) = _all(template, "Lambda::EventSourceMapping")
    rest = _all(template, "ApiGateway::RestApi")
    return _costs.Design(
        api=_costs.REST_MILLION if rest else _costs.HTTP_MILLION,
        batch_size=source["BatchSize"],
        buffered=settings.BUFFERED in function["Environment"]["Variables"],
        log_bytes=_log_bytes(template, function),
        memory_mib=function["MemorySize"],
        window_seconds=source["MaximumBatchingWindowInSeconds"],
        writer_memory_mib=writer["MemorySize"],
    )


def _all(template: Json, kind: str) -> list[Json]:
    return [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == f"AWS::{kind}"
    ]


def _log_bytes(template: Json, function: Json) -> float:
    """What one request leaves in the logs of the function and of the API."""
    total = 0
    if function["LoggingConfig"]["SystemLogLevel"] != "WARN":
        total += PLATFORM_LOG_BYTES
    if settings.METRICS in function["Environment"]["Variables"]:
        meter = metrics.Meter("Tracked-TrackerFunction5513E925-0123456789AB")
        meter.add(metrics.STORED)
        meter.add(metrics.STORAGE_LATENCY, 12.3)
        total += sum(len(line) + _LINE_BYTES for line in meter.lines(1.8e9))
    stages = _all(template, "ApiGateway::Stage") + _all(template, "ApiGatewayV2::Stage")
    for stage in stages:
        found = stage.get("AccessLogSetting") or stage.get("AccessLogSettings")
        if found:
            # A variable's name is about as long as its value.
            total += len(found["Format"]) + _LINE_BYTES
    return total


def _bills(design: _costs.Design, work: _costs.Work) -> dict[int, _costs.Bill]:
    return {
        events: _costs.bill(design, work._replace(events=events)).per(events)
        for events in EVENTS
    }


def idle_month(template: Json) -> dict[str, float]:
    """Return what a month without an event costs, by what costs it."""
    dashboards = len(_all(template, "CloudWatch::Dashboard"))
    alarms = len(_all(template, "CloudWatch::Alarm"))
    return {
        f"{_costs.POLLERS} pollers at the queue": _costs.idle_dollars_a_month(),
        "2 pollers, to which Lambda goes down where it can": (
            _costs.idle_dollars_a_month(2)
        ),
        "each GB of logs that is still kept": float(_costs.LOGS_GB_MONTH),
        f"`enable_metrics`: {dashboards} dashboard": (
            dashboards * _costs.DASHBOARD_MONTH
        ),
        f"`alarm_topic`: {alarms} alarms": alarms * _costs.ALARM_MONTH,
    }


def markdown(
    work: _costs.Work,
    found: Mapping[str, Mapping[int, _costs.Bill]],
    idle: Mapping[str, float],
) -> str:
    """Return the tables and what they rest on."""
    head = ("dollars per million events", *(f"{n} a request" for n in EVENTS))
    rows = [
        (name, *(f"{bills[events].total:.2f}" for events in EVENTS))
        for name, bills in found.items()
    ]
    for published in PUBLISHED:
        per = [dollars / views * 1e6 for views, dollars in published.dollars.items()]
        name = f"[serverless-website-analytics]({published.source}), whole"
        rows.append((name, f"{max(per):.2f} to {min(per):.2f}", "", "", ""))
    months = [(name, f"{dollars:.2f}") for name, dollars in idle.items()]
    return "\n\n".join(
        (
            _table(head, rows),
            _notes(work),
            _table(("a month without an event", "dollars"), months),
            _metrics(),
        )
    )


def _metrics() -> str:
    direct, buffered = (len(COUNTED[delivery]) for delivery in Delivery)
    return (
        "With `enable_metrics` each metric that has values costs "
        f"${_costs.METRIC_MONTH:.2f} a month as well. A month with events has {direct} "
        f"at least, with `BUFFERED` {buffered}, and as many more for each tenant that "
        "has any; refusals, by reason, and faults have more."
    )


def _notes(work: _costs.Work) -> str:
    return (
        f"List prices of {_costs.REGION}, {_costs.PRICED}, without the free tier; "
        "storage and queries not included. Assumed: "
        f"{work.event_bytes:,.0f} bytes an event, packed to {work.packed:.0%}; "
        f"{work.per_second:g} events a second; a request of one event runs "
        f"{work.request_seconds * 1000:g} ms, each further event adds "
        f"{work.event_seconds * 1000:g} ms, a batch of the writer "
        f"{work.batch_seconds * 1000:g} ms; events of a request are for "
        f"{work.places} bucket and day. The published figures are a month of 1 to 100 "
        "million views with that product's storage, queries and dashboard "
        f"({_SWA_VERSION})."
    )


def _as_json(
    work: _costs.Work,
    found: Mapping[str, Mapping[int, _costs.Bill]],
    idle: Mapping[str, float],
) -> Json:
    prices = {
        name: {"dollars": float(value), "unit": value.unit, "source": value.source}
        for name, value in vars(_costs).items()
        if isinstance(value, _costs.Price)
    }
    return {
        "priced": _costs.PRICED,
        "region": _costs.REGION,
        "prices": prices,
        "work": work._asdict(),
        "dollars_per_million_events": {
            name: {
                str(events): {**bill._asdict(), "total": bill.total}
                for events, bill in bills.items()
            }
            for name, bills in found.items()
        },
        "idle_month": dict(idle),
        "published": [
            {**each._asdict(), "dollars": dict(each.dollars)} for each in PUBLISHED
        ],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.costs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    for name, default in _assumed().items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            default=default,
            help=f"default: {default}",
            type=type(default),
        )
    return parser


def _assumed() -> dict[str, Any]:
    """What no template tells, with its defaults; events of a request are columns."""
    defaults = dict(_costs.Work._field_defaults)
    del defaults["events"]
    return defaults


if __name__ == "__main__":
    sys.exit(main())

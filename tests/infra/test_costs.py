"""The bill: the model against a hand's calculation, the table against the template."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from aws_cdk import CfnParameter, Duration, Stack
from aws_cdk import aws_apigateway as apigateway

from analytics_tracker_construct import AnalyticsTracker, Delivery, TrackerApi, _costs
from benchmarks import costs
from handler.settings import Tenant

from ..handler.conftest import SETTINGS, Tracker
from ..handler.fakes import event_of, rest
from .templates import Built, build

#: As the hand below calculates: no more time for more events.
WORK = _costs.Work(event_seconds=0)
#: 512 MiB for 35 ms a million times: 17,500 GB-seconds.
COMPUTE = 17_500 * 0.0000133334


def _total(design: _costs.Design, work: _costs.Work) -> float:
    return _costs.bill(design, work).per(work.events).total


@pytest.mark.parametrize(
    ("design", "events", "dollars"),
    [
        (costs.ORIGINAL, 1, 3.50 + 0.20 + COMPUTE + 5.00 + 0.30),
        (_costs.Design(), 1, 3.50 + 0.20 + COMPUTE + 5.00),
        (_costs.Design(), 25, (3.50 + 0.20 + COMPUTE + 5.00) / 25),
        (
            _costs.Design(_costs.HTTP_MILLION, log_bytes=600),
            10,
            (1.00 + 0.20 + COMPUTE + 5.00 + 0.30) / 10,
        ),
        (_costs.Design(memory_mib=1024), 1, 3.50 + 0.20 + 2 * COMPUTE + 5.00),
    ],
    ids=["original", "direct", "batch", "http", "memory"],
)
def test_a_direct_bill_is_what_a_hand_calculates(
    design: _costs.Design, events: int, dollars: float
) -> None:
    assert _total(design, WORK._replace(events=events)) == pytest.approx(dollars)


def test_the_original_design_costs_what_was_known_of_it() -> None:
    assert round(_total(costs.ORIGINAL, WORK), 2) == 9.23


def test_a_buffered_bill_is_what_a_hand_calculates() -> None:
    """Ten events a second, one a message: 600 in a window, 120 for each poller."""
    found = _costs.bill(_costs.Design(buffered=True), WORK)

    # Sending, and a tenth of receiving and of deleting, which take ten at once.
    assert found.queue == pytest.approx(1.2 * 0.40)
    batches = 1e6 / 120
    assert found.storage == pytest.approx(batches * 5.00 / 1e6)
    # 100 ms at 512 MiB.
    assert found.writer == pytest.approx(
        batches * (0.20 / 1e6 + 0.05 * 0.0000133334), rel=1e-6
    )
    assert found.api == 3.50
    assert found.function == pytest.approx(0.20 + COMPUTE)


def test_a_large_message_counts_for_each_64_kib_of_it() -> None:
    """500 events of 1 KiB, a quarter of that packed, four thirds of that in base64."""
    work = WORK._replace(events=500)

    found = _costs.bill(_costs.Design(buffered=True), work)

    # 170,667 bytes are 3 to send; ten of them are 27 to receive.
    assert found.queue == pytest.approx((3 + 2.7 + 0.1) * 0.40)


def test_what_one_message_cannot_hold_is_several() -> None:
    """Each has less than 240 KiB, and is received and deleted for itself."""
    work = WORK._replace(events=500, packed=1)

    found = _costs.bill(_costs.Design(buffered=True), work)

    # 682,667 bytes are 3 messages of 227,556: each 4 to send, 35 to receive ten.
    assert found.queue == pytest.approx(3 * (4 + 3.5 + 0.1) * 0.40)


@pytest.mark.parametrize(
    ("design", "per_second", "batch"),
    [
        (_costs.Design(buffered=True), 0.001, 1),
        (_costs.Design(buffered=True), 10, 120),
        (_costs.Design(buffered=True, window_seconds=300), 10, 600),
        (_costs.Design(buffered=True, batch_size=50), 10, 50),
        (_costs.Design(buffered=True), 1e9, 6 * 1024**2 / (1024 / 3 + 700)),
    ],
    ids=["trickle", "window", "longer", "size", "six megabytes"],
)
def test_a_batch_ends_at_the_first_of_its_limits(
    design: _costs.Design, per_second: float, batch: float
) -> None:
    found = _costs.bill(design, WORK._replace(per_second=per_second))

    assert found.storage == pytest.approx(5.00 / batch)


def test_a_request_of_an_http_api_counts_for_each_512_kib() -> None:
    work = WORK._replace(events=500, event_bytes=2000)

    assert _costs.bill(_costs.Design(_costs.HTTP_MILLION), work).api == 2.00
    assert _costs.bill(_costs.Design(), work).api == 3.50


def test_the_worst_day_is_what_a_hand_calculates() -> None:
    """A 10 s run and 10 PUTs, then 10 messages of 210 KB, and 10 PUTs once more.

    By each image the same with one small event. A preflight runs for 2 ms.
    """
    run = 0.20 + 0.5 * (10 + 499 * 0.0002) * 1e6 * 0.0000133334
    size = 1.5 * 1024**2 / 10 * 4 / 3
    queue = 10 * (4 + 3.2 + 0.1) * 0.40
    batch = 6 * 1024**2 / (size + 700)
    seconds = 0.1 + batch * 50 * 0.0002
    writer = 10 / batch * (0.20 + 0.5 * seconds * 1e6 * 0.0000133334)

    batches = 3.50 + run + 50 + queue + writer + 50
    run = 0.20 + 0.5 * 10 * 1e6 * 0.0000133334
    size = 1.5 * 10_240 * 4 / 3
    queue = (1 + 0.4 + 0.1) * 0.40
    batch = 6 * 1024**2 / (size + 700)
    seconds = 0.1 + batch * 0.0002
    writer = 1 / batch * (0.20 + 0.5 * seconds * 1e6 * 0.0000133334)
    images = 3.50 + run + 5 + queue + writer + 5
    preflights = 3.50 + 0.20 + 0.5 * 0.002 * 1e6 * 0.0000133334
    million = batches + images + 2 * preflights

    assert _costs.worst_dollars_a_day() == pytest.approx(8.64 * million)
    assert _costs.worst_dollars_a_day(200) == pytest.approx(2 * 8.64 * million)


def test_the_usual_day_is_that_of_both_routes_that_take_events() -> None:
    dollars = 2 * 8.64 * _costs.million_dollars()

    assert _costs.dollars_a_day() == pytest.approx(dollars)


def test_a_trackers_worst_day_is_the_sum_of_its_limits(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", throttling_rate_limit=50)
    worst = _costs.worst_dollars_a_day

    assert tracker.worst_day_dollars == pytest.approx(worst(50))

    tracker.add_tenant("free")
    tracker.add_tenant("acme", throttling_rate_limit=5)
    assert tracker.worst_day_dollars == pytest.approx(
        worst(50) + worst(5, script=False)
    )


def test_a_trackers_worst_day_is_that_of_its_own_function_and_api(stack: Stack) -> None:
    small = AnalyticsTracker(
        stack, "Small", api=TrackerApi.http(), lambda_timeout=3, memory_size=128
    )
    usual = AnalyticsTracker(stack, "Usual")

    assert usual.worst_day_dollars == pytest.approx(_costs.worst_dollars_a_day())
    assert small.worst_day_dollars == pytest.approx(
        _costs.worst_dollars_a_day(
            100, _costs.Design(_costs.HTTP_MILLION, memory_mib=128), 3
        )
    )


def test_a_trackers_worst_day_is_that_of_its_own_batches(stack: Stack) -> None:
    """Small ones are more runs of the writer; so are those of a short window."""
    usual, single, hasty = (
        AnalyticsTracker(
            stack,
            name,
            buffering_batch_size=size,
            buffering_interval=interval,
            delivery=Delivery.BUFFERED,
        )
        for name, size, interval in (
            ("Usual", None, None),
            ("Single", 1, None),
            ("Hasty", None, 1),
        )
    )
    worst = _costs.worst_dollars_a_day

    assert usual.worst_day_dollars == pytest.approx(worst())
    assert single.worst_day_dollars == pytest.approx(
        worst(design=_costs.Design(batch_size=1))
    )
    assert hasty.worst_day_dollars == pytest.approx(
        worst(design=_costs.Design(window_seconds=1))
    )
    assert worst() < worst(design=_costs.Design(window_seconds=1))
    assert worst() < worst(design=_costs.Design(batch_size=1))


def test_a_worst_day_that_nobody_knows_is_none(stack: Stack) -> None:
    number = CfnParameter(stack, "Number", type="Number").value_as_number
    made: list[dict[str, Any]] = [
        {"throttling_rate_limit": number},
        {"memory_size": number},
        {"lambda_timeout": number},
        {"delivery": Delivery.BUFFERED, "buffering_batch_size": number},
        {"delivery": Delivery.BUFFERED, "buffering_interval": number},
        {"api": TrackerApi.existing_rest(apigateway.RestApi(stack, "Api"))},
    ]

    for index, arguments in enumerate(made):
        tracker = AnalyticsTracker(stack, f"Tracker{index}", **arguments)
        assert tracker.worst_day_dollars is None, arguments


def test_a_month_of_waiting_is_what_a_hand_calculates() -> None:
    """Five pollers ask three times a minute: 648,000 times in 30 days."""
    assert _costs.idle_dollars_a_month() == pytest.approx(0.648 * 0.40)


def test_every_price_says_where_it_is_written() -> None:
    prices = [each for each in vars(_costs).values() if isinstance(each, _costs.Price)]

    assert len(prices) == 12
    for price in prices:
        assert price > 0
        assert urlsplit(price.source).hostname == "aws.amazon.com"
        assert price.unit


def _read(built: Built) -> _costs.Design:
    return costs.read(dict(built.template.to_json()))


def test_what_is_priced_is_what_is_in_the_template(stack: Stack) -> None:
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        buffering_batch_size=100,
        buffering_interval=Duration.seconds(7),
        delivery=Delivery.BUFFERED,
        memory_size=1024,
    )

    assert _read(build(tracker)) == _costs.Design(
        _costs.REST_MILLION, True, 1024, 512, 100, 7, 0
    )


def test_a_defaults_bill_is_that_of_its_template(minimal: Built) -> None:
    """So the numbers in the documentation are those of what is deployed."""
    assert _read(minimal) == _costs.Design()
    assert _costs.bill(_read(minimal), _costs.Work()).total == _costs.million_dollars()


def test_logs_count_where_the_template_has_them(full: Built, http: Built) -> None:
    """Access logs of either API, and metrics, which are lines of the log."""
    for built, api in ((full, _costs.REST_MILLION), (http, _costs.HTTP_MILLION)):
        design = _read(built)
        assert design.api is api
        assert 500 < design.log_bytes < 1500
        assert _costs.bill(design, WORK).logs == design.log_bytes / 1000 * 0.50


def test_refuses_what_it_has_no_price_for(minimal: Built) -> None:
    template = json.loads(json.dumps(minimal.template.to_json()))
    function = template["Resources"]["TrackerFunction5513E925"]
    function["Properties"]["Architectures"] = ["x86_64"]

    with pytest.raises(ValueError, match=r"no price for .*x86_64"):
        costs.read(template)


def test_the_table_has_every_delivery_on_every_api_beside_the_original() -> None:
    found = costs.table(_costs.Work())

    assert list(found) == [
        "for comparison: REST, an object an event, no batches",
        "REST, DIRECT",
        "REST, BUFFERED",
        "HTTP, DIRECT",
        "HTTP, BUFFERED",
    ]
    original = found.pop("for comparison: REST, an object an event, no batches")
    for bills in found.values():
        assert list(bills) == [1, 10, 25, 500]
        for events, bill in bills.items():
            assert bill.total < original[events].total


def test_an_idle_month_counts_what_the_template_has(full: Built) -> None:
    month = costs.idle_month(dict(full.template.to_json()))

    assert month["`enable_metrics`: 1 dashboard"] == 3.00
    assert month["`alarm_topic`: 9 alarms"] == pytest.approx(0.90)
    template = costs.template(Delivery.DIRECT, TrackerApi.http())
    assert costs.idle_month(template)["`alarm_topic`: 0 alarms"] == 0


@pytest.mark.parametrize("delivery", Delivery)
def test_the_metrics_that_are_counted_are_those_that_the_functions_write(
    delivery: Delivery,
) -> None:
    """For an event of no tenant, and then for one of each of two tenants more."""
    buffered = delivery is Delivery.BUFFERED
    tenants = {name: Tenant(name, f"{name}-private") for name in ("a", "b")}
    settings = SETTINGS._replace(buffered=buffered, tenants=tenants)
    tracker = Tracker(settings, queued=True)
    counted = len(costs.COUNTED[delivery])

    for index, sent in enumerate(
        [event_of(), *(event_of(tenant=name, bucket=None) for name in tenants)], 1
    ):
        assert tracker.send(rest(sent))["statusCode"] == (202 if buffered else 200)
        if buffered:
            assert tracker.write() == []
            tracker.queue.bodies.clear()
        assert len(_metrics(tracker)) == counted * index

    assert {name for *_, name in _metrics(tracker)} == set(costs.COUNTED[delivery])


def _metrics(tracker: Tracker) -> set[tuple[str, ...]]:
    """Return what CloudWatch has a metric of: dimensions' values, and a name."""
    return {
        (*(document[dimension] for dimension in dimensions), metric["Name"])
        for document in tracker.metrics
        for told in document["_aws"]["CloudWatchMetrics"]
        for dimensions in told["Dimensions"]
        for metric in told["Metrics"]
    }


def test_what_a_month_costs_has_the_price_of_metrics() -> None:
    assert (
        "costs $0.30 a month as well. A month with events has 2 at least, with "
        "`BUFFERED` 3, and as many more for each tenant" in costs.tables()
    )


def test_the_command_prints_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert costs.main(["--json", "--per-second", "20"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["priced"] == _costs.PRICED
    assert document["work"]["per_second"] == 20
    assert document["prices"]["PUT_MILLION"]["dollars"] == 5.00

    assert costs.main([]) == 0
    table = capsys.readouterr().out
    assert "| REST, DIRECT | 8.93 |" in table
    assert "10.18 to 5.50" in table

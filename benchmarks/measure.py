"""Measures all contenders in turns, and makes figures and ratios of what they took."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import processes, verify
from .certificates import Certificates
from .contenders import BOTO3, BUFFERED
from .processes import Cold, Plan, Warm
from .scenarios import Scenario
from .stand_in import StandIn, Taken

#: Told what is being done.
Tell = Callable[[str], None]


class Bench(NamedTuple):
    """Where contenders run."""

    stand_in: StandIn
    certificates: Certificates
    tell: Tell


def warm(
    bench: Bench, scenarios: Sequence[Scenario], rounds: int
) -> list[dict[str, Any]]:
    """Run each scenario once a round, all of them in turns.

    A slow spell of the machine hits neighbours alike, so ratios are taken within a
    round, and their median is reported.

    Raises:
        FailedError: If a handler refuses what is right.
        WrongError: If what it stored is not what it was sent.
    """
    runs: dict[int, list[Warm]] = defaultdict(list)
    taken: dict[int, Taken] = {}
    for number in range(rounds):
        for index, scenario in enumerate(scenarios):
            bench.tell(f"round {number + 1} of {rounds}: {_title(scenario)}")
            bench.stand_in.take()
            run = processes.warm(
                scenario.contender, scenario.plan, bench.stand_in, bench.certificates
            )
            taken[index] = bench.stand_in.take()
            _verify(scenario, taken[index])
            runs[index].append(run)
    base = next(
        (
            [run.cpu_us for run in runs[index]]
            for index, scenario in enumerate(scenarios)
            if scenario.contender.name == BOTO3 and scenario.kind == "single"
        ),
        None,
    )
    return [
        _figures(scenario, runs[index], taken[index], base)
        for index, scenario in enumerate(scenarios)
    ]


def cold(
    bench: Bench, scenarios: Sequence[Scenario], rounds: int
) -> list[dict[str, Any]]:
    """Start each scenario's contender anew once a round, all of them in turns."""
    runs: dict[str, list[Cold]] = defaultdict(list)
    # The first start of each is not counted: files are read from the disk, and peers
    # write their bytecode.
    for number in range(rounds + 1):
        bench.tell(f"cold starts, {number} of {rounds}")
        for scenario in scenarios:
            plan = Plan(scenario.plan.requests, 1, 1, scenario.plan.per_invocation)
            bench.stand_in.take()
            run = processes.cold(
                scenario.contender, plan, bench.stand_in, bench.certificates
            )
            first = scenario.sent[: round(plan.per_invocation)]
            _verify(scenario._replace(sent=first), bench.stand_in.take())
            if number:
                runs[scenario.contender.name].append(run)
    return [
        {
            "contender": scenario.contender.name,
            "label": scenario.contender.label,
            "wall_ms": round(statistics.median(run.wall_ms for run in some), 1),
            "cpu_ms": round(statistics.median(run.cpu_ms for run in some), 1),
            "runs_ms": [round(run.wall_ms, 1) for run in some],
        }
        for scenario in scenarios
        for some in [runs[scenario.contender.name]]
    ]


def _verify(scenario: Scenario, taken: Taken) -> None:
    if scenario.contender.name == BUFFERED:
        verify.queued(taken, scenario.sent)
    elif scenario.contender.stores:
        verify.stored(taken, scenario.sent)


def _figures(
    scenario: Scenario, runs: Sequence[Warm], taken: Taken, base: list[float] | None
) -> dict[str, Any]:
    cpu = [run.cpu_us for run in runs]
    events = len(scenario.sent)
    bodies = taken.stored_bytes + sum(map(len, taken.messages))
    figures = {
        "contender": scenario.contender.name,
        "label": scenario.contender.label,
        "kind": scenario.kind,
        "events_per_request": scenario.per_request,
        "events_per_invocation": round(events / scenario.invocations, 1),
        "cpu_us": round(statistics.median(cpu), 2),
        "mean_cpu_us": round(statistics.median(run.mean_cpu_us for run in runs), 2),
        "wall_us": round(statistics.median(run.wall_us for run in runs), 2),
        "rss_mb": round(statistics.median(run.rss_mb for run in runs), 1),
        "bytes_per_event": round(bodies / events, 1),
        "writes_per_event": round(
            (len(taken.objects) + len(taken.messages)) / events, 5
        ),
        "runs_us": [round(value, 2) for value in cpu],
    }
    if base is not None and scenario.contender.stores:
        ratios = [one / other for one, other in zip(cpu, base, strict=True)]
        figures["of_boto3"] = round(statistics.median(ratios), 5)
    return figures


def _title(scenario: Scenario) -> str:
    what = "message" if scenario.kind == "writer" else "request"
    return f"{scenario.contender.label}, {scenario.per_request} events a {what}"

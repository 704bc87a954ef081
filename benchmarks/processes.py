"""One run of one handler: a process of its own, and what it noted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from . import processors
from .certificates import Certificates
from .contenders import ACCOUNT, REGION, Contender
from .stand_in import StandIn

_HERE = Path(__file__).parent
# The interpreter itself, not a virtual environment's.
_PYTHON = getattr(sys, "_base_executable", sys.executable)


class Plan(NamedTuple):
    """What a process does."""

    requests: Path
    """A file of invocations, one a line."""
    warm_up: int
    """Invocations that come first and are not measured."""
    chunk: int
    """Invocations that are measured together."""
    per_invocation: float
    """Events that an invocation carries."""


class Warm(NamedTuple):
    """What a warm run took, less what Lambda's own work takes."""

    cpu_us: float
    """Processor time per event: the tenth percentile of the chunks.

    Others on the machine only ever add to it.
    """
    mean_cpu_us: float
    """The mean of all chunks."""
    wall_us: float
    """Time on the clock per event, the tenth percentile too."""
    rss_mb: float


class Cold(NamedTuple):
    """What a fresh process took until its first event was answered."""

    wall_ms: float
    cpu_ms: float


class FailedError(Exception):
    """A handler refused what is right, or did not answer at all."""


def warm(
    contender: Contender, plan: Plan, stand_in: StandIn, certificates: Certificates
) -> Warm:
    """Run all of a plan's invocations in one process.

    Raises:
        FailedError: If an answer is no success.
    """
    result, _ = _run("warm", contender, plan, stand_in, certificates)
    each = plan.chunk * plan.per_invocation * 1000
    # The last chunk may be shorter than the others.
    chunks, bare = (result[name][:-1] or result[name] for name in ("chunks", "bare"))

    def per_event(which: int) -> float:
        return (_low(c[which] for c in chunks) - _low(c[which] for c in bare)) / each

    means = [sum(c[0] for c in some) / len(some) for some in (chunks, bare)]
    return Warm(
        per_event(0),
        (means[0] - means[1]) / each,
        per_event(1),
        result["rss_kib"] / 1024,
    )


def cold(
    contender: Contender, plan: Plan, stand_in: StandIn, certificates: Certificates
) -> Cold:
    """Start a process and send it one invocation.

    Raises:
        FailedError: If the answer is no success.
    """
    result, seconds = _run("cold", contender, plan, stand_in, certificates)
    return Cold(seconds * 1000, result["cold_cpu_ms"])


def environment(
    contender: Contender, stand_in: StandIn, certificates: Certificates
) -> dict[str, str]:
    """Return what Lambda and the construct would set, with the stand-in for AWS."""
    found = {
        "PATH": os.environ["PATH"],
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        # A role's token is long, and it is signed and sent with each request.
        "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjE".ljust(900, "A"),
        "AWS_LAMBDA_FUNCTION_NAME": "analytics-tracker",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "AWS_ACCOUNT_ID": ACCOUNT,
        **contender.environment,
    }
    if not contender.compiled:
        # Lambda's folder of code cannot be written to either.
        found["PYTHONDONTWRITEBYTECODE"] = "1"
    if contender.real_names:
        found["BENCHMARK_PORT"] = str(stand_in.port)
        return found
    authority = certificates.authority
    if contender.own_bundle:
        authority = authority.with_name("bundle.pem")
        if not authority.exists():
            own = contender.own_bundle.read_text()
            authority.write_text(own + certificates.authority.read_text())
    found["AWS_CA_BUNDLE"] = str(authority)
    found["NODE_EXTRA_CA_CERTS"] = str(authority)
    for service in ("", "_S3", "_SQS"):
        found[f"AWS_ENDPOINT_URL{service}"] = stand_in.url
    return found


def _run(
    mode: str,
    contender: Contender,
    plan: Plan,
    stand_in: StandIn,
    certificates: Certificates,
) -> tuple[dict[str, Any], float]:
    numbers = [str(plan.requests), str(plan.warm_up), str(plan.chunk)]
    if contender.node:
        command = ["node", str(_HERE / "worker.mjs"), mode, contender.target, *numbers]
    else:
        # Without this interpreter's own packages: a function brings its own.
        command = [_PYTHON, "-S", "-s", str(_HERE / "worker.py"), mode]
        command += [contender.target, *numbers, *map(str, contender.folders)]
    variables = environment(contender, stand_in, certificates)
    with processors.first():
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    seconds = time.perf_counter() - began
    errors = process.communicate()[1]
    if not line:
        raise FailedError(f"{contender.name} did not answer: {errors[-2000:]}")
    result = json.loads(line)
    if result["wrong"]:
        raise FailedError(
            f"{contender.name} refused {result['wrong']} invocations: "
            f"{result['first_wrong']} {errors[-2000:]}"
        )
    return result, seconds


def _low(values: Iterable[int]) -> int:
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 10]

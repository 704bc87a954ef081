"""Measures the ingest path beside its peers: `python -m benchmarks.ingest`.

Every handler runs in a process of its own against a stand-in for S3 and SQS on the
loopback, behind TLS with a certificate of S3's kind. All get the same events, and what
was stored is compared with what was sent after every run. The peers are put in place by
`python -m benchmarks.install`; those that are missing are left out.

* CPU per event: user and system time of the whole process, warm, less the reading of
  the invocation's JSON, which is Lambda's work; the tenth percentile of chunks, then
  the median of the rounds. Ratios are taken within a round.
* Cold start: from the start of a fresh process to its first answer. Nothing of Lambda's
  own runtime is loaded, which every handler would share. Python's handlers find their
  bytecode; two more lines show the tracker and boto3 without, as the CDK's zip leaves
  them: it dates all files 1980, which makes bytecode invalid. Handlers trust one
  authority, the stand-in's; two more lines show boto3 with its own bundle, and the
  tracker with the code path of a deployment: S3's host names, and the roots that it
  carries, to which the stand-in's is added in a copy.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from analytics_tracker_construct._handler import FOLDER

from . import certificates, contenders, facts, load, measure, report
from .contenders import Contender
from .measure import Bench, Tell
from .scenarios import BATCH, FULL_SIZES, QUICK_SIZES, Maker, Scenario, Sizes
from .stand_in import StandIn

RESULTS = Path(__file__).with_name("results.json")
ROUNDS, STARTS = 5, 15
#: Those whose cold start alone is of interest.
_COLD_ONLY = (
    contenders.ROOTS,
    contenders.BOTO3_ROOTS,
    contenders.SOURCES,
    contenders.BOTO3_SOURCES,
)
#: Those of which only the warm runs are.
_WARM_ONLY = (contenders.GZIP, contenders.BARE)


def run(
    sizes: Sizes,
    rounds: int,
    starts: int,
    *,
    source: Path = FOLDER,
    packages: Path = contenders.PYTHON_PEERS,
    only: Sequence[str] = (),
    tell: Tell = lambda _: None,
) -> report.Results:
    """Measure, and return the results.

    Args:
        sizes: How much each run does.
        rounds: Warm runs of each contender.
        starts: Cold starts of each contender.
        source: The function's modules.
        packages: Where the Python peers' packages are.
        only: Names of the contenders to measure.
            Default: all.
        tell: Told what is being done.

    Raises:
        FailedError: If a handler refuses what is right.
        WrongError: If what it stored is not what it was sent.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tls").mkdir()
        certified = certificates.make(folder / "tls")
        every = _contenders(folder, source, packages, certified.authority)
        if only:
            every = [one for one in every if one.name in only]
        with StandIn(certified) as stand_in:
            bench = Bench(stand_in, certified, tell)
            tell("making requests and messages")
            warm, cold = _scenarios(bench, Maker(folder, sizes), every)
            return {
                "date": load.now().date().isoformat(),
                "machine": facts.machine(),
                "versions": facts.versions(),
                "rounds": rounds,
                "starts": starts,
                "warm": measure.warm(bench, warm, rounds),
                "cold": measure.cold(bench, cold, starts),
            }


def _contenders(
    folder: Path, source: Path, packages: Path, authority: Path
) -> list[Contender]:
    function = contenders.copy_function(folder / "function", source)
    rooted = contenders.copy_function(folder / "rooted", source)
    contenders.trust_authority(rooted, authority)
    peers = contenders.peers(packages)
    variants = [
        variant
        for peer in peers
        if peer.name == contenders.BOTO3
        for variant in (
            contenders.with_own_bundle(peer),
            contenders.as_sources(peer, contenders.BOTO3_SOURCES, folder / "peer"),
        )
    ]
    ours = contenders.ours(function)
    return [
        *peers,
        *ours,
        contenders.with_amazon_roots(rooted),
        contenders.as_sources(ours[0], contenders.SOURCES, folder / "sources"),
        *variants,
    ]


def _scenarios(
    bench: Bench, maker: Maker, every: Sequence[Contender]
) -> tuple[list[Scenario], list[Scenario]]:
    """Return the scenarios of warm runs and those of cold starts."""
    named = {contender.name: contender for contender in every}
    writer = named.pop(contenders.WRITER, None)
    single = {name: maker.requests(one, 1) for name, one in named.items()}
    cold = [one for name, one in single.items() if name not in _WARM_ONLY]
    warm = [
        one
        for name, one in single.items()
        if name not in (*_COLD_ONLY, contenders.GZIP)
    ]
    warm += [
        maker.requests(one, BATCH)
        for name, one in named.items()
        if name not in (*_COLD_ONLY, contenders.EMPTY, contenders.BARE)
    ]
    buffered = named.get(contenders.BUFFERED)
    if writer and buffered:
        warm += [
            maker.deliveries(buffered, writer, size, bench.stand_in, bench.certificates)
            for size in (1, BATCH)
        ]
    return warm, cold


def main() -> int:
    """Measure and report; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="does it run at all?")
    parser.add_argument("--rounds", type=int, help=f"warm runs; default: {ROUNDS}")
    parser.add_argument("--starts", type=int, help=f"cold starts; default: {STARTS}")
    parser.add_argument("--only", nargs="+", default=(), metavar="CONTENDER")
    parser.add_argument("--source", type=Path, default=FOLDER, help="other modules")
    parser.add_argument("--out", type=Path, help="default: benchmarks/results.json")
    options = parser.parse_args()
    partial = options.quick or options.only or options.source != FOLDER
    out = options.out or (None if partial else RESULTS)
    results = run(
        QUICK_SIZES if options.quick else FULL_SIZES,
        options.rounds or (1 if options.quick else ROUNDS),
        options.starts or (1 if options.quick else STARTS),
        source=options.source,
        only=options.only,
        tell=lambda text: print(text, file=sys.stderr, flush=True),
    )
    if out:
        out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    print(report.conditions(results))
    for name, table in report.tables(results).items():
        print(f"\n{name}\n\n{table}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

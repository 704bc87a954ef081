"""One stand-in for the session, and one quick run of the whole harness."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from benchmarks import certificates, contenders, ingest, report
from benchmarks.measure import Bench
from benchmarks.scenarios import QUICK_SIZES
from benchmarks.stand_in import StandIn

#: The contenders that need nothing but what the tests are run with.
HERE = (
    contenders.EMPTY,
    contenders.BARE,
    contenders.BOTO3,
    contenders.GZIP,
    contenders.OURS,
    contenders.BUFFERED,
    contenders.WRITER,
    contenders.ROOTS,
    contenders.BOTO3_ROOTS,
)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A running stand-in."""
    certified = certificates.make(tmp_path_factory.mktemp("tls"))
    with StandIn(certified) as stand_in:
        yield Bench(stand_in, certified, lambda _: None)


@pytest.fixture(scope="session")
def results() -> report.Results:
    """What a quick run of the whole harness finds."""
    packages = Path(boto3.__file__).parents[1]
    return ingest.run(QUICK_SIZES, 1, 1, packages=packages, only=HERE)

"""Commands whose output nobody reads to its end, as with `| head`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from .cloud import Cloud, letter, started
from .deployed import Deployed
from .running import COMMAND


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


@contextmanager
def _closed() -> Iterator[int]:
    """Yield the end to write to of a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


def _unread(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run a command that nobody reads; return its status and what it complains of."""
    with _closed() as stdout:
        done = subprocess.run(
            [*COMMAND, *arguments],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            timeout=60,
            check=False,
        )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("key",),
        ("openapi",),
        ("sql", "list"),
        ("sql", "show", "daily-page-views"),
        ("sql", "setup", "--bucket", "old-analytics", "--table", "old_events"),
    ],
    ids=" ".join,
)
def test_a_reader_that_has_gone_is_no_error(arguments: tuple[str, ...]) -> None:
    assert _unread(*arguments) == (0, "")


@pytest.mark.parametrize("form", ["table", "parquet"])
def test_an_answer_that_nobody_reads_is_no_error(data: Path, form: str) -> None:
    asked = ("query", "SELECT 1 AS x", "--local", "--data", str(data))

    assert _unread(*asked, "--format", form) == (0, "")


@pytest.mark.parametrize("form", ["text", "json"])
def test_doctor_ends_with_the_status_of_what_it_found(cloud: Cloud, form: str) -> None:
    """Whoever reads no more of it may still ask for the status."""
    well, ill = Deployed(cloud), Deployed(cloud)
    cloud.client("s3").delete_bucket(Bucket=ill.shop)
    told = {}
    for tracker in (well, ill):
        asked = ("doctor", "--function", tracker.function, "--format", form)
        told[tracker] = _unread(*asked, **cloud.environment)

    assert told == {well: (0, ""), ill: (1, "")}


@pytest.mark.parametrize("form", ["text", "json"])
def test_replay_moves_all_though_nobody_reads(cloud: Cloud, form: str) -> None:
    queues = cloud.queues()
    bodies = [letter("shop-1", "shop", size=100) for _ in range(30)]
    queues.bury(*bodies)

    with _closed() as nobody:
        done = subprocess.run(
            [*COMMAND, "replay", "--queue", queues.main, "--format", form],
            stdout=nobody,
            stderr=nobody,
            env={**os.environ, **cloud.environment},
            timeout=60,
            check=False,
        )

    assert done.returncode == 0
    assert len(queues.waiting()) == len(bodies)


def test_dev_serves_though_nobody_ever_read(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with (
        _closed() as nobody,
        subprocess.Popen(
            [*COMMAND, "dev", "--port", port, "--data", str(tmp_path)],
            stdout=nobody,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr is not None
        status = _answer(f"http://127.0.0.1:{port}/openapi.json", process)
        # It says where it listens a moment after it does.
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert (process.wait(20), process.stderr.read(), status) == (0, "", 200)


def _answer(url: str, process: subprocess.Popen[str]) -> int | None:
    """Return the status of the first answer; None where the process ends before."""
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(url, timeout=10) as got:
            return int(got.status)
        time.sleep(0.05)
    return None


@pytest.mark.parametrize(
    "command", [("key",), ("openapi",), ("sql", "list"), ("dev", "--port", "0")]
)
def test_no_output_at_all_is_a_clear_error(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    """As after `>&-`."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, *command],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.endswith("standard output is closed\n")
    assert "Traceback" not in done.stderr


def test_an_error_that_nobody_reads_keeps_its_status() -> None:
    with _closed() as nobody:
        done = subprocess.run(
            [*COMMAND, "sql", "show", "no-such-query"],
            stdout=subprocess.DEVNULL,
            stderr=nobody,
            timeout=60,
            check=False,
        )

    assert done.returncode == 2

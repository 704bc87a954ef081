"""`analytics-tracker query` and the streams and signals of its process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analytics_tracker_construct.cli import _output

from .running import COMMAND, query, run


def test_reads_the_query_from_standard_input(data: Path) -> None:
    done = run(
        "query", "-", "--local", "--data", str(data), "--format", "csv",
        given="SELECT count(*) AS n\nFROM all_events",
    )  # fmt: skip  # one argument a line hides the command

    assert done.stdout == "n\n3\n"


@pytest.mark.parametrize("delay", [0, 0.15, 0.5, 2.5])
def test_an_interrupt_ends_any_query_within_seconds(data: Path, delay: float) -> None:
    """While it starts, plans and runs; this one would take hours."""
    sql = "SELECT sum(a.range * b.range) FROM range(100000000) a, range(1000) b"
    command = [*COMMAND, "query", "-", "--local", "--data", str(data)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        # More than a pipe holds: once it is written, the command is up and reads.
        process.stdin.write(f"{sql} -- {'x' * 500_000}")
        process.stdin.close()
        time.sleep(delay)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        try:
            status = process.wait(10)
        finally:
            process.kill()
        took = time.monotonic() - sent
        assert process.stdout is not None
        assert process.stderr is not None
        assert (process.stdout.read(), process.stderr.read()) == ("", "")

    assert status == 130
    # A second is what the query has to end by itself, the rest is a slow machine's.
    assert took < 9


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_interrupt_leaves_no_part_of_a_file(
    data: Path, tmp_path: Path, form: str, sent: signal.Signals, status: int
) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    sql = "SELECT range AS a, hash(range) AS b FROM range(2000000000)"
    with subprocess.Popen(
        [
            *COMMAND, "query", sql, "--local", "--data", str(data), "--format", form,
            "--output", str(folder / "answer"),
        ],
        stderr=subprocess.PIPE,
    ) as process:  # fmt: skip  # one argument a line hides the command
        ends = time.monotonic() + 30
        # It is being written to.
        while not any(part.stat().st_size for part in folder.iterdir()):
            assert time.monotonic() < ends
            time.sleep(0.05)
        process.send_signal(sent)
        assert process.wait(20) == status

    assert list(folder.iterdir()) == []


def test_what_cannot_end_in_time_is_removed_by_who_ends_it(tmp_path: Path) -> None:
    """As of a reader of S3 that waits for its next byte, in whatever form."""
    path = tmp_path / "answer"
    path.mkdir()
    part = path / "part"
    code = f"""
import pathlib, time
from analytics_tracker_construct.cli import _interrupt, _target

def work():
    with _target._complete(pathlib.Path({str(part)!r})) as file:
        file.write_text("half")
        print("begun", flush=True)
        time.sleep(60)

_interrupt.interruptible(work, lambda: None, discard=_target.discard)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert len(list(path.iterdir())) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130

    assert list(path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="TMPDIR is Unix's")
def test_an_interrupt_leaves_no_temporary_folder(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    sql = "SELECT range AS a, hash(range) AS b FROM range(2000000000)"
    with subprocess.Popen(
        [
            *COMMAND, "query", sql, "--local", "--data", str(data),
            "--format", "parquet",
        ],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(folder)},
    ) as process:  # fmt: skip  # one argument a line hides the command
        ends = time.monotonic() + 30
        while not list(folder.glob("*/*")):
            assert time.monotonic() < ends
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("form", _output.FORMATS)
def test_prints_what_its_stream_lacks_as_escapes(data: Path, form: str) -> None:
    sql = "SELECT 'é' AS x"
    done = run(
        "query", sql, "--local", "--data", str(data), "--format", form,
        PYTHONIOENCODING="ascii",
    )  # fmt: skip  # one argument a line hides the command

    assert (done.returncode, done.stderr) == (0, "")
    if form == "json":
        assert json.loads(done.stdout) == [{"x": "é"}]
    else:
        assert r"\xe9" in done.stdout


_PLAIN_C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("given", ["", "SELECT 'é' AS x"])
def test_reads_the_query_as_utf_8_in_any_locale(data: Path, given: str) -> None:
    done = run(
        "query", "-" if given else "SELECT 'é' AS x", "--local", "--data", str(data),
        "--format", "json", given=given, **_PLAIN_C,
    )  # fmt: skip  # one argument a line hides the command

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [{"x": "é"}]


def test_reads_values_as_utf_8_in_any_locale(data: Path) -> None:
    done = run(
        "query", "SELECT $x AS x", "--param", "x=é", "--local", "--data", str(data),
        "--format", "json", **_PLAIN_C,
    )  # fmt: skip  # one argument a line hides the command

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [{"x": "é"}]


@pytest.mark.skipif(os.name == "nt", reason="its shell closes no stream")
def test_a_query_from_a_closed_stream_is_an_error(data: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *COMMAND, "query", "-", "--local"],
        cwd=data, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip  # one argument a line hides the command

    assert done.returncode == 1
    assert done.stderr == (
        "analytics-tracker: cannot read the query: standard input is closed\n"
    )


def test_a_query_that_is_no_utf_8_is_an_error(data: Path) -> None:
    done = query(data, "SELECT '\udce9'")

    assert done.returncode == 2
    assert done.stderr == "analytics-tracker: the query is not UTF-8 text\n"


@pytest.mark.parametrize("form", _output.FORMATS)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a full device")
def test_an_answer_that_cannot_be_written_is_an_error(data: Path, form: str) -> None:
    command = [*COMMAND, "query", "SELECT 1", "--local", "--data", str(data)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, "--format", form],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr == (
        "analytics-tracker: cannot write the answer: No space left on device\n"
    )


@pytest.mark.parametrize("form", _output.FORMATS)
def test_a_reader_that_has_enough_is_no_error(data: Path, form: str) -> None:
    """As with `| head`: the rows go on for minutes, the reader does not."""
    sql = "SELECT range, repeat('x', 90) FROM range(50000000)"
    command = [*COMMAND, "query", sql, "--local", "--data", str(data), "--format", form]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0

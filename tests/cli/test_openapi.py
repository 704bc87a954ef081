"""`analytics-tracker openapi`, as its user meets it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from analytics_tracker_construct._openapi import document

from .running import COMMAND, run


def test_prints_the_description() -> None:
    done = run("openapi")

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == document.describe()


def test_names_the_server_that_it_is_told() -> None:
    done = run("openapi", "--server", "https://a.example/prod/")

    assert json.loads(done.stdout)["servers"] == [{"url": "https://a.example/prod"}]


@pytest.mark.parametrize("server", ["a.example", "ftp://a.example", "https://a b", ""])
def test_refuses_what_is_no_server(server: str) -> None:
    done = run("openapi", "--server", server)

    assert (done.returncode, done.stdout) == (2, "")
    assert "is not a URL" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a full device")
def test_a_description_that_cannot_be_written_is_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "openapi"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert "cannot write the description: No space left" in done.stderr
    assert "Traceback" not in done.stderr

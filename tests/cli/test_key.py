"""`analytics-tracker key`: what it prints is what the tracker takes."""

from __future__ import annotations

import re
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from analytics_tracker_construct import WriteKey
from analytics_tracker_construct._handler import write_keys

from .running import COMMAND, inside


def printed(*options: str) -> dict[str, str]:
    done = inside("key", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


def made(python: str) -> WriteKey:
    """The key that the line to paste makes."""
    found: WriteKey = eval(python, {"WriteKey": WriteKey})
    return found


def test_a_public_key_comes_with_the_line_to_paste() -> None:
    lines = printed()

    assert list(lines) == ["key", "python"]
    assert re.fullmatch("atp_[0-9a-f]{32}", lines["key"])
    assert made(lines["python"]) == WriteKey.public(lines["key"])


def test_of_a_secret_key_the_line_to_paste_has_the_hash_alone() -> None:
    lines = printed("--secret")

    assert list(lines) == ["key", "sha256", "python"]
    assert re.fullmatch("ats_[0-9a-f]{32}", lines["key"])
    assert lines["sha256"] == sha256(lines["key"].encode()).hexdigest()
    assert lines["key"] not in lines["python"]
    key = made(lines["python"])
    assert key == WriteKey.secret(sha256=lines["sha256"])
    # And so it is the one that the function compares.
    digest = bytes.fromhex(lines["sha256"])[:16]
    assert write_keys.digest(lines["key"]) == digest


@pytest.mark.parametrize("options", [(), ("--secret",)])
def test_no_two_keys_are_the_same(options: tuple[str, ...]) -> None:
    keys = {printed(*options)["key"] for _ in range(50)}

    assert len(keys) == 50


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a full device")
def test_a_key_that_cannot_be_shown_is_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "key"], stdout=full, stderr=-1, text=True, check=False
        )

    assert done.returncode == 1
    assert "cannot write: No space left" in done.stderr

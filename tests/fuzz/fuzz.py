"""Fuzz the function, guided by what each input covers: `make fuzz SECONDS=600`.

It begins with the kept corpus and adds each input that covers something new.
An input that breaks a promise is written to the folder `fuzz-findings` and printed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from handler import fields

from . import corpus
from .oracle import PUBLIC, SECRET
from .script import METHODS, WORDS

FINDINGS = Path("fuzz-findings")
#: Bytes of an input; larger ones are in the tests, by hand.
INPUT_BYTES = 2048


def main(seconds: int) -> int:
    """Run the fuzzer and keep what it found; return the exit status."""
    FINDINGS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        grown, words = Path(scratch, "grown"), Path(scratch, "words")
        grown.mkdir()
        for number, raw in enumerate(corpus.load()):
            Path(grown, f"kept-{number}").write_bytes(raw)
        words.write_text(_dictionary())
        # A process of its own, since libFuzzer ends the one that it runs in.
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.target",
            str(grown),
            f"-max_total_time={seconds}",
            f"-max_len={INPUT_BYTES}",
            f"-dict={words}",
            f"-artifact_prefix={FINDINGS}/",
            "-timeout=20",
            "-rss_limit_mb=2048",
        ]
        status = subprocess.run(command, check=False).returncode
        count = corpus.save(path.read_bytes() for path in grown.iterdir())
    sys.stdout.write(f"the corpus has {count} inputs\n")
    return status


def _dictionary() -> str:
    words = [
        *(f'"{name}":' for name in sorted(fields.FIELDS)),
        *WORDS,
        *METHODS,
        *("/track", "/pixel.gif", '"events":[{', "website-analytics", "data-lake"),
        *("/lane/track", "/lane/pixel.gif", '"lane"', '"vault"', PUBLIC, SECRET),
        *("Authorization: Bearer ", "Sec-Fetch-Site: none"),
        *("\\ud800", "NaN", "1e999", "2026-03-04T12:00:00.000Z", "+05:30", "},{"),
        *("User-Agent:", "Origin:", "Sec-GPC: 1", "DNT: 1", "Content-Encoding: gzip"),
    ]
    escaped = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "".join(f'"{word}"\n' for word in escaped)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))

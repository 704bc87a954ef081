"""Measure how well and how fast user agents are classified, on a file of labelled ones.

Each line of the file, plain or gzipped, is one JSON object:

    {"user_agent": "Mozilla/5.0 ...", "is_bot": false, "device_type": "mobile",
     "browser": "Chrome Mobile", "os": "Android"}

`device_type`, `browser` and `os` may be null and are not read for bots. Other members
are ignored. A line is held out if the SHA-256 of its user agent is divisible by five:
nobody read such lines, or the mistakes made on them, while the rules were written.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from handler.device import classify  # noqa: E402 - a script finds it by the line above
from handler.limits import TEXT_CHARS  # noqa: E402 - likewise

ROUNDS = 9
TOP_BROWSERS = 20

#: Variants of one browser that labels tell apart and the classifier does not.
BROWSERS = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Webview": "Chrome",
    "Firefox Mobile": "Firefox",
    "Firefox Mobile iOS": "Firefox",
    "Huawei Browser Mobile": "Huawei Browser",
    "IE Mobile": "Internet Explorer",
    "Mobile Safari": "Safari",
    "Mobile Silk": "Silk",
    "Opera Mini iOS": "Opera Mini",
    "Opera Mobile": "Opera",
}

#: Other spellings, editions and distributions of one system.
SYSTEMS = {
    "Chrome OS": "ChromeOS",
    "Haiku OS": "Haiku",
    "HarmonyOS NEXT": "HarmonyOS",
    "Mac": "macOS",
    "Symbian OS": "Symbian",
    "Symbian OS Series 40": "Symbian",
    "Symbian OS Series 60": "Symbian",
    "Symbian^3": "Symbian",
    "Windows RT": "Windows",
    "palmOS": "Palm OS",
    **dict.fromkeys(
        (
            "CyanogenMod",
            "Fire OS",
            "Lineage OS",
            "MildWild",
            "MocorDroid",
            "MyOS",
            "Resurrection Remix OS",
            "Sirin OS",
            "Smartisan OS",
            "YunOS",
        ),
        "Android",
    ),
    **dict.fromkeys(
        (
            "Arch Linux",
            "CentOS",
            "Debian",
            "Fedora",
            "GNU/Linux",
            "Gentoo",
            "Kubuntu",
            "Lubuntu",
            "Mandriva",
            "Mint",
            "Ordissimo",
            "Red Hat",
            "SUSE",
            "Sabayon",
            "Slackware",
            "Ubuntu",
            "Xubuntu",
        ),
        "Linux",
    ),
}

#: An event as a browser sends it: what parsing is compared with.
EVENT = {
    "tenant": "shop",
    "eventType": "page_view",
    "eventId": "3f0c6a52-4d0e-4d0b-9a3e-0d5f4a0f9a11",
    "timestamp": "2026-03-01T12:34:56.789Z",
    "page": "https://shop.example/products/blue-widget?utm_source=newsletter",
    "referrer": "https://www.example/search?q=blue+widget",
    "sessionId": "s-1f0c6a524d0e4d0b",
    "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "viewport": {"width": 1440, "height": 900},
    "metadata": {
        "product": "blue-widget",
        "price": 19.9,
        "currency": "EUR",
        "tags": ["new", "sale"],
        "experiment": {"name": "button", "arm": "b"},
        "loggedIn": True,
    },
}


class Labelled(NamedTuple):
    """One line of the file: a user agent and what it is known to be."""

    user_agent: str
    is_bot: bool
    device_type: str | None
    browser: str | None
    os: str | None


class Share(NamedTuple):
    """How many of a number of lines have some property."""

    hits: int
    total: int

    def __str__(self) -> str:
        """Return the share in per cent, or that there was nothing to measure."""
        if not self.total:
            return "     -  "
        return f"{100 * self.hits / self.total:6.2f} %"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of one file and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="FILE.jsonl or FILE.jsonl.gz")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--held-out-only",
        action="store_true",
        help="measure the held-out fifth (the default)",
    )
    which.add_argument("--all", action="store_true", help="measure every line")
    options = parser.parse_args(arguments)
    try:
        lines = list(read(options.file))
    except (OSError, EOFError, ValueError) as error:
        print(f"{parser.prog}: {options.file}: {error}", file=sys.stderr)
        return 1
    chosen = lines if options.all else [line for line in lines if held_out(line)]
    if not chosen:
        print(
            f"{parser.prog}: {options.file}: no line to measure; a short file may "
            "need --all",
            file=sys.stderr,
        )
        return 1
    part = "every line" if options.all else "the held-out fifth"
    print(f"{len(chosen):,} of {len(lines):,} user agents: {part}")
    print_accuracy(chosen, frequent_browsers(lines))
    print_cost(chosen)
    print_import()
    return 0


def read(path: Path) -> Iterator[Labelled]:
    """Yield the lines of a file.

    Raises:
        ValueError: A line is not of the form.
        OSError: The file cannot be read.
    """
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        for number, text in enumerate(file, start=1):
            if text.strip():
                yield parse(text, number)


def parse(text: str, number: int) -> Labelled:
    """Return one line's labels.

    Raises:
        ValueError: The line is not of the form; the message names line and member.
    """
    try:
        row = json.loads(text)
    except ValueError as error:
        raise ValueError(f"line {number} is not JSON: {error}") from None
    problem = problem_of(row)
    if problem is not None:
        raise ValueError(f"line {number}: {problem}")
    return Labelled(*(row.get(name) for name in Labelled._fields))


def problem_of(row: object) -> str | None:
    """Return what is wrong with a parsed line, None for a line of the form."""
    if not isinstance(row, dict):
        return "not a JSON object"
    if not isinstance(row.get("user_agent"), str):
        return "`user_agent` must be a string"
    if not isinstance(row.get("is_bot"), bool):
        return "`is_bot` must be true or false"
    for name in ("device_type", "browser", "os"):
        if not isinstance(row.get(name), str | None):
            return f"`{name}` must be a string or null"
    return None


def held_out(line: Labelled) -> bool:
    """Return whether a line was kept away from those who made the rules."""
    return int(hashlib.sha256(line.user_agent.encode()).hexdigest(), 16) % 5 == 0


def frequent_browsers(lines: Sequence[Labelled]) -> frozenset[str]:
    """Return the browsers that most people in the whole file use, variants folded."""
    counts = Counter(
        BROWSERS.get(line.browser, line.browser)
        for line in lines
        if line.browser and not line.is_bot
    )
    return frozenset(name for name, _ in counts.most_common(TOP_BROWSERS))


def print_accuracy(lines: Sequence[Labelled], frequent: frozenset[str]) -> None:
    """Print which part of the answers equals the labels."""
    answers = [(line, classify(line.user_agent[:TEXT_CHARS])) for line in lines]
    people = [(line, found) for line, found in answers if not line.is_bot]
    bots = [found for line, found in answers if line.is_bot]
    forms = [line.device_type == found[0] for line, found in people]
    browsers = [
        BROWSERS.get(line.browser, line.browser) == found[1]
        for line, found in people
        if line.browser and BROWSERS.get(line.browser, line.browser) in frequent
    ]
    systems = [
        SYSTEMS.get(line.os, line.os) == found[2] for line, found in people if line.os
    ]
    found_bots = [found[3] for found in bots]
    called_bots = [found[3] for _, found in people]
    for name, hits, of in (
        ("device type", forms, "people"),
        ("browser", browsers, f"people with one of the {len(frequent)} most frequent"),
        ("operating system", systems, "people whose system is known"),
        ("bots found", found_bots, "bots"),
        ("people called bots", called_bots, "people"),
    ):
        print(f"  {name:<19}{Share(sum(hits), len(hits))}  of {len(hits):,} {of}")


def print_cost(lines: Sequence[Labelled]) -> None:
    """Print the time for one user agent, uncached, beside that for parsing an event."""
    texts = [line.user_agent[:TEXT_CHARS] for line in lines]
    event = json.dumps(EVENT)
    pairs = [
        (
            seconds_each(classify, texts),
            seconds_each(json.loads, [event] * len(texts)),
        )
        for _ in range(ROUNDS)
    ]
    ratio = statistics.median(ours / parsing for ours, parsing in pairs)
    ours = statistics.median(ours for ours, _ in pairs) * 1e6
    parsing = statistics.median(parsing for _, parsing in pairs) * 1e6
    print(
        f"  cost without cache {ratio:6.2f} x  json.loads of an event of {len(event)} "
        f"bytes ({ours:.1f} and {parsing:.1f} us, medians of {ROUNDS} rounds)"
    )


def seconds_each(function: Callable[[str], object], texts: Sequence[str]) -> float:
    """Return the seconds that one call takes on average."""
    begin = time.perf_counter()
    for text in texts:
        function(text)
    return (time.perf_counter() - begin) / len(texts)


def print_import() -> None:
    """Print what the import costs a fresh process, as source and as bytecode."""
    with tempfile.TemporaryDirectory() as folder:
        source = statistics.median(
            import_milliseconds(folder, "-B") for _ in range(ROUNDS)
        )
        import_milliseconds(folder)
        compiled = statistics.median(import_milliseconds(folder) for _ in range(ROUNDS))
    print(
        f"  import             {source:6.2f} ms from source, {compiled:.2f} ms from "
        "bytecode, in a fresh process"
    )


def import_milliseconds(cache: str, *flags: str) -> float:
    """Return what the modules take to import where the standard library is loaded.

    Args:
        cache: The folder that bytecode is read from and, without `-B`, written to.
        flags: Options of the interpreter.
    """
    code = "import functools, json, re, types, typing; import handler.device"
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, *flags, "-X", "importtime", "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    # A line reads "import time: <self> | <cumulative> | <module>", in microseconds.
    rows = [row.split("|") for row in done.stderr.splitlines() if "| " in row]
    own = [row[0] for row in rows if row[2].strip().startswith("handler.device")]
    return sum(int(row.partition(":")[2]) for row in own) / 1000


if __name__ == "__main__":
    sys.exit(main())

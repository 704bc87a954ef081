"""What a user agent and its client hints say about the device behind an event."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks import user_agents
from handler import device_tablets, enrich, limits
from handler.device import Device, classify, device_of

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT}"
PHONE = f"{ANDROID} Mobile Safari/537.36"
SAMSUNG_TABLET = PHONE.replace("; K)", "; SM-X906B)")
HUAWEI = PHONE.replace("; K)", "; HarmonyOS; NOH-AN00)")
DESKTOP_PAGE = f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Safari/537.36"
IPAD_DESKTOP_PAGE = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Safari/605.1.15"
)
IPHONE_APP = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148"
)


def known() -> dict[str, str]:
    """Return the user agents of the table beside this file, and what each one is."""
    table = Path(__file__).with_name("user_agents.txt").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for section in table.split("\n[")[1:]:
        name, _, lines = section.partition("]\n")
        found.update(dict.fromkeys(lines.splitlines(), name))
    return found


KNOWN = known()
PEOPLE = {agent: name for agent, name in KNOWN.items() if name != "bot"}
BOTS = [agent for agent, name in KNOWN.items() if name == "bot"]


@pytest.mark.parametrize(("user_agent", "expected"), PEOPLE.items())
def test_tells_the_devices_of_people(user_agent: str, expected: str) -> None:
    """Form factor, browser and system of well-known user agents are found."""
    form, browser, system = (
        None if part == "-" else part for part in expected.split(" / ")
    )

    assert device_of(user_agent) == {
        "device_type": form,
        "browser": browser,
        "os": system,
        "is_bot": False,
    }


@pytest.mark.parametrize("user_agent", BOTS)
def test_tells_bots(user_agent: str) -> None:
    """A bot has neither form factor nor browser nor system."""
    assert device_of(user_agent) == bot()


@pytest.mark.parametrize("user_agent", ["", "  \t"])
def test_knows_nothing_of_an_empty_user_agent(user_agent: str) -> None:
    """A client that says nothing is not called a bot either."""
    assert device_of(user_agent, {"sec-ch-ua-mobile": "?1"}) == {
        "device_type": None,
        "browser": None,
        "os": None,
        "is_bot": False,
    }


@pytest.mark.parametrize(
    ("user_agent", "platform", "mobile", "expected"),
    [
        (PHONE, '"Android"', "?1", ("mobile", "Android")),
        (PHONE, '"Android"', "?0", ("tablet", "Android")),
        (PHONE, "", "?0", ("tablet", "Android")),
        (PHONE, "", " ?1 ", ("mobile", "Android")),
        (SAMSUNG_TABLET, '"Android"', "?1", ("tablet", "Android")),
        (HUAWEI, '"Android"', "?1", ("mobile", "HarmonyOS")),
        (DESKTOP_PAGE, '"Linux"', "?0", ("desktop", "Linux")),
        (DESKTOP_PAGE, '"Chrome OS"', "?0", ("desktop", "ChromeOS")),
        (DESKTOP_PAGE, '"Chromium OS"', "?0", ("desktop", "ChromeOS")),
        (DESKTOP_PAGE, '"Android"', "?0", ("tablet", "Android")),
        (DESKTOP_PAGE, '"Android"', "?1", ("mobile", "Android")),
        (DESKTOP_PAGE, '"Windows"', "?0", ("desktop", "Windows")),
        (DESKTOP_PAGE, "", "?1", ("mobile", "Linux")),
        (IPAD_DESKTOP_PAGE, "", "", ("desktop", "macOS")),
        (IPAD_DESKTOP_PAGE, '"macOS"', "?0", ("desktop", "macOS")),
        (IPAD_DESKTOP_PAGE, '"iOS"', "?0", ("tablet", "iPadOS")),
        (IPAD_DESKTOP_PAGE, '"iPadOS"', "?0", ("tablet", "iPadOS")),
        (IPAD_DESKTOP_PAGE, '"iOS"', "?1", ("mobile", "iOS")),
    ],
)
def test_believes_hints_about_platform_and_form(
    user_agent: str, platform: str, mobile: str, expected: tuple[str, str]
) -> None:
    """Hints say what a reduced or a disguised user agent leaves out."""
    hints = {"sec-ch-ua-platform": platform, "sec-ch-ua-mobile": mobile}

    found = device_of(user_agent, hints)

    assert (found["device_type"], found["os"]) == expected


@pytest.mark.parametrize(
    ("brands", "expected"),
    [
        ('"Brave";v="126", "Chromium";v="126", "Not/A)Brand";v="8"', "Brave"),
        ('"Not A(Brand";v="8", "Chromium";v="126", "Opera";v="112"', "Opera"),
        ('"Chromium";v="126", "Microsoft Edge";v="126"', "Microsoft Edge"),
        ('"Google Chrome";v="126", "DuckDuckGo";v="126"', "DuckDuckGo"),
        ('"DuckDuckGo";v="126", "Google Chrome";v="126"', "DuckDuckGo"),
        ('"Chromium";v="126", "Google Chrome";v="126"', "Chrome"),
        ('"Samsung Internet";v="25.0"', "Samsung Browser"),
        ('"Chromium";v="126"', "Chrome"),
    ],
)
def test_learns_the_browser_from_its_brand(brands: str, expected: str) -> None:
    """Browsers that call themselves Chrome name their brand in a hint."""
    assert device_of(PHONE, {"sec-ch-ua": brands})["browser"] == expected


def test_keeps_a_browser_that_the_user_agent_names() -> None:
    """A brand refines Chrome only, and fills in where no browser is named."""
    hints = {"sec-ch-ua": '"Brave";v="126", "Chromium";v="126"'}

    assert device_of(f"{PHONE} OPR/83.0", hints)["browser"] == "Opera"
    assert device_of(IPHONE_APP, hints)["browser"] == "Brave"


def test_tells_a_bot_by_its_brand() -> None:
    """A browser without a window says so in its brand."""
    hints = {"sec-ch-ua": '"HeadlessChrome";v="126", "Chromium";v="126"'}

    assert device_of(PHONE, hints) == bot()


def test_passes_over_hints_of_a_bot() -> None:
    """No hint makes a person of a bot."""
    hints = {"sec-ch-ua": '"Google Chrome";v="126"', "sec-ch-ua-mobile": "?1"}

    assert device_of("curl/8.7.1", hints) == bot()


@pytest.mark.parametrize(
    "hints",
    [
        {"sec-ch-ua": '"""";v=;;', "sec-ch-ua-mobile": "1", "sec-ch-ua-platform": '"'},
        {"sec-ch-ua": '"Brave', "sec-ch-ua-platform": "Plan 9"},
        {"sec-ch-ua-mobile": "?1?0", "sec-ch-ua-platform": "\ud800"},
        {"sec-ch-ua": "\x00" * 100_000, "sec-ch-ua-arch": '"x86"'},
    ],
)
def test_passes_over_malformed_hints(hints: dict[str, str]) -> None:
    """What a hint does not say properly counts as not said."""
    assert device_of(DESKTOP_PAGE, hints) == device_of(DESKTOP_PAGE)


def test_reads_no_further_than_a_stored_user_agent() -> None:
    """What lies beyond the cut neither counts nor makes a long cache key."""
    filler = "x" * (limits.TEXT_CHARS - len(PHONE))

    assert device_of(f"{PHONE}{filler}bot/1.0") == device_of(f"{PHONE}{filler}")
    assert device_of(f"{PHONE} bot/1.0") == bot()


#: Pieces of real user agents: random text alone would hardly reach any rule.
PIECES = st.sampled_from(
    sorted(
        {piece for user_agent in KNOWN for piece in user_agent.split()}
        | {"(", ")", ";", "/", "android", "ipad os 1", "ios/", "bot", "mac", "é", "²"}
    )
)
TEXTS = st.text() | st.lists(PIECES | st.text(max_size=3), max_size=30).map(" ".join)
HINTS = st.dictionaries(
    st.sampled_from(["sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "host"]),
    st.text()
    | st.sampled_from(["?0", "?1", '"Android"', '"iOS"', '"Brave";v="1"', '"Linux"']),
)


@given(TEXTS, HINTS)
@example("ipad os ²", {})
@example("\ud800 android", {"sec-ch-ua": "\udfff"})
def test_answers_whatever_is_sent(user_agent: str, hints: Mapping[str, str]) -> None:
    """Any text gives a complete and consistent answer; nothing raises."""
    found = device_of(user_agent, hints)

    assert set(found) == set(Device.__annotations__)
    assert found["device_type"] in {"mobile", "tablet", "desktop", None}
    if found["is_bot"]:
        assert found == bot()
    else:
        assert (found["device_type"] is None) == (not user_agent.strip())


@given(TEXTS, HINTS)
def test_remembers_what_it_would_find(
    user_agent: str, hints: Mapping[str, str]
) -> None:
    """The cache never changes an answer."""
    assert device_of(user_agent, hints) == device_of(user_agent, hints)
    assert tuple(device_of(user_agent).values()) == classify(
        user_agent[: limits.TEXT_CHARS]
    )


@pytest.mark.parametrize("user_agent", KNOWN)
def test_does_not_mind_letter_case(user_agent: str) -> None:
    """Proxies change the case of letters; the answer stays."""
    assert device_of(user_agent.upper()) == device_of(user_agent)


def test_searches_models_in_linear_time() -> None:
    """No repetition of the one expression is open-ended, so nothing can backtrack far.

    Each position is tried once and each try reads a bounded number of characters.
    """
    pattern = device_tablets._NUMBERS.pattern

    bounded = re.sub(r"\{\d\}", "", pattern)
    assert not set("*+{") & set(bounded)


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        ";",
        "/",
        " ",
        "a",
        "bot",
        "cubot",
        "android",
        "android;",
        "mid-",
        "7 ",
        "s1",
    ],
)
def test_reads_a_hostile_user_agent_a_bounded_number_of_times(unit: str) -> None:
    """The lines that run grow no faster than the text, whatever it repeats."""
    prefixes = ("", "Mozilla/5.0 (Linux; Android 9; ", "Mozilla/5.0 (X11; Linux) ")
    for prefix in prefixes:
        steps = [lines_run(prefix + unit * (size // len(unit))) for size in (512, 2048)]
        for shorter, longer in pairwise(steps):
            assert longer <= 4 * shorter + 100


def test_imports_without_anything_but_the_standard_library() -> None:
    """A cold start loads no more than the modules of the package."""
    code = "import json, sys; import handler.device; print(json.dumps([*sys.modules]))"

    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
    )

    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded <= {"handler", "__main__", *sys.stdlib_module_names}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "no line to measure"),
        ("plain text", "line 1 is not JSON"),
        ("[]", "not a JSON object"),
        ('{"is_bot": false}', "`user_agent` must be a string"),
        ('{"user_agent": "x", "is_bot": 0}', "`is_bot` must be true or false"),
        ('{"user_agent": "x", "is_bot": true, "os": 1}', "`os` must be a string"),
    ],
)
def test_the_benchmark_refuses_a_file_of_another_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    """It says what is wrong and where, and ends with status 1."""
    file = tmp_path / "agents.jsonl"
    file.write_text(line, encoding="utf-8")

    assert user_agents.main([str(file)]) == 1
    assert message in capsys.readouterr().err


def bot() -> Device:
    """Return the one answer for bots."""
    return {"device_type": None, "browser": None, "os": None, "is_bot": True}


def lines_run(user_agent: str) -> int:
    """Return how many lines of Python run to classify a user agent."""
    count = 0

    def trace(_frame: object, event: str, _argument: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]  # the stub asks for a narrower frame
    try:
        classify(user_agent)
    finally:
        sys.settrace(before)
    return count


def test_remembers_a_bounded_number_of_user_agents() -> None:
    """A flood of user agents cannot fill the memory."""
    for number in range(enrich.DEVICES + 10):
        enrich._device(f"Example {number}")

    assert enrich._device.cache_info().currsize == enrich.DEVICES

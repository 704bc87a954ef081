"""User agents for made-up traffic, composed from versions rather than collected."""

from __future__ import annotations

import random
from collections.abc import Callable

#: Widths and heights of viewports, by form factor.
VIEWPORTS = {
    "desktop": ((1920, 969), (1536, 730), (1440, 789), (1280, 633), (2560, 1313)),
    "mobile": ((390, 664), (412, 785), (360, 668), (430, 739)),
    "tablet": ((820, 1106), (1024, 698), (800, 1120)),
    "bot": ((1024, 768),),
}

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_PHONES = ("Pixel 8", "Pixel 7a", "SM-S911B", "SM-A546B", "moto g84 5G")
_TABLETS = ("SM-X710", "SM-T870", "Lenovo TB-X606F")
_CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "ExampleUptimeBot/1.4 (+https://status.example/bot)",
    "curl/8.9.1",
)


def _windows_chrome(rng: random.Random) -> str:
    return (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} "
        f"Chrome/{_chrome(rng)}.0.0.0 Safari/537.36"
    )


def _windows_edge(rng: random.Random) -> str:
    version = _chrome(rng)
    return (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} "
        f"Chrome/{version}.0.0.0 Safari/537.36 Edg/{version}.0.0.0"
    )


def _mac_safari(rng: random.Random) -> str:
    return (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
        f"(KHTML, like Gecko) Version/{_safari(rng)} Safari/605.1.15"
    )


def _linux_firefox(rng: random.Random) -> str:
    version = rng.randint(128, 144)
    return (
        f"Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) "
        f"Gecko/20100101 Firefox/{version}.0"
    )


def _iphone(rng: random.Random) -> str:
    return (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS {rng.randint(16, 18)}_{rng.randint(0, 6)} "
        "like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        f"Version/{_safari(rng)} Mobile/15E148 Safari/604.1"
    )


def _android(rng: random.Random) -> str:
    return (
        f"Mozilla/5.0 (Linux; Android {rng.randint(12, 15)}; {rng.choice(_PHONES)}) "
        f"{_WEBKIT} Chrome/{_chrome(rng)}.0.0.0 Mobile Safari/537.36"
    )


def _ipad(rng: random.Random) -> str:
    return (
        f"Mozilla/5.0 (iPad; CPU OS {rng.randint(16, 18)}_{rng.randint(0, 6)} "
        "like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        f"Version/{_safari(rng)} Mobile/15E148 Safari/604.1"
    )


def _android_tablet(rng: random.Random) -> str:
    return (
        f"Mozilla/5.0 (Linux; Android {rng.randint(11, 14)}; {rng.choice(_TABLETS)}) "
        f"{_WEBKIT} Chrome/{_chrome(rng)}.0.0.0 Safari/537.36"
    )


def _crawler(rng: random.Random) -> str:
    return rng.choice(_CRAWLERS)


def _chrome(rng: random.Random) -> int:
    return rng.randint(120, 142)


def _safari(rng: random.Random) -> str:
    return f"{rng.randint(16, 18)}.{rng.randint(0, 6)}"


_MAKERS: dict[str, tuple[Callable[[random.Random], str], ...]] = {
    "desktop": (
        _windows_chrome,
        _windows_chrome,
        _windows_edge,
        _mac_safari,
        _linux_firefox,
    ),
    "mobile": (_iphone, _android),
    "tablet": (_ipad, _ipad, _android_tablet),
    "bot": (_crawler,),
}


def compose(form: str, rng: random.Random) -> str:
    """Return a user agent.

    Args:
        form: `desktop`, `mobile`, `tablet` or `bot`.
        rng: Decides which.
    """
    return rng.choice(_MAKERS[form])(rng)

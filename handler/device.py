"""The device behind an event: its form factor, browser and system, or that it is a bot.

Nothing is looked up and nothing is learnt: the answer follows from how user agents are
built. Rules that hold for whole families of devices are preferred to names, and no rule
needs more time than the length of the user agent asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import limits
from .device_bots import is_bot
from .device_browsers import brand_of, browser_of
from .device_systems import DESKTOP, MOBILE, TABLET, system_of
from .device_tablets import form_of_android
from .typed import TypedDict

#: Characters of a client hint that are read; browsers send far fewer.
HINT_CHARS = 256

_NO_HINTS: Mapping[str, str] = MappingProxyType({})

#: Values of `Sec-CH-UA-Platform` in lower case, and what they mean.
_PLATFORMS: dict[str, tuple[str, str]] = {
    "android": ("Android", MOBILE),
    "chrome os": ("ChromeOS", DESKTOP),
    "chromium os": ("ChromeOS", DESKTOP),
    "ios": ("iOS", MOBILE),
    "ipados": ("iPadOS", TABLET),
    "linux": ("Linux", DESKTOP),
    "macos": ("macOS", DESKTOP),
    "windows": ("Windows", DESKTOP),
}

#: Systems that are kept although the hint gives the name of what they descend from.
_KEPT: dict[str, frozenset[str]] = {
    "Android": frozenset({"Android", "HarmonyOS", "ChromeOS"}),
    "iOS": frozenset({"iOS", "iPadOS"}),
    "Linux": frozenset({"Linux", "ChromeOS", "PlayStation", "Tizen", "webOS"}),
    "Windows": frozenset({"Windows", "Xbox"}),
}


class Device(TypedDict):
    """What sent an event.

    `device_type` is "mobile", "tablet" or "desktop", the last also for televisions and
    game consoles; it is None for bots and for an empty user agent. `browser` and `os`
    are None for bots and where they are not known.
    """

    device_type: str | None
    browser: str | None
    os: str | None
    is_bot: bool


_Found = tuple[str | None, str | None, str | None, bool]
_UNKNOWN: _Found = (None, None, None, False)
_BOT: _Found = (None, None, None, True)


def device_of(user_agent: str, hints: Mapping[str, str] = _NO_HINTS) -> Device:
    """Return the device that a user agent and client hints tell of.

    Args:
        user_agent: Any text; what goes beyond `limits.TEXT_CHARS` is not read.
        hints: Headers of the request that carried the user agent, names in lower
            case. `sec-ch-ua`, `sec-ch-ua-mobile` and `sec-ch-ua-platform` refine what
            browsers no longer say in the user agent; malformed ones are passed over.
            Default: none.
            https://wicg.github.io/ua-client-hints/
    """
    found = classify(
        user_agent[: limits.TEXT_CHARS],
        hints.get("sec-ch-ua", "")[:HINT_CHARS],
        hints.get("sec-ch-ua-mobile", "")[:HINT_CHARS],
        hints.get("sec-ch-ua-platform", "")[:HINT_CHARS],
    )
    return Device(device_type=found[0], browser=found[1], os=found[2], is_bot=found[3])


def classify(
    user_agent: str, brands: str = "", mobile: str = "", platform: str = ""
) -> tuple[str | None, str | None, str | None, bool]:
    """Return form factor, browser, system and whether it is a bot.

    Args:
        user_agent: The user agent, no longer than `limits.TEXT_CHARS`.
        brands: `Sec-CH-UA`, a list of quoted brands. Default: not sent.
        mobile: `Sec-CH-UA-Mobile`, "?1" or "?0". Default: not sent.
        platform: `Sec-CH-UA-Platform`, a quoted name. Default: not sent.
    """
    text = user_agent.strip().lower()
    if not text:
        return _UNKNOWN
    system, form = system_of(text)
    if is_bot(text, system, form):
        return _BOT
    if system in ("Android", "HarmonyOS"):
        form = form_of_android(text, system)
    browser = browser_of(text, system)
    if brands:
        if "headless" in brands.lower():
            return _BOT
        if browser is None or browser == "Chrome":
            browser = brand_of(brands) or browser
    if mobile or platform:
        system, form = _refined(system, form, mobile.strip(), platform)
    return form, browser, system, False


def _refined(
    system: str | None, form: str, mobile: str, platform: str
) -> tuple[str | None, str]:
    """Return system and form factor after the hints about them were heard."""
    hinted = _PLATFORMS.get(platform.strip(' "').lower())
    if hinted is not None and system not in _KEPT.get(hinted[0], (hinted[0],)):
        system, form = hinted
    if mobile == "?1" and form == DESKTOP:
        form = MOBILE
    elif mobile == "?0" and form == MOBILE:
        form = TABLET
    # Only a tablet's browser asks for desktop pages on Apple's handheld system.
    if system == "iOS" and hinted is not None and form == TABLET:
        system = "iPadOS"
    return system, form

"""Bots: whether a user agent is a program's that no person sits behind."""

from __future__ import annotations

from .device_systems import DESKTOP, holds_any

#: What the user agents of programs hold and those of people do not: an address to turn
#: to, a comment where browsers have none, what the program is for, or the library or
#: the service it is made with.
_MARKS: tuple[str, ...] = (
    "://",
    "www.",
    ".com/",
    "@",
    "gecko;",
    "(unknown;",
    "spider",
    "crawl",
    "headless",
    "preview",
    "fetch",
    "feed",
    "monitor",
    "check",
    "scan",
    "probe",
    "uptime",
    "archive",
    "inspect",
    "research",
    "screenshot",
    "synthetic",
    "site",
    "transcoder",
    "proxy",
    "favicon",
    "lighthouse",
    "phantomjs",
    "selenium",
    "wkhtml",
    "htmlunit",
    "winhttp",
    "googleother",
    "google-",
    "ptst/",
    "curl/",
    "wget/",
    "python",
    "httpclient",
    "nutch",
    "gtmetrix",
    "pingdom",
    "gomez",
    "catchpoint",
    "statuscake",
    "cloudflare",
)

#: What "compatible;" stands beside in browsers; programs took the habit from them.
_COMPATIBLE: tuple[str, ...] = ("msie", "konqueror", "netpositive", "android")

#: What feature phones hold, which name no system.
_PHONES: tuple[str, ...] = (
    "wap1",
    "wap2",
    "wap-",
    "wap browser",
    "sie-",
    "docomo",
    "netfront",
    "phone",
    "au.browser",
    "samsung-",
)

#: What desktop browsers do not hold but phones' models and apps do now and then.
_DESKTOP_MARKS: tuple[str, ...] = (
    "search",
    "security",
    "agent",
    "review",
    "reader",
    "analy",
    "audit",
    "verif",
    "valid",
    "collect",
    "data",
    "image",
    "thumb",
    "cloud",
    "health",
)

#: Browsers on Linux that do not begin with "Mozilla".
_PLAIN_BROWSERS: tuple[str, ...] = ("opera/", "links ", "elinks", "dalvik")

#: How the last word of a person's user agent may end where it has no version.
_LAST_WORDS: tuple[str, ...] = ("browser", "mobile", "android", "app", "manager")

#: What browsers write after the comment in which they call themselves "MSIE".
_AFTER_MSIE: tuple[str, ...] = ("opera", "like gecko")

#: Systems on which a browser's first comment names no product.
_SLASHLESS = frozenset({"Windows", "macOS"})


def is_bot(text: str, system: str | None, form: str) -> bool:
    """Return whether a user agent is a bot's.

    Args:
        text: The user agent in lower case.
        system: Its operating system as `system_of` returned it. A browser names the
            one it runs on; what names none and is no feature phone is a program.
        form: The form factor that `system_of` returned with it.
    """
    if holds_any(_MARKS, text):
        return True
    if "bot" in text and _names_bot(text, system):
        return True
    if "compatible;" in text and not holds_any(_COMPATIBLE, text):
        return True
    if _is_patched(text, system, form):
        return True
    return system is None and not holds_any(_PHONES, text)


def _is_patched(text: str, system: str | None, form: str) -> bool:
    """Return whether something stands where a browser's user agent has nothing.

    Services that render pages run a common browser and add their name to what it says.
    """
    # Browsers add a name with a version, and only apps' web views add a bare one.
    last = text[text.rfind(" ") + 1 :]
    if last.isalpha() and "safari/" in text and "; wv" not in text:
        return not last.endswith(_LAST_WORDS)
    if form != DESKTOP:
        return False
    if not text.startswith("mozilla/"):
        # On servers, programs name Linux; few browsers do so without "Mozilla".
        return system == "Linux" and not text.startswith(_PLAIN_BROWSERS)
    if "msie " in text:
        tail = text[text.rfind(")") + 1 :]
        return any(map(str.isalpha, tail)) and not holds_any(_AFTER_MSIE, tail)
    if holds_any(_DESKTOP_MARKS, text):
        return True
    comment = text.partition("(")[2].partition(")")[0]
    return "/" in comment and "trident/" not in comment and system in _SLASHLESS


def _names_bot(text: str, system: str | None) -> bool:
    """Return whether the letters "bot" end a program's name and not a phone's."""
    start = text.find("bot")
    while start >= 0:
        after = text[start + 3 : start + 4]
        if after == "s":
            return True
        # Phones are called Cubot, and "M bot 54" or "XBot_Senior".
        phone = text.endswith("cu", 0, start) or (
            system == "Android" and after in (" ", "_")
        )
        if not phone and not after.isalpha():
            return True
        start = text.find("bot", start + 3)
    return False

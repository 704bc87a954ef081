"""Operating systems: which one a lower-cased user agent names, and its form factor."""

from __future__ import annotations

MOBILE = "mobile"
TABLET = "tablet"
DESKTOP = "desktop"

#: Systems by the text that names them, in the order they are looked for: a system
#: that quotes another one's name for compatibility stands before it. The last member
#: is the form factor where nothing else in the user agent tells it.
_SYSTEMS: tuple[tuple[str, str, str], ...] = (
    ("windows phone", "Windows Phone", MOBILE),
    ("kaios", "KaiOS", MOBILE),
    ("tizen", "Tizen", MOBILE),
    ("xbox", "Xbox", DESKTOP),
    ("playstation", "PlayStation", DESKTOP),
    ("nintendo", "Nintendo", DESKTOP),
    ("windows ce", "Windows CE", MOBILE),
    ("iemobile", "Windows Phone", MOBILE),
    ("; wds ", "Windows Phone", MOBILE),
    ("zunewp", "Windows Phone", MOBILE),
    ("wpdesktop", "Windows Phone", MOBILE),
    ("palmos", "Palm OS", MOBILE),
    ("palmsource", "Palm OS", MOBILE),
    ("xiino", "Palm OS", MOBILE),
    ("; lumia", "Windows Phone", MOBILE),
    ("windows", "Windows", DESKTOP),
    ("; cros ", "ChromeOS", DESKTOP),
    ("; adr ", "Android", MOBILE),
    ("fb4a", "Android", MOBILE),
    ("dv(iph", "iOS", MOBILE),
    ("(ios;", "iOS", MOBILE),
    ("fbios", "iOS", MOBILE),
    ("openharmony", "HarmonyOS", MOBILE),
    ("rim tablet", "BlackBerry Tablet OS", TABLET),
    ("blackberry", "BlackBerry OS", MOBILE),
    ("bb10", "BlackBerry OS", MOBILE),
    ("symbian", "Symbian", MOBILE),
    ("series60", "Symbian", MOBILE),
    ("series40", "Symbian", MOBILE),
    ("bada/", "Bada", MOBILE),
    ("meego", "MeeGo", MOBILE),
    ("sailfish", "Sailfish OS", MOBILE),
    ("maemo", "Maemo", MOBILE),
    ("hpwos", "webOS", TABLET),
    ("webos", "webOS", MOBILE),
    ("web0s", "webOS", DESKTOP),
    ("brew/", "Brew", MOBILE),
    ("(brew", "Brew", MOBILE),
    ("mre/", "MRE", MOBILE),
    ("(mre", "MRE", MOBILE),
    ("/mtk", "MTK / Nucleus", MOBILE),
    ("(mtk", "MTK / Nucleus", MOBILE),
    ("nokia", "Symbian", MOBILE),
    ("midp", "Java ME", MOBILE),
    ("j2me", "Java ME", MOBILE),
    ("up.browser", "Java ME", MOBILE),
    ("freebsd", "FreeBSD", DESKTOP),
    ("openbsd", "OpenBSD", DESKTOP),
    ("netbsd", "NetBSD", DESKTOP),
    ("sunos", "Solaris", DESKTOP),
    ("pocketbook", "Linux", TABLET),
    ("kindle", "Linux", TABLET),
    ("linux", "Linux", DESKTOP),
    ("ubuntu", "Linux", DESKTOP),
    ("x11;", "Linux", DESKTOP),
    ("wayland;", "Linux", DESKTOP),
    ("win10", "Windows", DESKTOP),
    ("win64", "Windows", DESKTOP),
    ("win95", "Windows", DESKTOP),
    ("win98", "Windows", DESKTOP),
    ("win32", "Windows", DESKTOP),
    ("winnt", "Windows", DESKTOP),
    ("haiku", "Haiku", DESKTOP),
    ("beos", "BeOS", DESKTOP),
    ("(mobile;", "Firefox OS", MOBILE),
    ("(tablet;", "Firefox OS", TABLET),
    ("amiga", "AmigaOS", DESKTOP),
    ("(os/2", "OS/2", DESKTOP),
)

#: The first iPad system that calls itself iPadOS.
#: https://support.apple.com/en-us/118454
_IPADOS = 13


def system_of(text: str) -> tuple[str | None, str]:
    """Return the operating system and the form factor that it suggests.

    Args:
        text: The user agent in lower case.

    Returns:
        The system's name, None where the user agent names none that is known, and
        one of `MOBILE`, `TABLET` and `DESKTOP`.
    """
    return _android(text) or _apple(text) or _listed(text)


def holds_any(marks: tuple[str, ...], text: str) -> bool:
    """Return whether a text holds at least one of the marks."""
    for mark in marks:  # noqa: SIM110 - any() over a generator takes twice as long
        if mark in text:
            return True
    return False


def _android(text: str) -> tuple[str, str] | None:
    if "android" not in text or "windows phone" in text or "like android" in text:
        return None
    if "harmonyos" in text:
        return "HarmonyOS", MOBILE
    if "chromebook" in text:
        return "ChromeOS", DESKTOP
    if "kaios" in text:
        return "KaiOS", MOBILE
    return "Android", MOBILE


def _apple(text: str) -> tuple[str, str] | None:
    found = None
    if "iphone" in text or "ipod" in text:
        found = "iOS", MOBILE
    if "ipad" in text:
        found = ("iPadOS" if _ipad_version(text) >= _IPADOS else "iOS"), TABLET
    elif found is None and ("mac" in text or "darwin" in text):
        found = _mac(text)
    # Internet Explorer on phones calls itself "like iPhone OS".
    return None if found is None or "windows phone" in text else found


def _listed(text: str) -> tuple[str | None, str]:
    for mark, name, form in _SYSTEMS:
        if mark in text:
            if mark == "linux" and ("mobile" in text or "ucweb" in text):
                return name, MOBILE
            if mark == "tizen" and "mobile" not in text:
                return name, DESKTOP
            return name, form
    return None, MOBILE


def _ipad_version(text: str) -> int:
    """Return the major version of the system, 0 where none is to be found."""
    for mark in ("ipados/", "ios/", "fbsv/", "; ios ", ", ios ", " os "):
        digits = text.partition(mark)[2][:2]
        if not digits.isdecimal():
            digits = digits[:1]
        if digits.isdecimal():
            return int(digits)
    return 0


def _mac(text: str) -> tuple[str, str] | None:
    if (
        "mac os" in text
        or "macintosh" in text
        or "mac_powerpc" in text
        or "macos" in text
    ):
        return "macOS", DESKTOP
    if "darwin" not in text:
        return None
    # An app's network library names the processor on Intel and PowerPC Macs only.
    if "86" in text or "power" in text:
        return "macOS", DESKTOP
    return "iOS", MOBILE

"""Browsers: which one a user agent or a client hint names."""

from __future__ import annotations

#: Browsers and the product names that stand before a slash where they are used, the
#: more specific first: nearly every browser also names those it descends from. Mobile,
#: desktop and web-view variants of a browser share its name; a "lite" or "mini" edition
#: is a product of its own. Text, because a cold start compiles it faster than tuples.
_PRODUCTS = """
Messenger: messengerforios messengerliteforios
Facebook: fban fb_iab
WeChat: micromessenger
WhatsApp: whatsapp
LINE: line
KakaoTalk: kakaotalk
Snapchat: snapchat
Pinterest: pinterest
Twitter: twitter twitterandroid
TikTok: musical_ly bytedancewebview bytelocale
LinkedIn: linkedinapp
Naver: naver(inapp
Google App: gsa
Baidu App: baiduboxapp
Opera Mini: opios
Microsoft Edge: edg edga edgios edge edgw
UC Browser Mini: ucmini
UC Browser Turbo: ucturbo
UC Browser: ucbrowser ubrowser ucbrowser-cmcc ucweb ucmobile
Opera Mini: mini
Opera Touch: opt
Opera GX: opx oprgx
Opera: opr opera
Samsung Browser: samsungbrowser
Yandex Browser: yabrowser yaapp_android yasearchbrowser yasearchapp
Yandex Browser: yandexsearch yandexsearchbrowser yandexsearchwebview
Mint Browser: mintbrowser
Mi Browser: miuibrowser
Huawei Browser: huaweibrowser
QQ Browser: mqqbrowser qqbrowser
vivo Browser: vivobrowser
HeyTapBrowser: heytapbrowser
Oppo Browser: oppobrowser
Meizu Browser: mzbrowser
Quark: quark
Phoenix Browser: phx
Silk: silk
Aloha Browser: alohabrowser
Puffin Web Browser: puffin
Baidu Browser: baidubrowser bdbrowser bdbrowser_i18n flyflow
Baidu Spark: bidubrowser
Sogou Mobile Browser: sogoumobilebrowser
Sogou Explorer: metasr
CM Browser: acheetahi
Maxthon: mxbrowser maxthon
Vivaldi: vivaldi
Brave: brave
Whale: whale
DuckDuckGo: duckduckgo ddg
Coc Coc: coc_coc_browser
Ecosia: ecosia
SeaMonkey: seamonkey
Pale Moon: palemoon
Waterfox: waterfox
Iceweasel: iceweasel
IceDragon: icedragon
Konqueror: konqueror
Falkon: falkon
GNOME Web: epiphany
Midori: midori
Sleipnir: sleipnir
Seznam Browser: sznprohlizec
Lunascape: lunascape
GOG Galaxy: goggalaxyclient
Avast Secure Browser: avast
AVG Secure Browser: avg
Chromium: chromium
NetFront: netfront
Openwave Mobile Browser: up.browser
Obigo: obigo telecabrowser
SEMC-Browser: semc-browser
Jasmine: jasmine
Nokia Browser: nokiabrowser
Dolfin: dolfin
Internet Explorer: iemobile
Firefox Focus: focus klar
Firefox: fxios firefox
Chrome: crios chrome
Internet Explorer: trident
PocketBook Browser: pocketbook
"""

#: Browsers by a text that may stand anywhere, for user agents without clean products.
_TEXTS: tuple[tuple[str, str], ...] = (
    ("ucbrowser", "UC Browser"),
    ("ucweb", "UC Browser"),
    (" uc ", "UC Browser"),
    ("opera", "Opera"),
    ("msie ", "Internet Explorer"),
    ("firefox", "Firefox"),
    ("chrome", "Chrome"),
)

#: Brands of the `Sec-CH-UA` header that a reduced user agent does not show.
_BRANDS: dict[str, str] = {
    "brave": "Brave",
    "opera": "Opera",
    "opera gx": "Opera GX",
    "opera mini": "Opera Mini",
    "operamobile": "Opera",
    "microsoft edge": "Microsoft Edge",
    "microsoft edge webview2": "Microsoft Edge",
    "samsung internet": "Samsung Browser",
    "yandex": "Yandex Browser",
    "yabrowser": "Yandex Browser",
    "yowser": "Yandex Browser",
    "vivaldi": "Vivaldi",
    "duckduckgo": "DuckDuckGo",
    "whale": "Whale",
    "huaweibrowser": "Huawei Browser",
    "miui browser": "Mi Browser",
    "ecosia": "Ecosia",
    "avast secure browser": "Avast Secure Browser",
    "avg secure browser": "AVG Secure Browser",
    "coc_coc_browser": "Coc Coc",
    "ccbrowser": "CCleaner Browser",
    "ccleaner browser": "CCleaner Browser",
    "norton private browser": "Norton Private Browser",
    "google chrome": "Chrome",
    "android webview": "Chrome",
}

_APPLE = frozenset({"iOS", "iPadOS", "macOS"})


def browser_of(text: str, system: str | None) -> str | None:
    """Return the browser that a user agent names, None for none that is known.

    Args:
        text: The user agent in lower case.
        system: Its operating system as `system_of` returned it.
    """
    # The one app of wide use that sets no slash before its version.
    if "instagram " in text:
        return "Instagram"
    best = _LAST
    for piece in text.split("/"):
        rank = _RANKS.get(piece[piece.rfind(" ") + 1 :].lstrip("([;,"), _LAST)
        if rank < best:  # noqa: PLR1730 - min() would be a call for each piece
            best = rank
    if best == _LAST:
        return _unslashed(text, system)
    name = _NAMES[best]
    if name == "Yandex Browser" and "(lite)" in text:
        return "Yandex Browser Lite"
    return name


def brand_of(brands: str) -> str | None:
    """Return the browser that a `Sec-CH-UA` header names, None for none that is known.

    Args:
        brands: The header's value: quoted brands with their versions. Of several that
            are known, the first that is not Chrome counts.
    """
    found = None
    # What follows an opening quote that is never closed is left out.
    for quoted in brands.lower().split('"')[1:-1:2]:
        name = _BRANDS.get(quoted)
        if name is not None and found in (None, "Chrome"):
            found = name
    return found


def _unslashed(text: str, system: str | None) -> str | None:
    """Return the browser where no product of the table stands before a slash."""
    for mark, name in _TEXTS:
        if mark in text:
            return name
    if system in _APPLE:
        # An app's web view on iOS does not call itself Safari.
        return "Safari" if "safari" in text else None
    if system == "Android" and ("webkit" in text or "dalvik" in text):
        return "Android Browser"
    return None


def _ranked(table: str) -> tuple[list[str], dict[str, int]]:
    """Return the browsers of a table and, for each product, the rank of its browser."""
    names: list[str] = []
    ranks: dict[str, int] = {}
    for line in table.strip().splitlines():
        name, _, products = line.partition(": ")
        ranks.update(dict.fromkeys(products.split(), len(names)))
        names.append(name)
    return names, ranks


_NAMES, _RANKS = _ranked(_PRODUCTS)
_LAST = len(_NAMES)

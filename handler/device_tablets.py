"""Tablets among Android devices, told from phones by how makers name their models."""

from __future__ import annotations

import re

from .device_systems import DESKTOP, MOBILE, TABLET, holds_any

#: Characters of a model's name that are read; real ones are shorter.
_MODEL_CHARS = 64

#: What tablets are called; few phones' names hold these.
_WORDS: tuple[str, ...] = (
    "tab",
    "pad",
    "slate",
    "nook",
    "kids",
    "plane ",
    "iplay",
    "wi-fi",
    "wifi",
    "nexus 7",
    "nexus 9",
    "nexus 10",
    "archos 7",
    "archos 8",
    "archos 9",
    "archos 10",
)

#: Phones whose names hold one of them, and phones that unfold.
_PHONES: tuple[str, ...] = ("phone", "padfone", "coolpad", "fold")

#: How the model numbers of tablet series begin, by maker.
_MAKERS = """
Samsung: sm-t, sm-x, sm-p, gt-p, gt-n5, gt-n8
Amazon: kf
Lenovo: tb, yt-, yt3, lenovo tb, lenovo yt, lenovo b
Huawei: mediapad, huawei m2-, ags, agr, bah, bgo, btv, bz, dby, gem-, kob, t1-, vrd
Honor: hdl, jdn, krj, mon-, mrx, ple-7, scm, sht-
Acer: a1-, b1-, b3-
BQ: bq-7, bq-8, bq-9, bq-10
Digma: citi 1, optima
Nomi: nomi c0, nomi c1
Prestigio: pmt
RCA: rct
Texet: tm-7, tm-9, tm-10, tm-mid
Others: ccit, faust, freeme, irulu, m40, mfc, mt-t, numy, quantum 2, readboy, rmd
More: sky 1, teo, tesla, tpc, tz, volta, wo 1, wo 9
"""
_SERIES: tuple[str, ...] = tuple(
    series
    for line in _MAKERS.strip().splitlines()
    for series in line.partition(": ")[2].split(", ")
)

#: Series that only their digits tell: "AGS2-W09" (Huawei's with Wi-Fi only), "MID-703",
#: "MT0729D" and "RC9731C" (the screen's size comes first), "9032X" (Alcatel),
#: "TT7025MG" (Digma) and a screen's size before the network, "7 3G" or "10.1 inch".
#: No repetition without an upper bound, so that a search takes linear time.
_NUMBERS = re.compile(
    r"^[a-z]{3}\d?k?-w\d\d"
    r"|(?:^|[^a-z])mid[- ]?[a-z]?\d"
    r"|^[a-z]{2}0[789]\d\d|^rc\d{4}"
    r"|^9[0-4]\d\d[a-z]"
    r"|\b[tpwd][acs1t]\d{4}[a-z]{2}"
    r"| (?:7|8|9|10)(?:\.\d\d?)? ?(?:[34]g|inch|quad)"
)

#: Televisions and laptops, which lack the word "Mobile" as tablets do.
_SCREENS: tuple[str, ...] = (
    "android tv",
    "google tv",
    "googletv",
    "smart-tv",
    "smarttv",
    "tv box",
    "bravia",
    "chromecast",
    "crkey",
    "mibox",
    "; aft",
    "inspiron",
    "latitude",
    "vostro",
    "travelmate",
    "aspire",
    "lifebook",
    "thinkpad",
    "elitebook",
)


def form_of_android(text: str, system: str) -> str:
    """Return the form factor of an Android device.

    Args:
        text: The user agent in lower case.
        system: "Android" or "HarmonyOS".

    Returns:
        `MOBILE`, `TABLET` or, for a television or a laptop, `DESKTOP`.
    """
    model, rest = _model_of(text)
    if holds_any(_PHONES, model):
        return MOBILE
    # Yandex's app says which of its two editions it is.
    if _is_tablet(model) or "/apad" in rest:
        return TABLET
    # Chrome on phones says "Mobile Safari"; Huawei's browser never does, and neither
    # do apps that fetch by themselves.
    if "mobile" in rest or "safari" not in rest or "huaweibrowser" in rest:
        return MOBILE
    if system == "HarmonyOS" or model.startswith("sm-f"):
        return MOBILE
    return DESKTOP if holds_any(_SCREENS, text) else TABLET


def _is_tablet(model: str) -> bool:
    if model.startswith(_SERIES) or _NUMBERS.search(model) is not None:
        return True
    return holds_any(_WORDS, model)


def _model_of(text: str) -> tuple[str, str]:
    """Return the model, empty where it is missing, and the text to look further in.

    The second member is what follows the comment that holds the model, or the whole
    text where that comment is not closed.
    """
    comment, closed, rest = text.partition("android")[2].partition(")")
    if not closed:
        rest = text
    for member in comment.split(";")[1:]:
        part = member.strip()
        # What is so short is a language, a security level or the mark of a web view.
        if len(part) <= 5 and part[2:3] in ("", "-", "_"):
            continue
        if part.startswith(("harmonyos", "hmscore")):
            continue
        model = part[:_MODEL_CHARS].partition(" build")[0].partition(" applewebkit")[0]
        return model.removeprefix("samsung ").replace("_", " "), rest
    return "", rest

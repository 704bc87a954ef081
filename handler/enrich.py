"""What the server adds to an event: device and location, as the JSON that is stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from . import compact
from .device import HINT_CHARS, device_of
from .draft import Draft, Step
from .settings import Settings

#: Different senders whose device an instance remembers: a busy day of three sites has
#: more than a thousand. All of them as long as can be would be 6 MB.
DEVICES = 2048
#: Countries whose location an instance remembers.
COUNTRIES = 256

_COUNTRY = re.compile(r"[A-Z]{2}")
# Hints that say what browsers no longer say in the user agent.
_HINTS = ("sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform")


def put_device_and_location(settings: Settings) -> Step:
    """Return a step that puts what sent the event, and from where.

    The device is known by user agent and client hints. The country is put where
    CloudFront's word can be had: the viewer header is believed only on an API whose
    every request passes CloudFront, which overwrites what a client sends; elsewhere
    anyone could set it. Behind the tracker's own distribution region and city are told
    too.
    """
    locate: Callable[[Mapping[str, str]], str] | None = None
    if settings.front_door:
        # Loaded here, so that it is no part of a cold start without a distribution.
        from . import front_door  # noqa: PLC0415 - as said above

        locate = front_door.location

    def step(draft: Draft) -> None:
        visit = draft.visit
        if visit.device is None:
            headers = visit.request.headers
            brands, mobile, platform = map(headers.get, _HINTS)
            visit.device = _device(
                visit.user_agent or "",
                brands and brands[:HINT_CHARS],
                mobile and mobile[:HINT_CHARS],
                platform and platform[:HINT_CHARS],
            )
            visit.location = _NOWHERE
            if locate is not None:
                visit.location = locate(headers)
            elif settings.viewer_country:
                country = headers.get("cloudfront-viewer-country", "")
                if _COUNTRY.fullmatch(country):
                    visit.location = _location(country)
        # Hints describe the sender of this request; a user agent in the body is
        # another's.
        if draft.sent.get("userAgent") is None:
            draft.device = visit.device
        else:
            draft.device = _device(draft.user_agent or "")

    return step


@lru_cache(DEVICES)
def _device(user_agent: str, *hints: str | None) -> str:
    heard = {name: hint or "" for name, hint in zip(_HINTS, hints, strict=False)}
    return compact.encode({**device_of(user_agent, heard)})


@lru_cache(COUNTRIES)
def _location(country: str | None) -> str:
    return compact.encode({"country": country, "city": None, "region": None})


_NOWHERE = _location(None)

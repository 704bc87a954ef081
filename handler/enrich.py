"""What the server adds to an event: device and location."""

from __future__ import annotations

import re

from .device import device_of
from .draft import Draft, Step
from .settings import Settings

_COUNTRY = re.compile(r"[A-Z]{2}")


def put_device(draft: Draft) -> None:
    """Put what sent the event, by its user agent and client hints."""
    user_agent = draft.record["userAgent"]
    # Hints describe the sender of this request; a user agent in the body is another's.
    hints = {} if draft.sent.get("userAgent") is not None else draft.request.headers
    text = user_agent if isinstance(user_agent, str) else ""
    draft.record["device"] = device_of(text, hints)


def put_location(settings: Settings) -> Step:
    """Return a step that puts the country, where CloudFront's word can be had.

    The viewer header is believed only on an API whose every request passes CloudFront,
    which overwrites what a client sends; elsewhere anyone could set it.
    """

    def step(draft: Draft) -> None:
        country = None
        if settings.viewer_country:
            said = draft.request.headers.get("cloudfront-viewer-country", "")
            country = said if _COUNTRY.fullmatch(said) else None
        draft.record["location"] = {"country": country, "city": None, "region": None}

    return step

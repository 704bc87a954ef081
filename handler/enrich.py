"""What the server adds to an event: device and location."""

from __future__ import annotations

import re

from .device import device_of
from .draft import Draft, Step
from .settings import Settings

_COUNTRY = re.compile(r"[A-Z]{2}")


def put_device(draft: Draft) -> None:
    """Put what sent the event, by its user agent and client hints."""
    if draft.sent.get("userAgent") is not None:
        # Hints describe the sender of this request; a user agent in the body is
        # another's.
        draft.record["device"] = device_of(str(draft.record["userAgent"]))
        return
    visit = draft.visit
    if visit.device is None:
        headers = visit.request.headers
        visit.device = device_of(headers.get("user-agent", ""), headers)
    draft.record["device"] = visit.device


def put_location(settings: Settings) -> Step:
    """Return a step that puts the country, where CloudFront's word can be had.

    The viewer header is believed only on an API whose every request passes CloudFront,
    which overwrites what a client sends; elsewhere anyone could set it.
    """

    def step(draft: Draft) -> None:
        visit = draft.visit
        if visit.location is None:
            country = None
            if settings.viewer_country:
                said = visit.request.headers.get("cloudfront-viewer-country", "")
                country = said if _COUNTRY.fullmatch(said) else None
            visit.location = {"country": country, "city": None, "region": None}
        draft.record["location"] = visit.location

    return step

"""What the server adds to an event: device and location."""

from __future__ import annotations

import re

from .device import device_of
from .draft import Draft, Step
from .settings import Settings

_COUNTRY = re.compile(r"[A-Z]{2}")


def put_device_and_location(settings: Settings) -> Step:
    """Return a step that puts what sent the event, and from where.

    The device is known by user agent and client hints. The country is put where
    CloudFront's word can be had: the viewer header is believed only on an API whose
    every request passes CloudFront, which overwrites what a client sends; elsewhere
    anyone could set it.
    """

    def step(draft: Draft) -> None:
        visit, record = draft.visit, draft.record
        if visit.location is None:
            headers = visit.request.headers
            visit.device = device_of(headers.get("user-agent", ""), headers)
            country = None
            if settings.viewer_country:
                said = headers.get("cloudfront-viewer-country", "")
                country = said if _COUNTRY.fullmatch(said) else None
            visit.location = {"country": country, "city": None, "region": None}
        record["location"] = visit.location
        record["device"] = visit.device
        if draft.sent.get("userAgent") is not None:
            # Hints describe the sender of this request; a user agent in the body is
            # another's.
            record["device"] = device_of(str(record["userAgent"]))

    return step

"""Requests through the tracker's own distribution: the way in, and what it tells.

The distribution sends a secret with each request. Who has it not came another way, and
could have set any header himself; so he is refused, and what CloudFront tells of a
viewer is read only after that.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hmac import compare_digest
from urllib.parse import unquote

from . import compact, limits
from .refusals import Refusal, Refused
from .request import Request
from .settings import FRONT_DOOR_HEADER

#: Different places that an instance remembers as JSON.
_PLACES = 512

# An IPv6 address comes without brackets, as other readers of the header found; with
# them it would be the same address.
_ADDRESS = re.compile(r"\[?([0-9A-Fa-f:.]{2,45})\]?:[0-9]{1,5}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_REGION = re.compile(r"[A-Z0-9]{1,3}")


def enter(secrets: Sequence[str]) -> Callable[[Request], Request]:
    """Return what lets a request in, with the viewer's address as its own.

    Args:
        secrets: Those of which a request must have one; while they are changed there
            are two.

    Returns:
        A function that raises `Refused` for a request without any. An address that the
        distribution does not tell is empty: the sender's own would be an edge
        location's, which many viewers share.
    """
    accepted = [secret.encode() for secret in secrets]

    def step(request: Request) -> Request:
        sent = request.headers.get(FRONT_DOOR_HEADER, "").encode(errors="replace")
        # Each is compared, so that the time does not tell which of them it is.
        matches = [compare_digest(sent, secret) for secret in accepted]
        if not any(matches):
            raise Refused(Refusal.FRONT_DOOR_ONLY)
        viewer = _ADDRESS.fullmatch(
            request.headers.get("cloudfront-viewer-address", "")
        )
        return request._replace(address=viewer[1] if viewer else "")

    return step


def location(headers: Mapping[str, str]) -> str:
    """Return where CloudFront saw the viewer, as the JSON that is stored.

    It does not tell region and city of viewers in AWS's own network.
    """
    country = headers.get("cloudfront-viewer-country", "")
    region = headers.get("cloudfront-viewer-country-region", "")
    return _location(
        country if _COUNTRY.fullmatch(country) else None,
        region if _REGION.fullmatch(region) else None,
        # What is remembered must not be large, whoever says it.
        headers.get("cloudfront-viewer-city", "")[: limits.TEXT_CHARS],
    )


@lru_cache(_PLACES)
def _location(country: str | None, region: str | None, city: str) -> str:
    # CloudFront percent-encodes what is not ASCII, such as the ü of Zürich.
    name = unquote(city)[: limits.NAME_CHARS]
    return compact.encode(
        {
            "country": country,
            "city": name if name and name.isprintable() else None,
            "region": region,
        }
    )

"""What API Gateway gets from the tracker's distribution, as CloudFront documents it.

CloudFront passes on the headers that its policies list, puts its own over what a viewer
sent under their names, and adds the distribution's secret in the same way.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.settings import FRONT_DOOR_HEADER

SECRET = "n8Qf2vTzR5kLw0yXbC7dGh3JmP6sUa9E" * 2

#: Where an edge location's connection to API Gateway comes from.
EDGE = "130.176.1.9"
#: The viewer's own; the documentation's example.
VIEWER = "198.51.100.10"

#: The viewer's headers that the distribution passes on; `tests/infra` compares them
#: with its policies.
PASSED = frozenset(
    {
        "authorization",
        "content-encoding",
        "content-type",
        "dnt",
        "origin",
        "referer",
        "sec-ch-ua",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "sec-fetch-site",
        "sec-gpc",
        "user-agent",
    }
)
#: What CloudFront says of a viewer itself.
TOLD = {
    "cloudfront-viewer-address": f"{VIEWER}:46532",
    "cloudfront-viewer-city": "Ann%20Arbor",
    "cloudfront-viewer-country": "US",
    "cloudfront-viewer-country-region": "MI",
}
#: What it sends with every request.
_ALWAYS = {
    "host": "abcdefghij.execute-api.eu-west-1.amazonaws.com",
    "via": "2.0 1026589cc7887e7a0dc7827b4example.cloudfront.net (CloudFront)",
    "x-amz-cf-id": "cG2yS3n8Qf2vTzR5kLw0yXbC7dGh3JmP6sUa9EExample==",
}


def through(
    event: dict[str, Any],
    told: Mapping[str, str] | None = None,
    *,
    secret: str = SECRET,
) -> dict[str, Any]:
    """Return the event of a viewer's request as it is behind the distribution.

    Args:
        event: The event of the same request straight to API Gateway.
        told: What CloudFront says of the viewer.
            Default: `TOLD`.
        secret: The secret that the distribution sends.
    """
    sent = {name.lower(): value for name, value in event["headers"].items()}
    headers = {
        **{name: value for name, value in sent.items() if name in PASSED},
        **(TOLD if told is None else told),
        **_ALWAYS,
        "x-forwarded-for": ", ".join(
            [*filter(None, [sent.get("x-forwarded-for")]), VIEWER, EDGE]
        ),
        FRONT_DOOR_HEADER: secret,
    }
    context = event["requestContext"]
    place = "http" if "http" in context else "identity"
    return {
        **event,
        "headers": headers,
        "requestContext": {**context, place: {**context[place], "sourceIp": EDGE}},
    }

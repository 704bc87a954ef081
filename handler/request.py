"""One HTTP request, read from an API Gateway event of payload version 1.0 or 2.0."""

from __future__ import annotations

from collections.abc import Mapping

from .typed import Any, NamedTuple

_NOTHING: dict[str, Any] = {}


class Request(NamedTuple):
    """What the function needs of a request."""

    method: str
    route: str
    """The last segment of the path: stages and base paths come before it."""
    headers: Mapping[str, str]
    """Values by lower-case name."""
    body: str | None
    is_base64: bool
    address: str
    """The immediate sender's address; behind the tracker's distribution the viewer's.
    Never stored, logged or answered."""
    query: Mapping[str, str] = {}
    """Parameters by name; of one that came twice, the last."""
    matched: str = ""
    """The route that API Gateway found, `/acme/track` or `POST /acme/track`."""


def read(event: Mapping[str, Any]) -> Request:
    """Return the request that `event` describes.

    The address is API Gateway's own word (`requestContext`); a header such as
    `X-Forwarded-For` is the client's and is not looked at. A member that is missing or
    of another type counts as empty, so nothing here can fail.

    Args:
        event: What API Gateway passed.
            https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    if not isinstance(event, dict):
        event = _NOTHING
    get = event.get
    context = get("requestContext")
    if not isinstance(context, dict):
        context = _NOTHING
    http = context.get("http")
    if http and isinstance(http, dict):
        method, path = http.get("method"), get("rawPath")
        matched = get("routeKey")
        address = http.get("sourceIp")
        query = _query(get("rawQueryString"))
    else:
        method, path = get("httpMethod"), get("path")
        matched = get("resource")
        identity, sent = context.get("identity"), get("queryStringParameters")
        address = identity.get("sourceIp") if isinstance(identity, dict) else None
        query = _texts(sent) if sent else _NOTHING
    body = get("body")
    return Request(
        method.upper() if type(method) is str else "",
        path.rstrip("/").rpartition("/")[2] if type(path) is str else "",
        _headers(event),
        body if type(body) is str else None,
        get("isBase64Encoded") is True,
        address if type(address) is str else "",
        query,
        matched if type(matched) is str else "",
    )


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    single = event.get("headers")
    if not single or not isinstance(single, dict):
        # An event of payload 1.0 that somebody wrote may have these alone.
        single = {
            name: values[-1]
            for name, values in _mapping(event.get("multiValueHeaders")).items()
            if isinstance(values, list) and values
        }
    return {name.lower(): value for name, value in single.items() if type(value) is str}


def _texts(value: object) -> dict[str, str]:
    return {
        name: text
        for name, text in _mapping(value).items()
        if isinstance(name, str) and isinstance(text, str)
    }


def _query(text: object) -> dict[str, str]:
    if not text or not isinstance(text, str):
        return {}
    # Events in bodies have no query, and a cold start does without its parser.
    from urllib.parse import parse_qsl  # noqa: PLC0415 - as said above

    return dict(parse_qsl(text, keep_blank_values=True))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _NOTHING

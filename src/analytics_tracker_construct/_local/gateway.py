"""API Gateway on one machine: HTTP requests as events, answers as HTTP responses.

Event forms: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

#: The deployed stage of the tracker's own REST API; both paths work here.
STAGE = "prod"
#: Bytes of a request's body that API Gateway takes, both kinds.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
BODY_BYTES = 10 * 1024 * 1024
PAYLOADS = ("1.0", "2.0")

_ACCOUNT = "123456789012"
_API = "local00000"
#: Media types that an HTTP API passes on as text.
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


class HttpRequest(NamedTuple):
    """One HTTP request, as it came over the wire."""

    method: str
    target: str
    """Path and query."""
    headers: Sequence[tuple[str, str]]
    body: bytes
    address: str
    """The sender's address."""
    protocol: str = "HTTP/1.1"


class HttpResponse(NamedTuple):
    """One HTTP response to send."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class MalformedAnswer(Exception):
    """The function's answer is none that API Gateway takes."""


def event(request: HttpRequest, payload: str) -> dict[str, Any]:
    """Return what API Gateway would pass to the function.

    Args:
        request: The request.
        payload: `1.0` for a REST API with binary media types `*/*`, as the tracker
            makes it, `2.0` for an HTTP API.
    """
    return _event_2(request) if payload == "2.0" else _event_1(request)


def response(answer: Mapping[str, Any]) -> HttpResponse:
    """Return the HTTP response for a function's answer.

    Raises:
        MalformedAnswer: If API Gateway would answer 502 instead.
    """
    status, body = answer.get("statusCode"), answer.get("body") or ""
    if not isinstance(status, int) or not isinstance(body, str):
        raise MalformedAnswer("an answer has a numeric statusCode and a text body")
    try:
        content = (
            base64.b64decode(body, validate=True)
            if answer.get("isBase64Encoded")
            else body.encode()
        )
    except ValueError as error:
        raise MalformedAnswer("the answer's body cannot be sent") from error
    headers = [(k, str(v)) for k, v in (answer.get("headers") or {}).items()]
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        headers = [(k, v) for k, v in headers if k.lower() != name.lower()]
        headers.extend((name, str(value)) for value in values)
    headers.extend(("Set-Cookie", str(v)) for v in answer.get("cookies") or ())
    return HttpResponse(status, headers, content)


def _event_1(request: HttpRequest) -> dict[str, Any]:
    path, query, _ = _target(request.target)
    lists: dict[str, list[str]] = {}
    for name, value in _forwarded(request):
        lists.setdefault(name, []).append(value)
    now = datetime.now(timezone.utc)
    pairs = parse_qsl(query, keep_blank_values=True)
    return {
        "resource": path,
        "path": path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in lists.items()},
        "multiValueHeaders": lists,
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": _grouped(pairs) or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": _API,
            "domainName": _host(request),
            "domainPrefix": _API,
            "extendedRequestId": secrets.token_urlsafe(11),
            "httpMethod": request.method,
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "sourceIp": request.address,
                "user": None,
                "userAgent": _last(request, "user-agent"),
                "userArn": None,
            },
            "path": f"/{STAGE}{path}",
            "protocol": request.protocol,
            "requestId": secrets.token_hex(16),
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "resourceId": "local0",
            "resourcePath": path,
            "stage": STAGE,
        },
        "body": base64.b64encode(request.body).decode() if request.body else None,
        "isBase64Encoded": bool(request.body),
    }


def _event_2(request: HttpRequest) -> dict[str, Any]:
    path, query, staged = _target(request.target)
    raw_path = f"/{STAGE}{path}" if staged else path
    joined: dict[str, str] = {}
    for name, value in _forwarded(request):
        lower = name.lower()
        if lower != "cookie":
            joined[lower] = f"{joined[lower]},{value}" if lower in joined else value
    now = datetime.now(timezone.utc)
    grouped = _grouped(parse_qsl(query, keep_blank_values=True))
    out: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{request.method} {path}",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": joined,
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": _API,
            "domainName": _host(request),
            "domainPrefix": _API,
            "http": {
                "method": request.method,
                "path": raw_path,
                "protocol": request.protocol,
                "sourceIp": request.address,
                "userAgent": _last(request, "user-agent"),
            },
            "requestId": secrets.token_urlsafe(11),
            "routeKey": f"{request.method} {path}",
            "stage": STAGE if staged else "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    cookies = [v for k, v in request.headers if k.lower() == "cookie"]
    if cookies:
        out["cookies"] = [part.strip() for part in "; ".join(cookies).split(";")]
    if grouped:
        out["queryStringParameters"] = {k: ",".join(v) for k, v in grouped.items()}
    if request.body:
        out["body"], out["isBase64Encoded"] = _body_2(request)
    return out


def _body_2(request: HttpRequest) -> tuple[str, bool]:
    media = (_last(request, "content-type") or "").strip().lower()
    if media.startswith(_TEXT) and not _last(request, "content-encoding"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def _target(target: str) -> tuple[str, str, bool]:
    """Return the path below the stage, the query, and whether the stage was named."""
    path, _, query = target.partition("?")
    if not path.startswith("/"):
        # The absolute form, which proxies are sent: scheme, authority, path.
        path = "/" + "/".join(path.split("/")[3:])
    staged = path.startswith(f"/{STAGE}/")
    return path[len(STAGE) + 1 :] if staged else path, query, staged


def _forwarded(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the headers with those that API Gateway adds on the way."""
    hops = [v for k, v in request.headers if k.lower() == "x-forwarded-for"]
    added = {
        "X-Forwarded-For": ", ".join([*hops, request.address]),
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        "X-Amzn-Trace-Id": f"Root=1-{secrets.token_hex(4)}-{secrets.token_hex(12)}",
    }
    lower = {name.lower() for name in added}
    kept = [(k, v) for k, v in request.headers if k.lower() not in lower]
    return kept + list(added.items())


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for name, value in pairs:
        out.setdefault(name, []).append(value)
    return out


def _last(request: HttpRequest, name: str) -> str | None:
    values = [v for k, v in request.headers if k.lower() == name]
    return values[-1] if values else None


def _host(request: HttpRequest) -> str:
    return _last(request, "host") or "localhost"

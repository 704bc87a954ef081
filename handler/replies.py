"""The answers: status, headers and body, in the form that API Gateway takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring_ascii as _escaped

from .compact import encode_ascii
from .draft import Draft
from .refusals import Refusal, Refused
from .typed import Any

Reply = dict[str, Any]

#: A transparent GIF of one pixel, in base64.
GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
#: One of two pixels, side by side: what became of an event that is to be sent again.
#: A page sees an image's width, and nothing else of its answer.
GIF_AGAIN = "R0lGODlhAgABAIAAAAAAAP///yH5BAEAAAAALAAAAAACAAEAAAICBAoAOw=="

#: Seconds after which to try again. Faults of S3 are short, and a tab may close.
RETRY_AFTER_SECONDS = 5
#: Seconds a browser may remember a preflight; Chromium's own limit is two hours.
PREFLIGHT_SECONDS = 7200


TRACK = "track"
PIXEL = "pixel.gif"
SCRIPT = "tracker.js"
#: Methods by route: the last segment of the path.
METHODS = {TRACK: "POST", PIXEL: "GET", SCRIPT: "GET"}
#: Says why the pixel's event was not taken.
REJECTED_HEADER = "X-Tracker-Rejected"

_EXPOSED = {"Access-Control-Expose-Headers": f"Retry-After, {REJECTED_HEADER}"}
_ANY_ORIGIN = {**_EXPOSED, "Access-Control-Allow-Origin": "*"}


def cors_headers(origins: frozenset[str], origin: str | None) -> Mapping[str, str]:
    """Return the headers that let a web page read the answer.

    Args:
        origins: The origins that may, or `*` for every one.
        origin: The request's `Origin`.
    """
    if "*" in origins:
        return _ANY_ORIGIN
    # Caches must keep the answers to different origins apart.
    headers = {**_EXPOSED, "Vary": "Origin"}
    if origin in origins:
        headers["Access-Control-Allow-Origin"] = str(origin)
    return headers


def preflight(route: str, cors: Mapping[str, str]) -> Reply:
    """Return the answer to `OPTIONS`."""
    return {
        "statusCode": 204,
        "headers": {
            **cors,
            "Access-Control-Allow-Methods": _allowed(route),
            "Access-Control-Allow-Headers": "Content-Type, Content-Encoding",
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        },
        "body": "",
    }


def single(route: str, outcome: Draft | Refused, cors: Mapping[str, str]) -> Reply:
    """Return the answer to an event that came alone.

    A request that named a tenant hears the tenant's name, never the bucket's.
    """
    if isinstance(outcome, Refused):
        return refused(route, outcome, cors)
    tenant, key = outcome.tenant, outcome.key
    # Of all that is in it, only a tenant's name may have characters to escape.
    where = (
        f'"bucket":"{outcome.destination.bucket}"'
        if tenant is None
        else f'"tenant":{_escaped(tenant)}'
    )
    if key is None:
        body = f'{{"status":"queued","eventId":"{outcome.event_id}",{where}}}'
        return _json(202, body, cors)
    more = ',"duplicate":true' if outcome.duplicate else ""
    body = (
        f'{{"status":"ok","eventId":"{outcome.event_id}",{where},"key":"{key}"{more}}}'
    )
    return _json(200, body, cors)


def batch(outcomes: Sequence[Draft | Refused], cors: Mapping[str, str]) -> Reply:
    """Return the answer to a batch: what was taken, and why the rest was not.

    Args:
        outcomes: What became of each event, in order.
        cors: The headers for web pages.
    """
    taken = [each for each in outcomes if isinstance(each, Draft)]
    rejected = [
        {"index": index, **_words(each)}
        for index, each in enumerate(outcomes)
        if isinstance(each, Refused)
    ]
    again = any(each["status"] >= 500 for each in rejected)
    queued = sum(each.key is None for each in taken)
    duplicates = sum(each.duplicate for each in taken)
    status = 202 if queued else 200
    body: dict[str, object] = {
        "status": "partial" if rejected else "queued" if queued else "ok",
        "accepted": len(taken),
        "eventIds": [each.event_id for each in taken],
        "rejected": rejected,
    }
    if queued:
        body["queued"] = queued
    if duplicates:
        body["duplicates"] = duplicates
    if not taken:
        whole = Refused(Refusal.UNAVAILABLE if again else Refusal.NONE_ACCEPTED)
        status = whole.refusal.status
        del body["status"]
        body = {"error": whole.error, "message": whole.message, **body}
    reply = _json(status, encode_ascii(body), cors)
    if again:
        reply["headers"]["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return reply


def refused(route: str, refusal: Refused, cors: Mapping[str, str]) -> Reply:
    """Return the answer that the refusal's row gives."""
    row = refusal.refusal
    words = {"error": refusal.error, "message": refusal.message}
    reply = _json(row.status, encode_ascii(words), cors)
    if row.status >= 500:
        reply["headers"]["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if row.status == 401:
        # https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
        reply["headers"]["WWW-Authenticate"] = "Bearer"
    if row is Refusal.METHOD_NOT_ALLOWED:
        reply["headers"]["Allow"] = _allowed(route)
    return reply


def pixel(outcome: Draft | Refused, cors: Mapping[str, str]) -> Reply:
    """Return the image, whatever became of its event: a broken one helps nobody.

    It is two pixels wide where the event is worth sending again.
    """
    image = GIF
    headers = {
        **cors,
        "Content-Type": "image/gif",
        "Cache-Control": "no-store",
        # Pages that isolate themselves show no image without it.
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if isinstance(outcome, Refused):
        headers[REJECTED_HEADER] = f"{outcome.error}: {outcome.message}"
        if outcome.refusal.status >= 500:
            image = GIF_AGAIN
    return {
        "statusCode": 200,
        "headers": headers,
        "body": image,
        "isBase64Encoded": True,
    }


def _allowed(route: str) -> str:
    return f"{METHODS[route]}, OPTIONS"


def _words(refusal: Refused) -> dict[str, Any]:
    return {
        "status": refusal.refusal.status,
        "error": refusal.error,
        "message": refusal.message,
    }


def _json(status: int, body: str, cors: Mapping[str, str]) -> Reply:
    headers = {**cors, "Content-Type": "application/json", "Cache-Control": "no-store"}
    return {
        "statusCode": status,
        "headers": headers,
        "body": body,
    }

"""`GET /pixel.gif`: an event as parameters, for mail and pages without scripts."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urlsplit

from . import body, limits
from .batch import Sent, require_depth
from .refusals import Refusal, Refused
from .request import Request
from .typed import Any
from .visit import Visit

_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})", re.ASCII)
# A plus sign that was not encoded has become a space. Nothing in it can match in two
# ways: this is tried on any text that a client sends.
_LOST_PLUS = re.compile(r"(\d{4}-\d\d-\d\d[Tt][\d:.,]+) (\d\d(?::?\d\d)?)", re.ASCII)


def read(visit: Visit) -> Sent:
    """Return the event that a request's parameters are, or why they are none.

    What a page cannot know when it is made up has a default: the time is the server's,
    the page is the one that shows the pixel.
    """
    request = visit.request
    texts = "".join([*request.query, *request.query.values()])
    if len(texts.encode(errors="replace")) > limits.EVENT_BYTES:
        return Refused(Refusal.EVENT_TOO_LARGE)
    sent: dict[str, Any] = dict(request.query)
    viewport = _SIZE.fullmatch(sent.get("viewport", ""))
    if viewport:
        sent["viewport"] = {"width": int(viewport[1]), "height": int(viewport[2])}
    for name in ("viewport", "metadata"):
        text = sent.get(name)
        if isinstance(text, str):
            # What is not JSON stays text, and is refused for not being an object.
            with suppress(Refused):
                sent[name] = body.parse(text.encode(errors="replace"))
    try:
        require_depth(sent)
    except Refused as refused:
        return refused
    if "timestamp" not in sent:
        # The server's own, which needs no correction.
        sent["timestamp"] = visit.at
        sent.pop("sentAt", None)
    for name in ("timestamp", "sentAt"):
        if name in sent:
            sent[name] = _LOST_PLUS.sub(r"\1+\2", sent[name])
    sent.setdefault("page", request.headers.get("referer"))
    return sent


def with_origin(request: Request) -> Request:
    """Return the request with the origin of the page that shows the pixel.

    Browsers send no `Origin` for an image, but the page's address or its origin.
    """
    if "origin" in request.headers:
        return request
    try:
        parts = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return request
    if not parts.scheme or not parts.netloc:
        return request
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    return request._replace(headers={**request.headers, "origin": origin})

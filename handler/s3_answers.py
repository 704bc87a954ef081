"""What an answer of S3 that is no success means.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

import re

from .endpoints import Endpoints, is_region
from .http1 import Response
from .storage import Fault

_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,64})</Code>")
_REGION = re.compile(rb"<Region>([a-z0-9-]{1,32})</Region>")

_MOVED = frozenset({301, 302, 307, 308})
_ELSEWHERE = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)
# 409: another write to the key is under way. 307: a new bucket's name is still being
# made known; where it says where to go, that is followed before this is asked.
_TRANSIENT = frozenset({307, 408, 409, 429})
_TRANSIENT_CODES = frozenset({"RequestTimeout", "SlowDown", "Throttling"})


class Refusal:
    """An answer that is no success, and what to make of it.

    Args:
        response: The answer.
    """

    def __init__(self, response: Response) -> None:
        self._response = response
        self._status = response.status
        code = _CODE.search(response.body)
        self.code = code[1].decode() if code else ""
        """S3's own word for the error; empty where it gave none."""

    @property
    def detail(self) -> str:
        """The status and the code, and nothing else: safe to log."""
        return f"{self._status} {self.code}".rstrip()

    @property
    def fault(self) -> Fault:
        """The kind of failure, should it be final."""
        if self._status == 404:
            return Fault.MISSING
        if 400 <= self._status < 500 and self.code not in _ELSEWHERE:
            return Fault.UNAVAILABLE if self.is_transient else Fault.REFUSED
        return Fault.UNAVAILABLE

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed a little later."""
        return (
            self._status >= 500
            or self._status in _TRANSIENT
            or self.code in _TRANSIENT_CODES
        )

    @property
    def may_have_worked(self) -> bool:
        """Whether a write may have been done nevertheless.

        A 503 tells to slow down and comes before any work.
        """
        return self._status >= 500 and self._status != 503

    def region(self, bucket: str, endpoints: Endpoints) -> str | None:
        """Return the region that the bucket is said to be in."""
        headers = self._response.headers
        named = headers.get("x-amz-bucket-region", "")
        if self._status not in _MOVED and self.code not in _ELSEWHERE:
            # Without a body there is no code, yet the header tells.
            return named if self._status == 400 and is_region(named) else None
        if is_region(named):
            return named
        if inside := _REGION.search(self._response.body):
            return inside[1].decode()
        return endpoints.region_in(headers.get("location", ""), bucket)

    def server_time(self) -> float | None:
        """Return the server's clock if it refused the request for ours being wrong."""
        if self.code != "RequestTimeTooSkewed":
            return None
        # Hardly ever needed, so not part of every cold start.
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - as said above

        try:
            return parsedate_to_datetime(self._response.headers["date"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return None

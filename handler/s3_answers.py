"""What an answer of S3 that is no success means.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

import re

from . import calls
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
# What S3 says of our credentials says nothing of the bucket: the role's have expired,
# or were taken away, and come back with the next instance.
_OURS = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"}
)


class Refusal(calls.Refusal):
    """An answer of S3 that is no success.

    Args:
        response: The answer.
    """

    # 409: another write to the key is under way. 307: a new bucket's name is being made
    # known; where that says where to go, it is followed before this is asked.
    transient = frozenset(
        {307, 408, 409, 429, "RequestTimeout", "SlowDown", "Throttling"}
    )
    untimely = frozenset({"RequestTimeTooSkewed"})

    def __init__(self, response: Response) -> None:
        code = _CODE.search(response.body)
        super().__init__(response.status, code[1].decode() if code else "")
        self._response = response

    @property
    def fault(self) -> Fault:
        """The kind of failure, where the same request will not succeed later either."""
        if self.code in _ELSEWHERE or self.code in _OURS:
            return Fault.UNAVAILABLE
        return super().fault

    def region(self, bucket: str, endpoints: Endpoints) -> str | None:
        """Return the region that the bucket is said to be in."""
        headers = self._response.headers
        named = headers.get("x-amz-bucket-region", "")
        if self.status not in _MOVED and self.code not in _ELSEWHERE:
            # Without a body there is no code, yet the header tells.
            return named if self.status == 400 and is_region(named) else None
        if is_region(named):
            return named
        if inside := _REGION.search(self._response.body):
            return inside[1].decode()
        return endpoints.region_in(headers.get("location", ""), bucket)

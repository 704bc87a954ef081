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
# or were taken away, and come back with the next instance. Nor does what it says of our
# clock, where that could not be put right.
_OURS = frozenset({"ExpiredToken", "RequestTimeTooSkewed", "SignatureDoesNotMatch"})
# In our own region, that is. One that our account has not enabled does not know them,
# and whoever has a bucket there would fill the queue with what is never stored.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html
_OURS_AT_HOME = frozenset({"InvalidAccessKeyId", "InvalidToken"})


class Refusal(calls.Refusal):
    """An answer of S3 that is no success.

    Args:
        response: The answer.
        region: The region that the bucket is in by what it says, if it says so.
        abroad: Whether another region than ours gave it.
    """

    # 409: another write to the key is under way. 307: a new bucket's name is being made
    # known; where that says where to go, it is followed before this is asked.
    transient = frozenset(
        {307, 408, 409, 429, "RequestTimeout", "SlowDown", "Throttling"}
    )
    untimely = frozenset({"RequestTimeTooSkewed"})

    def __init__(self, response: Response, region: str | None, *, abroad: bool) -> None:
        super().__init__(response.status, _code(response))
        self._region = region
        self._abroad = abroad

    @property
    def fault(self) -> Fault:
        """The kind of failure, where the same request will not succeed later either."""
        if self.code in _OURS or (self.code in _OURS_AT_HOME and not self._abroad):
            return Fault.UNAVAILABLE
        if self.code in _ELSEWHERE:
            # One that is nowhere to be found is the client's error, as one that is not.
            return Fault.REFUSED if self._region is None else Fault.UNAVAILABLE
        return super().fault


def region_of(response: Response, bucket: str, endpoints: Endpoints) -> str | None:
    """Return the region that a bucket is in by what an answer says, if it says so."""
    headers = response.headers
    named = headers.get("x-amz-bucket-region", "")
    if response.status not in _MOVED and _code(response) not in _ELSEWHERE:
        # Without a body there is no code, yet the header tells.
        return named if response.status == 400 and is_region(named) else None
    if is_region(named):
        return named
    if inside := _REGION.search(response.body):
        return inside[1].decode()
    return endpoints.region_in(headers.get("location", ""), bucket)


def _code(response: Response) -> str:
    code = _CODE.search(response.body)
    return code[1].decode() if code else ""

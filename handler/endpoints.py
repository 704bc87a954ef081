"""Where S3 is: a bucket's host, by region and partition, or the one endpoint given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from .pool import Origin

#: The DNS suffix of S3 by what a region's name begins with; the first match counts.
#: botocore's partitions.json says the same, and a test compares them.
DNS_SUFFIXES: tuple[tuple[str, str], ...] = (
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("", "amazonaws.com"),
)

# No dots: S3's certificate is for one label before ".s3".
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


class Endpoint(NamedTuple):
    """Where the requests for one bucket go."""

    origin: Origin
    host: str
    """The ``Host`` header."""
    base: str
    """What comes before a key in the path, with its last slash."""
    region: str
    """The region that the requests are signed for."""


class Endpoints:
    """Finds the endpoint of a bucket.

    Args:
        region: The region that a bucket is in as far as we know at first.
        url: The URL of something that speaks S3, addressed by path.
            Default: AWS itself, each bucket by its own host name.
        fips: Whether AWS's FIPS 140 endpoints are to be used.
        dualstack: Whether AWS's IPv4 and IPv6 endpoints are to be used.

    Raises:
        ValueError: If the region or the URL is none.
    """

    def __init__(
        self,
        region: str,
        *,
        url: str | None = None,
        fips: bool = False,
        dualstack: bool = False,
    ) -> None:
        if not is_region(region):
            raise ValueError(
                f"'region' must be a region such as eu-west-1, got {region!r}"
            )
        self.region = region
        self.custom = url is not None
        self._service = f"s3{'-fips' * fips}{'.dualstack' * dualstack}"
        if url is not None:
            self._origin, self._host, self._base = _parse(url)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Endpoints:
        """Read the variables that the AWS SDKs read.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html

        Raises:
            ValueError: If ``AWS_REGION`` or an endpoint's URL is missing or wrong.
        """
        url = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
        if _is_true(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
            url = None
        return cls(
            environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "",
            url=url or None,
            fips=_is_true(environ, "AWS_USE_FIPS_ENDPOINT"),
            dualstack=_is_true(environ, "AWS_USE_DUALSTACK_ENDPOINT"),
        )

    def find(self, bucket: str, region: str) -> Endpoint:
        """Return where a bucket of a region is reached.

        Raises:
            ValueError: If that is no bucket's name; nothing else may become part of
                a host name.
        """
        if not _BUCKET.fullmatch(bucket):
            raise ValueError("not a bucket's name")
        if self.custom:
            return Endpoint(self._origin, self._host, f"{self._base}{bucket}/", region)
        host = f"{bucket}.{self._service}.{region}.{_dns_suffix(region)}"
        return Endpoint(Origin(tls=True, host=host, port=443), host, "/", region)

    def region_in(self, location: str, bucket: str) -> str | None:
        """Return the region that a redirect names, if it leads to the bucket in S3.

        Only the region is taken from a redirect, never the host: so neither an event
        nor a signature can be led away from AWS.
        """
        prefix, suffix = f"https://{bucket}.s3", f".{_dns_suffix(self.region)}/"
        start, found, _ = location.partition(suffix)
        if self.custom or not found or not start.startswith(prefix):
            return None
        # "s3-us-west-2" is how S3 spelt its regional hosts before 2019.
        region = re.sub(r"^(-fips)?(\.dualstack)?[.-]", "", start[len(prefix) :])
        return region if is_region(region) else None


def is_region(name: str) -> bool:
    """Tell whether this can be a region's name, and so part of a host name."""
    return _REGION.fullmatch(name) is not None


def _dns_suffix(region: str) -> str:
    return next(suffix for start, suffix in DNS_SUFFIXES if region.startswith(start))


def _is_true(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() == "true"


def _parse(url: str) -> tuple[Origin, str, str]:
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    if not (tls or parts.scheme == "http") or not (parts.hostname and url.isascii()):
        raise ValueError(
            f"an S3 endpoint must be a URL such as http://localhost:9000, got {url!r}"
        )
    usual = 443 if tls else 80
    port = parts.port or usual
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    host = name if port == usual else f"{name}:{port}"
    return Origin(tls, parts.hostname, port), host, f"{parts.path.rstrip('/')}/"

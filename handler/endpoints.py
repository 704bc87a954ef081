"""Where S3 and SQS are: a host by region and partition, or the one endpoint given."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .buckets import BUCKET_NAME
from .pool import Origin
from .typed import NamedTuple

#: AWS's DNS suffix by what a region's name begins with, and that of its endpoints for
#: IPv4 and IPv6 (S3's are below the first); the first match counts.
#: botocore's partitions.json says the same, and a test compares them.
DNS_SUFFIXES: tuple[tuple[str, str, str], ...] = (
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("", "amazonaws.com", "api.aws"),
)

_REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


class Endpoint(NamedTuple):
    """Where the requests for one bucket or queue go."""

    origin: Origin
    host: str
    """The ``Host`` header."""
    base: str
    """What comes before a key in the path, with its last slash; for SQS all of it."""
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
        self.region = _checked(region)
        self.custom = url is not None
        self._service = f"s3{'-fips' * fips}{'.dualstack' * dualstack}"
        if url is not None:
            self._origin, self._host, path = _parse(url)
            self._base = f"{path.rstrip('/')}/"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Endpoints:
        """Read the variables that the AWS SDKs read.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html

        Raises:
            ValueError: If ``AWS_REGION`` or an endpoint's URL is missing or wrong.
        """
        return cls(
            _region(environ),
            url=configured_url(environ, "S3"),
            fips=_is_true(environ, "AWS_USE_FIPS_ENDPOINT"),
            dualstack=_is_true(environ, "AWS_USE_DUALSTACK_ENDPOINT"),
        )

    def find(self, bucket: str, region: str) -> Endpoint:
        """Return where a bucket of a region is reached.

        Raises:
            ValueError: If that is no bucket's name; nothing else may become part of
                a host name.
        """
        if not BUCKET_NAME.fullmatch(bucket):
            raise ValueError("not a bucket's name")
        if self.custom:
            return Endpoint(self._origin, self._host, f"{self._base}{bucket}/", region)
        host = f"{bucket}.{self._service}.{region}.{_suffixes(region)[0]}"
        return Endpoint(Origin(tls=True, host=host, port=443), host, "/", region)

    def region_in(self, location: str, bucket: str) -> str | None:
        """Return the region that a redirect names, if it leads to the bucket in S3.

        Only the region is taken from a redirect, never the host: so neither an event
        nor a signature can be led away from AWS.
        """
        prefix, suffix = f"https://{bucket}.s3", f".{_suffixes(self.region)[0]}/"
        start, found, _ = location.partition(suffix)
        if self.custom or not found or not start.startswith(prefix):
            return None
        # "s3-us-west-2" is how S3 spelt its regional hosts before 2019.
        region = re.sub(r"^(-fips)?(\.dualstack)?[.-]", "", start[len(prefix) :])
        return region if is_region(region) else None


def is_region(name: str) -> bool:
    """Tell whether this can be a region's name, and so part of a host name."""
    return _REGION.fullmatch(name) is not None


def configured_url(environ: Mapping[str, str], service: str) -> str | None:
    """Return the URL that the environment gives for a service; None means AWS.

    Args:
        environ: The environment.
        service: The service's name in capitals, such as ``S3``.
    """
    if _is_true(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return None
    own = environ.get(f"AWS_ENDPOINT_URL_{service}")
    return own or environ.get("AWS_ENDPOINT_URL") or None


def queue_endpoint(environ: Mapping[str, str], queue_url: str) -> Endpoint:
    """Return where messages for a queue are sent, by the SDKs' variables.

    A queue's URL names the queue and, where it is of AWS's own form, the region;
    what is sent to may be another host, as in the SDKs.

    Raises:
        ValueError: If neither the queue's URL nor ``AWS_REGION`` names a region, or
            the endpoint's URL is wrong.
    """
    region = _region_of(queue_url) or _checked(_region(environ))
    url = configured_url(environ, "SQS")
    if url is not None:
        origin, host, path = _parse(url)
        return Endpoint(origin, host, path or "/", region)
    fips = _is_true(environ, "AWS_USE_FIPS_ENDPOINT")
    dualstack = _is_true(environ, "AWS_USE_DUALSTACK_ENDPOINT")
    # GovCloud's usual endpoints are the FIPS ones.
    fips &= dualstack or not region.startswith("us-gov-")
    host = f"sqs{'-fips' * fips}.{region}.{_suffixes(region)[dualstack]}"
    return Endpoint(Origin(tls=True, host=host, port=443), host, "/", region)


def _region_of(queue_url: str) -> str | None:
    from urllib.parse import urlsplit  # noqa: PLC0415 - the queue is seldom needed

    service, _, rest = (urlsplit(queue_url).hostname or "").partition(".")
    region, _, suffix = rest.partition(".")
    known = service in ("sqs", "sqs-fips") and is_region(region)
    return region if known and suffix in _suffixes(region) else None


def _region(environ: Mapping[str, str]) -> str:
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""


def _checked(region: str) -> str:
    if not is_region(region):
        raise ValueError(f"'region' must be a region such as eu-west-1, got {region!r}")
    return region


def _suffixes(region: str) -> tuple[str, str]:
    return next(known[1:] for known in DNS_SUFFIXES if region.startswith(known[0]))


def _is_true(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() == "true"


def _parse(url: str) -> tuple[Origin, str, str]:
    # AWS itself is reached without, and a cold start does without its parser.
    from urllib.parse import urlsplit  # noqa: PLC0415 - as said above

    parts = urlsplit(url)
    tls = parts.scheme == "https"
    if not (tls or parts.scheme == "http") or not (parts.hostname and url.isascii()):
        raise ValueError(
            f"an endpoint must be a URL such as http://localhost:9000, got {url!r}"
        )
    usual = 443 if tls else 80
    port = parts.port or usual
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    host = name if port == usual else f"{name}:{port}"
    return Origin(tls, parts.hostname, port), host, parts.path

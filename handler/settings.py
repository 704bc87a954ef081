"""The function's settings: what the construct writes into its environment.

The names below exist once, here; the construct imports them. `read` turns the
environment into `Settings` when the function starts.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Mapping

from .buckets import Patterns
from .typed import NamedTuple

#: Bucket names and patterns that a request may name, comma-separated.
ALLOWED_BUCKETS = "TRACKER_ALLOWED_BUCKETS"
#: JSON object: tenant name → `{"bucket", "owner"?, "origins"?, "keys"?, "route"?}`.
#: A key is the base64 of a digest without its padding, a route is `1`.
TENANTS = "TRACKER_TENANTS"
#: The one account that owns every allowed bucket, where only one may.
BUCKET_OWNER = "TRACKER_BUCKET_OWNER"
#: `*`, or the origins that a browser may send from, comma-separated.
CORS_ORIGINS = "TRACKER_CORS_ORIGINS"
#: The bucket that keeps the salts of today and yesterday.
SALT_BUCKET = "TRACKER_SALT_BUCKET"
#: Keys of salts begin with this; the function's role allows nothing else there.
SALT_PREFIX = "salts/"
#: The account that owns the salt bucket: the tracker's own.
SALT_BUCKET_OWNER = "TRACKER_SALT_BUCKET_OWNER"
#: The canned ACL to send with each event, where other accounts own buckets.
OBJECT_ACL = "TRACKER_OBJECT_ACL"
#: `1` to honour `Sec-GPC` and `DNT`.
HONOR_PRIVACY_SIGNALS = "TRACKER_HONOR_PRIVACY_SIGNALS"
#: `1` to believe CloudFront's viewer country: only where a client cannot set it.
VIEWER_COUNTRY = "TRACKER_VIEWER_COUNTRY"
#: The secrets that the tracker's own distribution may send, comma-separated; without
#: any there is no distribution, and every request may come straight to the API.
FRONT_DOOR = "TRACKER_FRONT_DOOR"
#: The header that it sends one of them in.
FRONT_DOOR_HEADER = "x-tracker-front-door"
#: `0` to send the browser client as it is: where the API may take base64 for text.
COMPRESS = "TRACKER_COMPRESS"
#: `1` to write metrics in CloudWatch's embedded metric format.
METRICS = "TRACKER_METRICS"
#: The SQS queue that takes events where S3 does not, or before S3 does.
QUEUE_URL = "TRACKER_QUEUE_URL"
#: `1` to put events on the queue first: delivery BUFFERED.
BUFFERED = "TRACKER_BUFFERED"

#: Every name above, for the test that compares both sides.
NAMES = (
    ALLOWED_BUCKETS,
    TENANTS,
    BUCKET_OWNER,
    CORS_ORIGINS,
    SALT_BUCKET,
    SALT_BUCKET_OWNER,
    OBJECT_ACL,
    HONOR_PRIVACY_SIGNALS,
    VIEWER_COUNTRY,
    FRONT_DOOR,
    COMPRESS,
    METRICS,
    QUEUE_URL,
    BUFFERED,
)

#: Those of them that the writer function reads.
WRITER_NAMES = (OBJECT_ACL, METRICS)


class Tenant(NamedTuple):
    """A registered tenant, as the function knows it."""

    name: str
    bucket: str
    owner: str | None = None
    """The account that owns the bucket, where it is known."""
    origins: frozenset[str] = frozenset()
    """Origins that a browser may send from; empty: any."""
    keys: tuple[bytes, ...] = ()
    """Digests of the write keys, one of which each event must bring; empty: none."""
    own_route: bool = False
    """Whether events come by `/<tenant>/track` and `/<tenant>/pixel.gif` alone."""


class Settings(NamedTuple):
    """Everything that differs from one tracker to another."""

    patterns: Patterns = Patterns(())
    tenants: Mapping[str, Tenant] = {}
    bucket_owner: str | None = None
    cors_origins: frozenset[str] = frozenset({"*"})
    salt_bucket: str | None = None
    salt_bucket_owner: str | None = None
    object_acl: str | None = None
    honor_privacy_signals: bool = True
    viewer_country: bool = False
    front_door: tuple[str, ...] = ()
    metrics: bool = False
    queue_url: str | None = None
    buffered: bool = False
    compress: bool = True


def read(environment: Mapping[str, str]) -> Settings:
    """Return the settings that `environment` holds.

    Args:
        environment: Variables by name; one that is missing takes its default.

    Raises:
        ValueError: If a variable is not of its form. The function then fails to
            start, which a deployment shows at once.
    """

    def flag(name: str, *, default: bool) -> bool:
        return environment.get(name, "1" if default else "0") == "1"

    return Settings(
        patterns=Patterns(_words(environment.get(ALLOWED_BUCKETS, ""))),
        tenants=_tenants(environment.get(TENANTS, "{}")),
        bucket_owner=environment.get(BUCKET_OWNER) or None,
        cors_origins=frozenset(_words(environment.get(CORS_ORIGINS, "*"))),
        salt_bucket=environment.get(SALT_BUCKET) or None,
        salt_bucket_owner=environment.get(SALT_BUCKET_OWNER) or None,
        object_acl=environment.get(OBJECT_ACL) or None,
        honor_privacy_signals=flag(HONOR_PRIVACY_SIGNALS, default=True),
        viewer_country=flag(VIEWER_COUNTRY, default=False),
        front_door=_words(environment.get(FRONT_DOOR, "")),
        metrics=flag(METRICS, default=False),
        queue_url=environment.get(QUEUE_URL) or None,
        buffered=flag(BUFFERED, default=False),
        compress=flag(COMPRESS, default=True),
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _tenants(text: str) -> dict[str, Tenant]:
    return {
        name: Tenant(
            name,
            entry["bucket"],
            entry.get("owner"),
            frozenset(entry.get("origins", ())),
            tuple(binascii.a2b_base64(f"{each}==") for each in entry.get("keys", ())),
            bool(entry.get("route")),
        )
        for name, entry in json.loads(text).items()
    }

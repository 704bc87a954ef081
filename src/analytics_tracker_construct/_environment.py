"""The functions' environment: what the construct tells the handler, and its size."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from aws_cdk import Token

from ._handler import limits, settings
from ._permissions import NAMES_CHARS, OBJECT_ACL, check_names

#: The most characters that a token may become.
BUCKET_CHARS = 63
ACCOUNT_CHARS = 12
#: A secret that the distribution sends, all letters and digits.
FRONT_DOOR_CHARS = 64
#: A scheme, the longest host name of DNS and a port.
ORIGIN_CHARS = len("https://") + 253 + len(":65535")
#: A region, the longest suffix of a partition's hosts and a queue's name.
QUEUE_URL_CHARS = (
    len("https://sqs.us-isob-east-1xx.amazonaws.com.cn//") + ACCOUNT_CHARS + 80
)


@dataclass(frozen=True)
class TenantEntry:
    """What the function knows of a tenant."""

    bucket: str
    owner: str | None
    """The account that owns the bucket, if several may and it is known."""
    origins: tuple[str, ...]
    """The origins that a browser may send from; empty: every origin."""
    keys: tuple[str, ...] = ()
    """Digests of the write keys, as `WriteKey` has them; empty: events need none."""
    own_route: bool = False
    """Whether events come by the tenant's own routes alone."""


@dataclass(frozen=True)
class Environment:
    """Everything that the functions' variables are made from."""

    allowed_buckets: tuple[str, ...]
    cors_origins: tuple[str, ...]
    salt_bucket: str
    queue_url: str
    account: str
    trusted: bool
    honor_privacy_signals: bool
    viewer_country: bool
    metrics: bool
    buffered: bool
    compress: bool = True
    front_door: tuple[str, ...] = ()
    names_chars: int = NAMES_CHARS
    """Characters of a role's policies that are left for buckets' names."""
    tenants: Mapping[str, TenantEntry] = field(default_factory=dict)

    def with_tenant(self, name: str, entry: TenantEntry) -> Environment:
        """Return the same with one more tenant."""
        return replace(self, tenants={**self.tenants, name: entry})

    def variables(self, to_json: Callable[[object], str]) -> dict[str, str]:
        """Return the variables that apply, by name.

        Args:
            to_json: Writes JSON; tokens in it must stay valid.
        """
        found = {
            settings.ALLOWED_BUCKETS: ",".join(self.allowed_buckets),
            settings.TENANTS: to_json(self._tenants()) if self.tenants else "",
            settings.BUCKET_OWNER: "" if self.trusted else self.account,
            settings.CORS_ORIGINS: ",".join(self._origins()),
            settings.SALT_BUCKET: self.salt_bucket,
            settings.SALT_BUCKET_OWNER: self.account,
            settings.OBJECT_ACL: OBJECT_ACL if self.trusted else "",
            settings.HONOR_PRIVACY_SIGNALS: "1" if self.honor_privacy_signals else "0",
            settings.VIEWER_COUNTRY: "1" if self.viewer_country else "",
            settings.FRONT_DOOR: ",".join(self.front_door),
            settings.COMPRESS: "" if self.compress else "0",
            settings.METRICS: "1" if self.metrics else "",
            settings.QUEUE_URL: self.queue_url,
            settings.BUFFERED: "1" if self.buffered else "",
        }
        return {name: value for name, value in found.items() if value}

    def writer_variables(self) -> dict[str, str]:
        """Return those of them that the writer reads."""
        found = self.variables(_compact)
        return {name: found[name] for name in settings.WRITER_NAMES if name in found}

    def check_size(self) -> None:
        """Check that variables and rights fit, each token as long as it may become.

        Raises:
            ValueError: If they do not.
        """
        widest = self._widest()
        # Lambda measures the variables as one JSON object, quotes escaped and all.
        size = len(_compact(widest.variables(_compact)).encode())
        if size > limits.ENVIRONMENT_BYTES:
            raise ValueError(
                f"'allowed_buckets', 'cors_origin' and tenants take {size} bytes of "
                f"the function's environment, and Lambda allows "
                f"{limits.ENVIRONMENT_BYTES}; use patterns such as '*-analytics' in "
                "place of names, fewer origins and write keys, or several trackers"
            )
        buckets = (tenant.bucket for tenant in widest.tenants.values())
        check_names(
            (len(name) for name in (*widest.allowed_buckets, *buckets)),
            self.names_chars,
            trusted=self.trusted,
        )

    def _tenants(self) -> dict[str, dict[str, object]]:
        return {
            name: {
                "bucket": tenant.bucket,
                **({"owner": tenant.owner} if tenant.owner else {}),
                **({"origins": list(tenant.origins)} if tenant.origins else {}),
                **({"keys": list(tenant.keys)} if tenant.keys else {}),
                **({"route": 1} if tenant.own_route else {}),
            }
            for name, tenant in self.tenants.items()
        }

    def _origins(self) -> tuple[str, ...]:
        if "*" in self.cors_origins:
            return self.cors_origins
        of_tenants = (o for tenant in self.tenants.values() for o in tenant.origins)
        return tuple(dict.fromkeys((*self.cors_origins, *of_tenants)))

    def _widest(self) -> Environment:
        return replace(
            self,
            allowed_buckets=tuple(map(_bucket, self.allowed_buckets)),
            cors_origins=tuple(map(_origin, self.cors_origins)),
            salt_bucket=_bucket(self.salt_bucket),
            queue_url=_wide(self.queue_url, QUEUE_URL_CHARS),
            account=_wide(self.account, ACCOUNT_CHARS),
            front_door=tuple(_wide(s, FRONT_DOOR_CHARS) for s in self.front_door),
            tenants={
                name: replace(
                    tenant,
                    bucket=_bucket(tenant.bucket),
                    owner=tenant.owner and _wide(tenant.owner, ACCOUNT_CHARS),
                    origins=tuple(map(_origin, tenant.origins)),
                )
                for name, tenant in self.tenants.items()
            },
        )


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _wide(text: str, chars: int) -> str:
    return "x" * chars if Token.is_unresolved(text) else text


def _bucket(name: str) -> str:
    return _wide(name, BUCKET_CHARS)


def _origin(origin: str) -> str:
    return _wide(origin, ORIGIN_CHARS)

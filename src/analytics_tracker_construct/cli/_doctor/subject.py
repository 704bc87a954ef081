"""The tracker that is examined: what every check knows of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from ..._handler import settings
from .._aws import Aws


class Role(NamedTuple):
    """A role that a function of the tracker runs as."""

    what: str
    """Whose it is: `function` or `writer`."""
    arn: str


class Subject(NamedTuple):
    """A deployed tracker."""

    aws: Aws
    function: str
    """The ingest function's name."""
    arn: str
    """The ingest function's ARN."""
    settings: settings.Settings
    roles: tuple[Role, ...]
    """That of the function, and those of the writers that are known by now."""
    now: datetime
    """When the examination began, in UTC."""

    @property
    def account(self) -> str:
        """The account that the tracker is in."""
        return self.arn.split(":")[4]

    @property
    def partition(self) -> str:
        """The partition that the tracker is in, such as `aws`."""
        return self.arn.split(":")[1]

    @property
    def ingest_role(self) -> Role:
        """The function's role: no writer keeps salts, or sends to the queue."""
        return next(each for each in self.roles if each.what == "function")

    def owner_of(self, bucket: str) -> str | None:
        """Return the account that must own a bucket, where it is known."""
        for tenant in self.settings.tenants.values():
            if tenant.bucket == bucket and tenant.owner:
                return tenant.owner
        return self.settings.bucket_owner

    def named_buckets(self) -> tuple[str, ...]:
        """Return the buckets that the settings name in full, each once."""
        tenants = (tenant.bucket for tenant in self.settings.tenants.values())
        return tuple(dict.fromkeys((*tenants, *sorted(self.settings.patterns.names))))

    def client(self, service: str) -> Any:
        """Return a client of a service in the tracker's region."""
        return self.aws.client(service)

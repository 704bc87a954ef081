"""Which bucket an event goes to, and whether its sender may write there."""

from __future__ import annotations

from functools import lru_cache

from .draft import Destination, Draft, Step
from .fields import required_text
from .refusals import Refusal, Refused
from .settings import Settings, Tenant
from .visit import Visit

#: Buckets that are remembered to be allowed.
_BUCKETS = 256


def allow_destination(settings: Settings) -> Step:
    """Return a step that finds the event's bucket and refuses one not allowed.

    A request names a tenant, or a bucket. A bucket that is a tenant's is reached by the
    tenant's name only, unless the allow-list has it in full: a pattern that happens to
    match it does not open it. A tenant may list the origins of its pages.
    """
    owner = settings.bucket_owner
    tenant_of = {tenant.bucket: tenant for tenant in settings.tenants.values()}
    tenants = {
        name: Destination(tenant.bucket, tenant.owner or owner, tenant, named=True)
        for name, tenant in settings.tenants.items()
    }

    # Nearly every request of an instance names one of a few buckets. What is refused
    # is not kept: clients would fill the memory.
    @lru_cache(_BUCKETS)
    def by_bucket(bucket: str) -> Destination:
        named = bucket in settings.patterns.names
        tenant = tenant_of.get(bucket)
        if (tenant and not named) or not settings.patterns.allow(bucket):
            raise Refused(Refusal.BUCKET_FORBIDDEN)
        theirs = tenant.owner if tenant else None
        return Destination(bucket, theirs or owner, tenant, named)

    def step(draft: Draft) -> None:
        sent = draft.sent
        name = sent.get("tenant")
        if name is None:
            found = by_bucket(sent["bucket"])
        elif sent.get("bucket") is not None:
            raise Refused(Refusal.BUCKET_AND_TENANT)
        elif required_text(sent, "tenant", Refusal.BUCKET_MISSING) not in tenants:
            raise Refused(Refusal.TENANT_FORBIDDEN)
        else:
            found = tenants[name]
        if found.tenant is not None and found.tenant.origins:
            _require_origin(found.tenant, draft.visit)
        draft.destination = found

    return step


def _require_origin(tenant: Tenant, visit: Visit) -> None:
    """Refuse a web page that the tenant did not list.

    Browsers send `Origin` with every POST to another origin and no page can change it.
    A request without one comes from a server or a tool, which could send any: to tell
    those apart takes a secret, not an origin.

    An image has none, and a page may hide that it is the image's; browsers then still
    say that some page is: `Sec-Fetch-Site`, which no page can change either, is `none`
    where there is no page. https://www.w3.org/TR/fetch-metadata/
    """
    headers = visit.request.headers
    origin = headers.get("origin")
    if origin is None:
        allowed = headers.get("sec-fetch-site", "none") == "none"
    else:
        allowed = origin in tenant.origins
    if not allowed:
        raise Refused(Refusal.ORIGIN_FORBIDDEN)

"""Which bucket an event goes to, and whether its sender may write there."""

from __future__ import annotations

from collections.abc import Callable
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
    match it does not open it. A tenant may list the origins of its pages, may have
    write keys, and may have a route of its own.
    """
    owner = settings.bucket_owner
    tenant_of = {tenant.bucket: tenant for tenant in settings.tenants.values()}
    tenants = {
        name: Destination(tenant.bucket, tenant.owner or owner, tenant, named=True)
        for name, tenant in settings.tenants.items()
    }

    own_routes = frozenset(
        name for name, tenant in settings.tenants.items() if tenant.own_route
    )
    require_key = _key_check(settings)

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
        if own_routes:
            _require_route(found.tenant, draft.visit, own_routes)
        if found.tenant is not None:
            # A server proves itself by a secret; what page it is of says nothing.
            proved = bool(found.tenant.keys) and require_key(found.tenant, draft)
            if found.tenant.origins and not proved:
                _require_origin(found.tenant, draft.visit)
        draft.destination = found

    return step


def _key_check(settings: Settings) -> Callable[[Tenant, Draft], bool]:
    """Return what refuses events without a key, for tenants that have keys."""
    if not any(tenant.keys for tenant in settings.tenants.values()):
        return lambda _tenant, _draft: False
    # Loaded here, since most trackers have no keys to check.
    from . import write_keys  # noqa: PLC0415 - as said above

    return write_keys.require


def _require_route(
    tenant: Tenant | None, visit: Visit, own_routes: frozenset[str]
) -> None:
    """Keep the events of tenants with routes of their own to these, and others off.

    A tenant's route has a limit of its own. It would be none if the tenant's events
    could come by another route, and could be used up by others on it. Which route a
    request came by is API Gateway's word: a path may begin with anything.
    """
    of = visit.request.matched.rpartition("/")[0].rpartition("/")[2]
    here = of if of in own_routes else None
    wanted = tenant.name if tenant is not None and tenant.own_route else None
    if here != wanted:
        raise Refused(Refusal.ROUTE_FORBIDDEN)


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

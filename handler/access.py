"""Which bucket an event goes to, and whether its sender may write there."""

from __future__ import annotations

from .draft import Draft, Step
from .fields import required_text
from .refusals import Refusal, Refused
from .settings import Settings


def allow_destination(settings: Settings) -> Step:
    """Return a step that finds the event's bucket and refuses one not allowed.

    A request names a tenant, or a bucket. A bucket that is a tenant's is reached by the
    tenant's name only, unless the allow-list has it in full: a pattern that happens to
    match it does not open it.
    """
    tenant_of = {tenant.bucket: tenant for tenant in settings.tenants.values()}

    def step(draft: Draft) -> None:
        if draft.sent.get("tenant") is not None:
            _by_tenant(draft, settings)
            return
        bucket = required_text(draft.sent, "bucket", Refusal.BUCKET_MISSING)
        draft.named = bucket in settings.patterns.names
        draft.tenant = tenant_of.get(bucket)
        if draft.tenant and not draft.named:
            raise Refused(Refusal.BUCKET_FORBIDDEN)
        if not settings.patterns.allow(bucket):
            raise Refused(Refusal.BUCKET_FORBIDDEN)
        draft.bucket = bucket
        draft.owner = draft.tenant.owner if draft.tenant else None
        draft.owner = draft.owner or settings.bucket_owner

    return step


def _by_tenant(draft: Draft, settings: Settings) -> None:
    if draft.sent.get("bucket") is not None:
        raise Refused(Refusal.BUCKET_AND_TENANT)
    name = required_text(draft.sent, "tenant", Refusal.BUCKET_MISSING)
    tenant = settings.tenants.get(name)
    if tenant is None:
        raise Refused(Refusal.TENANT_FORBIDDEN)
    draft.named = True
    draft.tenant = tenant
    draft.bucket = tenant.bucket
    draft.owner = tenant.owner or settings.bucket_owner


def allow_origin(draft: Draft) -> None:
    """Refuse a web page that the tenant did not list.

    Browsers send `Origin` with every POST to another origin and no page can change it.
    A request without one comes from a server or a tool, which could send any: to tell
    those apart takes a secret, not an origin.
    """
    origin = draft.visit.request.headers.get("origin")
    if origin is None or draft.tenant is None or not draft.tenant.origins:
        return
    if origin not in draft.tenant.origins:
        raise Refused(Refusal.ORIGIN_FORBIDDEN)

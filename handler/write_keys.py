"""Write keys: how a sender shows that it may send a tenant's events.

A public key stands in web pages, a secret one is a server's. The function is told a
digest of each and never the key. A plain hash is enough: a key has 128 random bits, so
there is no list of likely ones to try, as there is of passwords. For the same reason
the first 128 bits of the hash do: whoever wants another text with that digest has to
try as many as whoever guesses the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest

from .draft import Draft
from .refusals import Refusal, Refused
from .replies import PIXEL
from .settings import Tenant

#: What keys begin with, so that one which was published is recognised.
PUBLIC = "atp_"
SECRET = "ats_"  # noqa: S105 - the beginning of one, and no secret
#: Random bytes of a key, written in hexadecimal.
KEY_BYTES = 16
#: Bytes of a key's SHA-256 that the function is told.
DIGEST_BYTES = 16
#: The member, or query parameter, that holds a key.
FIELD = "writeKey"

FORM = re.compile(rf"(?:{PUBLIC}|{SECRET})[0-9a-f]{{{2 * KEY_BYTES}}}")

_BEARER = "bearer "


def digest(key: str) -> bytes:
    """Return what the function knows of a key."""
    return sha256(key.encode()).digest()[:DIGEST_BYTES]


def require(tenant: Tenant, draft: Draft) -> bool:
    """Refuse an event that does not bring one of the tenant's keys.

    The event's own key counts before that of the request's `Authorization`. A secret
    key is refused where it can be read by others, be it right or wrong: in a query,
    which logs and histories keep, and from a browser, which alone sends `Origin` and
    `Sec-Fetch-Site`.

    Returns:
        Whether the key is secret, so that no page sends the event.

    Raises:
        Refused: If there is no key, or it does not hold here.
    """
    request = draft.visit.request
    key = draft.sent.get(FIELD)
    in_query = key is not None and request.route == PIXEL
    if key is None:
        key = _bearer(request.headers)
    if not isinstance(key, str):
        raise Refused(Refusal.STRING_EXPECTED, FIELD)
    if not key:
        raise Refused(Refusal.KEY_MISSING)
    secret = key.startswith(SECRET)
    if secret and in_query:
        raise Refused(Refusal.KEY_IN_QUERY)
    if secret and ("origin" in request.headers or "sec-fetch-site" in request.headers):
        raise Refused(Refusal.KEY_PUBLISHED)
    if not (FORM.fullmatch(key) and _is_one_of(digest(key), tenant.keys)):
        raise Refused(Refusal.KEY_FORBIDDEN)
    return secret


def _bearer(headers: Mapping[str, str]) -> str:
    """Return the key of `Authorization: Bearer <key>`; empty where there is none.

    https://www.rfc-editor.org/rfc/rfc6750#section-2.1
    """
    value = headers.get("authorization", "")
    if value[: len(_BEARER)].lower() != _BEARER:
        return ""
    return value[len(_BEARER) :].strip()


def _is_one_of(found: bytes, known: tuple[bytes, ...]) -> bool:
    """Compare with each, in a time that does not tell which one it is."""
    same = [compare_digest(found, each) for each in known]
    return any(same)

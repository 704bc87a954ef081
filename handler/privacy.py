"""What becomes of addresses: keyed hashes under a salt that lives two days at most.

IPv4 has 2^32 addresses, so a plain hash of one is undone by trying all of them. Here
the key is random, differs every UTC day, and is destroyed: after that the hash says
nothing, to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from .draft import Draft, Step
from .mac import Mac
from .settings import SALT_PREFIX, Settings
from .storage import Fault, ObjectStore, Outcome, StorageError
from .visit import Visit

_SALT_BYTES = 32
#: Hex digits kept of the hash: 64 bits.
HASH_DIGITS = 16
# Whoever makes a day's salt removes those of a week before yesterday; the bucket's
# lifecycle rule takes what is left where nobody sent an event for longer.
_DAYS_SWEPT = 7
# A store that just failed is not asked again at once: each try costs the client time.
_PAUSE_SECONDS = 30.0
# The share of the time left that a salt may take; the event still has to be stored.
_TIME_SHARE = 0.3
_NEVER = float("-inf")
_SIGNALS = ("sec-gpc", "dnt")


class Salts:
    """The salt of the day, shared by all instances of the function through a bucket.

    Args:
        store: Where the salts are kept.
        bucket: The tracker's own bucket.
        owner: The account that owns it.
        entropy: Returns as many random bytes as it is asked for.
        monotonic: The clock of deadlines.
    """

    def __init__(
        self,
        store: ObjectStore,
        bucket: str | None,
        owner: str | None,
        *,
        entropy: Callable[[int], bytes],
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._owner = owner
        self._entropy = entropy
        self._monotonic = monotonic
        self._day = ""
        self._salt: Mac | None = None
        self._failed = _NEVER

    def of(self, visit: Visit) -> Mac | None:
        """Return the salt of the day of a visit, ready to hash with.

        None: it cannot be had now. The visit notes each failure of the store.
        """
        day, now = visit.day, visit.seconds
        if self._salt is not None and self._day == day:
            return self._salt
        if self._day != day:
            # The old one is dropped before anything can fail: a day's salt must not
            # outlive the day in a warm instance.
            self._day, self._salt = day, None
            self._failed = _NEVER
        # By the world's clock: see `Pool`. One that was put back ends the pause.
        if self._bucket and not 0 <= now - self._failed < _PAUSE_SECONDS:
            began = self._monotonic()
            share = began + (visit.deadline - began) * _TIME_SHARE
            try:
                self._salt = Mac(self._fetch(self._bucket, day, share, visit))
            except StorageError as error:
                self._failed = now
                visit.note_salt_fault(error)
        return self._salt

    def _fetch(self, bucket: str, day: str, deadline: float, visit: Visit) -> bytes:
        """Make the day's salt, or read the one that another instance made first."""
        key = f"{SALT_PREFIX}{day}"
        mine = self._entropy(_SALT_BYTES)
        put = self._store.put(
            bucket,
            key,
            mine,
            deadline=deadline,
            content_type="application/octet-stream",
            owner=self._owner,
        )
        # Where the answer to our own write was lost, nobody else sweeps that day.
        if put.outcome is Outcome.STORED or put.uncertain:
            self._sweep(bucket, day, deadline, visit)
        if put.outcome is Outcome.STORED:
            return mine
        salt = self._store.get(bucket, key, deadline=deadline, owner=self._owner)
        if len(salt) != _SALT_BYTES:
            raise StorageError(Fault.UNAVAILABLE, "salt of the wrong length")
        return salt

    def _sweep(self, bucket: str, day: str, deadline: float, visit: Visit) -> None:
        today = date.fromisoformat(day)
        try:
            for back in range(2, 2 + _DAYS_SWEPT):
                old = today - timedelta(days=back)
                key = f"{SALT_PREFIX}{old.isoformat()}"
                self._store.delete(bucket, key, deadline=deadline, owner=self._owner)
        except StorageError as error:
            # The salt is made and stored; the lifecycle rule removes the old ones.
            visit.note_salt_fault(error)


def put_address_hash(settings: Settings, salts: Salts) -> Step:
    """Return a step that puts the keyed hash of the sender's address.

    Where the browser asks so, it forgets instead who sent the event. `Sec-GPC: 1` is
    Global Privacy Control, https://w3c.github.io/gpc/; `DNT: 1` its forerunner.
    """
    honored = settings.honor_privacy_signals

    def step(draft: Draft) -> None:
        visit = draft.visit
        if visit.is_private is None:
            headers = visit.request.headers
            # Few send either.
            visit.is_private = honored and (
                ("sec-gpc" in headers or "dnt" in headers) and _asks(headers)
            )
        if visit.is_private:
            draft.session = draft.user_agent = None
            return
        address = visit.request.address
        if visit.hash is None and address:
            salt = salts.of(visit)
            if salt is None:
                draft.salt_missing = True
            else:
                visit.hash = hash_address(address, salt)

    return step


def hash_address(address: str, salt: Mac) -> str:
    """Return the first 16 hex digits of HMAC-SHA-256 of `address` under `salt`."""
    return salt.digest(address.encode(errors="replace")).hex()[:HASH_DIGITS]


def _asks(headers: Mapping[str, str]) -> bool:
    for name in _SIGNALS:
        value = headers.get(name)
        # A header that came twice is joined by commas.
        if value is not None and "1" in map(str.strip, value.split(",")):
            return True
    return False

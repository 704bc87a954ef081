"""There are 2^32 addresses, so whoever has a hash tries them: here all of a /8."""

from __future__ import annotations

import random
import sys
from functools import partial

import pytest

from tests.handler.conftest import Tracker
from tests.handler.fakes import event_of, rest

from . import attack

NETWORK = 10
DAY = 24 * 60 * 60


@pytest.fixture(scope="module")
def victim() -> str:
    """An address that nobody told the attacker."""
    chance = random.SystemRandom()
    return ".".join(["10", *(str(chance.randrange(256)) for _ in range(3))])


def stored_hash(tracker: Tracker, address: str) -> str:
    """Send an event from an address and return what is stored of it."""
    request = rest(event_of(eventId=f"event-{len(tracker.store.objects):04}"))
    request["requestContext"]["identity"]["sourceIp"] = address
    tracker.send(request)
    return str(tracker.store.events()[-1]["ip"])


def salts(tracker: Tracker) -> dict[str, bytes]:
    """Return the salts that are in the bucket, by key."""
    objects = tracker.store.objects.items()
    return {key: body for (bucket, key), body in objects if bucket == "salts"}


def test_every_address_of_a_network_is_tried_and_none_is_found(
    victim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The attacker has all that is stored two days later, the salts among it."""
    tracker = Tracker()
    stored = stored_hash(tracker, victim)
    (destroyed,) = salts(tracker).values()
    for _ in range(2):
        tracker.clock.advance(DAY)
        stored_hash(tracker, victim)
    left = salts(tracker)

    found = {
        f"under {key}": attack.find(stored, NETWORK, partial(attack.keyed, salt))
        for key, salt in left.items()
    }
    found["without a salt"] = attack.find(stored, NETWORK, attack.plain)
    # The attack itself works: before its salt was destroyed it would have done.
    control = attack.find(stored, NETWORK, partial(attack.keyed, destroyed))

    with capsys.disabled():
        for how, address in found.items():
            sys.stdout.write(f"\n  2^24 tried {how}: {address or 'none fits'}")
        sys.stdout.write(f"\n  with a copy of the destroyed salt: {control}\n")
    assert sorted(left) == ["salts/2026-03-05", "salts/2026-03-06"]
    assert set(found.values()) == {None}
    assert control == victim


def test_a_plain_hash_is_undone_at_once(
    victim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """SHA-256 of the address, as trackers without a salt store it."""
    found = attack.find(attack.plain(victim.encode()), NETWORK, attack.plain)

    with capsys.disabled():
        sys.stdout.write(f"\n  SHA-256 of an address, 2^24 tried: it was {found}\n")
    assert found == victim

"""Trying every address of a network until one gives the hash that was stored."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from handler.privacy import HASH_DIGITS

#: Makes the stored text of an address.
Hash = Callable[[bytes], str]


def keyed(key: bytes, address: bytes) -> str:
    """Return what the tracker stores of an address under a salt."""
    return hmac.digest(key, address, "sha256").hex()[:HASH_DIGITS]


def plain(address: bytes) -> str:
    """Return what trackers without a salt store."""
    return hashlib.sha256(address).hexdigest()[:HASH_DIGITS]


def addresses(network: int, second: int) -> Iterator[bytes]:
    """Return the addresses `<network>.<second>.0.0` to `<network>.<second>.255.255`."""
    for third in range(256):
        start = f"{network}.{second}.{third}."
        for last in range(256):
            yield f"{start}{last}".encode()


def find(stored: str, network: int, by: Hash) -> str | None:
    """Return the address of a /8 whose hash is `stored`, having tried all of them.

    Args:
        stored: The first hex digits of a hash.
        network: The first of an address's four numbers.
        by: How the attacker thinks that it was made.
    """
    with ProcessPoolExecutor() as workers:
        found = workers.map(
            partial(_find, stored, network, by), range(256), chunksize=8
        )
        return next((address for address in found if address), None)


def _find(stored: str, network: int, by: Hash, second: int) -> str | None:
    for address in addresses(network, second):
        if by(address) == stored:
            return address.decode()
    return None

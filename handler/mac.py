"""HMAC-SHA-256 under a key that many messages are hashed with.

`hmac.digest` looks up its algorithms and hashes the key's two blocks for each message,
which takes longer than a short message itself; here that is done once a key.
https://www.rfc-editor.org/rfc/rfc2104
"""

from __future__ import annotations

from hashlib import sha256

_BLOCK_BYTES = 64
_INNER = bytes([byte ^ 0x36 for byte in range(256)])
_OUTER = bytes([byte ^ 0x5C for byte in range(256)])


class Mac:
    """Hashes messages under one key; its ``repr`` tells nothing of it.

    Args:
        key: The key.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK_BYTES:
            key = sha256(key).digest()
        block = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(block.translate(_INNER))
        self._outer = sha256(block.translate(_OUTER))

    def digest(self, message: bytes) -> bytes:
        """Return the HMAC of a message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()

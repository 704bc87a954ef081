"""A write key of a tenant: what its events must bring along."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass

from ._handler import write_keys

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAKE = "make one with `analytics-tracker key`"


@dataclass(frozen=True)
class WriteKey:
    """A write key; made by one of the static methods.

    Neither the template nor the function's environment holds a key itself: the
    function compares the first 128 bits of SHA-256. A key is 128 random bits, so there
    is no list of likely ones whose hashes could be tried, and no shorter way to a text
    with such a hash than to try them all.

    Attributes:
        digest: The first 128 bits of the key's SHA-256, in base64 without padding.
        is_secret: Whether it is for servers alone.
    """

    digest: str
    is_secret: bool

    @staticmethod
    def public(key: str) -> WriteKey:
        """A key that stands in web pages and apps, and so is known to whoever looks.

        It tells a tenant's own pages from what guessed its name, and can be changed
        where somebody misuses it. It is no proof: `allowed_origins` holds beside it.

        Args:
            key: The key, `atp_` and 32 hexadecimal digits, as
                `analytics-tracker key` prints it.

        Raises:
            ValueError: If it is no public key.
        """
        if isinstance(key, str) and key.startswith(write_keys.SECRET):
            # Whoever reads this error, or the log that it ends in, must not learn it.
            raise ValueError(
                "'key' is a secret key, which code and templates must not hold; pass "
                "its hash, WriteKey.secret(sha256=…), as `analytics-tracker key "
                "--secret` prints it, and make another if this one was committed"
            )
        if not isinstance(key, str) or not write_keys.FORM.fullmatch(key):
            raise ValueError(
                f"'key' must be '{write_keys.PUBLIC}' and {2 * write_keys.KEY_BYTES} "
                f"hexadecimal digits, known at synthesis, got {key!r}; {_MAKE}"
            )
        return WriteKey(_text(write_keys.digest(key)), is_secret=False)

    @staticmethod
    def secret(*, sha256: str) -> WriteKey:
        """A key that servers keep to themselves: who has it is believed.

        `allowed_origins` does not hold for it. One that comes from a browser is
        refused, for then it is no secret any more.

        Args:
            sha256: The SHA-256 of the whole key in hexadecimal, as
                `analytics-tracker key --secret` prints it. It is no secret.

        Raises:
            ValueError: If it is no SHA-256.
        """
        if isinstance(sha256, str) and sha256.startswith(write_keys.SECRET):
            raise ValueError(
                "'sha256' is the secret key itself, which code and templates must not "
                "hold; pass its SHA-256, and make another key if this one was "
                "committed: `analytics-tracker key --secret`"
            )
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise ValueError(
                "'sha256' must be 64 lower-case hexadecimal digits, known at "
                f"synthesis, got {sha256!r}; {_MAKE} and its option --secret"
            )
        found = bytes.fromhex(sha256)[: write_keys.DIGEST_BYTES]
        return WriteKey(_text(found), is_secret=True)


def _text(digest: bytes) -> str:
    return b64encode(digest).decode().rstrip("=")

"""A key that is kept ready hashes as the standard library does."""

from __future__ import annotations

import hmac

from hypothesis import example, given
from hypothesis import strategies as st

from handler.mac import Mac


@given(st.binary(max_size=80), st.binary(max_size=200), st.binary(max_size=200))
@example(b"k" * 64, b"", b"a")
@example(b"k" * 65, b"", b"a")
def test_hashes_as_hmac_does(key: bytes, first: bytes, second: bytes) -> None:
    """Whatever the key's length; one key serves any number of messages."""
    mac = Mac(key)

    for message in (first, second):
        assert mac.digest(message) == hmac.digest(key, message, "sha256")

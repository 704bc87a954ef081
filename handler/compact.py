"""JSON as it is stored and answered: compact, and written by an encoder that is kept.

`json.JSONEncoder` makes a new one in C for each call, which takes as long as encoding
an event's metadata does.
"""

from __future__ import annotations

from collections.abc import Callable
from json import encoder

from .typed import Any


def _encoder(escape: Callable[[str], str]) -> Callable[[dict[str, Any]], str]:
    """Return a function that encodes objects without circles, as all from JSON are."""
    chunks = encoder.c_make_encoder(  # type: ignore[attr-defined]  # typeshed omits it
        markers=None,
        default=None,
        encoder=escape,
        indent=None,
        key_separator=":",
        item_separator=",",
        sort_keys=False,
        skipkeys=False,
        allow_nan=True,
    )

    def encode(value: dict[str, Any]) -> str:
        return "".join(chunks(value, 0))

    return encode


#: Characters beyond ASCII as they are.
encode = _encoder(encoder.encode_basestring)
#: Characters beyond ASCII as escapes.
encode_ascii = _encoder(encoder.encode_basestring_ascii)

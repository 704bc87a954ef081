"""From a request's body to a JSON value: decoding, size limits and a strict parser.

Python's parser alone accepts NaN, turns 1e999 into infinity, keeps lone surrogates
that cannot be written again, and raises three different errors; here each is a refusal.
"""

from __future__ import annotations

import binascii
import json
import math
import zlib
from collections.abc import Callable

from . import limits
from .refusals import Refusal, Refused
from .request import Request
from .typed import Any, NoReturn

_BASE64_CHARS = limits.BODY_BYTES * 4 // 3 + 4
#: Digits that any double can have before the point.
_DIGITS = 308
_GZIP = 16 + zlib.MAX_WBITS


def read(request: Request) -> bytes:
    """Return the body's bytes, decoded and decompressed.

    Raises:
        Refused: If there is no body, it is too large, or it is not encoded as it says.
    """
    body = request.body or ""
    # Base64 needs four characters for three bytes: no need to decode more than fits.
    if len(body) > _BASE64_CHARS:
        raise Refused(Refusal.BODY_TOO_LARGE)
    try:
        raw = binascii.a2b_base64(body) if request.is_base64 else body.encode()
    except UnicodeEncodeError:
        raise Refused(Refusal.BODY_NOT_UTF8) from None
    except ValueError:
        raise Refused(Refusal.BODY_NOT_BASE64) from None
    if len(raw) > limits.BODY_BYTES:
        raise Refused(Refusal.BODY_TOO_LARGE)
    encoding = request.headers.get("content-encoding")
    if encoding and raw:
        raw = _decompressed(raw, encoding.strip().lower())
    if not raw or raw.isspace():
        raise Refused(Refusal.BODY_MISSING)
    return raw


def parse(raw: bytes) -> Any:
    """Return the JSON value that `raw` holds.

    Of an object's members with the same name the last one counts.

    Raises:
        Refused: If it is not JSON that can be stored again as it is.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Refusal.BODY_NOT_UTF8) from None
    try:
        value = _value(text)
        # Only an escape can bring a lone surrogate past the decoding above.
        if "\\u" in text and ("\\ud" in text or "\\uD" in text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise Refused(Refusal.TOO_DEEP) from None
    except UnicodeEncodeError:
        raise Refused(Refusal.BODY_NOT_UTF8) from None
    except ValueError:
        raise Refused(Refusal.BODY_NOT_JSON) from None
    return value


def salvage(raw: bytes) -> Any:
    """Return the JSON value that `raw` holds, be it one that cannot be stored again.

    It is for what holds several events: `sound` then judges them one by one. Bytes that
    are no UTF-8 become half characters, as an escape may bring too. None stands for
    what is not JSON, or nests more deeply than Python can read.
    """
    try:
        return _decode_all(raw.decode(errors="surrogateescape"))
    except (RecursionError, ValueError):
        return None


def sound(value: Any) -> Any:
    """Return a part of what was salvaged.

    Raises:
        Refused: If it cannot be stored again as it is.
    """
    try:
        # Not as escapes: half a character and a byte that is no UTF-8 would become one.
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise Refused(Refusal.TOO_DEEP) from None
    # Halves are then no UTF-8, which is refused.
    return parse(text.encode(errors="surrogatepass"))


def _decompressed(raw: bytes, encoding: str) -> bytes:
    if encoding in {"gzip", "x-gzip"}:
        return _inflate(raw)
    if encoding in {"", "identity"}:
        return raw
    raise Refused(Refusal.ENCODING_UNKNOWN)


def _inflate(raw: bytes) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        # One byte more than allowed is enough to know, however large the rest is.
        inflated = stream.decompress(raw, limits.BODY_BYTES + 1)
    except zlib.error:
        raise Refused(Refusal.BODY_NOT_GZIP) from None
    if len(inflated) > limits.BODY_BYTES:
        raise Refused(Refusal.BODY_TOO_LARGE)
    if not stream.eof or stream.unused_data:
        raise Refused(Refusal.BODY_NOT_GZIP)
    return inflated


def _value(text: str) -> Any:
    # As `JSONDecoder.decode`, which looks for the spaces of JSON more slowly.
    text = text.strip(" \t\n\r")
    try:
        value, end = (_scan if len(text) > _DIGITS else _scan_short)(text, 0)
    except StopIteration:
        raise ValueError("no value") from None
    if end != len(text):
        raise ValueError("more than one value")
    return value


def _not_finite(_: str) -> NoReturn:
    raise Refused(Refusal.NUMBER_NOT_FINITE)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        _not_finite(text)
    return number


def _int(text: str) -> int:
    # A double has at most 309 digits before the point. Longer numbers would break
    # readers that keep every number as a double, and `int` refuses 4,301 digits.
    if len(text) > _DIGITS:
        _float(text)
    return int(text)


def _int_or_infinity(text: str) -> int | float:
    number = float(text) if len(text) > _DIGITS else 0.0
    return number if math.isinf(number) else int(text)


_decode_all = json.JSONDecoder(parse_int=_int_or_infinity).decode


def _scanner(parse_int: Callable[[str], int] | None) -> Callable[..., tuple[Any, int]]:
    decoder = json.JSONDecoder(
        parse_float=_float, parse_int=parse_int, parse_constant=_not_finite
    )
    # What `raw_decode` calls, which has nothing to add but the place of an error.
    scan: Callable[..., tuple[Any, int]] = decoder.scan_once  # type: ignore[attr-defined]  # typeshed omits it
    return scan


_scan = _scanner(_int)
# For texts too short for a number that is too long.
_scan_short = _scanner(None)

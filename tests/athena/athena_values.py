"""Values as Athena writes them into results: all of them text."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

#: Athena's names of Trino's types, where they differ.
_RENAMED = {"real": "float"}


def type_name(trino: str) -> str:
    """Return the name that `ColumnInfo` has of a type such as `row(a varchar)`."""
    if trino.startswith("timestamp"):
        zoned = trino.endswith("with time zone")
        return "timestamp with time zone" if zoned else "timestamp"
    name = trino.partition("(")[0]
    return _RENAMED.get(name, name)


def text_of(value: Any, trino: str) -> str | None:
    """Return a value of Trino's protocol as Athena's CSV has it; None for null."""
    if value is None:
        return None
    inner = trino[trino.find("(") + 1 : -1]
    if trino.startswith("row("):
        members = (part.strip().split(" ", 1) for part in _split(inner))
        named = ((name.strip('"'), type_) for name, type_ in members)
        pairs = zip(named, value, strict=True)
        return _braced(f"{n}={text_of(v, t) or 'null'}" for (n, t), v in pairs)
    if trino.startswith("array("):
        return f"[{', '.join(text_of(each, inner) or 'null' for each in value)}]"
    if trino.startswith("map("):
        key_type, value_type = (part.strip() for part in _split(inner))
        return _braced(
            f"{text_of(key, key_type)}={text_of(each, value_type) or 'null'}"
            for key, each in value.items()
        )
    if trino == "varbinary":
        return base64.b64decode(value).hex(" ")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _java_double(value)
    return str(value)


def _braced(parts: Iterator[str]) -> str:
    return f"{{{', '.join(parts)}}}"


def _java_double(value: float) -> str:
    """Return a double as Java prints it: 1.0E7 from ten million on."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        mantissa, _, exponent = f"{value:.16e}".partition("e")
        mantissa = mantissa.rstrip("0")
    mantissa += "" if "." in mantissa else ".0"
    mantissa += "0" if mantissa.endswith(".") else ""
    return f"{mantissa}E{int(exponent)}"


def _split(inner: str) -> Iterator[str]:
    """Split at commas that are in no brackets and no quotes."""
    depth, quoted, start = 0, False, 0
    for position, character in enumerate(inner):
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character == "(") - (character == ")")
            if character == "," and depth == 0:
                yield inner[start:position]
                start = position + 1
    yield inner[start:]

"""Origins, as browsers send them: scheme, host and port of a page.

The construct and the command line both ask here: an origin that is written otherwise
is compared with what browsers send, and never matches.
"""

from __future__ import annotations

import re

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]+)?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def problem(text: str) -> str | None:
    """Return why no browser sends `text` as an origin, or None if one may."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return (
            "is not an origin as browsers send it; write scheme://host or "
            "scheme://host:port in lower case, without a path or a slash at the end, "
            "such as 'https://www.example.com'"
        )
    if match[3] is not None and _DEFAULT_PORTS.get(match[1]) == match[3]:
        return (
            "is not an origin as browsers send it; leave out the scheme's own port: "
            f"{text[: -len(match[3])]!r}"
        )
    return None

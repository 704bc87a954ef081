"""Text from events, made safe to print: they hold what strangers sent."""

from __future__ import annotations

import re

# C0 and C1 controls move cursors and rename windows; the bidirectional overrides
# reorder what stands beside them.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """Return `text` with an escape in place of each control character."""
    return _UNSAFE.sub(lambda match: _escape(match[0]), text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()

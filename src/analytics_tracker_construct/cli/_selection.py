"""Which stored events are meant, told to Athena and of a line alike."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

_WORDS = {True: "true", False: "false"}


class Selection(NamedTuple):
    """Events of which all that is given holds."""

    event_id: str | None = None
    session_id: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    """Names of members, and each one's value as text: `42` is also the number."""

    def holds(self, line: bytes) -> bool:
        """Whether a stored line is one of these events."""
        event = _object(line)
        if event is None:
            return False
        members = _object(event.get("metadata")) or {}
        return all(
            event.get(column) == expected for column, expected in self._columns()
        ) and all(
            _text(members.get(name)) == expected for name, expected in self.metadata
        )

    def condition(self) -> tuple[str, list[str]]:
        """Return the same in Athena's SQL, and a value for each `?` in it."""
        conditions, values = [], []
        for column, value in self._columns():
            conditions.append(f"{column} = ?")
            values.append(value)
        for name, value in self.metadata:
            conditions.append("json_extract_scalar(metadata, ?) = ?")
            escaped = name.replace("\\", "\\\\").replace('"', '\\"')
            values += [f'$["{escaped}"]', value]
        return " AND ".join(conditions), values

    def _columns(self) -> list[tuple[str, str]]:
        """Return the columns that are asked for, and the value of each."""
        given = (("eventId", self.event_id), ("sessionId", self.session_id))
        return [(column, value) for column, value in given if value is not None]


def _object(text: Any) -> dict[str, Any] | None:
    """Return the JSON object of a text, its numbers as they are written."""
    if not isinstance(text, str | bytes):
        return None
    try:
        found = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(value: Any) -> str | None:
    """Return a value as `json_extract_scalar` does."""
    if isinstance(value, bool):
        return _WORDS[value]
    return value if isinstance(value, str) else None

"""Lines in the combined format, made up."""

from __future__ import annotations


def line(
    target: str,
    *,
    at: str = "31/Jan/2026:12:00:00 +0000",
    status: int = 200,
    referrer: str = "-",
    agent: str = "agent/1",
    method: str = "GET",
) -> str:
    """Return one line, without its end."""
    return (
        f'192.0.2.7 - - [{at}] "{method} {target} HTTP/1.1" {status} 512 '
        f'"{referrer}" "{agent}"'
    )

"""The local server's own pages: one file each, nothing from elsewhere."""

from __future__ import annotations

import html
import json
import secrets
from pathlib import Path

from . import gateway


def page(name: str, **values: str) -> gateway.HttpResponse:
    """Return a page that may run its own script and styles, and nothing else.

    Args:
        name: The page's file.
        values: What stands for `{name}` in it, as text.
    """
    nonce = secrets.token_urlsafe(16)
    text = Path(__file__).with_name(name).read_text("utf-8")
    for key, value in {**values, "nonce": nonce}.items():
        text = text.replace(f"{{{key}}}", html.escape(value))
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("Cache-Control", "no-store"),
    ]
    return gateway.HttpResponse(200, headers, text.encode())


def plain(status: int) -> gateway.HttpResponse:
    """Return an answer without a body."""
    return gateway.HttpResponse(status, [], b"")


def document(status: int, value: object) -> gateway.HttpResponse:
    """Return a JSON document."""
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    return gateway.HttpResponse(status, headers, json.dumps(value).encode())

"""What `analytics-tracker dev` prints."""

from __future__ import annotations

import argparse
import json
from contextlib import suppress
from datetime import datetime, timezone
from ipaddress import ip_address

from .._handler import write_keys
from .._local import live
from .._local.queue import FolderQueue
from .._local.server import TrackerServer
from ._errors import CommandError
from ._options import TenantOption
from ._printing import print_text, tell
from ._text import visible


def greet(
    server: TrackerServer, options: argparse.Namespace, allowed: list[str]
) -> None:
    """Print where things are, and a command that sends an event."""
    lines = [f"url: {server.url}"]
    lines.append(f"events go to {server.url}/track, the live page is {server.url}/")
    lines.append(f"the routes are described at {server.url}/docs")
    lines.append(f"objects are kept in {options.data}")
    if options.delivery == "buffered":
        seconds = options.buffering_interval
        lines.append(f"events wait on a queue and are stored every {seconds} s")
    lines.append(f"allowed buckets: {', '.join(allowed)}")
    for tenant in options.tenant:
        origins = ", ".join(tenant.origins) or "any origin"
        keys = f"; write keys: {len(tenant.keys)}" if tenant.keys else ""
        lines.append(f"tenant: {tenant.name} ({origins}{keys})")
    lines += ["", "try:", f"  {server.example}", ""]
    # First: whoever waits for the address must not go on without having been warned.
    if not ip_address(str(server.server_address[0])).is_loopback:
        log(
            "warning: everybody on the network may send events and see the page; "
            "--host 127.0.0.1 keeps both to this machine"
        )
    print_text("\n".join(lines))


def curl(url: str, allowed: list[str], tenants: list[TenantOption]) -> str:
    """Return a command that sends one event that is accepted."""
    name, value = destination(allowed, tenants)
    public = key(allowed, tenants)
    event = {
        name: value,
        **({write_keys.FIELD: public} if public else {}),
        "eventType": "page_view",
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "page": "/hello",
    }
    body = json.dumps(event, separators=(",", ":"))
    return f"curl -X POST {url}/track -H 'Content-Type: application/json' -d '{body}'"


def destination(allowed: list[str], tenants: list[TenantOption]) -> tuple[str, str]:
    """Return what an example's event names, `bucket` or `tenant`, and its name.

    A tenant whose keys are all secret is none for an example, which anyone may see.
    """
    for tenant in tenants:
        if not tenant.keys or _public(tenant):
            return "tenant", tenant.name
    return "bucket", allowed[0].replace("*", "demo")


def key(allowed: list[str], tenants: list[TenantOption]) -> str | None:
    """Return the public key that an example's event brings, if it needs one."""
    kind, name = destination(allowed, tenants)
    if kind != "tenant":
        return None
    return next((_public(tenant) for tenant in tenants if tenant.name == name), None)


def _public(tenant: TenantOption) -> str | None:
    """Return one of the tenant's public keys."""
    return next((k for k in tenant.keys if k.startswith(write_keys.PUBLIC)), None)


def report(entry: live.Entry) -> None:
    """Print what became of an event."""
    at = datetime.fromtimestamp(entry.at).astimezone().strftime("%H:%M:%S")
    what = entry.reason or " ".join(
        part for part in (entry.bucket, entry.type, entry.page, entry.event_id) if part
    )
    # That it cannot be told is no fault of the event's.
    with suppress(CommandError):
        print_text(f"{at} {entry.outcome:<9} {visible(what)}")


def log(line: str) -> None:
    """Print a line apart from answers, as Lambda keeps what the function logs."""
    tell(line)


def note_dead_letters(queue: FolderQueue) -> None:
    """Say that messages could not be stored, and what to do."""
    count = sum(1 for _ in queue.dead.iterdir())
    if count:
        log(
            f"note: messages that could not be stored: {count}; they are in "
            f"{queue.dead}; move them to {queue.messages} to try again"
        )

"""`analytics-tracker dev`: the tracker on this machine."""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from .._handler import buckets, settings
from .._local import gateway, live
from .._local.folder import FolderStore
from .._local.function import App, Function, make_app
from .._local.server import TrackerServer
from ._errors import CommandError
from ._text import visible

#: Where objects go unless `--data` says otherwise; `query` looks there too.
DATA = Path("analytics-data")
#: The folder of the daily salts, a bucket of its own as in the account.
SALT_BUCKET = "tracker-salts"
_ALLOWED = ["*-analytics"]
_FUNCTION = "local-analytics-tracker"

_DESCRIPTION = """\
Serve the tracker on this machine, without AWS.

Each request becomes the event that API Gateway would make of it and goes to the
very function that is deployed. Objects are written below --data, a folder for each
bucket, in the stored layout. The page at / shows events as they arrive.
"""

_EPILOG = """\
examples:
  analytics-tracker dev
  analytics-tracker dev --port 0 --data ./my-data --allow my-site-analytics
  analytics-tracker dev --tenant shop=https://shop.example,https://www.shop.example

The first line of the output is `url: http://HOST:PORT`; a tenant's events lie in the
folder with its name. Stop with Ctrl-C.
"""


class TenantOption(NamedTuple):
    """What `--tenant` says."""

    name: str
    origins: tuple[str, ...]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "dev",
        help="serve the tracker on this machine, without AWS",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=8787,
        help="port to listen on; 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA,
        metavar="FOLDER",
        help="where objects are kept (default: %(default)s)",
    )
    parser.add_argument(
        "--allow",
        type=_pattern,
        action="append",
        metavar="PATTERN",
        help="bucket that requests may name, '*' for any characters; repeat for more "
        f"(default: {' '.join(_ALLOWED)})",
    )
    parser.add_argument(
        "--tenant",
        type=_tenant,
        action="append",
        default=[],
        metavar="NAME[=ORIGIN,...]",
        help="tenant that requests may name, and the origins that its web pages have "
        "(default: none; any origin)",
    )
    parser.add_argument(
        "--cors-origin",
        type=_origin,
        action="append",
        metavar="ORIGIN",
        help="origin that browsers may send from; repeat for more (default: *)",
    )
    parser.add_argument(
        "--payload",
        choices=gateway.PAYLOADS,
        default="1.0",
        help="events as a REST API (1.0) or an HTTP API (2.0) makes them "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--metrics",
        action="store_true",
        help="print the function's metrics, as it does with enable_metrics",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="do not print a line for each event"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    allowed: list[str] = options.allow or _ALLOWED
    tenants: list[TenantOption] = options.tenant
    config = settings.read(
        environment(
            allowed,
            tenants,
            cors_origins=options.cors_origin or ["*"],
            metrics=options.metrics,
        )
    )
    try:
        store = FolderStore(options.data)
        page = live.Live(live.totals(options.data), None if options.quiet else _report)
    except OSError as error:
        raise CommandError(
            f"cannot keep objects in {options.data}: {error.strerror or error}; "
            "name another folder with --data"
        ) from None
    watched = live.WatchedStore(store, page)

    def start() -> App:
        return make_app(config, watched, function_name=_FUNCTION, emit=_log)

    def example(url: str) -> str:
        return _curl(url, allowed, tenants)

    try:
        server = TrackerServer(
            (options.host, options.port),
            Function(start, name=_FUNCTION),
            page,
            payload=options.payload,
            example=example,
        )
    except OSError as error:
        raise CommandError(
            f"cannot listen on {options.host}:{options.port}: "
            f"{error.strerror or error}; choose another port with --port, "
            "or --port 0 for a free one"
        ) from None
    _serve(server, lambda: _greet(server, options.data, allowed, tenants))
    return 0


def environment(
    allowed: list[str],
    tenants: list[TenantOption],
    *,
    cors_origins: list[str],
    metrics: bool,
) -> dict[str, str]:
    """Return the environment that the construct would give the function."""
    entries = {
        tenant.name: {"bucket": tenant.name, "origins": list(tenant.origins)}
        for tenant in tenants
    }
    return {
        settings.ALLOWED_BUCKETS: ",".join(allowed),
        settings.TENANTS: json.dumps(entries),
        settings.CORS_ORIGINS: ",".join(cors_origins),
        settings.SALT_BUCKET: SALT_BUCKET,
        settings.METRICS: "1" if metrics else "0",
    }


def _serve(server: TrackerServer, ready: Callable[[], None]) -> None:
    # Docker and process managers stop with SIGTERM; it ends like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        ready()
        while thread.is_alive():
            time.sleep(0.2)
    except KeyboardInterrupt:
        pass
    finally:
        server.shutdown()
        server.server_close()
        server.drain()


def _greet(
    server: TrackerServer, data: Path, allowed: list[str], tenants: list[TenantOption]
) -> None:
    lines = [f"url: {server.url}"]
    lines.append(f"events go to {server.url}/track, the live page is {server.url}/")
    lines.append(f"objects are kept in {data}")
    lines.append(f"allowed buckets: {', '.join(allowed)}")
    for tenant in tenants:
        origins = ", ".join(tenant.origins) or "any origin"
        lines.append(f"tenant: {tenant.name} ({origins})")
    lines += ["", "try:", f"  {server.example}", ""]
    _say("\n".join(lines))


def _curl(url: str, allowed: list[str], tenants: list[TenantOption]) -> str:
    """Return a command that sends one event that is accepted."""
    name, value = "bucket", allowed[0].replace("*", "demo")
    if tenants:
        name, value = "tenant", tenants[0].name
    event = {
        name: value,
        "eventType": "page_view",
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "page": "/hello",
    }
    body = json.dumps(event, separators=(",", ":"))
    return f"curl -X POST {url}/track -H 'Content-Type: application/json' -d '{body}'"


def _report(entry: live.Entry) -> None:
    at = datetime.fromtimestamp(entry.at).astimezone().strftime("%H:%M:%S")
    what = entry.reason or " ".join(
        part for part in (entry.bucket, entry.type, entry.page, entry.event_id) if part
    )
    # Nobody may be reading any more, which is no fault of the event's.
    with suppress(OSError):
        _say(f"{at} {entry.outcome:<9} {visible(what)}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _log(line: str) -> None:
    """Print what the function logs where Lambda would put it: apart from answers."""
    with suppress(OSError):
        sys.stderr.write(line + "\n")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def _pattern(text: str) -> str:
    problem = buckets.pattern_problem(text)
    if problem:
        raise argparse.ArgumentTypeError(f"{text!r} {problem}")
    return text


def _tenant(text: str) -> TenantOption:
    name, _, origins = text.partition("=")
    if not buckets.TENANT_NAME.fullmatch(name):
        raise argparse.ArgumentTypeError(
            f"{name!r} is not a tenant's name: a lower-case letter, then letters, "
            "digits and hyphens"
        )
    if name in buckets.RESERVED_TENANTS:
        raise argparse.ArgumentTypeError(
            f"{name!r} gives the table '{name}_events', the view over every tenant"
        )
    return TenantOption(name, tuple(_origin(o) for o in origins.split(",") if o))


def _origin(text: str) -> str:
    if text != "*" and not re.fullmatch(r"https?://[^\s/,?#]+", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an origin, such as https://shop.example"
        )
    return text

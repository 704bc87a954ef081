"""`analytics-tracker dev`: the tracker on this machine."""

from __future__ import annotations

import argparse
import errno
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from .._deployed_numbers import WINDOW_SECONDS
from .._handler import buckets, settings, write_keys
from .._local import gateway, live
from .._local.folder import FolderStore
from .._local.function import App, Function, make_app, make_writer
from .._local.polling import Poller
from .._local.queue import QUEUE, FolderQueue
from .._local.server import TrackerServer
from . import _options, _words
from ._errors import CommandError
from ._options import TenantOption

#: The folder of the daily salts, a bucket of its own as in the account.
SALT_BUCKET = "tracker-salts"
_ALLOWED = ["*-analytics"]
_FUNCTION = "local-analytics-tracker"
_WRITER = f"{_FUNCTION}-writer"
DELIVERIES = ("direct", "buffered")
#: Seconds that one invocation of the writer may take; less than a message that it has
#: is kept from others.
WRITER_SECONDS = 20.0

_DESCRIPTION = """\
Serve the tracker on this machine, without AWS.

Each request becomes the event that API Gateway would make of it and goes to the
very function that is deployed. Objects are written below --data, a folder for each
bucket, in the stored layout. The page at / shows events as they arrive; the one at
/docs describes the routes and sends requests to them.

As deployed, events that cannot be written wait on a queue, and the writer stores
them later; with --delivery buffered all of them go that way, except that a bucket
which only fits a pattern must first have taken an event: until then they are stored
at once and answered 200. The queue is a folder too, so a stop loses nothing: what
waits is stored after the next start.
"""

_EPILOG = """\
examples:
  analytics-tracker dev
  analytics-tracker dev --port 0 --data ./my-data --allow my-site-analytics
  analytics-tracker dev --tenant shop=https://shop.example,https://www.shop.example
  analytics-tracker dev --delivery buffered --buffering-interval 10
  analytics-tracker dev --tenant shop --write-key shop=KEY

The first line of the output is `url: http://HOST:PORT`; a tenant's events lie in the
folder with its name. Stop with Ctrl-C.
"""


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
        type=_options.port,
        default=8787,
        help="port to listen on; 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=_options.DATA,
        metavar="FOLDER",
        help="where objects are kept (default: %(default)s)",
    )
    parser.add_argument(
        "--allow",
        type=_options.pattern,
        action="append",
        metavar="PATTERN",
        help="bucket that requests may name, '*' for any characters; repeat for more "
        f"(default: {' '.join(_ALLOWED)})",
    )
    parser.add_argument(
        "--tenant",
        type=_options.tenant_option,
        action="append",
        default=[],
        metavar="NAME[=ORIGIN,...]",
        help="tenant that requests may name, and the origins that its web pages have; "
        "repeat for more (default: none; any origin)",
    )
    parser.add_argument(
        "--write-key",
        type=_options.write_key,
        action="append",
        default=[],
        metavar="NAME=KEY",
        help="write key of a tenant, public or secret, one of which its events must "
        "bring; repeat for more (default: events need none)",
    )
    parser.add_argument(
        "--cors-origin",
        type=_options.origin,
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
        "--delivery",
        choices=DELIVERIES,
        default=DELIVERIES[0],
        help="direct: events are stored and then answered; buffered: they are queued "
        "and then answered, and the writer stores them together (default: %(default)s)",
    )
    parser.add_argument(
        "--buffering-interval",
        type=_options.interval,
        default=1,
        metavar="SECONDS",
        help="how long the writer gathers what is on the queue (default: %(default)s; "
        f"deployed: {WINDOW_SECONDS}). With --delivery direct it is the window of the "
        "fallback queue's writer",
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
    config = settings_of(options)
    allowed = options.allow or _ALLOWED
    tenants = options.tenant = _tenants(options)
    try:
        store = FolderStore(options.data)
        queue = FolderQueue(options.data / QUEUE)
        page = live.Live(
            live.totals(options.data), None if options.quiet else _words.report
        )
    except OSError as error:
        raise CommandError(
            f"cannot keep objects in {options.data}: {error.strerror or error}; "
            "name another folder with --data"
        ) from None
    watched = live.WatchedStore(store, page)

    def start() -> App:
        return make_app(
            config,
            watched,
            queue=live.WatchedQueue(queue, page),
            function_name=_FUNCTION,
            emit=_words.log,
        )

    def start_writer() -> App:
        return make_writer(
            watched, metrics_on=config.metrics, function_name=_WRITER, emit=_words.log
        )

    def example(url: str) -> str:
        return _words.curl(url, allowed, tenants)

    try:
        server = TrackerServer(
            (options.host, options.port),
            Function(start, name=_FUNCTION),
            page,
            payload=options.payload,
            example=example,
            destination=_words.destination(allowed, tenants),
            key=_words.key(allowed, tenants),
        )
    except OSError as error:
        raise CommandError(
            f"cannot listen on {options.host}:{options.port}: "
            f"{error.strerror or error}; {_way_out(error)}"
        ) from None
    poller = Poller(
        queue,
        Function(start_writer, name=_WRITER, timeout=WRITER_SECONDS),
        interval=options.buffering_interval,
    )
    _words.note_dead_letters(queue)
    _serve(server, poller, lambda: _words.greet(server, options, allowed))
    return 0


def settings_of(options: argparse.Namespace) -> settings.Settings:
    """Return what the options mean, as the function has it where it is deployed."""
    tenants = _tenants(options)
    cors_origins = frozenset(options.cors_origin or ["*"])
    if "*" not in cors_origins:
        cors_origins = cors_origins.union(*(tenant.origins for tenant in tenants))
    return settings.Settings(
        patterns=buckets.Patterns(options.allow or _ALLOWED),
        tenants={
            tenant.name: settings.Tenant(
                tenant.name,
                bucket=tenant.name,
                origins=frozenset(tenant.origins),
                keys=tuple(map(write_keys.digest, tenant.keys)),
            )
            for tenant in tenants
        },
        cors_origins=cors_origins,
        salt_bucket=SALT_BUCKET,
        metrics=options.metrics,
        buffered=options.delivery == "buffered",
    )


def _tenants(options: argparse.Namespace) -> list[TenantOption]:
    """Return the tenants, each with its write keys.

    Raises:
        CommandError: If one is there twice, or a key is for none of them.
    """
    given: list[TenantOption] = options.tenant
    counts = Counter(tenant.name for tenant in given)
    for name, count in counts.items():
        if count > 1:
            raise CommandError(
                f"--tenant {name} is there {count} times; give all its origins in one, "
                f"--tenant {name}=ORIGIN,ORIGIN",
                status=2,
            )
    keys: list[tuple[str, str]] = options.write_key
    for name, _ in keys:
        if name not in counts:
            raise CommandError(
                f"--write-key is for the tenant {name}, which is not there; add "
                f"--tenant {name}",
                status=2,
            )
    return [
        tenant._replace(keys=tuple(key for name, key in keys if name == tenant.name))
        for tenant in given
    ]


def _way_out(error: OSError) -> str:
    """Return what to do about an address that cannot be listened on."""
    if error.errno in {errno.EADDRINUSE, errno.EACCES}:
        return "choose another port with --port, or --port 0 for a free one"
    return "name an address of this machine with --host, such as 127.0.0.1"


def _serve(server: TrackerServer, poller: Poller, ready: Callable[[], None]) -> None:
    # Docker and process managers stop with SIGTERM; it ends like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    poller.start()
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
        poller.stop()

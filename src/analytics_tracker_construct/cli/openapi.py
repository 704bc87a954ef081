"""`analytics-tracker openapi`: the description of the routes."""

from __future__ import annotations

import argparse
import json
import re

from .._openapi import document
from ._printing import print_text

_DESCRIPTION = """\
Print the OpenAPI 3.1 description of the tracker's routes: what may be sent, and every
answer with its status, headers and words. It needs no AWS and no network.
"""

_EPILOG = """\
examples:
  analytics-tracker openapi > openapi.json
  analytics-tracker openapi --server https://abc.execute-api.eu-west-1.amazonaws.com/prod

`analytics-tracker dev` serves the same at /openapi.json, and a page to try the routes
at /docs.
"""

_SERVER = re.compile(r"https?://[^\s?#]+")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "openapi",
        help="print the OpenAPI description of the routes",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--server",
        type=_server,
        default="/",
        metavar="URL",
        help="where the routes are: the stack's output ApiEndpoint (default: where the "
        "description itself is served)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the document."""
    text = json.dumps(document.describe(options.server), indent=2)
    print_text(text, "cannot write the description")
    return 0


def _server(text: str) -> str:
    if text == "/" or _SERVER.fullmatch(text):
        return text.rstrip("/") or "/"
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a URL, such as https://example.com/prod"
    )

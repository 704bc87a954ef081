"""`analytics-tracker key`: a new write key for a tenant."""

from __future__ import annotations

import argparse
import secrets
from hashlib import sha256

from .._handler import write_keys
from ._printing import print_text

_DESCRIPTION = """\
Make a write key for a tenant, and print it with the Python that tells the tracker of
it. Nothing is sent, and nothing is kept: a secret key is shown this once.
"""

_EPILOG = """\
examples:
  analytics-tracker key               for web pages: everybody may know it
  analytics-tracker key --secret      for servers: keep it where passwords are kept

To change a key without losing an event: add the new one beside the old, deploy, change
the senders, then take the old one out and deploy again.
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "key",
        help="make a write key for a tenant",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--secret",
        action="store_true",
        help="a key for servers, of which only the hash stands in the code "
        "(default: a public one)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print a new key."""
    kind = write_keys.SECRET if options.secret else write_keys.PUBLIC
    key = kind + secrets.token_hex(write_keys.KEY_BYTES)
    lines = [f"key: {key}"]
    if options.secret:
        digest = sha256(key.encode()).hexdigest()
        lines.append(f"sha256: {digest}")
        made = f'WriteKey.secret(sha256="{digest}")'
    else:
        made = f'WriteKey.public("{key}")'
    lines.append(f"python: {made}")
    print_text("\n".join(lines))
    return 0

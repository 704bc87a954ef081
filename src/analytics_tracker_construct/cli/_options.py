"""What options of several kinds may say.

Each function but `add_…` is an argparse `type`: it raises
`argparse.ArgumentTypeError` for a text that cannot be.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import NamedTuple

from .. import _origins
from .._deployed_numbers import MOST_WINDOW_SECONDS
from .._handler import buckets, write_keys

#: Where `dev` keeps objects unless told otherwise; `query` looks there too.
DATA = Path("analytics-data")

# Emulators of SQS have hosts without a dot, ports and plain HTTP.
_QUEUE_URL = re.compile(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?"
    r"/[0-9]+/[A-Za-z0-9_-]{1,80}"
)


class TenantOption(NamedTuple):
    """What `--tenant` says."""

    name: str
    origins: tuple[str, ...]
    keys: tuple[str, ...] = ()
    """Its write keys, which `--write-key` says."""


def add_tracker(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Add the options that say which deployed tracker; exactly one must be given.

    Returns:
        Their group, for a command that knows another way to say it.
    """
    where = parser.add_mutually_exclusive_group(required=True)
    for option, what in (
        ("--stack", "the CloudFormation stack of the tracker"),
        ("--function", "the tracker's function"),
    ):
        where.add_argument(option, type=name, metavar="NAME", help=what)
    return where


def add_format(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option that says whether people or programs read what is printed."""
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help=f"{what} (default: %(default)s)",
    )


def port(text: str) -> int:
    """Return a port."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def name(text: str) -> str:
    """Return a name as given; a variable of the shell's that is unset makes none."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not a name")
    return text


def utf_8(argument: str) -> str:
    """Return the text of bytes that Python may have read in another encoding.

    Raises:
        UnicodeError: If they are not UTF-8.
    """
    return argument.encode("utf-8", "surrogateescape").decode("utf-8")


def assignment(argument: str) -> tuple[str, str]:
    """Return the name and the value of `NAME=VALUE`."""
    try:
        text = utf_8(argument)
    except UnicodeError:
        raise argparse.ArgumentTypeError(f"{argument!r} is not UTF-8 text") from None
    named, equals, value = text.partition("=")
    if not equals or not named:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return named, value


def queue_url(text: str) -> str:
    """Return the URL of a queue."""
    if not _QUEUE_URL.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a queue's URL, http(s)://HOST/ACCOUNT/NAME"
        )
    return text


def interval(text: str) -> int:
    """Return the seconds that the writer gathers events for."""
    if not text.isdecimal() or int(text) > MOST_WINDOW_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number of seconds from 0 to {MOST_WINDOW_SECONDS}"
        )
    return int(text)


def bucket(text: str) -> str:
    """Return the name of a bucket."""
    problem = buckets.name_problem(text)
    if problem:
        raise argparse.ArgumentTypeError(f"{text!r} {problem}")
    return text


def pattern(text: str) -> str:
    """Return a pattern of bucket names."""
    problem = buckets.pattern_problem(text)
    if problem:
        more = "; repeat --allow for more" if "," in text else ""
        raise argparse.ArgumentTypeError(f"{text!r} {problem}{more}")
    return text


def tenant(text: str) -> str:
    """Return the name of a tenant."""
    if not buckets.TENANT_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a tenant's name")
    return text


def tenant_or_bucket(text: str) -> str:
    """Return the name of a tenant, or of a bucket."""
    return tenant(text) if buckets.name_problem(text) else text


def tenant_option(text: str) -> TenantOption:
    """Return a tenant of `NAME[=ORIGIN,...]`."""
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
    listed = [origin(each) for each in origins.split(",") if each]
    if "*" in listed:
        raise argparse.ArgumentTypeError(
            f"{text!r} has '*', which is every origin; leave the origins out to allow "
            "all"
        )
    return TenantOption(name, tuple(listed))


def write_key(text: str) -> tuple[str, str]:
    """Return the tenant and the key of `NAME=KEY`."""
    name, _, key = text.partition("=")
    if not buckets.TENANT_NAME.fullmatch(name) or not write_keys.FORM.fullmatch(key):
        # The text is not shown: a key may be a secret.
        raise argparse.ArgumentTypeError(
            "this is not a tenant's name, '=' and a write key; make a key with "
            "`analytics-tracker key`"
        )
    return name, key


def origin(text: str) -> str:
    """Return an origin, or the `*` of any."""
    problem = None if text == "*" else _origins.problem(text)
    if problem:
        raise argparse.ArgumentTypeError(f"{text!r} {problem}")
    return text

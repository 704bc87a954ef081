"""Bucket names and the patterns that stand for several of them.

The function asks whether a requested name is allowed; the construct asks whether an
allow-list is safe to deploy. Both use the rules here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: S3's naming rules without dots, which TLS host names cannot carry.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
#: A tenant's name; its table is the same with underscores.
TENANT_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
#: Tenants that would take the name of a view: `all_events` is over every tenant.
RESERVED_TENANTS = frozenset({"all"})

_NAME_CHARS = 63
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3")


def name_problem(name: str) -> str | None:
    """Return why `name` cannot be a bucket of ours, or None if it can."""
    if "." in name:
        return "has a dot, which S3's TLS host names cannot carry"
    if not BUCKET_NAME.fullmatch(name):
        return (
            "is not 3 to 63 lower-case letters, digits and hyphens "
            "that begin and end with a letter or a digit"
        )
    return _reserved(name)


def pattern_problem(pattern: str) -> str | None:
    """Return why `pattern` cannot be in an allow-list, or None if it can.

    A pattern is a bucket's name in which each `*` stands for any characters, none
    among them. A name without `*` is a pattern too.
    """
    if "*" not in pattern:
        return name_problem(pattern)
    fixed = pattern.replace("*", "")
    if "." in fixed:
        problem = "has a dot, which S3's TLS host names cannot carry"
    elif "?" in fixed:
        problem = "has a '?'; only '*' is a wildcard here"
    elif not fixed.strip("-"):
        problem = "is all wildcard and would match every bucket there is"
    elif not re.fullmatch(r"[a-z0-9-]+", fixed):
        problem = "has other characters than lower-case letters, digits, '-' and '*'"
    elif pattern.startswith("-") or pattern.endswith("-"):
        problem = "begins or ends with a hyphen, as no bucket's name can"
    elif len(fixed) > _NAME_CHARS:
        problem = "is longer than the 63 characters of a bucket's name"
    else:
        return _reserved(pattern)
    return problem


def _reserved(name: str) -> str | None:
    for prefix in _RESERVED_PREFIXES:
        if name.startswith(prefix):
            return f"begins with '{prefix}', which S3 reserves"
    for suffix in _RESERVED_SUFFIXES:
        if name.endswith(suffix):
            return f"ends with '{suffix}', which S3 reserves"
    return None


class Patterns:
    """An allow-list of bucket names and patterns, prepared once.

    Args:
        patterns: Names, or names with `*`.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        patterns = tuple(patterns)
        self.names = frozenset(p for p in patterns if "*" not in p)
        """The exact names: buckets that the operator named in full."""
        self.wildcards = tuple(p for p in patterns if "*" in p)
        """The patterns proper: names with `*`."""
        self._parts = tuple(tuple(p.split("*")) for p in self.wildcards)

    def allow(self, bucket: str) -> bool:
        """Whether `bucket` is on the list and is a well-formed name."""
        if name_problem(bucket) is not None:
            return False
        return bucket in self.names or any(_matches(bucket, p) for p in self._parts)


def _matches(name: str, parts: tuple[str, ...]) -> bool:
    """Whether `name` is `parts` with anything between them.

    Each part is taken where it first fits, so the time is linear in the name however
    many wildcards there are; a regular expression would backtrack.
    """
    first, *middle, last = parts
    end = len(name) - len(last)
    if not (name.startswith(first) and name.endswith(last) and len(first) <= end):
        return False
    at = len(first)
    for part in middle:
        at = name.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True

"""Origins: the construct and the command line take what a browser may send."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from analytics_tracker_construct import _checks
from analytics_tracker_construct.cli import _options

TAKEN = (
    "https://shop.example",
    "http://localhost:8080",
    "http://127.0.0.1:3000",
    "http://[::1]:8080",
    "https://a.example:80",
    "http://a.example:443",
    "https://xn--mller-kva.example",
    "capacitor://localhost",
)

_FORM = "scheme://host or scheme://host:port in lower case"
_PORT = "leave out the scheme's own port: '{}'"
REFUSED = (
    ("https://Shop.example", _FORM),
    ("HTTPS://shop.example", _FORM),
    ("https://a.example/", "a slash at the end"),
    ("https://a.example/x", "without a path"),
    ("https://a.example?x", _FORM),
    ("https://a.example:", _FORM),
    ("https://*.example", _FORM),
    ("https://müller.example", _FORM),
    ("https://a@b.example", _FORM),
    ("https://a.example\n", _FORM),
    ("a.example", _FORM),
    ("null", _FORM),
    ("", _FORM),
    ("https://a.example:443", _PORT.format("https://a.example")),
    ("http://a.example:80", _PORT.format("http://a.example")),
    ("http://[::1]:80", _PORT.format("http://[::1]")),
)


def _construct(origin: str) -> object:
    return _checks.origins("cors_origin", [origin])


_BOTH = pytest.mark.parametrize("take", [_construct, _options.origin])


@_BOTH
@pytest.mark.parametrize("origin", TAKEN)
def test_takes_what_a_browser_sends(take: Callable[[str], object], origin: str) -> None:
    assert take(origin) in (origin, (origin,))


@_BOTH
@pytest.mark.parametrize(("origin", "said"), REFUSED)
def test_refuses_what_no_browser_sends(
    take: Callable[[str], object], origin: str, said: str
) -> None:
    """It would never match, and nobody would hear of it."""
    with pytest.raises((ValueError, ArgumentTypeError)) as caught:
        take(origin)

    assert repr(origin) in str(caught.value)
    assert said in str(caught.value)

"""Threats to visitors by the browser client, and to the client."""

from __future__ import annotations

from ..threats import Removal, Threat

_SCRIPT = "handler/tracker.js"
_BUILD = "tests/client/test_build.py"
_PAGES = "tests/client/test_pages.py"
#: The browser's signal, as the script reads it.
_SIGNAL, _NO_SIGNAL = "globalPrivacyControl", "globalPrivacyContro1"

THREATS = (
    Threat(
        "The browser client is used to know a visitor again",
        (
            Removal(
                "what a page reads of the browser's signal",
                _SCRIPT,
                _SIGNAL,
                _NO_SIGNAL,
                (
                    f"{_PAGES}::"
                    "test_who_asks_not_to_be_known_has_no_session_and_no_click_id",
                ),
            ),
        ),
    ),
    Threat(
        "`sentAt` is used to put events into the past or the future",
        (
            Removal(
                "the day of the time as sent",
                "handler/fields.py",
                "draft.timestamp = times.stamp(corrected)",
                "draft.timestamp = times.stamp(corrected)\n"
                "    draft.day = draft.timestamp[:10]",
                (
                    "tests/handler/test_clock.py::"
                    "test_a_retry_finds_what_a_wrong_clock_stored",
                ),
            ),
        ),
    ),
    Threat(
        "The script that pages load is not the one that was reviewed",
        (
            Removal(
                "the script as its source makes it",
                _SCRIPT,
                _SIGNAL,
                _NO_SIGNAL,
                (f"{_BUILD}::test_what_is_committed_is_what_the_source_makes",),
            ),
        ),
    ),
)

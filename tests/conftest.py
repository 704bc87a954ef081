"""What every test may count on, however the tests were started."""

from __future__ import annotations

import contextlib
import signal

# A shell that starts something in the background has it ignore Ctrl-C, and so would
# all processes that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The suites that test the oldest CDK do without it.
with contextlib.suppress(ImportError):
    from hypothesis import Phase, settings

    # How long an example takes is the machine's affair: a busy one is no failure.
    settings.register_profile("tests", deadline=None)
    # That a test fails is all that is asked where a defence was taken out.
    settings.register_profile(
        "unshrunk", deadline=None, phases=[Phase.explicit, Phase.generate]
    )
    settings.load_profile("tests")

"""Tests of the construct: one claim about a template each."""

import os

# jsii writes to stderr about Node versions that it has not tested or that are past
# their end of life. Which Node runs the tests is the machine's matter, and the words
# would bury a test's own output. Set here, before anything imports the CDK.
for _state in ("DEPRECATED", "END_OF_LIFE", "UNTESTED"):
    os.environ.setdefault(f"JSII_SILENCE_WARNING_{_state}_NODE_VERSION", "1")

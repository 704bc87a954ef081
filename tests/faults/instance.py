"""An instance of a function in a process of its own, as Lambda has it.

`python -m tests.faults.instance handler.app` reads invocations from its input, one
JSON document a line, and writes what the handler returns, likewise.
"""

from __future__ import annotations

import importlib
import json
import sys

from ..handler.fakes import Context


def main() -> None:
    """Answer until killed or until there is nothing more to read."""
    answers, sys.stdout = sys.stdout, sys.stderr
    handler = importlib.import_module(sys.argv[1]).handler
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        answer = handler(json.loads(line), Context(9000))
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

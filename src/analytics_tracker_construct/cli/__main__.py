"""`python -m analytics_tracker_construct.cli`, where no script is installed."""

from __future__ import annotations

import sys

from . import main

sys.exit(main())

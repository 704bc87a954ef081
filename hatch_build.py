"""Makes the long description that an index of packages shows, from README.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK_TO_FILE = re.compile(r"\[([^\]]+)\]\((?!https?:|#)[^)]+\)")


class LongDescription(MetadataHookInterface):
    """The README without its links to files, which lead nowhere on an index."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put it into the project's metadata."""
        text = Path(self.root, "README.md").read_text("utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": _LINK_TO_FILE.sub(r"\1", text),
        }

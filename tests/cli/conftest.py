"""A data folder with two tenants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FOLDER = "analytics/year=2026/month=01/day=31"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for bucket, pages in {"shop": ["/a", "/b"], "my-blog": ["/\x1b[2J\u202e"]}.items():
        (tmp_path / bucket / FOLDER).mkdir(parents=True)
        for number, page in enumerate(pages):
            row = {
                "eventId": f"{bucket}-{number}",
                "eventType": "page_view",
                "serverTimestamp": "2026-01-31T12:00:00.000Z",
                "page": page,
                "viewport": {"width": 390, "height": None},
            }
            path = tmp_path / bucket / FOLDER / f"{number}.json"
            path.write_text(json.dumps(row) + "\n")
    return tmp_path

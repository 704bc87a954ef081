"""The load run, small: what it sends is there once, and it notices what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import load
from tools.load_client import Task


@pytest.mark.parametrize("delivery", load.DELIVERIES)
def test_two_thousand_events_arrive_whole_and_once(
    tmp_path: Path, delivery: str, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "load.json"

    status = load.main(
        ["--events", "2000", "--delivery", delivery, "--record", str(figures)]
    )

    assert status == 0, capsys.readouterr().out
    found = json.loads(figures.read_text())
    assert found["reconciled"]["rows"] == 2000
    # Some events were sent twice on purpose, in requests of other forms.
    assert found["answers"]["sent_again"] > 0
    assert found["reconciled"]["stored_lines"] >= 2000
    assert found["answers"]["queued"] >= (2000 if delivery == "buffered" else 0)


def test_the_comparison_notices_what_is_missing_and_what_is_strange(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "load-shop-analytics/analytics/year=2026/month=03/day=04"
    folder.mkdir(parents=True)
    for name, page in (
        ("load-00-00000000", "/articles/0?n=0"),
        ("load-00-00000001", "/elsewhere"),
        ("load-00-00000009", "/articles/1?n=9"),
    ):
        received = "2026-03-04T12:00:00.000Z"
        record = {"eventId": name, "page": page, "serverTimestamp": received}
        (folder / f"{name}.json").write_text(json.dumps(record) + "\n")

    found = load.compare(tmp_path, [Task(0, 0, 3, 1, "2026-03-04")])

    assert found["rows"] == 3
    assert (found["missing"], found["altered"], found["unknown"]) == (1, 1, 1)

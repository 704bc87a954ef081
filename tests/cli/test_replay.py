"""`analytics-tracker replay` against SQS as moto plays it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from .cloud import Cloud, Queues, letter, started


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


@pytest.fixture
def queues(cloud: Cloud) -> Queues:
    return cloud.queues()


def _replay(
    cloud: Cloud, queues: Queues, *options: str
) -> subprocess.CompletedProcess[str]:
    return cloud.inside("replay", "--queue", queues.main, *options)


def _summary(cloud: Cloud, queues: Queues, *options: str) -> dict[str, Any]:
    done = _replay(cloud, queues, "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def test_moves_a_thousand_letters_of_two_tenants_and_leaves_the_foreign_one(
    cloud: Cloud, queues: Queues
) -> None:
    shop = [letter("shop-1", "shop", events=3) for _ in range(700)]
    blog = [letter("blog-1", "blog") for _ in range(320)]
    queues.bury(*shop, "not the tracker's", *blog)

    summary = _summary(cloud, queues)

    assert sorted(queues.waiting()) == sorted(shop + blog)
    assert queues.dead_letters() == ["not the tracker's"]
    assert queues.hidden() == 0
    assert (summary["letters"], summary["events"]) == (1020, 2420)
    assert [
        (group["tenant"], group["bucket"], group["letters"], group["events"])
        for group in summary["groups"]
    ] == [("shop", "shop-1", 700, 2100), ("blog", "blog-1", 320, 320)]
    assert summary["left"] == {
        "notAskedFor": 0,
        "notTheTrackers": 1,
        "sentSince": 0,
        "notTaken": 0,
    }
    assert summary["sawAll"] is True


def test_a_dry_run_leaves_all_and_tells_the_oldest(
    cloud: Cloud, queues: Queues
) -> None:
    bodies = [letter("shop-1", "shop") for _ in range(15)]
    queues.bury(*bodies)
    queues.bury(old := letter("blog-1"), days=10)

    done = _replay(cloud, queues, "--dry-run")

    assert done.returncode == 0
    assert queues.waiting() == []
    assert sorted(queues.dead_letters()) == sorted([*bodies, old])
    assert queues.hidden() == 0
    first, *groups, lost = done.stdout.splitlines()
    assert first == "would move 16 letters with 16 events"
    assert groups[0].startswith("  tenant shop, bucket shop-1: 15 letters, 15 events")
    assert groups[1].startswith("  bucket blog-1: 1 letter, 1 event, oldest of 20")
    assert lost.startswith("the oldest is lost at 20")
    assert "counting about 16 dead letters" in done.stderr


@pytest.mark.parametrize(
    ("option", "moved"),
    [(("--tenant", "shop"), 5), (("--bucket", "blog-1"), 4), (("--tenant", "x"), 0)],
)
def test_moves_only_what_is_asked_for(
    cloud: Cloud, queues: Queues, option: tuple[str, str], moved: int
) -> None:
    queues.bury(*(letter("shop-1", "shop") for _ in range(5)))
    queues.bury(*(letter("blog-1") for _ in range(4)))

    summary = _summary(cloud, queues, *option)

    assert (summary["letters"], summary["left"]["notAskedFor"]) == (moved, 9 - moved)
    assert (len(queues.waiting()), len(queues.dead_letters())) == (moved, 9 - moved)
    assert queues.hidden() == 0


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_moves_at_most_so_many(
    cloud: Cloud, queues: Queues, dry: tuple[str, ...]
) -> None:
    bodies = [letter("shop-1", "shop") for _ in range(60)]
    queues.bury(*bodies)

    done = _replay(cloud, queues, "--max", "7", *dry)

    verb = "would move" if dry else "moved"
    assert done.stdout.startswith(f"{verb} 7 letters with 7 events\n")
    assert done.stdout.endswith("there may be more: run it again\n")
    assert len(queues.waiting()) == (0 if dry else 7)
    assert sorted(queues.waiting() + queues.dead_letters()) == sorted(bodies)
    assert queues.hidden() == 0


def test_moves_letters_whose_bodies_fill_a_message(
    cloud: Cloud, queues: Queues
) -> None:
    """SQS takes no more than 256 KiB in one call in every partition."""
    bodies = [letter("shop-1", "shop", size=150_000) for _ in range(12)]
    assert all(200_000 < len(body) <= 245_760 for body in bodies)
    queues.bury(*bodies)

    assert _summary(cloud, queues)["letters"] == 12
    assert sorted(queues.waiting()) == sorted(bodies)


def test_tells_nothing_of_what_letters_hold(cloud: Cloud, queues: Queues) -> None:
    queues.bury(letter("shop-1", "shop"), '{"page": "/secret-foreign"}')

    done = _replay(cloud, queues)

    assert "moved 1 letter " in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_letters_of_a_newer_version_stay(cloud: Cloud, queues: Queues) -> None:
    """Their form is not known here, so neither is whose they are."""
    body = letter("shop-1", "shop").replace('"version":1', '"version":2')
    queues.bury(body)

    done = _replay(cloud, queues)

    assert "left 1 letter that this version of the tracker did not write" in done.stdout
    assert (queues.waiting(), queues.dead_letters()) == ([], [body])


def test_an_empty_queue_is_no_failure(cloud: Cloud, queues: Queues) -> None:
    assert _replay(cloud, queues).stdout == "moved 0 letters with 0 events\n"

"""Chromium on a page of a tenant's, and on one of a stranger's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .browser import visiting
from .conftest import World
from .deployment import Deployment, wait_until

_ENDING = "00000001"
SENT = {f"{how}-{_ENDING}": how for how in ("beacon", "fetch", "image", "pagehide")}


def _plan(stack: Deployment, ending: str) -> dict[str, object]:
    return {
        "track": stack.url("/track"),
        "pixel": stack.url("/pixel.gif"),
        "member": {"tenant": "shop"},
        "ending": ending,
    }


def _taken(stack: Deployment) -> int:
    """Return how many events a queue holds, or has handed out, or are stored."""
    names = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
    attributes = stack.aws.client("sqs").get_queue_attributes(
        QueueUrl=stack.one("AWS::SQS::Queue", "TrackerQueue"),
        AttributeNames=list(names),
    )["Attributes"]
    return sum(int(attributes[name]) for name in names) + len(stack.events("shop"))


def test_a_page_stores_events_in_every_way_that_it_has(
    world: World, tmp_path: Path
) -> None:
    """Without a word between the browser and a server other than the API."""
    stack = world.buffered
    before = _taken(stack)
    folder, plan = tmp_path / "profile", _plan(stack, _ENDING)
    with visiting(world.parts.chromium, folder, "shop.example.com", plan) as seen:
        wait_until(lambda: _taken(stack) >= before + len(SENT), "the page's events")

    assert seen["beacon"] is True
    status, document = seen["fetch"]
    assert (status, document["status"]) == (202, "queued")
    assert seen["image"] == 1


def test_a_page_of_a_strangers_is_refused_and_can_read_why(
    world: World, tmp_path: Path
) -> None:
    folder, plan = tmp_path / "profile", _plan(world.buffered, "strange-00000001")
    host = "elsewhere.example.com"
    with visiting(world.parts.chromium, folder, host, plan) as seen:
        status, document = seen["fetch"]

    assert (status, document["error"]) == (403, "Forbidden")


def test_one_line_in_a_page_counts_its_view(world: World, tmp_path: Path) -> None:
    """The script comes from an API that was there before the tracker."""
    stack = world.direct
    plan = {"script": stack.url("/tracker.js"), "tenant": "shop"}
    page = "https://shop.example.com/shoes"

    def views() -> list[dict[str, Any]]:
        return [event for event in stack.events("shop") if event["page"] == page]

    with visiting(world.parts.chromium, tmp_path / "profile", "shop.example.com", plan):
        wait_until(lambda: bool(views()), "the view of a page that was left")

    (view,) = views()
    assert view["eventType"] == "page_view"
    assert view["device"]["browser"] == "Chrome"
    assert view["sessionId"]

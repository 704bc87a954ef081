"""The examples, deployed once for all tests of this folder: as they are, and edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from . import aws, parts
from .apps import App
from .deployment import Answer, Deployment, event, post

#: The `eventId` of what is sent about the time of the update.
QUEUED = "queued-00000001"

_MULTI_TENANT: Mapping[str, str] = {
    "shop": "TrackerTenantsshop",
    "website": "TrackerTenantswebsite",
    "mobile-app": "TrackerTenantsmobileapp",
}


class World(NamedTuple):
    """What runs and what is deployed there."""

    aws: aws.Aws
    parts: parts.Parts
    buffered: Deployment
    """`examples/multi_tenant`."""
    direct: Deployment
    """`examples/existing_stack`."""


class Update(NamedTuple):
    """The stacks after their owner has changed the apps."""

    world: World
    before: Mapping[str, Mapping[str, tuple[str, str]]]
    """The resources of each stack as they were."""
    queued: Sequence[Answer]
    """To an old tenant's event sent before the update, and a new one's after it."""


class Destroyed(NamedTuple):
    """What there was before the stacks were deleted."""

    world: World
    objects: Mapping[str, Mapping[str, bytes]]
    """Of every bucket of theirs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what changes the stacks after what looks at them, and deletes them last."""

    def when(item: pytest.Item) -> int:
        names = getattr(item, "fixturenames", ())
        if "world" not in names:
            return 0
        return 1 + ("updated" in names) + ("destroyed" in names)

    items.sort(key=when)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything runs, and both examples are deployed as they are but for one thing.

    LocalStack does not know how buckets are kept.
    """
    found = parts.find()
    folder: Path = tmp_path_factory.mktemp("e2e")
    with aws.running(folder, found) as running:
        apps = folder / "apps"
        apps.mkdir()
        multi_tenant, existing_stack = (
            App(name, apps, found.cdk, running)
            for name in ("multi_tenant", "existing_stack")
        )
        for app in (multi_tenant, existing_stack):
            app.keep_buckets()
        multi_tenant.bootstrap()
        multi_tenant.deploy()
        existing_stack.deploy()
        yield World(
            running,
            found,
            Deployment(running, multi_tenant, "Analytics", "TrackerApi", _MULTI_TENANT),
            Deployment(running, existing_stack, "Shop", "Api", {"shop": "Lake"}),
        )


@pytest.fixture(scope="session")
def updated(world: World) -> Update:
    """The one stack has a tenant more, the other has metrics."""
    buffered, direct = world.buffered, world.direct
    before = {
        each.stack: world.aws.resources(each.stack) for each in (buffered, direct)
    }
    queued = [post(buffered.url("/track"), event(tenant="shop", eventId=QUEUED))]
    buffered.app.edit(
        'tracker.add_tenant("mobile-app")',
        'tracker.add_tenant("mobile-app")\n        tracker.add_tenant("newsletter")',
    )
    direct.app.edit(
        "api=TrackerApi.existing_rest(api))",
        "api=TrackerApi.existing_rest(api), enable_metrics=True)",
    )
    buffered.app.deploy()
    queued.append(
        post(buffered.url("/track"), event(tenant="newsletter", eventId=QUEUED))
    )
    direct.app.deploy()
    return Update(world, before, queued)


@pytest.fixture(scope="session")
def destroyed(updated: Update) -> Destroyed:
    """Both stacks are deleted."""
    world = updated.world
    stacks = world.buffered, world.direct
    buckets = [b for each in stacks for b in each.ids("AWS::S3::Bucket").values()]
    objects = {bucket: world.buffered.objects(bucket) for bucket in buckets}
    for each in stacks:
        each.app.destroy()
    return Destroyed(world, objects)

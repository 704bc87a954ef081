"""What each role may do, as a real S3 server enforces the policies of the stacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import World
from .deployment import Deployment

_KEY = "analytics/year=2026/month=01/day=31/rights-00000001.json"
_RESULTS = "results/analytics_tracker_catalog"
_PUT, _GET, _DELETE, _LIST = "put_object", "get_object", "delete_object", "list_objects"
_HAND_OVER, _LOCATE = "put_object_acl", "get_bucket_location"
_PARTS, _ABORT = "list_parts", "abort_multipart_upload"
#: What is tried, by the right that it takes.
_RIGHTS = {
    _PUT: "s3:PutObject",
    _GET: "s3:GetObject",
    _DELETE: "s3:DeleteObject",
    _LIST: "s3:ListBucket",
    _HAND_OVER: "s3:PutObjectAcl",
    _LOCATE: "s3:GetBucketLocation",
    _PARTS: "s3:ListMultipartUploadParts",
    _ABORT: "s3:AbortMultipartUpload",
}
_TENANTS = "shop", "website", "mobile-app"

#: Role → what it may do: an action, the beginning of a bucket's logical id, a key. Of
#: all that is tried, nothing else is allowed.
_STORE = {(_PUT, bucket, _KEY) for bucket in ("shop", "website", "mobile-app")}
_ALLOWED: dict[str, set[tuple[str, str, str]]] = {
    "TrackerRole": {
        *_STORE,
        *((action, "salts", "salts/2026-01-31") for action in (_PUT, _GET, _DELETE)),
    },
    "TrackerWriterRole": _STORE,
    "Analyst": {
        (_GET, "shop", _KEY),
        (_LIST, "shop", "analytics/"),
        (_LOCATE, "shop", ""),
        (_LOCATE, "results", ""),
        *(
            (action, "results", f"{_RESULTS}/shop/a.csv")
            for action in (_GET, _PUT, _PARTS, _ABORT)
        ),
        (_LIST, "results", f"{_RESULTS}/shop/"),
    },
}
_KEYS = (
    _KEY,
    "analytics",
    "analytic/x",
    "x/analytics/x",
    "salts/2026-01-31",
    f"{_RESULTS}/shop/a.csv",
    f"{_RESULTS}/website/a.csv",
    f"{_RESULTS}/shopping/a.csv",
    "results/another_catalog/shop/a.csv",
)
_PREFIXES = (
    "",
    "analytics/",
    "analytics",
    "results/",
    f"{_RESULTS}/",
    f"{_RESULTS}/shop/",
    "salts/",
)


@pytest.fixture
def buckets(world: World) -> Iterator[dict[str, str]]:
    """Every bucket of the stack by a short name, and one of somebody else's.

    Each has an object under each key, which the bucket's owner wrote: radosgw lets
    whoever wrote an object do as they please with it.
    """
    stack = world.buffered
    s3 = world.aws.s3()
    s3.create_bucket(Bucket="strangers-analytics")
    found = {
        **{tenant: stack.bucket(tenant) for tenant in _TENANTS},
        "salts": stack.one("AWS::S3::Bucket", "TrackerSalts"),
        "results": stack.one("AWS::S3::Bucket", "TrackerCatalogResults"),
        "stranger": "strangers-analytics",
    }
    for bucket in found.values():
        for key in _KEYS:
            s3.put_object(Bucket=bucket, Key=key, Body=b"{}\n")
    yield found
    for bucket in found.values():
        for key in _KEYS:
            s3.delete_object(Bucket=bucket, Key=key)


def _client(stack: Deployment, role: str) -> Any:
    """Return S3's client of a role of the stack's."""
    radosgw = stack.aws.server.radosgw
    name = stack.one("AWS::IAM::Role", role)
    arn = f"arn:aws:iam::000000000000:role/{name}"
    return radosgw.client_of(radosgw.credentials(arn, stack.aws.url))


def _tried(
    s3: Any, owner: Any, buckets: dict[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Try everything; yield what was allowed.

    Args:
        s3: The client of who tries.
        owner: That of the buckets' owner, who begins uploads.
        buckets: By their short names.
    """
    for name, bucket in buckets.items():
        for key in _KEYS:
            place = {"Bucket": bucket, "Key": key}
            # Whoever has put an object is its owner here, and may do anything with it.
            if _is_allowed(s3, _HAND_OVER, ACL="bucket-owner-full-control", **place):
                yield _HAND_OVER, name, key
            for action in (_GET, _DELETE, _PUT):
                more = {"Body": b"{}\n"} if action == _PUT else {}
                if _is_allowed(s3, action, **place, **more):
                    yield action, name, key
            upload = owner.create_multipart_upload(**place)["UploadId"]
            for action in (_PARTS, _ABORT):
                if _is_allowed(s3, action, UploadId=upload, **place):
                    yield action, name, key
        for prefix in _PREFIXES:
            if _is_allowed(s3, _LIST, Bucket=bucket, Prefix=prefix):
                yield _LIST, name, prefix
        if _is_allowed(s3, _LOCATE, Bucket=bucket):
            yield _LOCATE, name, ""


def _is_allowed(s3: Any, action: str, **asked: Any) -> bool:
    try:
        getattr(s3, action)(**asked)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
        return False
    return True


@pytest.mark.parametrize("role", sorted(_ALLOWED))
def test_a_role_may_do_this_and_nothing_else(
    world: World, buckets: dict[str, str], role: str
) -> None:
    s3 = _client(world.buffered, role)

    assert set(_tried(s3, world.aws.s3(), buckets)) == _ALLOWED[role]


@pytest.mark.parametrize("role", sorted(_ALLOWED))
def test_each_right_of_a_role_is_tried_where_it_holds_and_where_it_does_not(
    world: World, role: str
) -> None:
    """A right that is new in the template must be tried here."""
    resources = json.loads(world.buffered.app.template())["Resources"]
    rights = {
        action
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Policy" and name.startswith(role)
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
        if action.startswith("s3:")
    }

    # No role has all that is tried in every bucket, so each is also denied somewhere.
    assert rights == {_RIGHTS[action] for action, _, _ in _ALLOWED[role]}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_who_may_take_on_roles_may_do_nothing_without_one(
    world: World, buckets: dict[str, str]
) -> None:
    """Else what a role is allowed would prove nothing about its policies."""
    radosgw = world.aws.server.radosgw

    nobody = radosgw.client("s3", radosgw.assumer)

    assert not set(_tried(nobody, world.aws.s3(), buckets))


@pytest.mark.parametrize("acl", ["public-read", "private"])
def test_a_role_may_not_open_an_object_to_others(
    world: World, buckets: dict[str, str], acl: str
) -> None:
    s3 = _client(world.buffered, "TrackerRole")

    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object_acl(Bucket=buckets["shop"], Key=_KEY, ACL=acl)

"""Write keys: how one is named, and what of it is in the template."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any

import pytest
from aws_cdk import CfnParameter, Stack

from analytics_tracker_construct import AnalyticsTracker, WriteKey
from analytics_tracker_construct._environment import Environment, TenantEntry
from analytics_tracker_construct._handler import settings, write_keys

from .templates import build, tenants

PUBLIC, NEXT, THIRD = ("atp_" + digit * 32 for digit in "123")
SECRET = "ats_" + "4" * 32


def hash_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def test_the_function_is_told_a_digest_of_each(stack: Stack) -> None:
    """And reads from it what it compares with."""
    keys = [WriteKey.public(PUBLIC), WriteKey.secret(sha256=hash_of(SECRET))]
    tracker = AnalyticsTracker(stack, "Tracker")

    tenant = tracker.add_tenant("acme", write_keys=keys)

    assert tenant.write_keys == tuple(keys)
    built = build(tracker)
    digests = [write_keys.digest(key) for key in (PUBLIC, SECRET)]
    found = settings.read(built.environment()).tenants["acme"]
    assert found.keys == tuple(digests)
    assert not found.own_route


def test_no_key_is_in_the_template(stack: Stack) -> None:
    """Not even a public one; and of a hash, what the function needs and no more."""
    tracker = AnalyticsTracker(stack, "Tracker")
    secret = WriteKey.secret(sha256=hash_of(SECRET))
    tracker.add_tenant("acme", write_keys=[WriteKey.public(PUBLIC), secret])

    text = json.dumps(build(tracker).template.to_json())

    for key in (PUBLIC, SECRET):
        assert key not in text
        assert hash_of(key) not in text


def test_a_tenant_without_keys_says_nothing_of_them(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tenant = tracker.add_tenant("acme")

    assert tenant.write_keys == ()
    assert "keys" not in tenants(build(tracker))["acme"]


def test_two_of_each_kind_are_valid_at_once(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    keys = [
        *map(WriteKey.public, (PUBLIC, NEXT)),
        *(WriteKey.secret(sha256=digit * 64) for digit in "ab"),
    ]

    assert len(tracker.add_tenant("acme", write_keys=keys).write_keys) == 4


def test_a_key_takes_27_characters_of_the_environment() -> None:
    """22 characters, two quotes, which the environment's JSON escapes, and a comma."""
    sizes = []
    for number in (1, 2):
        tracker = AnalyticsTracker(Stack(None, "Host"), "Tracker")
        keys = [*map(WriteKey.public, (PUBLIC, NEXT))][:number]
        tracker.add_tenant("acme", write_keys=keys)
        sizes.append(len(json.dumps(build(tracker).environment()[settings.TENANTS])))

    assert sizes[1] - sizes[0] == 22 + 2 * len(r"\"") + len(",")


def test_keys_count_in_the_environments_size() -> None:
    """Fewer tenants fit than without."""

    def fit(keys: Sequence[str]) -> int:
        environment = Environment(
            account="1" * 12,
            allowed_buckets=(),
            buffered=False,
            cors_origins=("*",),
            honor_privacy_signals=True,
            metrics=False,
            queue_url="x" * 80,
            salt_bucket="x" * 63,
            trusted=False,
            viewer_country=False,
        )
        for number in range(1000):
            entry = TenantEntry("x" * 40, None, (), tuple(keys))
            environment = environment.with_tenant(f"tenant-{number}", entry)
            with suppress(ValueError):
                environment.check_size()
                continue
            return number
        return 1000

    digest = WriteKey.public(PUBLIC).digest

    assert 0 < fit([digest] * 4) < fit([digest]) < fit([]) < 1000


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "''"),
        ("acme", "'acme'"),
        (PUBLIC[:-1], PUBLIC[:-1]),
        (PUBLIC + "0", PUBLIC + "0"),
        (PUBLIC.upper(), PUBLIC.upper()),
        (PUBLIC + "\n", "\\n'"),
        (7, "7"),
        (None, "None"),
    ],
)
def test_refuses_what_is_no_public_key(key: Any, said: str) -> None:
    with pytest.raises(
        ValueError, match=r"^'key' must be .*analytics-tracker key"
    ) as e:
        WriteKey.public(key)

    assert said in str(e.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "''"),
        (hash_of(SECRET)[:-1], "64 lower-case"),
        (hash_of(SECRET).upper(), "64 lower-case"),
        (hash_of(SECRET) + "\n", "64 lower-case"),
        (PUBLIC, PUBLIC),
        (7, "7"),
    ],
)
def test_refuses_what_is_no_hash(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=r"^'sha256' must be .* --secret") as caught:
        WriteKey.secret(sha256=value)

    assert said in str(caught.value)


def test_refuses_a_key_that_is_known_at_deployment_only(stack: Stack) -> None:
    """Its digest could not be made."""
    token = CfnParameter(stack, "Key").value_as_string

    with pytest.raises(ValueError, match="known at synthesis"):
        WriteKey.public(token)
    with pytest.raises(ValueError, match="known at synthesis"):
        WriteKey.secret(sha256=token)


@pytest.mark.parametrize(
    "give",
    [
        lambda _: WriteKey.public(SECRET),
        lambda _: WriteKey.secret(sha256=SECRET),
        lambda tracker: tracker.add_tenant("acme", write_keys=[SECRET]),
        lambda tracker: tracker.add_tenant("acme", write_keys=SECRET),
    ],
    ids=["public", "secret", "list", "alone"],
)
def test_a_secret_key_in_the_wrong_place_is_not_repeated(
    stack: Stack, give: Callable[[AnalyticsTracker], object]
) -> None:
    """What an error says ends in a log of a build."""
    tracker = AnalyticsTracker(stack, "Tracker")

    with pytest.raises(ValueError, match=r"WriteKey\.secret|its SHA-256") as caught:
        give(tracker)

    assert SECRET not in str(caught.value)
    assert tracker.tenants == {}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (7, "got int"),
        (None, "got NoneType"),
        (WriteKey.public(PUBLIC), "got WriteKey; write [WriteKey.public(…)]"),
        ([WriteKey.public(PUBLIC), PUBLIC], "got one with a str"),
        (
            [*map(WriteKey.public, (PUBLIC, NEXT, THIRD))],
            "3 public keys, and at most 2",
        ),
        (
            [WriteKey.secret(sha256=digit * 64) for digit in "abc"],
            "3 secret keys, and at most 2 are valid at once",
        ),
        ([WriteKey.public(PUBLIC)] * 2, "the same key twice; take one out"),
    ],
)
def test_refuses_what_are_no_keys_of_a_tenant(
    stack: Stack, keys: Any, said: str
) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")

    with pytest.raises(ValueError, match="'write_keys' of tenant 'acme'") as caught:
        tracker.add_tenant("acme", write_keys=keys)

    assert said in str(caught.value)
    assert tracker.node.try_find_child("Tenants") is None

"""With `encryption_key`, all that holds something has that key; who may use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, Environment, NestedStack, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from analytics_tracker_construct import (
    AnalyticsTracker,
    EventCatalog,
    FrontDoor,
    TrackerApi,
)

from .evaluator import ACCOUNT, REGION, Request, policies_of
from .templates import Built, Json, build, flat, warnings

_BUCKETS = "BucketEncryption.ServerSideEncryptionConfiguration.0"
_KEYS = f"arn:aws:kms:{REGION}:{ACCOUNT}:key"


@pytest.fixture(scope="module")
def encrypted(session_stack: Callable[[], Stack]) -> Built:
    """A tracker with all that it can make, and a key."""
    stack = session_stack()
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        api=TrackerApi.rest(access_logs=True),
        encryption_key=kms.Key(stack, "Key"),
        front_door=FrontDoor(),
    )
    tracker.add_tenant("acme")
    return build(tracker)


def _of(built: Built, kind: str, *path: str) -> dict[str, Any]:
    """Return a property of each resource of a type, by name."""
    found = {}
    for name, resource in built.all(kind).items():
        value: Any = resource["Properties"]
        for part in path:
            value = value[int(part)] if part.isdigit() else value[part]
        found[name.removeprefix("Tracker")[:-8]] = flat(value)
    return found


@pytest.mark.parametrize(
    ("kind", "path", "names"),
    [
        (
            "AWS::S3::Bucket",
            f"{_BUCKETS}.ServerSideEncryptionByDefault.KMSMasterKeyID",
            {"Salts", "CatalogResults", "Tenantsacme"},
        ),
        ("AWS::SQS::Queue", "KmsMasterKeyId", {"Queue", "DeadLetterQueue"}),
        ("AWS::Logs::LogGroup", "KmsKeyId", {"Logs", "WriterLogs", "AccessLogs"}),
        ("AWS::Lambda::Function", "KmsKeyArn", {"Function", "Writer"}),
        ("AWS::SecretsManager::Secret", "KmsKeyId", {"FrontDoorSecret1"}),
        (
            "AWS::Athena::WorkGroup",
            "WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration.KmsKey",
            {"CatalogWorkgroup", "CatalogTenantsacmeWorkgroup"},
        ),
    ],
)
def test_whatever_holds_something_has_the_key(
    encrypted: Built, kind: str, path: str, names: set[str]
) -> None:
    (key,) = encrypted.all("AWS::KMS::Key")

    assert _of(encrypted, kind, *path.split(".")) == dict.fromkeys(
        names, f"<{key}.Arn>"
    )


def test_a_bucket_asks_kms_once_for_many_objects(encrypted: Built) -> None:
    """Else each event would cost a request to KMS too."""
    enabled = _of(
        encrypted, "AWS::S3::Bucket", *f"{_BUCKETS}.BucketKeyEnabled".split(".")
    )

    assert set(enabled.values()) == {True}


def _on_keys(statements: list[Json]) -> set[str]:
    found = set()
    for statement in statements:
        actions = statement["Action"]
        actions = [actions] if isinstance(actions, str) else actions
        found |= {each for each in actions if each.startswith("kms:")}
    return found


def test_each_role_may_do_with_the_key_what_it_does(stack: Stack) -> None:
    """The writer of a tracker without tenants encrypts nothing."""
    key = kms.Key(stack, "Key")
    tracker = AnalyticsTracker(stack, "Tracker", encryption_key=key)
    built = build(tracker)

    assert _on_keys(built.statements("TrackerRole")) == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }
    assert _on_keys(built.statements("TrackerWriterRole")) == {"kms:Decrypt"}


def test_the_writer_encrypts_a_tenants_objects(encrypted: Built) -> None:
    assert _on_keys(encrypted.statements("TrackerWriterRole")) == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }


def test_a_tenants_own_bucket_keeps_its_own_key(stack: Stack) -> None:
    key, theirs = kms.Key(stack, "Key"), kms.Key(stack, "Theirs")
    lake = s3.Bucket(stack, "Lake", encryption_key=theirs)
    tracker = AnalyticsTracker(stack, "Tracker", encryption_key=key)
    tracker.add_tenant("shop", bucket=lake)

    granted = [
        statement
        for statement in build(tracker).statements("TrackerWriterRole")
        if "Theirs" in str(statement["Resource"])
    ]

    assert [statement["Action"] for statement in granted] == ["kms:GenerateDataKey"]


def test_a_catalog_that_is_given_has_no_key_but_its_own(stack: Stack) -> None:
    """It is shared: which tracker's key would it be?"""
    catalog = EventCatalog(stack, "Catalog")
    key = kms.Key(stack, "Key")
    built = build(
        AnalyticsTracker(stack, "Tracker", catalog=catalog, encryption_key=key)
    )

    (kept,) = [
        each["Properties"]["WorkGroupConfiguration"]["ResultConfiguration"]
        for each in built.all("AWS::Athena::WorkGroup").values()
    ]
    assert kept["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}


def test_the_logs_service_of_the_region_may_use_it_for_the_stacks_log_groups(
    encrypted: Built,
) -> None:
    policy = encrypted.only("AWS::KMS::Key")["KeyPolicy"]
    (statement,) = [
        flat(each) for each in policy["Statement"] if "Service" in each["Principal"]
    ]

    assert statement == {
        "Action": [
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
        ],
        "Condition": {
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": "arn:<AWS::Partition>:logs:"
                "<AWS::Region>:<AWS::AccountId>:log-group:Host-*"
            }
        },
        "Effect": "Allow",
        "Principal": {"Service": "logs.<AWS::Region>.<AWS::URLSuffix>"},
        "Resource": "*",
    }


def test_who_queries_and_reads_a_tenant_may_decrypt_and_change_no_key(
    pinned: Stack,
) -> None:
    key = kms.Key(pinned, "Key")
    tracker = AnalyticsTracker(pinned, "Tracker", encryption_key=key)
    tenant = tracker.add_tenant("acme")
    analyst = iam.Role(pinned, "Analyst", assumed_by=iam.AccountRootPrincipal())
    reader = iam.Role(pinned, "Reader", assumed_by=iam.AccountRootPrincipal())
    tracker.grant_query(analyst, tenant)
    tracker.grant_read(reader, tenant)
    decrypt, encrypt, delete = (
        Request(f"kms:{action}", f"{_KEYS}/Key")
        for action in ("Decrypt", "GenerateDataKey", "ScheduleKeyDeletion")
    )
    asked = (decrypt, encrypt, delete)

    assert policies_of(pinned, "Analyst").refused(asked) == {delete}
    assert policies_of(pinned, "Reader").refused(asked) == {encrypt, delete}


def test_a_role_that_is_given_gets_the_rights_of_both(stack: Stack) -> None:
    role = iam.Role(
        stack, "Given", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
    )
    tracker = AnalyticsTracker(
        stack, "Tracker", encryption_key=kms.Key(stack, "Key"), role=role
    )

    assert _on_keys(build(tracker).statements("Given")) == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }


def test_warns_of_a_key_whose_policy_cannot_be_changed(stack: Stack) -> None:
    """Log groups would fail to deploy, and the warning says what they need."""
    key = kms.Key.from_key_arn(stack, "Key", f"{_KEYS}/1")
    AnalyticsTracker(stack, "Tracker", encryption_key=key)

    (warning,) = warnings(stack)
    assert "logs." in warning
    assert "kms:ReEncrypt*" in warning


def _apart(app: App) -> tuple[Stack, Stack]:
    return Stack(app, "Keys"), Stack(app, "Host")


def _inside(app: App) -> tuple[Stack, Stack]:
    outer = Stack(app, "Outer")
    return outer, NestedStack(outer, "Inner")


@pytest.mark.parametrize("place", [_apart, _inside])
def test_the_key_may_be_of_another_stack(
    tmp_path: Any, place: Callable[[App], tuple[Stack, Stack]]
) -> None:
    """Neither needs the other in turn."""
    app = App(outdir=str(tmp_path))
    theirs, ours = place(app)
    key = kms.Key(theirs, "Key")
    tracker = AnalyticsTracker(ours, "Tracker", encryption_key=key)
    tracker.add_tenant("acme")

    app.synth()

    groups = Template.from_stack(ours).find_resources("AWS::Logs::LogGroup")
    assert [flat(each["Properties"]["KmsKeyId"]) for each in groups.values()] == [
        flat(ours.resolve(key.key_arn))
    ] * 2


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda _: "alias/mine", ("'alias/mine'", "from_key_arn")),
        (
            lambda stack: kms.Alias.from_alias_name(stack, "A", "alias/mine"),
            ("alias whose key is not known", "from_key_arn"),
        ),
        (
            lambda stack: kms.Key.from_key_arn(
                stack, "A", f"arn:aws:kms:{stack.region}:{stack.account}:alias/mine"
            ),
            (":alias/mine' is the ARN of an alias", "key/<id>"),
        ),
        (
            lambda stack: kms.Key.from_key_arn(
                stack, "K", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
            ),
            ("region us-east-1", "eu-west-1", "own region"),
        ),
        (
            lambda stack: kms.Key.from_key_arn(
                stack, "K", f"arn:aws:kms:{REGION}:222222222222:key/1"
            ),
            ("account 222222222222", "own account"),
        ),
    ],
    ids=["no key", "an alias", "an alias's ARN", "region", "account"],
)
def test_refuses_a_key_that_cannot_serve(
    pinned: Stack, make: Callable[[Stack], Any], parts: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="'encryption_key'") as refused:
        AnalyticsTracker(pinned, "Tracker", encryption_key=make(pinned))

    for part in parts:
        assert part in str(refused.value)


def test_a_key_of_a_deployments_environment_passes(tmp_path: Any) -> None:
    """What is only known at deployment is no contradiction."""
    app = App(outdir=str(tmp_path))
    keys = Stack(app, "Keys", env=Environment(account=ACCOUNT, region=REGION))
    host = Stack(app, "Host", env=Environment(account=ACCOUNT, region=REGION))

    AnalyticsTracker(host, "Tracker", encryption_key=kms.Key(keys, "Key"))

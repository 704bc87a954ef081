"""What `analytics-tracker doctor` tells of the roles' rights.

moto has no `iam:SimulatePrincipalPolicy` and ignores `ExpectedBucketOwner`. So
botocore's Stubber answers in place of the clients of IAM and, for that one check, of
S3; it also checks each request against the service's own model.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from analytics_tracker_construct import _actions
from analytics_tracker_construct._handler import settings
from analytics_tracker_construct.cli._aws import AwsError
from analytics_tracker_construct.cli._deployed import Queue
from analytics_tracker_construct.cli._doctor import buckets, queue, salts
from analytics_tracker_construct.cli._doctor.findings import Finding, Outcome
from analytics_tracker_construct.cli._doctor.subject import Role, Subject

from .cloud import ACCOUNT, REGION

_ROLE = f"arn:aws:iam::{ACCOUNT}:role/ingest"
_WRITER = f"arn:aws:iam::{ACCOUNT}:role/writer"
_OTHER = "210987654321"


class _Stubs:
    """A tracker whose clients are answered for."""

    def __init__(self, **config: Any) -> None:
        self._clients = {
            service: boto3.client(
                service,
                region_name=REGION,
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
            )
            for service in ("iam", "s3", "kms")
        }
        self.stub = {name: Stubber(client) for name, client in self._clients.items()}
        self.subject = Subject(
            aws=self,  # type: ignore[arg-type]  # it has what is asked of it
            function="ingest",
            arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ingest",
            settings=settings.Settings(**config),
            roles=(Role("function", _ROLE), Role("writer", _WRITER)),
            now=datetime(2026, 3, 4, tzinfo=timezone.utc),
        )
        for stub in self.stub.values():
            stub.activate()

    region = REGION

    def client(self, service: str) -> Any:
        """Return a client, as `Aws` does."""
        return self._clients[service]

    def simulate(
        self,
        role: str,
        actions: list[str],
        resource: str,
        decision: str = "allowed",
        *,
        organisation: bool = True,
        context: dict[str, str] | None = None,
    ) -> None:
        """Expect a question to the simulator and answer it."""
        self.stub["iam"].add_response(
            "simulate_principal_policy",
            {
                "EvaluationResults": [
                    {
                        "EvalActionName": action,
                        "EvalDecision": decision,
                        "OrganizationsDecisionDetail": {
                            "AllowedByOrganizations": organisation
                        },
                    }
                    for action in actions
                ]
            },
            {
                "PolicySourceArn": role,
                "ActionNames": actions,
                "ResourceArns": [resource],
                "ContextEntries": [
                    {
                        "ContextKeyName": name,
                        "ContextKeyValues": [value],
                        "ContextKeyType": "string",
                    }
                    for name, value in (context or {}).items()
                ],
            },
        )

    def done(self) -> None:
        """Check that all was asked that was expected."""
        for stub in self.stub.values():
            stub.assert_no_pending_responses()


def _owned_by(account: str) -> dict[str, str]:
    return {"aws:ResourceAccount": account}


def _seen(found: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.outcome.value, finding.found) for finding in found]


_OBJECT = "arn:aws:s3:::shop-1/analytics/year=2026/month=03/day=04/doctor.json"


def test_both_roles_are_asked_about_under_the_buckets_account() -> None:
    tenant = settings.Tenant("shop", "shop-1", owner=_OTHER)
    stubs = _Stubs(tenants={"shop": tenant}, bucket_owner=ACCOUNT)
    for role in (_ROLE, _WRITER):
        stubs.simulate(role, ["s3:PutObject"], _OBJECT, context=_owned_by(_OTHER))

    assert _seen(buckets.writable(stubs.subject, "shop-1")) == [
        ("ok", "the function's role may s3:PutObject"),
        ("ok", "the writer's role may s3:PutObject"),
    ]
    stubs.done()


def test_handing_over_is_asked_about_where_it_is_done() -> None:
    stubs = _Stubs(object_acl="bucket-owner-full-control")
    for role in (_ROLE, _WRITER):
        account = _owned_by(ACCOUNT)
        acl = {"s3:x-amz-acl": "bucket-owner-full-control"}
        stubs.simulate(role, ["s3:PutObject"], _OBJECT, context=account)
        stubs.simulate(role, ["s3:PutObjectAcl"], _OBJECT, context=account | acl)

    found = list(buckets.writable(stubs.subject, "shop-1"))

    assert {finding.outcome for finding in found} == {Outcome.OK}
    stubs.done()


@pytest.mark.parametrize(
    ("decision", "organisation", "words"),
    [
        ("implicitDeny", True, f"allow s3:PutObject to {_ROLE}"),
        ("explicitDeny", True, "remove the Deny from the policies"),
        ("implicitDeny", False, "service control policies"),
    ],
)
def test_a_role_that_may_not_store_fails_with_what_to_do(
    decision: str, organisation: bool, words: str
) -> None:
    stubs = _Stubs()
    stubs.simulate(
        _ROLE,
        ["s3:PutObject"],
        _OBJECT,
        decision,
        organisation=organisation,
        context=_owned_by(ACCOUNT),
    )
    subject = stubs.subject._replace(roles=stubs.subject.roles[:1])

    (finding,) = buckets.writable(subject, "shop-1")

    assert finding.outcome is Outcome.FAILURE
    assert f"the function's role may not s3:PutObject on {_OBJECT}" in finding.found
    assert words in finding.advice


_QUEUE = Queue(
    url="https://sqs.eu-west-1.amazonaws.com/123456789012/tracker",
    arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:tracker",
    visible=0,
    in_flight=0,
    retention=14 * 86_400,
    visibility=420,
    dead_letters=None,
)
_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b"


@pytest.mark.parametrize("key", [_KEY, "0a1b", "alias/events"])
def test_the_key_of_an_encrypted_bucket_is_asked_about(key: str) -> None:
    """A denial may be the key policy's to lift, which the simulator does not take."""
    stubs = _Stubs()
    _encrypted(stubs, key)
    if key.startswith("alias"):
        stubs.stub["kms"].add_response(
            "describe_key", {"KeyMetadata": {"KeyId": "0a1b", "Arn": _KEY}}
        )
    stubs.simulate(_ROLE, [_actions.ENCRYPT], _KEY)
    stubs.simulate(_WRITER, [_actions.ENCRYPT], _KEY, "implicitDeny")

    first, second = buckets.encryptable(stubs.subject, "shop-1")

    assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.WARNING)
    assert "encryption_key" in second.advice
    stubs.done()


def test_amazons_own_key_needs_no_right() -> None:
    stubs = _Stubs()
    _encrypted(stubs, None)

    assert list(buckets.encryptable(stubs.subject, "shop-1")) == []


def test_the_queues_key_is_asked_about_for_the_function_and_the_writer() -> None:
    """SQS wants both rights of who sends, and one of who receives."""
    stubs = _Stubs()
    queued = _QUEUE._replace(key=_KEY)
    stubs.simulate(_ROLE, ["kms:Decrypt", "kms:GenerateDataKey"], _KEY)
    stubs.simulate(_WRITER, ["kms:Decrypt"], _KEY, "implicitDeny")

    first, second = queue.may_use_key(stubs.subject, queued)

    assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.WARNING)
    assert f"the writer's role may not kms:Decrypt on {_KEY}" in second.found
    assert "pass the key to the tracker as encryption_key" in second.advice
    stubs.done()


@pytest.mark.parametrize("key", [None, "alias/aws/sqs"])
def test_a_queue_without_a_key_of_the_users_needs_no_right(key: str | None) -> None:
    assert list(queue.may_use_key(_Stubs().subject, _QUEUE._replace(key=key))) == []


def test_the_key_of_the_salts_is_asked_about_for_the_function_alone() -> None:
    stubs = _Stubs(salt_bucket="shop-1")
    _encrypted(stubs, "0a1b")
    stubs.simulate(_ROLE, ["kms:Decrypt", "kms:GenerateDataKey"], _KEY, "explicitDeny")

    found = list(salts.may_use_key(stubs.subject, "shop-1"))

    assert [finding.check for finding in found] == ["key of the salts"] * 2
    assert {finding.outcome for finding in found} == {Outcome.FAILURE}
    stubs.done()


def test_the_key_of_the_salts_is_the_trackers_to_grant() -> None:
    stubs = _Stubs(salt_bucket="shop-1")
    _encrypted(stubs, "0a1b")
    stubs.simulate(_ROLE, ["kms:Decrypt", "kms:GenerateDataKey"], _KEY, "implicitDeny")

    found = list(salts.may_use_key(stubs.subject, "shop-1"))

    assert {finding.outcome for finding in found} == {Outcome.WARNING}
    for finding in found:
        assert "pass the key to the tracker as encryption_key" in finding.advice


def test_salts_under_amazons_own_key_need_no_right() -> None:
    stubs = _Stubs(salt_bucket="shop-1")
    _encrypted(stubs, None)

    assert list(salts.may_use_key(stubs.subject, "shop-1")) == []


def _encrypted(stubs: _Stubs, key: str | None) -> None:
    default = {"SSEAlgorithm": "aws:kms", **({"KMSMasterKeyID": key} if key else {})}
    rule = {"ApplyServerSideEncryptionByDefault": default}
    stubs.stub["s3"].add_response(
        "get_bucket_encryption",
        {"ServerSideEncryptionConfiguration": {"Rules": [rule]}},
        {"Bucket": "shop-1"},
    )


def test_a_bucket_of_another_account_fails() -> None:
    stubs = _Stubs(bucket_owner=ACCOUNT)
    stubs.stub["s3"].add_response("head_bucket", {}, {"Bucket": "shop-1"})
    stubs.stub["s3"].add_client_error(
        "head_bucket",
        service_error_code="403",
        http_status_code=403,
        expected_params={"Bucket": "shop-1", "ExpectedBucketOwner": ACCOUNT},
    )

    (finding,) = buckets.reachable(stubs.subject, "shop-1")

    assert finding.outcome is Outcome.FAILURE
    assert finding.found.startswith(f"account {ACCOUNT} does not own it")


def test_a_fault_of_s3s_makes_no_bucket_another_accounts() -> None:
    stubs = _Stubs(bucket_owner=ACCOUNT)
    stubs.stub["s3"].add_response("head_bucket", {}, {"Bucket": "shop-1"})
    stubs.stub["s3"].add_client_error(
        "head_bucket", service_error_code="503", http_status_code=503
    )

    with pytest.raises(AwsError, match="503"):
        list(buckets.reachable(stubs.subject, "shop-1"))


def test_the_function_is_asked_about_for_salts_and_queue_and_the_writer_is_not() -> (
    None
):
    stubs = _Stubs(salt_bucket="salts-1", salt_bucket_owner=ACCOUNT)
    stubs.simulate(
        _ROLE,
        list(_actions.KEEP_SALTS),
        "arn:aws:s3:::salts-1/salts/2026-03-04",
        context=_owned_by(ACCOUNT),
    )
    stubs.simulate(_ROLE, ["sqs:SendMessage"], "arn:queue")

    found = [
        *salts.rights_on(stubs.subject, "salts-1"),
        *queue.may_send(stubs.subject, "arn:queue"),
    ]

    assert {finding.outcome for finding in found} == {Outcome.OK}
    stubs.done()

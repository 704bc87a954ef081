"""What the function's role may do, statement by statement."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from analytics_tracker_construct import AnalyticsTracker

from .conftest import ACCOUNT
from .templates import Built, Json, build, flat, warnings


def _events(bucket: str) -> str:
    return f"arn:<AWS::Partition>:s3:::{bucket}/analytics/*"


def test_the_role_has_these_statements_and_no_others(minimal: Built) -> None:
    """What a security reviewer reads."""
    assert minimal.statements() == [
        {
            "Action": "s3:PutObject",
            "Condition": {
                "StringEquals": {"aws:ResourceAccount": [{"Ref": "AWS::AccountId"}]}
            },
            "Effect": "Allow",
            "Resource": _events("*-analytics"),
        },
        {
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Effect": "Allow",
            "Resource": "<TrackerSalts53D4DF0A.Arn>/salts/*",
        },
        {
            "Action": "sqs:SendMessage",
            "Effect": "Allow",
            "Resource": f"<{minimal.id_of('AWS::SQS::Queue', 'Queue')}.Arn>",
        },
        {
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Effect": "Allow",
            "Resource": "<TrackerLogs6F324061.Arn>",
        },
    ]


def test_the_writers_role_has_these_statements_and_no_others(minimal: Built) -> None:
    """It stores as the function does, and neither reads salts nor sends."""
    queue = minimal.id_of("AWS::SQS::Queue", "Queue")
    logs = minimal.id_of("AWS::Logs::LogGroup", "WriterLogs")

    assert minimal.statements("TrackerWriterRole") == [
        minimal.statements()[0],
        {
            "Action": [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
            ],
            "Effect": "Allow",
            "Resource": f"<{queue}.Arn>",
        },
        {
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Effect": "Allow",
            "Resource": f"<{logs}.Arn>",
        },
    ]


def test_only_lambda_may_assume_the_roles(minimal: Built) -> None:
    roles = minimal.all("AWS::IAM::Role").values()

    assert len(roles) == 2
    for role in roles:
        (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_no_managed_policy_is_used(full: Built) -> None:
    for role in full.all("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]


def test_nothing_is_allowed_on_every_resource(full: Built, http: Built) -> None:
    for built in (full, http):
        assert "*" not in [s["Resource"] for s in built.statements("")]


def test_without_a_bucket_there_is_no_statement_about_events(http: Built) -> None:
    """A statement without a resource would be no valid policy."""
    actions = [statement["Action"] for statement in http.statements()]

    assert "s3:PutObject" not in actions
    assert all(statement["Resource"] for statement in http.statements())


def test_trusted_accounts_are_conditions_of_writing(stack: Stack) -> None:
    """And only with them is an event handed over, which takes a right of its own."""
    built = build(
        AnalyticsTracker(
            stack,
            "Tracker",
            allowed_buckets=["lake"],
            trusted_accounts=["222222222222", "333333333333"],
        )
    )

    accounts = [{"Ref": "AWS::AccountId"}, "222222222222", "333333333333"]
    for role in ("TrackerRole", "TrackerWriterRole"):
        assert built.statements(role)[:2] == [
            {
                "Action": "s3:PutObject",
                "Condition": {"StringEquals": {"aws:ResourceAccount": accounts}},
                "Effect": "Allow",
                "Resource": _events("lake"),
            },
            {
                "Action": "s3:PutObjectAcl",
                "Condition": {
                    "StringEquals": {
                        "aws:ResourceAccount": accounts,
                        "s3:x-amz-acl": "bucket-owner-full-control",
                    }
                },
                "Effect": "Allow",
                "Resource": _events("lake"),
            },
        ]


def test_a_tenant_joins_the_statements_that_are_there(stack: Stack) -> None:
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        allowed_buckets=["lake"],
        trusted_accounts=["222222222222"],
    )
    tracker.add_tenant("acme")

    built = build(tracker)

    assert len(built.statements()) == 5
    for role in ("TrackerRole", "TrackerWriterRole"):
        for statement in built.statements(role)[:2]:
            assert statement["Resource"] == [
                _events("lake"),
                "<TrackerTenantsacme973C22E0.Arn>/analytics/*",
            ]


def test_a_first_tenant_brings_the_statements_with_it(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("acme")

    resources = {
        str(statement["Action"]): statement["Resource"]
        for statement in build(tracker).statements()
    }

    events = "<TrackerTenantsacme973C22E0.Arn>/analytics/*"
    assert resources["s3:PutObject"] == events


def test_an_encrypted_bucket_brings_the_one_right_a_put_needs(stack: Stack) -> None:
    key = kms.Key(stack, "Key")
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("acme", bucket=s3.Bucket(stack, "Lake", encryption_key=key))

    built = build(tracker)

    for role in ("TrackerRole", "TrackerWriterRole"):
        assert built.statements(role)[-1] == {
            "Action": "kms:GenerateDataKey",
            "Effect": "Allow",
            "Resource": flat(stack.resolve(key.key_arn)),
        }


def _extra(action: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=[action], resources=["arn:aws:sqs:eu-west-1:111111111111:queue"]
    )


def _actions(statements: list[Json]) -> list[object]:
    return [statement["Action"] for statement in statements]


def test_additional_policies_are_added_to_the_role(stack: Stack) -> None:
    extra = _extra("sqs:ListQueues")
    tracker = AnalyticsTracker(stack, "Tracker", additional_policies=[extra])

    built = build(tracker)
    assert "sqs:ListQueues" in _actions(built.statements())
    assert "sqs:ListQueues" not in _actions(built.statements("TrackerWriterRole"))


def test_additional_policies_of_a_generator_are_added_too(stack: Stack) -> None:
    """Which is no `Sequence`, but is read to its end without a word."""
    extras: Any = (_extra(f"sqs:List{what}") for what in ("Queues", "QueueTags"))
    tracker = AnalyticsTracker(stack, "Tracker", additional_policies=extras)

    found = _actions(build(tracker).statements())
    assert {"sqs:ListQueues", "sqs:ListQueueTags"} <= set(map(str, found))


def test_a_statement_can_be_added_later(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_to_role_policy(_extra("sqs:ListQueues"))

    assert "sqs:ListQueues" in _actions(build(tracker).statements())


def test_a_given_role_gets_the_rights_of_both_once(
    stack: Stack, minimal: Built
) -> None:
    """Both functions run as it: another account's bucket policy names one role."""
    role = iam.Role(
        stack, "Given", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
    )
    tracker = AnalyticsTracker(
        stack, "Tracker", allowed_buckets=["*-analytics"], role=role
    )
    built = build(tracker)

    assert tracker.role is tracker.writer_role is role
    assert len(built.all("AWS::IAM::Role")) == 1
    assert built.function()["Role"] == built.writer()["Role"]
    actions = _actions(built.statements("Given"))
    only_writers = _actions(minimal.statements("TrackerWriterRole")[1:])
    assert actions == [*_actions(minimal.statements()), *only_writers]


def test_an_imported_role_gets_a_policy_that_the_function_waits_for(
    pinned: Stack,
) -> None:
    """Otherwise the first requests after a deployment would be refused."""
    role = iam.Role.from_role_arn(
        pinned, "Given", "arn:aws:iam::111111111111:role/known-to-partners"
    )
    built = build(AnalyticsTracker(pinned, "Tracker", role=role))

    ((policy, resource),) = built.all("AWS::IAM::Policy").items()
    assert resource["Properties"]["Roles"] == ["known-to-partners"]
    for function in built.all("AWS::Lambda::Function").values():
        assert policy in function["DependsOn"]
        assert function["Properties"]["Role"] == role.role_arn


def test_the_tracker_is_grantable(stack: Stack) -> None:
    """Other constructs grant to it as to a function."""
    tracker = AnalyticsTracker(stack, "Tracker")
    s3.Bucket(stack, "Lookup").grant_read(tracker)

    assert any("s3:List*" in str(s["Action"]) for s in build(tracker).statements())


def test_warns_of_a_role_that_cannot_be_changed(pinned: Stack) -> None:
    role = iam.Role.from_role_arn(
        pinned, "Given", f"arn:aws:iam::{ACCOUNT}:role/fixed", mutable=False
    )
    AnalyticsTracker(pinned, "Tracker", role=role)

    (warning,) = warnings(pinned)
    assert "imported so that it cannot be changed" in warning


def test_a_role_that_can_be_changed_is_no_warning(pinned: Stack) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/team/open"
    role = iam.Role.from_role_arn(pinned, "Given", arn)
    AnalyticsTracker(pinned, "Tracker", role=role)

    assert warnings(pinned) == []


def test_refuses_a_role_of_another_account(pinned: Stack) -> None:
    """A function cannot run under it."""
    arn = "arn:aws:iam::222222222222:role/theirs"
    role = iam.Role.from_role_arn(pinned, "Given", arn)

    with pytest.raises(ValueError, match=r"'role' .*:222222222222:.*account 111111"):
        AnalyticsTracker(pinned, "Tracker", role=role)


def test_refuses_a_role_of_another_accounts_stack(pinned: Stack) -> None:
    """Of which this app knows the account, and not yet the ARN."""
    app = pinned.node.root
    assert isinstance(app, App)
    theirs = Stack(app, "Theirs", env=Environment(account="222222222222"))
    role = iam.Role(
        theirs,
        "Given",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        role_name="theirs",
    )

    with pytest.raises(ValueError, match=r"'role' .* 222222222222.*account 111111"):
        AnalyticsTracker(pinned, "Tracker", role=role)


def test_many_buckets_need_no_policy_of_awss(stack: Stack) -> None:
    """Where the role's own grows too long, the CDK goes on in a managed one of ours."""
    names = [f"customer-{number:03}-events" for number in range(60)]
    built = build(AnalyticsTracker(stack, "Tracker", allowed_buckets=names))

    for role in built.all("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]
    written = str(built.all("AWS::IAM::Policy")) + str(
        built.all("AWS::IAM::ManagedPolicy")
    )
    # Each role once.
    assert all(written.count(f"{name}/analytics/*") == 2 for name in names)


def test_a_tenant_can_be_added_after_a_synthesis(stack: Stack) -> None:
    """A policy that was written grows no more, so it gets another statement."""
    tracker = AnalyticsTracker(stack, "Tracker", allowed_buckets=["lake"])
    Template.from_stack(stack)

    tracker.add_tenant("acme")

    app = stack.node.root
    assert isinstance(app, App)
    written = app.synth(force=True).get_stack_by_name("Host").template["Resources"]
    stored = [
        flat(statement["Resource"])
        for name, resource in written.items()
        if name.startswith("TrackerRoleDefaultPolicy")
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "s3:PutObject"
    ]
    assert stored == [
        _events("lake"),
        "<TrackerTenantsacme973C22E0.Arn>/analytics/*",
    ]


def test_the_report_on_roles_made_elsewhere_has_every_bucket(tmp_path: Path) -> None:
    """It has each statement as it was when the role got it."""
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Host")
    iam.Role.customize_roles(stack)
    tracker = AnalyticsTracker(stack, "Tracker", allowed_buckets=["lake", "sea"])
    for name in ("acme", "shop"):
        bucket = s3.Bucket.from_bucket_name(stack, name, f"{name}-events")
        tracker.add_tenant(name, bucket=bucket)

    # The roles are yet to be made, and their names to be told.
    with suppress(RuntimeError):
        app.synth()

    report = (tmp_path / "iam-policy-report.txt").read_text()
    for name in ("lake", "sea", "acme-events", "shop-events"):
        # Each role once.
        assert report.count(f":s3:::{name}/analytics/*") == 2


def _beside(stack: Stack) -> Stack:
    """Return another stack of the same app."""
    app = stack.node.root
    assert isinstance(app, App)
    return Stack(app, "Theirs")


def _role(stack: Stack, path: str | None = None) -> iam.Role:
    service = iam.ServicePrincipal("lambda.amazonaws.com")
    return iam.Role(stack, "Given", assumed_by=service, path=path)


def test_a_role_of_another_stack_gets_its_rights_here(
    stack: Stack, minimal: Built
) -> None:
    """A policy in that stack would refer to this one, and this one to the role."""
    role = _role(_beside(stack))
    built = build(
        AnalyticsTracker(stack, "Tracker", allowed_buckets=["*-analytics"], role=role)
    )

    ((_, policy),) = built.all("AWS::IAM::Policy").items()
    (name,) = policy["Properties"]["Roles"]
    assert "Theirs" in str(name)
    only_writers = _actions(minimal.statements("TrackerWriterRole")[1:])
    assert _actions(policy["Properties"]["PolicyDocument"]["Statement"]) == [
        *_actions(minimal.statements()),
        *only_writers,
    ]


def test_trackers_of_two_stacks_share_a_role_of_a_third(stack: Stack) -> None:
    """A role has one policy of a name: the second would replace the first."""
    role = _role(_beside(stack))
    app = stack.node.root
    assert isinstance(app, App)
    trackers = [
        AnalyticsTracker(each, "Tracker", role=role)
        for each in (stack, Stack(app, "Second"))
    ]

    names = {build(each).only("AWS::IAM::Policy")["PolicyName"] for each in trackers}
    assert len(names) == 2


def test_refuses_a_role_of_another_stack_that_has_a_path(stack: Stack) -> None:
    """The CDK would take the path's first part for the name."""
    role = _role(_beside(stack), "/team/")

    with pytest.raises(ValueError, match=r"'role' Theirs/Given .*'/team/'.*leave"):
        AnalyticsTracker(stack, "Tracker", role=role)


def test_refuses_a_role_imported_into_another_stack(stack: Stack) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/known"
    role = iam.Role.from_role_arn(_beside(stack), "Given", arn)

    with pytest.raises(ValueError, match=r"'role' Theirs/Given .*own stack"):
        AnalyticsTracker(stack, "Tracker", role=role)

"""What each role of a tracker may do, and what would reach further, as IAM decides it.

Every statement of the template is tried: `Role.unproved` says what could be taken out
or widened without any request here being decided otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from analytics_tracker_construct import AnalyticsTracker

from .evaluator import ACCOUNT, REGION, Policies, Request, policies_of
from .isolation import Role
from .test_grant_query import BEYOND, OTHERS, QUERY, Shared

_STRANGER = (("aws:ResourceAccount", "999999999999"),)
_OURS = (("s3:x-amz-acl", "bucket-owner-full-control"),)
_PUBLIC = (("s3:x-amz-acl", "public-read"),)
_PLAIN = (("aws:SecureTransport", "false"),)
_KEY = "analytics/year=2026/month=03/day=04/one.json"
_SALT = "salts/2026-03-04"
#: As the evaluator calls them: after their constructs.
_SHOP, _BLOG, _SALTS, _RESULTS = (
    f"arn:aws:s3:::{name}"
    for name in ("trackertenantsshop", "blog", "trackersalts", "trackercatalogresults")
)
_PATTERN = "arn:aws:s3:::acme-analytics"
_QUEUE, _DEAD = (
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:Tracker{name}"
    for name in ("Queue", "DeadLetterQueue")
)
_KEYS = f"arn:aws:kms:{REGION}:{ACCOUNT}:key"
_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:TrackerFunction"


def _logs(name: str) -> str:
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:log-stream:one"


def _each(resource: str, *actions: str) -> Iterator[Request]:
    for action in actions:
        yield Request(action, resource)


#: What the function and the writer both do: store events, hand them over, encrypt.
_STORE = (
    *(
        request
        for bucket in (_SHOP, _BLOG, _PATTERN)
        for request in (
            Request("s3:PutObject", f"{bucket}/{_KEY}"),
            Request("s3:PutObjectAcl", f"{bucket}/{_KEY}", _OURS),
        )
    ),
    Request("kms:GenerateDataKey", f"{_KEYS}/BlogKey"),
)
#: What neither may do.
_NEVER = (
    # A name is anyone's to take, in any account.
    Request("s3:PutObject", f"{_PATTERN}/{_KEY}", _STRANGER),
    Request("s3:PutObject", f"{_SHOP}/{_KEY}", _STRANGER),
    Request("s3:PutObjectAcl", f"{_PATTERN}/{_KEY}", (*_STRANGER, *_OURS)),
    Request("s3:PutObject", f"arn:aws:s3:::acme-lake/{_KEY}"),
    Request("s3:PutObject", f"arn:aws:s3:::acme-analytics-copy/{_KEY}"),
    Request("s3:PutObject", f"{_SHOP}/elsewhere/one.json"),
    Request("s3:PutObject", f"{_PATTERN}/analytic/one.json"),
    Request("s3:PutObject", f"{_RESULTS}/{_KEY}"),
    # To open an object to others.
    Request("s3:PutObjectAcl", f"{_SHOP}/{_KEY}"),
    Request("s3:PutObjectAcl", f"{_SHOP}/{_KEY}", _PUBLIC),
    Request("s3:PutObjectAcl", f"{_PATTERN}/{_KEY}", _PUBLIC),
    Request("s3:PutObjectAcl", f"arn:aws:s3:::acme-lake/{_KEY}", _OURS),
    Request("s3:PutObjectVersionAcl", f"{_SHOP}/{_KEY}", _OURS),
    # To read, list, change or delete what was stored.
    *(
        request
        for bucket in (_SHOP, _BLOG, _PATTERN)
        for request in (
            *_each(
                f"{bucket}/{_KEY}",
                "s3:GetObject",
                "s3:DeleteObject",
                "s3:PutObjectRetention",
                "s3:GetObjectAcl",
            ),
            *_each(
                bucket,
                "s3:ListBucket",
                "s3:PutBucketPolicy",
                "s3:PutLifecycleConfiguration",
                "s3:DeleteBucket",
            ),
        )
    ),
    Request("s3:ListBucket", _SALTS),
    Request("s3:PutBucketVersioning", _SALTS),
    Request("kms:Decrypt", f"{_KEYS}/BlogKey"),
    Request("kms:GenerateDataKey", f"{_KEYS}/AnotherKey"),
    # To read results, or run queries.
    Request("s3:GetObject", f"{_RESULTS}/results/analytics_tracker/shop/one.csv"),
    Request(
        "athena:StartQueryExecution", f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/any"
    ),
    # To purge, or take what another tracker waits for.
    *(
        request
        for queue in (_QUEUE, _DEAD)
        for request in _each(queue, "sqs:PurgeQueue", "sqs:DeleteQueue")
    ),
    *_each(_DEAD, "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"),
    *_each(_logs("Another"), "logs:CreateLogStream", "logs:PutLogEvents"),
    # Over anything but TLS.
    Request("s3:PutObject", f"{_SHOP}/{_KEY}", _PLAIN),
)
_SALT_ACTIONS = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"
_RECEIVE = "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"
_WRITE_LOGS = "logs:CreateLogStream", "logs:PutLogEvents"

_FUNCTION_MAY = (
    *_STORE,
    *_each(f"{_SALTS}/{_SALT}", *_SALT_ACTIONS),
    Request("sqs:SendMessage", _QUEUE),
    *_each(_logs("TrackerLogs"), *_WRITE_LOGS),
)
_FUNCTION_MAY_NOT = (
    *_NEVER,
    *_each(f"{_SALTS}/another/{_SALT}", *_SALT_ACTIONS),
    *_each(f"{_SALTS}/{_SALT}", "s3:PutObjectAcl", "s3:GetObjectVersion"),
    Request("s3:GetObject", f"{_SALTS}/{_SALT}", _PLAIN),
    Request("sqs:SendMessage", _QUEUE, _PLAIN),
    *_each(_QUEUE, *_RECEIVE),
    *_each(_logs("TrackerLogs"), "logs:DeleteLogStream", "logs:GetLogEvents"),
    *_each(_logs("TrackerWriterLogs"), *_WRITE_LOGS),
)
_WRITER_MAY = (
    *_STORE,
    *_each(_QUEUE, *_RECEIVE),
    *_each(_logs("TrackerWriterLogs"), *_WRITE_LOGS),
)
_WRITER_MAY_NOT = (
    *_NEVER,
    *_each(f"{_SALTS}/{_SALT}", *_SALT_ACTIONS),
    Request("sqs:SendMessage", _QUEUE),
    Request("sqs:ReceiveMessage", _QUEUE, _PLAIN),
    *_each(_logs("TrackerWriterLogs"), "logs:DeleteLogStream", "logs:GetLogEvents"),
    *_each(_logs("TrackerLogs"), *_WRITE_LOGS),
)


def _listing(bucket: str, prefix: str) -> Request:
    return Request("s3:ListBucket", bucket, (("s3:prefix", prefix),))


_READER_MAY = (
    Request("s3:GetObject", f"{_BLOG}/{_KEY}"),
    Request("s3:GetBucketLocation", _BLOG),
    _listing(_BLOG, "analytics/year=2026/"),
    Request("kms:Decrypt", f"{_KEYS}/BlogKey"),
)
_READER_MAY_NOT = (
    Request("s3:GetObject", f"{_SHOP}/{_KEY}"),
    Request("s3:GetObject", f"{_BLOG}/invoices/one.pdf"),
    Request("s3:GetObject", f"{_SALTS}/{_SALT}"),
    Request("s3:GetObject", f"{_BLOG}/{_KEY}", _PLAIN),
    *_each(f"{_BLOG}/{_KEY}", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectAcl"),
    *_each(_BLOG, "s3:PutBucketPolicy", "s3:ListBucket", "s3:GetBucketAcl"),
    _listing(_BLOG, ""),
    _listing(_BLOG, "invoices/"),
    _listing(_SHOP, "analytics/"),
    Request("s3:ListBucketVersions", _BLOG, (("s3:prefix", "analytics/"),)),
    Request("s3:GetBucketLocation", _SHOP),
    *_each(f"{_KEYS}/BlogKey", "kms:GenerateDataKey", "kms:Encrypt"),
    Request("kms:Decrypt", f"{_KEYS}/AnotherKey"),
    Request("sqs:ReceiveMessage", _QUEUE),
)


class Deployed(NamedTuple):
    """A stack with a tracker and those who were granted something."""

    stack: Stack

    def role(
        self, name: str, may: tuple[Request, ...], may_not: tuple[Request, ...]
    ) -> Role:
        return Role(policies_of(self.stack, name), may, may_not)


@pytest.fixture(scope="module")
def new_stack(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Stack]:
    where = Environment(account=ACCOUNT, region=REGION)
    return lambda: Stack(
        App(outdir=str(tmp_path_factory.mktemp("cdk"))), "Pinned", env=where
    )


@pytest.fixture(scope="module")
def deployed(new_stack: Callable[[], Stack]) -> Deployed:
    """A pattern, a tenant with a bucket made for it and one with a key of its own.

    Another account is trusted, for without one nothing is handed over.
    """
    stack = new_stack()
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        allowed_buckets=["*-analytics"],
        trusted_accounts=["222222222222"],
    )
    shop = tracker.add_tenant("shop")
    kms.Key(stack, "AnotherKey")
    key = kms.Key(stack, "BlogKey")
    bucket = s3.Bucket(stack, "Blog", encryption_key=key, enforce_ssl=True)
    blog = tracker.add_tenant("blog", bucket=bucket)
    reader, analyst = (
        iam.Role(stack, name, assumed_by=iam.AccountRootPrincipal())
        for name in ("Reader", "Analyst")
    )
    tracker.grant_read(reader, blog)
    tracker.grant_query(analyst, shop)
    return Deployed(stack)


@pytest.fixture(scope="module")
def analyst(new_stack: Callable[[], Stack]) -> Role:
    """One of three tenants', each with a key of its own."""
    shared = Shared(new_stack())
    shared.catalog.grant_query(shared.role(), "shop")
    return Role(policies_of(shared.stack, "Analyst"), QUERY, (*OTHERS, *BEYOND))


@pytest.fixture(params=["function", "writer", "reader", "analyst"])
def role(request: pytest.FixtureRequest) -> Role:
    """Every role that a tracker makes, or grants something."""
    if request.param == "analyst":
        found = request.getfixturevalue("analyst")
        assert isinstance(found, Role)
        return found
    deployed: Deployed = request.getfixturevalue("deployed")
    return {
        "function": deployed.role("TrackerRole", _FUNCTION_MAY, _FUNCTION_MAY_NOT),
        "writer": deployed.role("TrackerWriterRole", _WRITER_MAY, _WRITER_MAY_NOT),
        "reader": deployed.role("Reader", _READER_MAY, _READER_MAY_NOT),
    }[request.param]


def test_a_role_may_do_all_that_it_is_there_for(role: Role) -> None:
    assert role.policies.refused(role.may) == set()


def test_a_role_may_do_nothing_that_reaches_further(role: Role) -> None:
    assert role.policies.refused(role.may_not) == set(role.may_not)


def test_no_statement_of_a_role_goes_unproved(role: Role) -> None:
    """Whatever is taken out of one or widened in it, some request shows it."""
    unproved = role.unproved()

    assert role.policies.identity["Statement"]
    assert not unproved, "\n".join(unproved)


def test_every_role_of_the_template_is_proved(deployed: Deployed) -> None:
    """The analyst's statements are proved with those of three tenants around."""
    resources = Template.from_stack(deployed.stack).to_json()["Resources"]
    policies = {
        logical_id[:-8]
        for logical_id, resource in resources.items()
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
    }

    assert policies == {
        "TrackerRoleDefaultPolicy",
        "TrackerWriterRoleDefaultPolicy",
        "ReaderDefaultPolicy",
        "AnalystDefaultPolicy",
    }


@pytest.mark.parametrize("role", ["TrackerWriterRole", "Reader", "Analyst"])
def test_only_the_function_reads_salts(deployed: Deployed, role: str) -> None:
    tries = (
        *_each(f"{_SALTS}/{_SALT}", *_SALT_ACTIONS, "s3:GetObjectVersion"),
        *_each(_SALTS, "s3:ListBucket", "s3:PutBucketPolicy"),
    )

    assert policies_of(deployed.stack, role).refused(tries) == set(tries)


def _of_all_rights(policies: Policies) -> Policies:
    """Return the same for an administrator."""
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return policies._replace(
        identity={"Version": "2012-10-17", "Statement": [anything]}
    )


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sqs:SendMessage", _QUEUE),
        ("sqs:ReceiveMessage", _DEAD),
        ("s3:GetObject", f"{_SALTS}/{_SALT}"),
        ("s3:ListBucket", _SALTS),
        ("s3:PutObject", f"{_SHOP}/{_KEY}"),
        ("s3:GetObject", f"{_RESULTS}/one.csv"),
    ],
)
def test_nobody_reaches_a_bucket_or_a_queue_but_over_tls(
    deployed: Deployed, action: str, resource: str
) -> None:
    """Not even an administrator."""
    administrator = _of_all_rights(policies_of(deployed.stack, "TrackerRole"))
    over_tls, plain = Request(action, resource), Request(action, resource, _PLAIN)

    assert administrator.refused([over_tls, plain]) == {plain}


def test_only_the_trackers_own_routes_call_the_function(deployed: Deployed) -> None:
    """Not those of any other API, in this account or in another."""
    policies = policies_of(deployed.stack, "TrackerRole")
    gateway = policies._replace(
        identity={"Version": "2012-10-17", "Statement": []},
        principal="apigateway.amazonaws.com",
    )

    def call(
        route: str,
        account: str = ACCOUNT,
        # As the evaluator calls them: by their logical ids.
        api: str = "TrackerApi2DF23A67",
        stage: str = "TrackerApiDeploymentStageprod590A4220",
    ) -> Request:
        source = f"arn:aws:execute-api:{REGION}:{account}:{api}/{stage}/{route}"
        arn = (("aws:SourceArn", source),)
        return Request("lambda:InvokeFunction", _FUNCTION, arn)

    own = [
        call("POST/track"),
        call("OPTIONS/track"),
        call("GET/pixel.gif"),
        call("GET/tracker.js"),
    ]
    others = [
        call("POST/track", account="999999999999"),
        call("POST/track", api="another"),
        call("GET/track"),
        call("POST/pixel.gif"),
        call("POST/tracker.js"),
        # What the console's own test of a method would be.
        call("POST/track", stage="test-invoke-stage"),
        own[0]._replace(context=()),
        own[0]._replace(action="lambda:GetFunction"),
    ]

    assert gateway.refused([*own, *others]) == set(others)

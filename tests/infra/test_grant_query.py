"""What an analyst of one tenant may do, and may not, as IAM's rules decide it."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import AnalyticsTracker, EventCatalog

from .evaluator import ACCOUNT, REGION, Policies, Request, policies_of
from .templates import warnings

_ATHENA = f"arn:aws:athena:{REGION}:{ACCOUNT}"
_GLUE = f"arn:aws:glue:{REGION}:{ACCOUNT}"
_KEYS = f"arn:aws:kms:{REGION}:{ACCOUNT}:key"
_DAY = "analytics/year=2026/month=03/day=04"
_VIEWS = ("shop_events", "shop_events_unique", "shop_sessions")


def _prefix(value: str) -> tuple[tuple[str, str], ...]:
    return (("s3:prefix", value),)


#: What Athena does in the name of who queries tenant `shop`.
QUERY = (
    *(
        Request(f"athena:{action}", f"{_ATHENA}:workgroup/web-shop")
        for action in (
            "BatchGetQueryExecution",
            "GetQueryExecution",
            "GetQueryResults",
            "GetQueryResultsStream",
            "GetQueryRuntimeStatistics",
            "GetWorkGroup",
            "ListQueryExecutions",
            "StartQueryExecution",
            "StopQueryExecution",
        )
    ),
    Request("athena:GetDataCatalog", f"{_ATHENA}:datacatalog/AwsDataCatalog"),
    *(
        Request("glue:GetDatabase", f"{_GLUE}:{resource}")
        for resource in ("catalog", "database/web", "database/default")
    ),
    *(
        Request(f"glue:{action}", f"{_GLUE}:{resource}")
        for action in ("GetTable", "GetPartitions")
        for resource in (
            "catalog",
            "database/web",
            *(f"table/web/{name}" for name in _VIEWS),
        )
    ),
    Request("s3:GetBucketLocation", "arn:aws:s3:::shop"),
    Request("s3:ListBucket", "arn:aws:s3:::shop", _prefix(f"{_DAY}/")),
    Request("s3:GetObject", f"arn:aws:s3:::shop/{_DAY}/one.json"),
    Request("kms:Decrypt", f"{_KEYS}/ShopKey"),
    *(
        Request(f"s3:{action}", "arn:aws:s3:::results/results/web/shop/one.csv")
        for action in (
            "AbortMultipartUpload",
            "GetObject",
            "ListMultipartUploadParts",
            "PutObject",
        )
    ),
    Request("s3:GetBucketLocation", "arn:aws:s3:::results"),
    Request("s3:ListBucket", "arn:aws:s3:::results", _prefix("results/web/shop/")),
    Request("kms:Decrypt", f"{_KEYS}/ResultsKey"),
    Request("kms:GenerateDataKey", f"{_KEYS}/ResultsKey"),
)

#: What would reach another tenant.
OTHERS = (
    Request("athena:StartQueryExecution", f"{_ATHENA}:workgroup/web-blog"),
    Request("athena:GetQueryResults", f"{_ATHENA}:workgroup/web-blog"),
    Request("athena:StartQueryExecution", f"{_ATHENA}:workgroup/web"),
    Request("athena:GetQueryResults", f"{_ATHENA}:workgroup/web"),
    Request("athena:StartQueryExecution", f"{_ATHENA}:workgroup/primary"),
    Request("athena:GetDataCatalog", f"{_ATHENA}:datacatalog/another"),
    *(
        Request("glue:GetTable", f"{_GLUE}:table/{name}")
        for name in (
            "web/blog_events",
            "web/blog_events_unique",
            "web/blog_sessions",
            "web/shop_too_events",
            "web/shop_too_sessions",
            "web/all_events",
            "web/all_sessions",
            "web/all_lines",
            "default/shop_events",
            "another/shop_events",
        )
    ),
    Request("glue:GetDatabase", f"{_GLUE}:database/another"),
    Request("s3:GetObject", f"arn:aws:s3:::blog/{_DAY}/one.json"),
    Request("s3:ListBucket", "arn:aws:s3:::blog", _prefix(f"{_DAY}/")),
    Request("s3:GetObject", "arn:aws:s3:::results/results/web/blog/one.csv"),
    Request("s3:GetObject", "arn:aws:s3:::results/results/web/shop-too/one.csv"),
    Request("s3:GetObject", "arn:aws:s3:::results/results/web/all/one.csv"),
    Request("s3:PutObject", "arn:aws:s3:::results/results/web/blog/one.csv"),
    Request("s3:ListBucket", "arn:aws:s3:::results", _prefix("results/web/blog/")),
    Request("s3:ListBucket", "arn:aws:s3:::results", _prefix("")),
    Request("s3:ListBucket", "arn:aws:s3:::results"),
    Request("s3:ListBucket", "arn:aws:s3:::blog", _prefix("results/web/shop/")),
    Request("s3:GetBucketLocation", "arn:aws:s3:::blog"),
    Request("kms:Decrypt", f"{_KEYS}/BlogKey"),
)

#: What would change something, or leave the events.
BEYOND = (
    Request("s3:PutObject", f"arn:aws:s3:::shop/{_DAY}/one.json"),
    Request("s3:DeleteObject", f"arn:aws:s3:::shop/{_DAY}/one.json"),
    Request("s3:GetObject", "arn:aws:s3:::shop/invoices/one.pdf"),
    Request("s3:ListBucket", "arn:aws:s3:::shop", _prefix("invoices/")),
    Request("s3:DeleteObject", "arn:aws:s3:::results/results/web/shop/one.csv"),
    Request("s3:PutObject", "arn:aws:s3:::results/elsewhere/one.csv"),
    Request("s3:PutBucketPolicy", "arn:aws:s3:::results"),
    Request("s3:ListBucketVersions", "arn:aws:s3:::shop", _prefix(f"{_DAY}/")),
    Request(
        "s3:ListBucketVersions", "arn:aws:s3:::results", _prefix("results/web/shop/")
    ),
    Request("kms:GenerateDataKey", f"{_KEYS}/ShopKey"),
    Request("kms:Encrypt", f"{_KEYS}/ResultsKey"),
    Request("glue:DeleteDatabase", f"{_GLUE}:database/default"),
    Request("athena:UpdateDataCatalog", f"{_ATHENA}:datacatalog/AwsDataCatalog"),
    *(
        Request(f"glue:{action}", f"{_GLUE}:{resource}")
        for action in ("CreateTable", "UpdateTable", "DeleteTable", "GetTables")
        for resource in ("catalog", "database/web", "table/web/shop_events")
    ),
    Request("glue:CreateDatabase", f"{_GLUE}:catalog"),
    Request("glue:GetDatabases", f"{_GLUE}:catalog"),
    *(
        Request(f"athena:{action}", f"{_ATHENA}:workgroup/web-shop")
        for action in (
            "CreateNamedQuery",
            "CreatePreparedStatement",
            "DeleteWorkGroup",
            "UpdateWorkGroup",
        )
    ),
)


class Shared:
    """A catalog of three tenants, each with a bucket and a key of its own."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.catalog = EventCatalog(
            stack,
            "Catalog",
            database_name="web",
            encryption_key=kms.Key(stack, "ResultsKey"),
            results_bucket=s3.Bucket(stack, "Results"),
        )
        self.buckets: dict[str, s3.Bucket] = {}
        for name, key in (("shop", "Shop"), ("blog", "Blog"), ("shop-too", "Third")):
            self.add(name, key)

    def add(self, name: str, key: str) -> None:
        bucket = s3.Bucket(
            self.stack, key, encryption_key=kms.Key(self.stack, f"{key}Key")
        )
        self.catalog.add_tenant(name, bucket=bucket)
        self.buckets[name] = bucket

    def role(self, name: str = "Analyst") -> iam.Role:
        return iam.Role(self.stack, name, assumed_by=iam.AccountRootPrincipal())


@pytest.fixture
def shared(pinned: Stack) -> Shared:
    return Shared(pinned)


@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Policies:
    """What decides for an analyst of tenant `shop`."""
    stack = Stack(
        App(outdir=str(tmp_path_factory.mktemp("cdk"))),
        "Pinned",
        env=Environment(account=ACCOUNT, region=REGION),
    )
    shared = Shared(stack)
    shared.catalog.grant_query(shared.role(), "shop")
    return policies_of(stack, "Analyst")


def test_an_analyst_may_do_all_that_a_query_needs(analyst: Policies) -> None:
    assert analyst.refused(QUERY) == set()


def test_an_analyst_reaches_no_other_tenant(analyst: Policies) -> None:
    """Neither table, view, events, results, workgroup nor key; nor those over all."""
    assert analyst.refused(OTHERS) == set(OTHERS)


def test_an_analyst_changes_nothing_and_sees_events_alone(analyst: Policies) -> None:
    assert analyst.refused(BEYOND) == set(BEYOND)


def test_who_may_query_and_change_a_bucket_may_erase(shared: Shared) -> None:
    """As README.md says of `analytics-tracker erase`."""
    role = shared.role("Officer")
    shared.catalog.grant_query(role, "shop")
    shared.buckets["shop"].grant_read_write(role)
    may = (
        *QUERY,
        *(
            Request(f"s3:{action}", "arn:aws:s3:::shop")
            for action in ("GetBucketVersioning", "ListBucketVersions")
        ),
        *(
            Request(f"s3:{action}", f"arn:aws:s3:::shop/{_DAY}/one.json")
            for action in (
                "GetObject",
                "PutObject",
                "DeleteObject",
                "GetObjectVersion",
                "DeleteObjectVersion",
            )
        ),
        Request("kms:GenerateDataKey", f"{_KEYS}/ShopKey"),
    )

    policies = policies_of(shared.stack, "Officer")

    assert policies.refused(may) == set()
    assert policies.refused(OTHERS) == set(OTHERS)


def test_no_statement_is_about_everything(analyst: Policies) -> None:
    for statement in analyst.identity["Statement"]:
        resources = statement["Resource"]
        for arn in [resources] if isinstance(resources, str) else resources:
            assert arn != "*"
            assert "*" not in arn.removesuffix("/analytics/*").removesuffix(
                "results/web/shop/*"
            )


def test_an_analyst_cannot_read_the_salts(pinned: Stack) -> None:
    tracker = AnalyticsTracker(pinned, "Tracker")
    role = iam.Role(pinned, "Analyst", assumed_by=iam.AccountRootPrincipal())
    tracker.grant_query(role, tracker.add_tenant("shop"))
    policies = policies_of(pinned, "Analyst")
    bucket = tracker.salt_bucket.node.default_child
    assert isinstance(bucket, s3.CfnBucket)
    # The evaluator calls a bucket by its logical id without the hash.
    salts = str(pinned.resolve(bucket.logical_id))[:-8].lower()
    tries = (
        Request("s3:GetObject", f"arn:aws:s3:::{salts}/salts/2026-03-04"),
        Request("s3:ListBucket", f"arn:aws:s3:::{salts}"),
        Request("s3:PutObject", f"arn:aws:s3:::{salts}/salts/2026-03-04"),
    )

    assert "trackertenantsshop/" in str(policies.identity)
    assert policies.refused(tries) == set(tries)


def test_an_operator_may_query_every_tenant_also_one_added_later(
    shared: Shared,
) -> None:
    shared.catalog.grant_query_all(shared.role("Operator"))
    shared.add("late", "Late")
    policies = policies_of(shared.stack, "Operator")
    may = (
        Request("athena:StartQueryExecution", f"{_ATHENA}:workgroup/web"),
        Request("athena:GetNamedQuery", f"{_ATHENA}:workgroup/web"),
        *(
            Request("glue:GetTable", f"{_GLUE}:table/web/{name}")
            for name in ("all_events", "blog_events", "late_sessions")
        ),
        *(
            Request("s3:GetObject", f"arn:aws:s3:::{bucket}/{_DAY}/one.json")
            for bucket in ("shop", "blog", "late")
        ),
        Request("kms:Decrypt", f"{_KEYS}/LateKey"),
        Request("s3:PutObject", "arn:aws:s3:::results/results/web/all/one.csv"),
    )
    may_not = (
        Request("athena:StartQueryExecution", f"{_ATHENA}:workgroup/primary"),
        Request("athena:CreateNamedQuery", f"{_ATHENA}:workgroup/web"),
        Request("glue:GetTable", f"{_GLUE}:table/another/events"),
        Request("glue:UpdateTable", f"{_GLUE}:table/web/blog_events"),
        Request("s3:GetObject", "arn:aws:s3:::results/results/web/blog/one.csv"),
        Request("s3:PutObject", f"arn:aws:s3:::blog/{_DAY}/one.json"),
    )

    assert policies.refused(may) == set()
    assert policies.refused(may_not) == set(may_not)


def test_an_analyst_of_two_tenants_has_both(shared: Shared) -> None:
    role = shared.role()
    shared.catalog.grant_query(role, "shop")
    shared.catalog.grant_query(role, shared.catalog.tables["blog"])
    policies = policies_of(shared.stack, "Analyst")

    both = (
        Request("athena:StartQueryExecution", f"{_ATHENA}:workgroup/web-shop"),
        Request("athena:StartQueryExecution", f"{_ATHENA}:workgroup/web-blog"),
        Request("glue:GetTable", f"{_GLUE}:table/web/blog_sessions"),
        Request("s3:GetObject", "arn:aws:s3:::results/results/web/blog/one.csv"),
    )
    assert policies.refused(both) == set()


def test_the_grant_covers_every_statement(shared: Shared) -> None:
    """What depends on the grant waits for all of it."""
    grant = shared.catalog.grant_query(shared.role(), "shop")

    assert grant.success
    granted = {each for s in grant.principal_statements for each in s.actions}
    assert granted == {request.action for request in QUERY}


def test_a_tenants_statements_are_a_third_of_a_policy_at_most(shared: Shared) -> None:
    """IAM takes 10,240 characters in a role's policies; the CDK goes on in others."""
    shared.catalog.grant_query(shared.role(), "shop")

    text = str(policies_of(shared.stack, "Analyst").identity).replace(" ", "")

    assert len(text) < 10_240 / 3


def test_events_in_another_accounts_bucket_warn_of_its_policy(pinned: Stack) -> None:
    """A grant of ours cannot change it."""
    catalog = EventCatalog(pinned, "Catalog")
    bucket = s3.Bucket.from_bucket_attributes(
        pinned, "Lake", account="222222222222", bucket_name="acme-lake"
    )
    catalog.add_tenant("acme", bucket=bucket)
    role = iam.Role(pinned, "Analyst", assumed_by=iam.AccountRootPrincipal())

    catalog.grant_query(role, "acme")

    (warning,) = warnings(pinned)
    assert "analytics-tracker:grant-read-imported-bucket" in warning
    assert "grant_query to " in warning


@pytest.mark.parametrize(
    ("grantee", "said"),
    [
        (None, "'grantee' is None, which can be granted nothing"),
        (iam.AccountPrincipal("222222222222"), "'grantee' is of account 222222222222"),
        (iam.ServicePrincipal("quicksight.amazonaws.com"), "'grantee' .* no policy"),
    ],
    ids=["nobody", "another account", "a service"],
)
def test_refuses_who_cannot_query_here(shared: Shared, grantee: Any, said: str) -> None:
    with pytest.raises(ValueError, match=rf"{said}.*(make a role|pass a role)"):
        shared.catalog.grant_query(grantee, "shop")


def test_refuses_who_can_have_no_policy_where_the_account_is_not_known(
    stack: Stack,
) -> None:
    catalog = EventCatalog(stack, "Catalog")
    catalog.add_tenant("shop", bucket=s3.Bucket(stack, "Shop"))

    with pytest.raises(ValueError, match=r"'grantee' .* has no policy of its own"):
        catalog.grant_query(iam.AccountPrincipal("222222222222"), "shop")


@pytest.mark.parametrize("imported", [False, True])
@pytest.mark.parametrize("kind", ["user", "group"])
def test_refuses_users_and_groups(shared: Shared, kind: str, *, imported: bool) -> None:
    """Their inline policies have no room for a grant."""
    stack = shared.stack
    who: iam.IUser | iam.IGroup
    if kind == "user":
        known = iam.User.from_user_name(stack, "Known", "ann")
        who = known if imported else iam.User(stack, "Who")
    else:
        team = iam.Group.from_group_name(stack, "Known", "web")
        who = team if imported else iam.Group(stack, "Who")
    said = f"is a {kind}, .* a role that they may"

    with pytest.raises(ValueError, match=said):
        shared.catalog.grant_query(who, "shop")
    with pytest.raises(ValueError, match=said):
        shared.catalog.grant_query_all(who)
    assert [each for each in who.node.find_all() if isinstance(each, iam.Policy)] == []


def test_refuses_a_role_that_would_get_no_rights(shared: Shared) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/analyst"
    fixed = iam.Role.from_role_arn(shared.stack, "Fixed", arn, mutable=False)
    own = shared.role().without_policy_updates()

    for role in (fixed, own):
        with pytest.raises(ValueError, match=r"cannot be changed.*mutable=False"):
            shared.catalog.grant_query(role, "shop")


def test_an_imported_role_gets_its_rights(shared: Shared) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/analyst"
    role = iam.Role.from_role_arn(shared.stack, "Analyst", arn)
    shared.catalog.grant_query(role, "shop")

    assert policies_of(shared.stack, "Analyst").refused(QUERY) == set()


def test_a_bucket_with_an_alias_for_a_key_is_refused(pinned: Stack) -> None:
    """Nobody could be granted the key's use."""
    results = s3.Bucket.from_bucket_attributes(
        pinned,
        "Results",
        bucket_name="acme-results",
        encryption_key=kms.Alias.from_alias_name(pinned, "Alias", "alias/results"),
    )
    catalog = EventCatalog(pinned, "Catalog", results_bucket=results)
    catalog.add_tenant("shop", bucket=s3.Bucket(pinned, "Shop"))
    role = iam.Role(pinned, "Analyst", assumed_by=iam.AccountRootPrincipal())

    with pytest.raises(ValueError, match=r"results' key .*from_key_arn"):
        catalog.grant_query(role, "shop")


def test_catalogs_that_share_a_bucket_share_no_results(pinned: Stack) -> None:
    """Also where both have a tenant of one name."""
    results = s3.Bucket(pinned, "Results")
    for name in ("web", "app"):
        catalog = EventCatalog(pinned, name, database_name=name, results_bucket=results)
        catalog.add_tenant("shop", bucket=s3.Bucket(pinned, f"{name}-shop"))
        one, every = (
            iam.Role(pinned, f"{name}{who}", assumed_by=iam.AccountRootPrincipal())
            for who in ("One", "All")
        )
        catalog.grant_query(one, "shop")
        catalog.grant_query_all(every)

    def tries(database: str) -> tuple[Request, ...]:
        return tuple(
            request
            for tenant in ("shop", "all")
            for folder in (f"results/{database}/{tenant}/",)
            for request in (
                Request("s3:GetObject", f"arn:aws:s3:::results/{folder}one.csv"),
                Request("s3:PutObject", f"arn:aws:s3:::results/{folder}one.csv"),
                Request("s3:ListBucket", "arn:aws:s3:::results", _prefix(folder)),
            )
        )

    for mine, theirs in (("web", "app"), ("app", "web")):
        for who in (f"{mine}One", f"{mine}All"):
            policies = policies_of(pinned, who)
            assert policies.refused(tries(theirs)) == set(tries(theirs))
            assert len(policies.refused(tries(mine))) == 3


def test_refuses_a_tenant_that_it_does_not_have(shared: Shared) -> None:
    other = EventCatalog(shared.stack, "Other")
    theirs = other.add_tenant("shop", bucket=s3.Bucket(shared.stack, "Theirs"))
    tracker = AnalyticsTracker(shared.stack, "Tracker")

    for tenant in ("nobody", None, theirs, tracker.add_tenant("shop")):
        with pytest.raises(
            ValueError, match=r"'tenant' must be .* \['blog', 'shop', 'shop-too'\]"
        ):
            shared.catalog.grant_query(
                shared.role(f"R{id(tenant)}"),
                tenant,  # type: ignore[arg-type] # the point
            )


def test_a_tracker_refuses_a_tenant_of_another(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    theirs = AnalyticsTracker(stack, "Other").add_tenant("acme")
    role = iam.Role(stack, "Analyst", assumed_by=iam.AccountRootPrincipal())

    with pytest.raises(ValueError, match=r"'tenant' must be .*tracker\.tenants\["):
        tracker.grant_query(role, theirs)

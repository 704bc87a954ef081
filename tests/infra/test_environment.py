"""The function's environment: the contract that the handler reads."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from aws_cdk import App, CfnParameter, Environment, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import (
    AnalyticsTracker,
    Delivery,
    FrontDoor,
    TrackerApi,
)
from analytics_tracker_construct._environment import QUEUE_URL_CHARS
from analytics_tracker_construct._handler import limits, settings

from .templates import Built, build, flat, tenants


def test_a_default_tracker_sets_these_and_no_others(minimal: Built) -> None:
    """A variable that does not apply is not there."""
    assert minimal.environment() == {
        settings.ALLOWED_BUCKETS: "*-analytics",
        settings.BUCKET_OWNER: "<AWS::AccountId>",
        settings.CORS_ORIGINS: "*",
        settings.HONOR_PRIVACY_SIGNALS: "1",
        settings.QUEUE_URL: f"<{minimal.id_of('AWS::SQS::Queue', 'Queue')}>",
        settings.SALT_BUCKET: "<TrackerSalts53D4DF0A>",
        settings.SALT_BUCKET_OWNER: "<AWS::AccountId>",
        settings.VIEWER_COUNTRY: "1",
    }


def test_the_handler_understands_what_the_construct_writes(pinned: Stack) -> None:
    """Both sides of the contract meet: the handler reads a real environment."""
    tracker = AnalyticsTracker(
        pinned, "Tracker", allowed_buckets=["*-analytics"], enable_metrics=True
    )
    tracker.add_tenant("acme", allowed_origins=["https://acme.example"])

    found = settings.read(build(tracker).environment())

    assert found.tenants["acme"].bucket.startswith("<TrackerTenantsacme")
    assert found.tenants["acme"].origins == {"https://acme.example"}
    assert found.patterns.allow("shop-analytics")
    assert found.bucket_owner == found.salt_bucket_owner == "111111111111"
    assert found.metrics
    assert found.queue_url
    assert not found.buffered
    assert found.viewer_country
    assert found.object_acl is None


def test_every_name_of_the_contract_is_written_by_some_tracker(
    full: Built, stack: Stack
) -> None:
    trusting = AnalyticsTracker(
        stack,
        "Tracker",
        api=TrackerApi.existing_rest(apigateway.RestApi(stack, "Api")),
        delivery=Delivery.BUFFERED,
        trusted_accounts=["222222222222"],
    )

    behind = AnalyticsTracker(Stack(App(), "Host"), "Tracker", front_door=FrontDoor())

    written = {
        name
        for built in (full, build(trusting), build(behind))
        for name in built.environment()
    }

    assert written == set(settings.NAMES)


def test_the_writer_is_told_what_it_reads_and_no_more(
    stack: Stack, minimal: Built
) -> None:
    tracker = AnalyticsTracker(
        stack, "Tracker", enable_metrics=True, trusted_accounts=["222222222222"]
    )

    variables = build(tracker).writer()["Environment"]["Variables"]

    assert flat(variables) == {
        settings.METRICS: "1",
        settings.OBJECT_ACL: "bucket-owner-full-control",
    }
    assert set(variables) == set(settings.WRITER_NAMES)
    assert "Environment" not in minimal.writer()


def test_the_environment_never_refers_to_the_api(full: Built) -> None:
    """The API refers to the function, so that would be a cycle."""
    (api,) = full.all("AWS::ApiGateway::RestApi")

    assert api not in str(full.environment())


def test_trusted_accounts_replace_the_one_owner_by_an_acl(stack: Stack) -> None:
    built = build(AnalyticsTracker(stack, "Tracker", trusted_accounts=["222222222222"]))

    assert settings.BUCKET_OWNER not in built.environment()
    assert built.environment()[settings.OBJECT_ACL] == "bucket-owner-full-control"


def test_privacy_signals_can_be_ignored(stack: Stack) -> None:
    built = build(AnalyticsTracker(stack, "Tracker", honor_privacy_signals=False))

    assert built.environment()[settings.HONOR_PRIVACY_SIGNALS] == "0"


@pytest.mark.parametrize(
    "api",
    [
        TrackerApi.rest(endpoint_type=apigateway.EndpointType.REGIONAL),
        TrackerApi.http(),
    ],
    ids=["regional", "http"],
)
def test_the_country_is_not_believed_without_an_edge_endpoint(
    stack: Stack, api: TrackerApi
) -> None:
    built = build(AnalyticsTracker(stack, "Tracker", api=api))

    assert settings.VIEWER_COUNTRY not in built.environment()


def test_the_client_is_not_compressed_where_the_api_may_take_bytes_for_text(
    stack: Stack, minimal: Built, http: Built
) -> None:
    """Which media types somebody else's REST API decodes is not ours to know."""
    api = TrackerApi.existing_rest(apigateway.RestApi(stack, "Api"))
    built = build(AnalyticsTracker(stack, "Tracker", api=api))

    assert built.environment()[settings.COMPRESS] == "0"
    for ours in (minimal, http):
        assert settings.COMPRESS not in ours.environment()


def test_several_buckets_are_listed_once_each(stack: Stack) -> None:
    buckets = ("one-bucket", "two-*", "one-bucket")
    built = build(AnalyticsTracker(stack, "Tracker", allowed_buckets=buckets))

    assert built.environment()[settings.ALLOWED_BUCKETS] == "one-bucket,two-*"


@pytest.mark.parametrize(
    ("origin", "written"),
    [
        ("https://a.example", "https://a.example"),
        (
            ("https://a.example", "http://localhost:3000"),
            "https://a.example,http://localhost:3000",
        ),
        (["capacitor://localhost"], "capacitor://localhost"),
    ],
    ids=["one", "several", "app"],
)
def test_origins_are_listed(
    stack: Stack, origin: str | Sequence[str], written: str
) -> None:
    built = build(AnalyticsTracker(stack, "Tracker", cors_origin=origin))

    assert built.environment()[settings.CORS_ORIGINS] == written


def test_origins_of_tenants_join_those_of_the_tracker(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", cors_origin="https://a.example")
    tracker.add_tenant("shop", allowed_origins=["https://b.example"])
    tracker.add_tenant("blog", allowed_origins=["https://a.example"])

    found = build(tracker).environment()[settings.CORS_ORIGINS]

    assert found == "https://a.example,https://b.example"


def test_every_origin_stays_every_origin_beside_a_tenants(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("shop", allowed_origins=["https://b.example"])

    assert build(tracker).environment()[settings.CORS_ORIGINS] == "*"


def test_tenants_of_parameters_stay_valid_json(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    name = CfnParameter(stack, "Name").value_as_string
    tracker.add_tenant("acme", bucket=s3.Bucket.from_bucket_name(stack, "Given", name))

    assert tenants(build(tracker)) == {"acme": {"bucket": "<Name>"}}


def test_an_owner_is_named_where_several_may_own_and_one_is_known(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    app = App(outdir=str(tmp_path_factory.mktemp("cdk")))
    stack = Stack(app, "Host", env=Environment(account="111111111111"))
    tracker = AnalyticsTracker(stack, "Tracker", trusted_accounts=["222222222222"])
    tracker.add_tenant("made")
    tracker.add_tenant("guess", bucket=s3.Bucket.from_bucket_name(stack, "A", "a-b-c"))
    tracker.add_tenant(
        "told",
        bucket=s3.Bucket.from_bucket_attributes(
            stack, "B", account="222222222222", bucket_name="d-e-f"
        ),
    )

    owners = {
        name: entry.get("owner") for name, entry in tenants(build(tracker)).items()
    }

    assert owners == {"made": "111111111111", "guess": None, "told": "222222222222"}


def test_an_environment_just_below_the_limit_is_taken(stack: Stack) -> None:
    """And the same with one more origin is not."""
    origins = [f"https://{'x' * 40}{number:03}.example" for number in range(61)]
    built = build(AnalyticsTracker(stack, "Tracker", cors_origin=origins))

    deployed = {**built.environment(), settings.QUEUE_URL: "x" * QUEUE_URL_CHARS}
    size = len(json.dumps(deployed, separators=(",", ":")))
    assert limits.ENVIRONMENT_BYTES - 300 < size <= limits.ENVIRONMENT_BYTES


def test_a_queues_address_counts_with_the_longest_that_it_may_get() -> None:
    longest = f"https://sqs.us-isob-east-1.sc2s.sgov.gov/{'1' * 12}/{'x' * 80}"

    assert len(longest) <= QUEUE_URL_CHARS


def test_refuses_an_environment_just_above_the_limit(stack: Stack) -> None:
    origins = [f"https://{'x' * 40}{number:03}.example" for number in range(68)]

    with pytest.raises(ValueError, match="4096; use patterns"):
        AnalyticsTracker(stack, "Tracker", cors_origin=origins)


def test_refuses_a_tenant_that_no_longer_fits(stack: Stack) -> None:
    """A bucket made here counts with the longest name it may get."""
    tracker = AnalyticsTracker(stack, "Tracker")

    for number in range(30):
        tracker.add_tenant(f"tenant-{number}")

    def add_more() -> None:
        for number in range(30, 50):
            tracker.add_tenant(f"tenant-{number}")

    with pytest.raises(ValueError, match="several trackers"):
        add_more()


def test_refuses_more_names_than_a_roles_policies_can_hold(stack: Stack) -> None:
    """Trusted accounts take a statement more, with each name once more."""
    names = [f"bucket-of-some-tenant-{number:03}" for number in range(100)]
    AnalyticsTracker(stack, "Own", allowed_buckets=names)

    with pytest.raises(ValueError, match="10240 that IAM allows; use patterns"):
        AnalyticsTracker(
            stack,
            "Tracker",
            allowed_buckets=names,
            trusted_accounts=["222222222222"],
        )

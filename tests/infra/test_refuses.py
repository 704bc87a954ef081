"""Wrong arguments: each error names the argument, the value and a way out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from analytics_tracker_construct import (
    AnalyticsTracker,
    Delivery,
    EventCatalog,
    TrackerApi,
)

#: Arguments of the construct, and what the error about them says.
TRACKER: list[tuple[dict[str, Any], str, str, str]] = [
    ({"allowed_buckets": "lake"}, "allowed_buckets", "'lake'", "pass ['lake']"),
    ({"allowed_buckets": 7}, "allowed_buckets", "7", "must be a list"),
    ({"allowed_buckets": ["Lake"]}, "allowed_buckets", "'Lake'", "name a bucket"),
    ({"allowed_buckets": ["a.lake"]}, "allowed_buckets", "'a.lake'", "has a dot"),
    ({"allowed_buckets": ["l?-*"]}, "allowed_buckets", "'l?-*'", "only '*' is"),
    ({"allowed_buckets": ["*"]}, "allowed_buckets", "'*'", "'*-analytics'"),
    ({"allowed_buckets": ["*-*"]}, "allowed_buckets", "'*-*'", "all wildcard"),
    ({"allowed_buckets": [""]}, "allowed_buckets", "''", "name a bucket"),
    ({"allowed_buckets": ["xn--lake"]}, "allowed_buckets", "'xn--lake'", "reserves"),
    ({"trusted_accounts": "111111111111"}, "trusted_accounts", "'1111", "for one pass"),
    ({"trusted_accounts": ["12"]}, "trusted_accounts", "'12'", "12 digits"),
    (
        {"trusted_accounts": [111111111111]},
        "trusted_accounts",
        "1111",
        "['123456789012']",
    ),
    ({"cors_origin": ""}, "cors_origin", "''", "https://www.example.com"),
    ({"cors_origin": []}, "cors_origin", "empty", "'*' for all"),
    ({"cors_origin": ["*", "https://a.example"]}, "cors_origin", "'*'", "alone"),
    ({"cors_origin": "https://a.example/"}, "cors_origin", "example/'", "a slash"),
    ({"cors_origin": "https://a.example/x"}, "cors_origin", "example/x'", "a path"),
    ({"cors_origin": "https://A.example"}, "cors_origin", "A.example", "lower case"),
    ({"cors_origin": "a.example"}, "cors_origin", "'a.example'", "scheme://host"),
    ({"cors_origin": "https://*.example"}, "cors_origin", "'https://*", "scheme://"),
    ({"cors_origin": "https://a.example,b"}, "cors_origin", ",b'", "scheme://host"),
    ({"cors_origin": "null"}, "cors_origin", "'null'", "scheme://host"),
    (
        {"cors_origin": "https://a.example:443"},
        "cors_origin",
        "example:443'",
        "own port: 'https://a.example'",
    ),
    ({"allowed_buckets": [7]}, "allowed_buckets", "7", "no string"),
    ({"api_name": ""}, "api_name", "''", "leave it out"),
    ({"api_name": "x" * 129}, "api_name", "x" * 129, "1 to 128"),
    ({"function_prefix": ""}, "function_prefix", "''", "leave it out"),
    ({"api_name": 5}, "api_name", "5", "leave it out"),
    ({"function_prefix": 5}, "function_prefix", "5", "leave it out"),
    (
        {"removal_policy": RemovalPolicy.SNAPSHOT},
        "removal_policy",
        "SNAPSHOT",
        "RemovalPolicy.RETAIN",
    ),
    ({"function_prefix": "a b"}, "function_prefix", "'a b'", "leave it out"),
    ({"function_prefix": "x" * 47}, "function_prefix", "x" * 47, "1 to 46"),
    ({"lambda_timeout": 2}, "lambda_timeout", "got 2", "3 to 29"),
    ({"lambda_timeout": 30}, "lambda_timeout", "got 30", "gives up after 29"),
    ({"lambda_timeout": 3.5}, "lambda_timeout", "got 3.5", "whole seconds"),
    ({"lambda_timeout": Duration.minutes(1)}, "lambda_timeout", "got 60", "3 to 29"),
    ({"lambda_timeout": Duration.millis(3500)}, "lambda_timeout", "3.5", "whole"),
    ({"lambda_timeout": "10"}, "lambda_timeout", "'10'", "Duration.seconds(10)"),
    ({"lambda_timeout": True}, "lambda_timeout", "True", "Duration.seconds(10)"),
    ({"lambda_timeout": float("nan")}, "lambda_timeout", "nan", "3 to 29"),
    ({"memory_size": 64}, "memory_size", "64", "128 to 10240"),
    ({"memory_size": 20_000}, "memory_size", "20000", "128 to 10240"),
    ({"memory_size": 512.5}, "memory_size", "512.5", "whole number"),
    ({"memory_size": "512"}, "memory_size", "'512'", "must be a number"),
    (
        {"reserved_concurrent_executions": -1},
        "reserved_concurrent_executions",
        "-1",
        "0 or more",
    ),
    ({"throttling_rate_limit": 0}, "throttling_rate_limit", "got 0", "default is 100"),
    (
        {"throttling_rate_limit": float("inf")},
        "throttling_rate_limit",
        "inf",
        "must be a number",
    ),
    ({"throttling_rate_limit": True}, "throttling_rate_limit", "True", "a number"),
    ({"throttling_burst_limit": 0}, "throttling_burst_limit", "got 0", "1 or more"),
    ({"additional_policies": "s3:*"}, "additional_policies", "'s3:*'", "pass [it]"),
    (
        {"additional_policies": iam.PolicyStatement()},
        "additional_policies",
        "PolicyStatement",
        "pass [it]",
    ),
    (
        {"additional_policies": [{"Action": "s3:*"}]},
        "additional_policies",
        "{'Action': 's3:*'}",
        "[PolicyStatement(…)]",
    ),
    ({"enable_metrics": "no"}, "enable_metrics", "'no'", "True or False"),
    ({"honor_privacy_signals": 0}, "honor_privacy_signals", "0", "True or False"),
    ({"log_retention": 30}, "log_retention", "30", "RetentionDays.ONE_MONTH"),
    ({"removal_policy": "destroy"}, "removal_policy", "'destroy'", "RETAIN"),
    ({"role": "arn:aws:iam::1:role/r"}, "role", "role/r'", "from_role_arn"),
    (
        {"alarm_topic": "arn:x", "enable_metrics": True},
        "alarm_topic",
        "'arn:x'",
        "from_topic_arn",
    ),
    ({"api": "rest"}, "api", "'rest'", "TrackerApi.existing_rest(api)"),
    ({"delivery": "buffered"}, "delivery", "'buffered'", "Delivery.BUFFERED"),
    ({"delivery": None}, "delivery", "None", "Delivery.BUFFERED"),
    *(
        ({"buffering_interval": value}, "buffering_interval", str(value), "DIRECT")
        for value in (30, Duration.seconds(30))
    ),
    (
        {"buffering_batch_size": 5},
        "buffering_batch_size",
        "5",
        "pass delivery=Delivery.BUFFERED",
    ),
    *(
        ({"delivery": Delivery.BUFFERED, argument: value}, argument, got, way_out)
        for argument, value, got, way_out in (
            ("buffering_interval", 0, "got 0", "1 to 300"),
            ("buffering_interval", 301, "got 301", "no longer"),
            ("buffering_interval", Duration.minutes(6), "got 360", "1 to 300"),
            ("buffering_interval", Duration.millis(1500), "got 1.5", "whole seconds"),
            ("buffering_interval", "60", "'60'", "Duration.seconds(60)"),
            ("buffering_interval", True, "True", "Duration.seconds(60)"),
            ("buffering_batch_size", 0, "0", "from 1 to 10000"),
            ("buffering_batch_size", 10_001, "10001", "from 1 to 10000"),
            ("buffering_batch_size", 2.5, "2.5", "whole number"),
            ("buffering_batch_size", "all", "'all'", "must be a number"),
        )
    ),
]


def _refused(call: Callable[[], object], *parts: str) -> None:
    with pytest.raises(ValueError, match=re.escape(parts[0])) as caught:
        call()
    for part in parts[1:]:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "name", "value", "way_out"),
    TRACKER,
    # Not the values: the text of a CDK object differs from process to process.
    ids=[f"{at} {row[1]}" for at, row in enumerate(TRACKER)],
)
def test_refuses(
    stack: Stack, arguments: dict[str, Any], name: str, value: str, way_out: str
) -> None:
    """And makes nothing, since arguments are checked before any child is made."""
    _refused(
        lambda: AnalyticsTracker(stack, "Tracker", **arguments),
        f"'{name}'",
        value,
        way_out,
    )
    assert stack.node.try_find_child("Tracker") is None


def test_refuses_a_list_parameter_whose_length_is_not_known(stack: Stack) -> None:
    names = CfnParameter(stack, "Names", type="CommaDelimitedList").value_as_list

    _refused(
        lambda: AnalyticsTracker(stack, "Tracker", allowed_buckets=names),
        "'allowed_buckets'",
        "one by one",
    )


def test_refuses_alarms_without_metrics(stack: Stack) -> None:
    _refused(
        lambda: AnalyticsTracker(
            stack, "Tracker", alarm_topic=sns.Topic(stack, "Topic")
        ),
        "'alarm_topic'",
        "'enable_metrics' is False",
        "pass enable_metrics=True",
    )


def test_refuses_a_topic_of_another_region(pinned: Stack) -> None:
    """CloudWatch would, at the deployment."""
    arn = "arn:aws:sns:us-east-1:111111111111:alarms"
    topic = sns.Topic.from_topic_arn(pinned, "Topic", arn)

    _refused(
        lambda: AnalyticsTracker(
            pinned, "Tracker", alarm_topic=topic, enable_metrics=True
        ),
        "'alarm_topic'",
        "us-east-1",
        "pass a topic of eu-west-1",
    )
    assert pinned.node.try_find_child("Tracker") is None


def test_takes_a_topic_of_another_account(pinned: Stack) -> None:
    arn = "arn:aws:sns:eu-west-1:222222222222:alarms"
    topic = sns.Topic.from_topic_arn(pinned, "Topic", arn)

    tracker = AnalyticsTracker(
        pinned, "Tracker", alarm_topic=topic, enable_metrics=True
    )

    assert tracker.alarms


def test_refuses_a_web_acl_of_another_region(pinned: Stack) -> None:
    """WAF would, at the deployment."""
    arn = "arn:aws:wafv2:us-east-1:111111111111:regional/webacl/guard/1"

    _refused(
        lambda: AnalyticsTracker(
            pinned, "Tracker", api=TrackerApi.rest(web_acl_arn=arn)
        ),
        "'web_acl_arn'",
        "us-east-1",
        "of eu-west-1",
    )


@pytest.mark.parametrize(
    "argument",
    [
        {"api_name": "mine"},
        {"throttling_rate_limit": 5},
        {"throttling_burst_limit": 5},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["rest", "http"])
def test_refuses_to_change_an_api_that_exists(
    stack: Stack, argument: dict[str, Any], kind: str
) -> None:
    if kind == "rest":
        api = TrackerApi.existing_rest(apigateway.RestApi(stack, "Api"))
    else:
        api = TrackerApi.existing_http(apigatewayv2.HttpApi(stack, "Api"))

    ((name, value),) = argument.items()
    _refused(
        lambda: AnalyticsTracker(stack, "Tracker", api=api, **argument),
        f"'{name}'",
        repr(value),
        "set it where that API is defined",
    )


def test_refuses_a_rest_api_of_another_stack(tmp_path: object) -> None:
    """Its deployment and the tracker's function would need each other."""
    app = App(outdir=str(tmp_path))
    api = apigateway.RestApi(Stack(app, "Host"), "Api")

    _refused(
        lambda: AnalyticsTracker(
            Stack(app, "Mine"), "Tracker", api=TrackerApi.existing_rest(api)
        ),
        "'api'",
        "'Host'",
        "from_rest_api_attributes",
    )


def test_refuses_a_rest_api_without_its_root(stack: Stack) -> None:
    api = apigateway.RestApi.from_rest_api_id(stack, "Api", "abc")

    _refused(
        lambda: AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api)),
        "'api'",
        "from_rest_api_attributes(rest_api_id=…, root_resource_id=…)",
    )


def test_refuses_a_caller_whose_path_the_function_does_not_know(
    stack: Stack,
) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    api = apigateway.RestApi(stack, "Api")

    def granting(source: str) -> Callable[[], object]:
        return lambda: tracker.grant_invoke_to_api_gateway(source)

    for source in (
        "arn:aws:execute-api:eu-west-1:111111111111:abc/prod/POST/events",
        api.arn_for_execute_api("POST", "/events", "prod"),
    ):
        _refused(
            granting(source),
            "'source_arn'",
            "'/events'",
            "end in '/track' or '/pixel.gif' or '/tracker.js'",
        )


@pytest.mark.parametrize("source", [None, 5, "", "x", "arn:aws:s3:::lake"])
def test_refuses_a_caller_that_is_none(stack: Stack, source: Any) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")

    _refused(
        lambda: tracker.grant_invoke_to_api_gateway(source),
        "'source_arn' must be",
        repr(source),
        "api.arn_for_execute_api(",
    )


@pytest.mark.parametrize(
    "argument",
    ["bucket", "catalog's bucket", "results_bucket", "server_access_logs_bucket"],
)
def test_refuses_a_bucket_that_is_but_a_resource(stack: Stack, argument: str) -> None:
    """A `CfnBucket` has a name as well, and neither a key nor grants."""
    bucket: Any = s3.CfnBucket(stack, "Lake")
    tracker = AnalyticsTracker(stack, "Tracker")
    calls: dict[str, Callable[[], object]] = {
        "bucket": lambda: tracker.add_tenant("acme", bucket=bucket),
        "catalog's bucket": lambda: tracker.catalog.add_tenant("acme", bucket=bucket),
    }
    call = calls.get(
        argument, lambda: EventCatalog(stack, "Catalog", **{argument: bucket})
    )

    _refused(call, f"'{argument.rsplit(maxsplit=1)[-1]}'", "from_bucket_name(…)")
    assert not tracker.tenants


def test_refuses_a_bucket_where_names_are_wanted(stack: Stack) -> None:
    bucket: Any = s3.Bucket(stack, "Lake")

    _refused(
        lambda: AnalyticsTracker(stack, "Tracker", allowed_buckets=[bucket]),
        "'allowed_buckets'",
        "[bucket.bucket_name]",
    )


def test_refuses_access_logs_of_an_http_api_that_are_no_bool() -> None:
    wrong: Any = "no"

    _refused(lambda: TrackerApi.http(access_logs=wrong), "'access_logs'", "'no'")


@pytest.mark.parametrize("of", ["stored", "recovered", "duplicate", "queued"])
def test_refuses_metrics_of_who_is_no_tenant_here(stack: Stack, of: str) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", enable_metrics=True)
    tracker.add_tenant("shop")
    other = AnalyticsTracker(stack, "Other").add_tenant("shop")

    def asking(tenant: object) -> Callable[[], object]:
        return lambda: getattr(tracker, f"metric_{of}_events")(tenant)

    for tenant in ("shop", other):
        _refused(asking(tenant), "'tenant' must be one of this tracker's", "add_tenant")


def test_refuses_a_second_tracker_on_one_rest_api(stack: Stack) -> None:
    """Both would want the path /track."""
    api = apigateway.RestApi(stack, "Api")
    AnalyticsTracker(stack, "First", api=TrackerApi.existing_rest(api))

    _refused(
        lambda: AnalyticsTracker(stack, "Second", api=TrackerApi.existing_rest(api)),
        "'api'",
        "'Host/First'",
        "give this one another API",
    )


@pytest.mark.parametrize("path", ["track", "pixel.gif", "tracker.js"])
def test_refuses_a_rest_api_that_has_the_path(stack: Stack, path: str) -> None:
    api = apigateway.RestApi(stack, "Api")
    api.root.add_resource(path)

    _refused(
        lambda: AnalyticsTracker(stack, "Tracker", api=TrackerApi.existing_rest(api)),
        f"/{path} already",
    )


def test_refuses_the_wrong_kind_of_api(stack: Stack) -> None:
    rest = apigateway.RestApi(stack, "Rest")
    http = apigatewayv2.HttpApi(stack, "Http")

    _refused(
        lambda: TrackerApi.existing_rest(http),  # type: ignore[arg-type] # the point
        "HTTP API pass TrackerApi.existing_http(api)",
    )
    _refused(
        lambda: TrackerApi.existing_http(rest),  # type: ignore[arg-type] # the point
        "REST API pass TrackerApi.existing_rest(api)",
    )


@pytest.mark.parametrize(
    ("arguments", "name", "value", "way_out"),
    [
        ({"stage_name": "a/b"}, "stage_name", "'a/b'", "the default is 'prod'"),
        ({"stage_name": ""}, "stage_name", "''", "the default is 'prod'"),
        ({"stage_name": None}, "stage_name", "None", "the default is 'prod'"),
        ({"web_acl_arn": 5}, "web_acl_arn", "5", "scope REGIONAL"),
        ({"endpoint_type": "REGIONAL"}, "endpoint_type", "'REGIONAL'", "EDGE"),
        ({"access_logs": "no"}, "access_logs", "'no'", "True or False"),
        ({"web_acl_arn": "guard"}, "web_acl_arn", "'guard'", "scope REGIONAL"),
        (
            {
                "web_acl_arn": (
                    "arn:aws:wafv2:us-east-1:111111111111:global/webacl/guard/1"
                )
            },
            "web_acl_arn",
            "global/webacl",
            "CLOUDFRONT cannot",
        ),
        (
            {"endpoint_type": apigateway.EndpointType.PRIVATE},
            "endpoint_type",
            "PRIVATE",
            "existing_rest(api)",
        ),
    ],
)
def test_refuses_for_a_rest_api(
    arguments: dict[str, Any], name: str, value: str, way_out: str
) -> None:
    _refused(lambda: TrackerApi.rest(**arguments), f"'{name}'", value, way_out)


@pytest.mark.parametrize(
    ("name", "arguments", "parts"),
    [
        ("Acme", {}, ["'name'", "'Acme'", "lower-case"]),
        ("1acme", {}, ["'name'", "'1acme'", "begin with a letter"]),
        ("a_b", {}, ["'name'", "'a_b'", "for example 'acme'"]),
        ("", {}, ["'name'", "''", "for example 'acme'"]),
        (7, {}, ["'name'", "7", "for example 'acme'"]),
        ("all", {}, ["'name'", "'all_events'", "'all-sites'"]),
        ("a" * 64, {}, ["'name'", "a" * 64, "1 to 63"]),
        ("acme", {"retention": Duration.hours(12)}, ["'retention'", "0.5", "at least"]),
        ("acme", {"retention": Duration.hours(36)}, ["'retention'", "1.5", "whole"]),
        ("acme", {"bucket": "lake"}, ["'bucket'", "'lake'", "from_bucket_name"]),
        ("acme", {"retention": 30}, ["'retention'", "30", "Duration.days(365)"]),
        ("acme", {"allowed_origins": "https://a.example"}, ["'allowed_origins'"]),
        ("acme", {"allowed_origins": ["*"]}, ["'allowed_origins'", "leave"]),
        ("acme", {"allowed_origins": []}, ["'allowed_origins' is empty", "leave"]),
        ("acme", {"allowed_origins": ""}, ["'allowed_origins'", "''", "be a list"]),
        (
            "acme",
            {"allowed_origins": ["https://a.example/"]},
            ["'allowed_origins'", "https://a.example/", "a slash"],
        ),
    ],
)
def test_refuses_a_tenant(
    stack: Stack, name: str, arguments: dict[str, Any], parts: list[str]
) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")

    _refused(lambda: tracker.add_tenant(name, **arguments), *parts)
    assert not tracker.tenants


def test_refuses_a_tenants_name_that_is_not_known_yet(stack: Stack) -> None:
    name = CfnParameter(stack, "Name").value_as_string

    _refused(
        lambda: AnalyticsTracker(stack, "Tracker").add_tenant(name),
        "known at synthesis",
    )


def test_refuses_a_tenant_twice(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("acme-shop")

    _refused(
        lambda: tracker.add_tenant("acme-shop"),
        "'acme-shop'",
        "acme_shop_events",
        "a name of its own",
    )


def test_refuses_one_bucket_for_two_tenants(stack: Stack) -> None:
    """Each could read the other's events."""
    bucket = s3.Bucket(stack, "Lake")
    tracker = AnalyticsTracker(stack, "Tracker")
    tracker.add_tenant("shop", bucket=bucket)

    _refused(
        lambda: tracker.add_tenant("blog", bucket=bucket),
        "'bucket' of tenant 'blog'",
        "'shop'",
        "its own bucket",
    )


def test_refuses_retention_for_a_bucket_that_was_given(stack: Stack) -> None:
    _refused(
        lambda: AnalyticsTracker(stack, "Tracker").add_tenant(
            "acme", bucket=s3.Bucket(stack, "Lake"), retention=Duration.days(30)
        ),
        "'retention' of tenant 'acme'",
        "add a lifecycle rule to that bucket",
    )


def test_refuses_a_bucket_whose_name_has_a_dot(stack: Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Lake", "acme.example")

    _refused(
        lambda: AnalyticsTracker(stack, "Tracker").add_tenant("acme", bucket=bucket),
        "'bucket' of tenant 'acme'",
        "'acme.example'",
        "to have one made",
    )


@pytest.mark.parametrize("of", ["tracker", "catalog"])
def test_refuses_a_bucket_whose_key_is_known_by_an_alias_alone(
    stack: Stack, of: str
) -> None:
    """Nobody could be granted the key's use, and no event would be stored."""
    alias = kms.Alias.from_alias_name(stack, "Key", "alias/lake")
    bucket = s3.Bucket(stack, "Lake", encryption_key=alias)
    add_tenant = (
        AnalyticsTracker(stack, "Tracker").add_tenant
        if of == "tracker"
        else EventCatalog(stack, "Catalog").add_tenant
    )

    _refused(
        lambda: add_tenant("acme", bucket=bucket),
        "'bucket' of tenant 'acme'",
        "an alias whose key is not known",
        "kms.Key.from_key_arn(…)",
    )


def test_refuses_a_bucket_of_an_account_that_is_not_trusted(pinned: Stack) -> None:
    bucket = s3.Bucket.from_bucket_attributes(
        pinned, "Lake", account="222222222222", bucket_name="lake"
    )

    _refused(
        lambda: AnalyticsTracker(pinned, "Tracker").add_tenant("acme", bucket=bucket),
        "'bucket' of tenant 'acme'",
        "222222222222",
        "add '222222222222' to 'trusted_accounts'",
    )


def test_refuses_metrics_that_are_not_written(stack: Stack) -> None:
    _refused(
        AnalyticsTracker(stack, "Tracker").metric_stored_events,
        "StoredEvents",
        "pass enable_metrics=True",
    )


def test_refuses_a_reason_that_no_refusal_has(stack: Stack) -> None:
    tracker = AnalyticsTracker(stack, "Tracker", enable_metrics=True)

    _refused(
        lambda: tracker.metric_refused_events(reason="bad_luck"),
        "'reason'",
        "'bad_luck'",
        "bucket_forbidden",
    )

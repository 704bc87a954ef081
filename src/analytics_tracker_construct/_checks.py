"""Checks of the construct's arguments: each names the argument, the value, a way out.

What is only known at deployment, a token, always passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from aws_cdk import Stack, Token
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from . import _kinds, _origins, _places
from ._api_plan import ALL_PATHS
from ._handler import buckets

_T = TypeVar("_T")

#: Characters of an API's name; an HTTP API takes no more.
#: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
API_NAME_CHARS = 128

_ACCOUNT = re.compile(r"[0-9]{12}")
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,45}")
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")


def bucket_patterns(value: Sequence[str]) -> tuple[str, ...]:
    """Return `allowed_buckets` without repetitions."""
    patterns = items("allowed_buckets", value, "['acme-analytics']")
    for pattern in patterns:
        if Token.is_unresolved(pattern):
            continue
        problem = buckets.pattern_problem(pattern)
        if problem is not None:
            raise ValueError(
                f"'allowed_buckets' has {pattern!r}, which {problem}; "
                "name a bucket such as 'acme-analytics' or a pattern such as "
                "'*-analytics'"
            )
    return patterns


def tenant_bucket(
    tenant: str, bucket: s3.IBucket, way_out: str = "give another bucket"
) -> None:
    """Check a bucket that was given to `add_tenant`: its name and its key."""
    encryption_key(bucket.encryption_key, f"the key of 'bucket' of tenant {tenant!r}")
    name = bucket.bucket_name
    if Token.is_unresolved(name):
        return
    problem = buckets.name_problem(name)
    if problem is not None:
        raise ValueError(
            f"'bucket' of tenant {tenant!r} is {name!r}, which {problem}; {way_out}"
        )


def accounts(value: Sequence[str]) -> tuple[str, ...]:
    """Return `trusted_accounts` without repetitions."""
    found = items("trusted_accounts", value, "['123456789012']")
    for account in found:
        if not (Token.is_unresolved(account) or _ACCOUNT.fullmatch(account)):
            raise ValueError(
                f"'trusted_accounts' has {account!r}, which is not 12 digits; name "
                "each account as in '123456789012'"
            )
    return found


def cors_origins(value: str | Sequence[str]) -> tuple[str, ...]:
    """Return `cors_origin` as a tuple."""
    found = origins("cors_origin", (value,) if isinstance(value, str) else value)
    if not found:
        raise ValueError(
            "'cors_origin' is empty; name the origins that may send events, or '*' "
            "for all"
        )
    if "*" in found and len(found) > 1:
        raise ValueError(
            f"'cors_origin' has '*' beside others, got {list(found)!r}; pass '*' "
            "alone, or only the origins"
        )
    return found


def tenant_origins(value: Sequence[str] | None) -> tuple[str, ...]:
    """Return a tenant's `allowed_origins`; without any, each origin may send."""
    if value is None:
        return ()
    found = origins("allowed_origins", value)
    if not found:
        raise ValueError(
            f"'allowed_origins' is empty, got {value!r}; leave the argument out to let "
            "every origin send events, or name those that may"
        )
    if "*" in found:
        raise ValueError(
            "'allowed_origins' has '*', which is every origin; leave the argument out "
            "to allow all"
        )
    return found


def origins(argument: str, value: Sequence[str]) -> tuple[str, ...]:
    """Return origins without repetitions, each as a browser writes it."""
    found = items(argument, value, "['https://www.example.com']")
    for origin in found:
        if origin == "*" or Token.is_unresolved(origin):
            continue
        problem = _origins.problem(origin)
        if problem is not None:
            raise ValueError(f"{argument!r} has {origin!r}, which {problem}")
    return found


def names(*, api_name: str | None, function_prefix: str | None) -> None:
    """Check the physical names that were given."""
    if function_prefix is not None and not (
        isinstance(function_prefix, str)
        and (Token.is_unresolved(function_prefix) or _PREFIX.fullmatch(function_prefix))
    ):
        raise ValueError(
            f"'function_prefix' must be 1 to 46 letters, digits, hyphens and "
            "underscores that begin with a letter or a digit, "
            f"got {function_prefix!r}; leave it out to have a name made"
        )
    if api_name is not None and not (
        isinstance(api_name, str)
        and (Token.is_unresolved(api_name) or 1 <= len(api_name) <= API_NAME_CHARS)
    ):
        raise ValueError(
            f"'api_name' must have 1 to {API_NAME_CHARS} characters, "
            f"got {api_name!r}; leave it out to have a name made"
        )


def stage_name(value: str, default: str = "the default is 'prod'") -> None:
    """Check the name of an API's stage.

    Args:
        value: The name.
        default: What leaving it out means, as a message tells it.
    """
    if not isinstance(value, str) or not (
        Token.is_unresolved(value) or _STAGE.fullmatch(value)
    ):
        raise ValueError(
            "'stage_name' must be 1 to 128 letters, digits, hyphens and underscores, "
            f"got {value!r}; {default}"
        )


def web_acl_arn(value: str) -> None:
    """Check that a web ACL can guard an API's stage."""
    if not isinstance(value, str) or not (
        Token.is_unresolved(value) or (":wafv2:" in value and ":regional/" in value)
    ):
        raise ValueError(
            "'web_acl_arn' must be the ARN of a WAFv2 web ACL with scope REGIONAL in "
            f"the stack's region, got {value!r}; one with scope CLOUDFRONT cannot "
            "guard an API"
        )


def web_acl_region(value: str, scope: Construct) -> None:
    """Check that a web ACL is not known to be in another region than the API."""
    ours = Stack.of(scope).region
    if Token.is_unresolved(value):
        return
    theirs = value.partition(":wafv2:")[2].partition(":")[0]
    if _places.differ(theirs, ours):
        raise ValueError(
            f"'web_acl_arn' {value!r} is in {theirs}, and WAF guards APIs of its own "
            f"region alone; pass a web ACL of {ours}"
        )


def tenant_name(value: str) -> None:
    """Check a tenant's name, which is public and never a token."""
    if (
        not isinstance(value, str)
        or Token.is_unresolved(value)
        or not buckets.TENANT_NAME.fullmatch(value)
    ):
        raise ValueError(
            f"'name' of a tenant must be 1 to 63 lower-case letters, digits and "
            f"hyphens that begin with a letter and are known at synthesis, "
            f"got {value!r}; for example 'acme'"
        )
    if value in buckets.RESERVED_TENANTS:
        raise ValueError(
            f"'name' {value!r} of a tenant gives the table '{value}_events', which is "
            f"the view over every tenant; choose another, such as '{value}-sites'"
        )


def listed(argument: str, value: Sequence[_T], kind: type[_T]) -> tuple[_T, ...]:
    """Return a list of CDK objects; a single one is refused."""
    if isinstance(value, (str, kind)) or not isinstance(value, Iterable):
        raise ValueError(
            f"{argument!r} must be a list of {kind.__name__}, got {value!r}; for one "
            "pass [it]"
        )
    found = tuple(value)
    for item in found:
        if not isinstance(item, kind):
            raise ValueError(
                f"{argument!r} has {item!r}, which is no {kind.__name__}; "
                f"write [{kind.__name__}(…)]"
            )
    return found


def own_api_only(**given: object) -> None:
    """Refuse what only an API that the tracker makes could take."""
    for argument, value in given.items():
        if value is not None:
            raise ValueError(
                f"{argument!r} is {value!r}, but 'api' is an API that exists, of which "
                "the tracker changes nothing; leave the argument out and set it where "
                "that API is defined"
            )


def alarms(topic: sns.ITopic | None, scope: Construct, *, enable_metrics: bool) -> None:
    """Check that there is something to raise an alarm about, and that it can be sent.

    A topic may be another account's.
    """
    if topic is not None and not enable_metrics:
        raise ValueError(
            "'alarm_topic' is given but 'enable_metrics' is False; "
            "alarms watch the metrics, so pass enable_metrics=True"
        )
    ours = Stack.of(scope).region
    if topic is not None and _places.differ(topic.env.region, ours):
        raise ValueError(
            f"'alarm_topic' is in {topic.env.region}, and CloudWatch tells topics of "
            f"its own region alone; pass a topic of {ours}"
        )


def caller(source_arn: str) -> None:
    """Check that what may call the function has a path that the function answers."""
    if not isinstance(source_arn, str) or not (
        Token.is_unresolved(source_arn)
        or (source_arn.startswith("arn:") and ":execute-api:" in source_arn)
    ):
        raise ValueError(
            f"'source_arn' must be the ARN of an API's route, got {source_arn!r}; pass "
            "api.arn_for_execute_api('POST', '/track', 'prod')"
        )
    last = source_arn.rpartition("/")[2]
    if "/" not in source_arn or Token.is_unresolved(last):
        return
    if last not in ALL_PATHS and "*" not in last:
        known = " or ".join(f"'/{path}'" for path in ALL_PATHS)
        raise ValueError(
            f"'source_arn' {source_arn!r} has a path that ends in '/{last}', and the "
            f"function answers 404 to all but {known}; let the other API's path "
            f"end in {known}"
        )


def rest_api(value: object) -> None:
    """Check that `existing_rest` got a REST API."""
    if not hasattr(value, "rest_api_id"):
        raise ValueError(
            f"'api' must be a REST API, got {value!r}; for an HTTP API pass "
            "TrackerApi.existing_http(api)"
        )


def http_api(value: object) -> None:
    """Check that `existing_http` got an HTTP API."""
    # Of the interface's members this one is no WebSocket API's either.
    if not hasattr(value, "add_vpc_link"):
        raise ValueError(
            f"'api' must be an HTTP API, got {value!r}; for a REST API pass "
            "TrackerApi.existing_rest(api)"
        )


def logs_bucket(value: s3.IBucket | None, scope: Construct) -> None:
    """Check that a bucket of access logs is one, and not known to be elsewhere.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
    """
    _kinds.bucket("server_access_logs_bucket", value)
    if value is None:
        return
    apart = _places.difference(value.env, Stack.of(scope))
    if apart is not None:
        raise ValueError(
            f"'server_access_logs_bucket' is in {apart.what} {apart.theirs} and what "
            f"it logs in {apart.ours}, and S3 delivers no access logs there; pass a "
            f"bucket of the stack's own {apart.what}"
        )
    if value.encryption_key is not None:
        raise ValueError(
            f"'server_access_logs_bucket' {value.node.path} has a KMS key, and S3 "
            "delivers access logs only to buckets with its own keys; give it "
            "encryption=s3.BucketEncryption.S3_MANAGED"
        )


def encryption_key(value: kms.IKey | None, what: str = "'encryption_key'") -> None:
    """Refuse an alias whose key is not known: nobody can be granted its use.

    Args:
        value: The key.
        what: The argument, as a message names it.
    """
    if value is None:
        return
    try:
        # Of the imported aliases, one that knows its name only raises here.
        target = getattr(value, "alias_target_key", None)
    except RuntimeError:
        raise ValueError(
            f"{what} {value!r} is an alias whose key is not known, so that "
            "nobody could be granted its use; import the key with "
            "kms.Key.from_key_arn(…)"
        ) from None
    if target is None and ":alias/" in value.key_arn:
        raise ValueError(
            f"{what} {value.key_arn!r} is the ARN of an alias, by which IAM grants no "
            "use of a key; import the key by its own, which ends in ':key/<id>'"
        )


def items(argument: str, value: Sequence[str], example: str) -> tuple[str, ...]:
    """Return a list's strings, each once; a string is a sequence, and no list."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(
            f"{argument!r} must be a list, got {value!r}; for one pass "
            f"{[value] if isinstance(value, str) and value else example}"
        )
    found = list(value)
    if Token.is_unresolved(found):
        raise ValueError(
            f"{argument!r} must be a list whose length is known at synthesis, "
            f"got a list parameter; pass its members one by one, as in {example}"
        )
    for item in found:
        if not isinstance(item, str):
            raise ValueError(
                f"{argument!r} has {item!r}, which is no string; write "
                + ("[bucket.bucket_name]" if hasattr(item, "bucket_name") else example)
            )
    return tuple(dict.fromkeys(found))

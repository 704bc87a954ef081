"""The distribution before a tracker's API, its policies and its secrets."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import Duration, Fn, Names, RemovalPolicy, Stack, Token
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from ._environment import FRONT_DOOR_CHARS
from ._front import CLIENT, NO_EDGE
from ._handler import settings
from .front_door import FrontDoor

# API Gateway finds an API by its Host header, so the viewer's must not reach it, and
# that rules out the policies that pass on everything: those that leave out Host leave
# out what CloudFront knows of the viewer. So the headers are listed. A policy has room
# for ten; what a cache policy lists is sent to the origin as well; the address may
# stand in an origin request policy only, and Authorization in a cache policy only.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-policies
#: Headers of the cache key, which the function gets too.
KEY_HEADERS = (
    "Authorization",
    "CloudFront-Viewer-City",
    "CloudFront-Viewer-Country",
    "CloudFront-Viewer-Country-Region",
    "Origin",
    "Referer",
    "Sec-CH-UA",
    "Sec-CH-UA-Mobile",
    "Sec-CH-UA-Platform",
    "User-Agent",
)
#: Headers that the function gets beside those.
OTHER_HEADERS = (
    "CloudFront-Viewer-Address",
    "Content-Encoding",
    "Content-Type",
    "DNT",
    "Sec-Fetch-Site",
    "Sec-GPC",
)
#: Errors that CloudFront would keep for ten seconds, one viewer's for the next.
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)

_COMMENT = "Takes analytics events"


class Door(NamedTuple):
    """A front door as it was built."""

    wanted: FrontDoor
    secrets: tuple[secretsmanager.Secret, ...]
    distribution: cloudfront.Distribution

    @property
    def endpoint(self) -> str:
        """Its address, without a slash at the end."""
        names = self.wanted.domain_names
        host = names[0] if names else self.distribution.distribution_domain_name
        return f"https://{host}"


class FrontDoorMembers:
    """The properties of a tracker's front door."""

    _door: Door | None

    @property
    def front_door(self) -> FrontDoor | None:
        """What was said of the distribution before the API, if there is one."""
        return self._door and self._door.wanted

    @property
    def distribution(self) -> cloudfront.Distribution | None:
        """The distribution before the API, with `front_door`."""
        return self._door and self._door.distribution

    @property
    def front_door_secrets(self) -> tuple[secretsmanager.Secret, ...]:
        """The secrets that the function takes; the distribution sends the first."""
        return self._door.secrets if self._door else ()


def check(front_door: object, scope: Construct) -> None:
    """Refuse what is no front door, and a region without CloudFront.

    Raises:
        ValueError: If it is.
    """
    if front_door is None:
        return
    if not isinstance(front_door, FrontDoor):
        raise ValueError(
            f"'front_door' must be a FrontDoor, got {front_door!r}; pass FrontDoor(), "
            "or nothing to have none"
        )
    region = Stack.of(scope).region
    if not Token.is_unresolved(region) and region.startswith(NO_EDGE):
        raise ValueError(
            f"'front_door' is given in {region}, whose partition has no CloudFront "
            "that tells viewers' places; leave it out"
        )


def make_secrets(
    scope: Construct, front_door: FrontDoor
) -> tuple[secretsmanager.Secret, ...]:
    """Return the secret that is sent and, where there was one, that before it."""
    last = front_door.secret_generation
    return tuple(
        secretsmanager.Secret(
            scope,
            # Another generation is another resource, and so another value.
            f"Secret{generation}",
            description="What the distribution before an analytics tracker sends it",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, password_length=FRONT_DOOR_CHARS
            ),
            # Worth nothing once the distribution is gone.
            removal_policy=RemovalPolicy.DESTROY,
        )
        for generation in range(last, max(last - 2, 0), -1)
    )


def value_of(secret: secretsmanager.ISecret) -> str:
    """Return the reference by which CloudFormation puts a secret's value in place.

    Neither the template nor a change set has the value. The function's configuration
    and the distribution's have it, for those who may read them.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
    """
    return secret.secret_value.unsafe_unwrap()


def make_door(
    scope: Construct,
    front_door: FrontDoor,
    secrets: tuple[secretsmanager.Secret, ...],
    *,
    endpoint: str,
    function: lambda_.Function,
) -> Door:
    """Define the distribution.

    Args:
        scope: What it becomes a part of.
        front_door: What the user says of it.
        secrets: The one that it sends, then the other that the function takes.
        endpoint: The API's address, without a slash at the end.
        function: What answers; it is changed before the distribution is.
    """
    host, _, stage = endpoint.removeprefix("https://").partition("/")
    origin = origins.HttpOrigin(
        host,
        custom_headers={settings.FRONT_DOOR_HEADER: value_of(secrets[0])},
        origin_path=f"/{stage}" if stage else None,
        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
        protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
    )
    bucket = front_door.access_log_bucket
    certificate = front_door.certificate
    distribution = cloudfront.Distribution(
        scope,
        "Distribution",
        additional_behaviors={f"/{CLIENT}": _client_behavior(scope, origin)},
        certificate=certificate,
        comment=front_door.comment or _COMMENT,
        default_behavior=_event_behavior(scope, origin),
        domain_names=[*front_door.domain_names] or None,
        enable_logging=bucket is not None,
        error_responses=[
            cloudfront.ErrorResponse(http_status=status, ttl=Duration.seconds(0))
            for status in ERRORS
        ],
        http_version=cloudfront.HttpVersion.HTTP2_AND_3,
        log_bucket=bucket,
        # CloudFront's own certificate comes with a policy of its own.
        minimum_protocol_version=certificate
        and cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        price_class=front_door.price_class,
        web_acl_id=front_door.web_acl_arn,
    )
    # A new secret must be taken before it is sent.
    distribution.node.add_dependency(function)
    return Door(front_door, secrets, distribution)


def _event_behavior(
    scope: Construct, origin: cloudfront.IOrigin
) -> cloudfront.BehaviorOptions:
    """Pass every request on, and keep no answer.

    CloudFront would let simultaneous requests with one key share an answer, and so lose
    the others' events. It does not where the shortest time to keep an answer is 0 and
    the answer says `no-store`, as all of the function's do. The longest cannot be 0: a
    policy that keeps nothing may list no headers.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-traffic-spikes
    """
    return cloudfront.BehaviorOptions(
        allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
        cache_policy=cloudfront.CachePolicy(
            scope,
            "EventKey",
            cache_policy_name=_name(scope, "EventKey"),
            comment="Keeps no answer; its headers are for the tracker's function",
            cookie_behavior=cloudfront.CacheCookieBehavior.none(),
            default_ttl=Duration.seconds(0),
            header_behavior=cloudfront.CacheHeaderBehavior.allow_list(*KEY_HEADERS),
            max_ttl=Duration.seconds(1),
            min_ttl=Duration.seconds(0),
            query_string_behavior=cloudfront.CacheQueryStringBehavior.all(),
        ),
        compress=False,
        origin=origin,
        origin_request_policy=cloudfront.OriginRequestPolicy(
            scope,
            "EventHeaders",
            comment="What else the tracker's function is told of a viewer",
            cookie_behavior=cloudfront.OriginRequestCookieBehavior.none(),
            header_behavior=cloudfront.OriginRequestHeaderBehavior.allow_list(
                *OTHER_HEADERS
            ),
            origin_request_policy_name=_name(scope, "EventHeaders"),
            query_string_behavior=cloudfront.OriginRequestQueryStringBehavior.all(),
        ),
        # A redirect from plain HTTP would come too late: the event was sent already.
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
    )


def _client_behavior(
    scope: Construct, origin: cloudfront.IOrigin
) -> cloudfront.BehaviorOptions:
    """Keep the browser client as long as its own `Cache-Control` says."""
    return cloudfront.BehaviorOptions(
        allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
        cache_policy=cloudfront.CachePolicy(
            scope,
            "ClientKey",
            cache_policy_name=_name(scope, "ClientKey"),
            comment="Keeps the browser client as long as it says itself",
            cookie_behavior=cloudfront.CacheCookieBehavior.none(),
            default_ttl=Duration.seconds(0),
            enable_accept_encoding_brotli=True,
            enable_accept_encoding_gzip=True,
            # Answers may differ in which origin may read them.
            header_behavior=cloudfront.CacheHeaderBehavior.allow_list("Origin"),
            max_ttl=Duration.days(365),
            min_ttl=Duration.seconds(0),
            query_string_behavior=cloudfront.CacheQueryStringBehavior.none(),
        ),
        compress=True,
        origin=origin,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
    )


def _name(scope: Construct, construct_id: str) -> str:
    """A policy's name, of which the account has one, whatever stacks there are.

    What the CDK makes up is the same for one app that is deployed under two names.
    """
    path = Names.unique_resource_name(scope, max_length=64)
    stack = Fn.select(2, Fn.split("/", Stack.of(scope).stack_id))
    return f"{path}{construct_id}-{stack}"

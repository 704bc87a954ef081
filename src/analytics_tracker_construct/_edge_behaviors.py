"""What a tracker's distribution passes on to the API, and what it keeps itself."""

from __future__ import annotations

from aws_cdk import Duration, Fn, Names, Stack
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

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


def event_behavior(
    scope: Construct, origin: cloudfront.IOrigin
) -> cloudfront.BehaviorOptions:
    """Pass every request on, and keep no answer.

    CloudFront would let simultaneous requests with one key share an answer, and so lose
    the others' events. It does not where the shortest time to keep an answer is 0 and
    the answer says `no-store`, as the pixel's do. The longest cannot be 0: a
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


def client_behavior(
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
            # Every origin may read it, so one copy serves all.
            header_behavior=cloudfront.CacheHeaderBehavior.none(),
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

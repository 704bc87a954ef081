"""Checks of a front door's arguments: each names the argument, the value, a way out.

What is only known at deployment, a token, always passes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import Stack, Token
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_s3 as s3

from . import _checks, _kinds, _numbers

#: Where CloudFront takes certificates and web ACLs from, whatever the stack's region.
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
REGION = "us-east-1"
#: Characters of a distribution's comment.
COMMENT_CHARS = 128

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)+{_LABEL}")


def domain_names(value: Sequence[str]) -> tuple[str, ...]:
    """Return host names without repetitions."""
    found = _checks.items("domain_names", value, "['events.example.com']")
    for name in found:
        if not (Token.is_unresolved(name) or _HOST.fullmatch(name)):
            raise ValueError(
                f"'domain_names' has {name!r}, which is no host name; write it in "
                "lower case, without a scheme and a path, such as 'events.example.com'"
            )
    if found and found[0].startswith("*."):
        raise ValueError(
            f"'domain_names' begins with {found[0]!r}, and its first is the tracker's "
            "address; put one without '*' before it"
        )
    return found


def certificate(value: acm.ICertificate | None, domains: Sequence[str]) -> None:
    """Check a certificate, which host names need and nothing else does."""
    _kinds.resource(
        "certificate",
        value,
        "certificate_arn",
        "import it with acm.Certificate.from_certificate_arn(…)",
    )
    if value is None:
        if domains:
            raise ValueError(
                f"'domain_names' is {list(domains)!r} and 'certificate' is missing; "
                f"pass a certificate of ACM's in {REGION} for these names"
            )
        return
    if not domains:
        raise ValueError(
            "'certificate' is given without 'domain_names', so nothing would use it; "
            "name the hosts that it is for, or leave it out"
        )
    region = _region_of(value)
    if not Token.is_unresolved(region) and region != REGION:
        raise ValueError(
            f"'certificate' is in {region}, and CloudFront takes certificates from "
            f"{REGION} only; define it in a stack with env=Environment(region="
            f"'{REGION}') and pass cross_region_references=True to both stacks"
        )


def web_acl_arn(value: str | None) -> None:
    """Check that a web ACL can guard a distribution."""
    if value is None:
        return
    if isinstance(value, str) and Token.is_unresolved(value):
        return
    if (
        not isinstance(value, str)
        or f":wafv2:{REGION}:" not in value
        or ":global/webacl/" not in value
    ):
        raise ValueError(
            "'web_acl_arn' of a front door must be the ARN of a WAFv2 web ACL with "
            f"scope CLOUDFRONT, which is in {REGION}, got {value!r}; one with scope "
            "REGIONAL guards an API: pass it to TrackerApi.rest(web_acl_arn=…)"
        )


def price_class(value: object) -> None:
    """Check where viewers are served."""
    _kinds.member("price_class", value, cloudfront.PriceClass, "PRICE_CLASS_100")


def access_log_bucket(value: s3.IBucket | None) -> None:
    """Check where access logs go.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html
    """
    _kinds.bucket("access_log_bucket", value)
    if value is None:
        return
    defined = value.node.default_child
    # What an imported one has is not known.
    if not isinstance(defined, s3.CfnBucket):
        return
    # The property itself cannot be read from Python.
    given = defined._cfn_properties
    ownership = Stack.of(value).resolve(given).get("ownershipControls")
    if ownership is None or "BucketOwnerEnforced" in str(ownership):
        raise ValueError(
            f"'access_log_bucket' {value.node.path} has no ACLs, as is S3's default, "
            "and CloudFront delivers access logs by one; define it with "
            "object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED"
        )


def comment(value: str | None) -> None:
    """Check what a distribution says of itself."""
    if value is None:
        return
    if not isinstance(value, str) or not (
        Token.is_unresolved(value) or 1 <= len(value) <= COMMENT_CHARS
    ):
        raise ValueError(
            f"'comment' must have 1 to {COMMENT_CHARS} characters, got {value!r}; "
            "leave it out to have one made"
        )


def secret_generation(value: int) -> None:
    """Check which secret is sent: it decides which secrets there are."""
    _numbers.whole("secret_generation", value, 1)
    if Token.is_unresolved(value):
        raise ValueError(
            f"'secret_generation' must be known at synthesis, got {value!r}; write "
            "the number down, and raise it by one for a new secret"
        )


def _region_of(value: acm.ICertificate) -> str:
    arn = value.certificate_arn
    # One that was imported says in its ARN where it is, in whatever stack it stands.
    return Stack.of(value).region if Token.is_unresolved(arn) else arn.split(":")[3]

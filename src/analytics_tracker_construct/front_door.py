"""A distribution of CloudFront's before a tracker's API: what users say of it."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_s3 as s3

from . import _front_door_checks as checks


class FrontDoor:
    """A distribution of CloudFront's, as the only way to a tracker's API.

    With it events have the country, region and city of the viewer. The function answers
    only what comes through the distribution, which sends a secret with each request;
    all else gets a 403, on every route. The secret is in Secrets Manager, at list price
    0.40 US dollars a month, and twice that from the second generation on (2026-11).

    Args:
        domain_names: Host names of your own, such as `events.example.com`; the first
            is that of `api_endpoint`. Point them to the distribution yourself, with
            an alias record of Route 53 or a CNAME. They need `certificate`.
            Default: the distribution's own, such as `d111111abcdef8.cloudfront.net`,
            whose certificate is CloudFront's and lets viewers connect with TLS 1.0.
        certificate: A certificate of ACM's for all of them, in us-east-1 whatever the
            stack's region. Viewers then need TLS 1.2.
            Default: none.
        web_acl_arn: A WAFv2 web ACL with scope `CLOUDFRONT`, which is in us-east-1.
            Default: none.
        price_class: In which edge locations viewers are served.
            Default: in all of them.
        access_log_bucket: A bucket for CloudFront's access logs; it must have ACLs
            enabled. They hold each viewer's address and user agent, and the events in
            the query strings of pixels, none of which the tracker itself logs.
            Default: no access logs.
        comment: What the distribution says of itself, at most 128 characters.
            Default: `Takes analytics events`.
        secret_generation: Which secret the distribution sends. Raise it by one and
            deploy to have a new one: the function takes the one before as well, and
            is changed first, so no event is lost. To shut out a secret that leaked,
            raise it again in a second deployment. Do not change a secret's value in
            Secrets Manager: deployments would not notice.
            Default: 1.

    Raises:
        ValueError: If an argument cannot work; the message names the way out.
    """

    def __init__(
        self,
        *,
        domain_names: Sequence[str] = (),
        certificate: acm.ICertificate | None = None,
        web_acl_arn: str | None = None,
        price_class: cloudfront.PriceClass | None = None,
        access_log_bucket: s3.IBucket | None = None,
        comment: str | None = None,
        secret_generation: int = 1,
    ) -> None:
        self.domain_names = checks.domain_names(domain_names)
        """The host names, the tracker's address first."""
        checks.certificate(certificate, self.domain_names)
        self.certificate = certificate
        """The certificate for them."""
        checks.web_acl_arn(web_acl_arn)
        self.web_acl_arn = web_acl_arn
        """The web ACL that guards the distribution."""
        checks.price_class(price_class)
        self.price_class = price_class
        """Where viewers are served."""
        checks.access_log_bucket(access_log_bucket)
        self.access_log_bucket = access_log_bucket
        """Where CloudFront's access logs go."""
        checks.comment(comment)
        self.comment = comment
        """What the distribution says of itself."""
        checks.secret_generation(secret_generation)
        self.secret_generation = int(secret_generation)
        """Which secret the distribution sends."""

"""The distribution before a tracker's API, and its secrets."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from . import _acknowledgements as accepted
from ._api_plan import NO_EDGE, ApiPlan
from ._edge_behaviors import client_behavior, event_behavior
from ._environment import FRONT_DOOR_CHARS
from ._handler import replies, settings
from .front_door import FrontDoor

#: Errors that CloudFront would keep for ten seconds, one viewer's for the next.
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)

_COMMENT = "Takes analytics events"


class Door:
    """What stands before a tracker's API, if anything does.

    The secrets are there from the beginning, for the function is told them; the
    distribution once the API is, to which it leads.

    Args:
        scope: The tracker.
        wanted: What the user says of it.
        encryption_key: The KMS key of the secrets; None for Secrets Manager's own.
    """

    def __init__(
        self,
        scope: Construct,
        wanted: FrontDoor | None,
        encryption_key: kms.IKey | None,
    ) -> None:
        self.wanted = wanted
        self.distribution: cloudfront.Distribution | None = None
        self.secrets: tuple[secretsmanager.Secret, ...] = ()
        if wanted is not None:
            self._home = Construct(scope, "FrontDoor")
            self.secrets = _make_secrets(
                self._home, wanted.secret_generation, encryption_key
            )

    @property
    def values(self) -> tuple[str, ...]:
        """The secrets' values, first that which is sent."""
        return tuple(map(_value_of, self.secrets))

    @property
    def endpoint(self) -> str | None:
        """Its address without a slash at the end, once it is built."""
        if self.wanted is None or self.distribution is None:
            return None
        names = self.wanted.domain_names
        host = names[0] if names else self.distribution.distribution_domain_name
        return f"https://{host}"

    def build(self, endpoint: str | None, function: lambda_.Function) -> None:
        """Define the distribution, if there is to be one.

        Args:
            endpoint: The API's address, without a slash at the end; it is known of
                each that a front door may stand before.
            function: What answers; it is changed before the distribution is.
        """
        if self.wanted is None or endpoint is None:
            return
        self.distribution = _make_distribution(
            self._home, self.wanted, self.values[0], endpoint
        )
        # A new secret must be taken before it is sent.
        self.distribution.node.add_dependency(function)


class FrontDoorMembers:
    """The properties of a tracker's front door."""

    _door: Door

    @property
    def front_door(self) -> FrontDoor | None:
        """What was said of the distribution before the API, if there is one."""
        return self._door.wanted

    @property
    def distribution(self) -> cloudfront.Distribution | None:
        """The distribution before the API, with `front_door`."""
        return self._door.distribution

    @property
    def front_door_secrets(self) -> tuple[secretsmanager.Secret, ...]:
        """The secrets that the function takes; the distribution sends the first."""
        return self._door.secrets


def behind(plan: ApiPlan, front_door: object, scope: Construct) -> ApiPlan:
    """Return the plan of an API, as it is behind a front door if there is one.

    Raises:
        ValueError: If what was given is no front door, or cannot stand there.
    """
    if front_door is None:
        return plan
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
    return plan.behind()


def _make_secrets(
    scope: Construct, generation: int, encryption_key: kms.IKey | None
) -> tuple[secretsmanager.Secret, ...]:
    """Return the secret that is sent and, where there was one, that before it.

    A change of how one is generated would give it another value, which edge locations
    do not send for some minutes: that takes another generation.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-secretsmanager-secret.html
    """
    secrets = tuple(
        secretsmanager.Secret(
            scope,
            # Another generation is another resource, and so another value.
            f"Secret{number}",
            description="What the distribution before an analytics tracker sends it",
            encryption_key=encryption_key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, password_length=FRONT_DOOR_CHARS
            ),
            # Worth nothing once the distribution is gone.
            removal_policy=RemovalPolicy.DESTROY,
        )
        for number in range(generation, max(generation - 2, 0), -1)
    )
    for secret in secrets:
        accepted.acknowledge(secret, accepted.SECRET)
    return secrets


def _value_of(secret: secretsmanager.ISecret) -> str:
    """Return the reference by which CloudFormation puts a secret's value in place.

    Neither the template nor a change set has the value. The function's configuration
    and the distribution's have it, for those who may read them.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
    """
    return secret.secret_value.unsafe_unwrap()


def _make_distribution(
    scope: Construct, wanted: FrontDoor, secret: str, endpoint: str
) -> cloudfront.Distribution:
    host, _, stage = endpoint.removeprefix("https://").partition("/")
    origin = origins.HttpOrigin(
        host,
        custom_headers={settings.FRONT_DOOR_HEADER: secret},
        origin_path=f"/{stage}" if stage else None,
        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
        protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
    )
    certificate = wanted.certificate
    distribution = cloudfront.Distribution(
        scope,
        "Distribution",
        additional_behaviors={f"/{replies.SCRIPT}": client_behavior(scope, origin)},
        certificate=certificate,
        comment=wanted.comment or _COMMENT,
        default_behavior=event_behavior(scope, origin),
        domain_names=[*wanted.domain_names] or None,
        enable_logging=wanted.access_log_bucket is not None,
        error_responses=[
            cloudfront.ErrorResponse(http_status=status, ttl=Duration.seconds(0))
            for status in ERRORS
        ],
        http_version=cloudfront.HttpVersion.HTTP2_AND_3,
        log_bucket=wanted.access_log_bucket,
        # CloudFront's own certificate comes with a policy of its own.
        minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021
        if certificate
        else None,
        price_class=wanted.price_class,
        web_acl_id=wanted.web_acl_arn,
    )
    accepted.acknowledge(
        distribution,
        accepted.COUNTRIES,
        *(
            finding
            for finding, remedy in (
                (accepted.EDGE_FIREWALL, wanted.web_acl_arn),
                (accepted.EDGE_LOGS, wanted.access_log_bucket),
                (accepted.EDGE_CERTIFICATE, certificate),
            )
            if remedy is None
        ),
    )
    return distribution

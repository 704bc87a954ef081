"""AWS for the commands that need it: options, clients, and what its errors mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from .._version import __version__
from ._errors import CommandError

# Codes by which the services say that the caller may not do this.
_DENIED = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedFault",
        "AuthorizationError",
        "UnauthorizedOperation",
    }
)
# Codes that no call can get around: it is the credentials themselves.
_BAD_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_MISSING = frozenset(
    {
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "EntityNotFoundException",
        "NoSuchBucket",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)
_UNREACHABLE = "Unreachable"
#: What to look at where a service does not answer.
REACH = (
    "check the network, the proxy, the region (--region) and the endpoint URL "
    "(AWS_ENDPOINT_URL)"
)
#: What an answer of any service is, as boto3 hands it over.
Answer = dict[str, Any]


class NoCallError(CommandError):
    """What no call can get around, such as credentials that have expired."""


class AwsError(CommandError):
    """A call that AWS did not answer as hoped.

    Args:
        action: The IAM action that the call needs, such as `sqs:ReceiveMessage`.
        code: The service's error code, `Unreachable`, or boto3's name of the error.
        detail: The service's words.
    """

    def __init__(self, action: str, code: str, detail: str) -> None:
        self.action = action
        self.code = code
        self.detail = detail
        if self.denied:
            message = (
                f"AWS refuses {action}; allow it to your user or role, "
                "or use another --profile"
            )
        else:
            message = f"{action} failed: {detail} ({code})"
            if self.unreachable:
                message += f"; {REACH}"
        super().__init__(message)

    @property
    def denied(self) -> bool:
        """Whether the caller lacks the permission."""
        return self.code in _DENIED

    @property
    def unreachable(self) -> bool:
        """Whether no answer of the service came through."""
        return self.code == _UNREACHABLE

    @property
    def missing(self) -> bool:
        """Whether what was asked about does not exist."""
        return self.code in _MISSING


class Aws:
    """A session: who asks, and in which region.

    Args:
        region: The region.
            Default: that of the profile or the environment.
        profile: A profile of the AWS configuration.
            Default: the environment's.

    Raises:
        CommandError: If boto3, the profile or the region is missing.
    """

    def __init__(self, *, region: str | None, profile: str | None) -> None:
        try:
            import boto3  # noqa: PLC0415  an extra, and slow to load
            import botocore.exceptions as errors  # noqa: PLC0415  likewise
        except ImportError:
            raise CommandError(
                "this command needs boto3: "
                "pip install 'analytics-tracker-construct[aws]'"
            ) from None
        try:
            self.session = boto3.Session(profile_name=profile, region_name=region)
        except errors.BotoCoreError as error:
            raise CommandError(
                f"{error}; name another with --profile",
                status=2 if isinstance(error, errors.ProfileNotFound) else 1,
            ) from None
        if not self.session.region_name:
            raise CommandError(
                "no AWS region is set; name the tracker's with --region", status=2
            )
        self.region: str = self.session.region_name

    def client(self, service: str, *, connections: int = 10) -> Any:
        """Return a client of a service.

        Args:
            service: As boto3 names it.
            connections: Calls that may be under way at once.

        Raises:
            CommandError: If the region or another setting is no good.
        """
        import botocore.exceptions as errors  # noqa: PLC0415  see above
        from botocore.config import Config  # noqa: PLC0415  see above

        try:
            return self.session.client(
                service,
                config=Config(
                    connect_timeout=10,
                    max_pool_connections=connections,
                    read_timeout=30,
                    retries={"mode": "standard", "max_attempts": 5},
                    user_agent_extra=f"analytics-tracker/{__version__}",
                ),
            )
        except errors.InvalidRegionError as error:
            raise CommandError(
                f"{error}; name another with --region", status=2
            ) from None
        except (errors.BotoCoreError, ValueError) as error:
            raise CommandError(
                f"cannot use {service}: {error}; check the credentials, the region "
                "and the endpoint URL (AWS_ENDPOINT_URL)"
            ) from None


def call(action: str, method: Callable[..., Any], **arguments: Any) -> Answer:
    """Call AWS once; boto3 tries again by itself where that may help.

    Args:
        action: The IAM action that it needs, for the error.
        method: A client's method.
        arguments: The method's.

    Returns:
        The service's answer.

    Raises:
        AwsError: If there is no good answer.
        NoCallError: If no call can succeed with these credentials.
    """
    import botocore.exceptions as errors  # noqa: PLC0415  an extra, slow to load
    from botocore.parsers import ResponseParserError  # noqa: PLC0415  likewise

    try:
        answer: Answer = method(**arguments)
    except errors.ClientError as error:
        raise _of_service(action, error.response) from None
    except (
        errors.NoCredentialsError,
        errors.PartialCredentialsError,
        errors.CredentialRetrievalError,
        errors.SSOError,
        errors.TokenRetrievalError,
    ) as error:
        raise NoCallError(
            f"there are no AWS credentials to use: {error}; "
            "sign in (aws sso login, aws configure) or name a --profile"
        ) from None
    except (
        errors.ConnectionError,
        errors.HTTPClientError,
        errors.InvalidProxiesConfigError,
        ResponseParserError,
    ) as error:
        # What no parser understands came from something in between, such as a proxy.
        raise AwsError(action, _UNREACHABLE, str(error).partition("\n")[0]) from None
    except errors.BotoCoreError as error:
        detail = " ".join(str(error).split())
        raise AwsError(action, type(error).__name__, detail) from None
    return answer


def ends_all(error: CommandError) -> bool:
    """Whether it is no use to call for anything else."""
    return isinstance(error, NoCallError) or (
        isinstance(error, AwsError) and error.unreachable
    )


def _of_service(action: str, response: Answer) -> CommandError:
    error = response.get("Error", {})
    code, detail = str(error.get("Code", "")), str(error.get("Message", ""))
    if code in _BAD_CREDENTIALS:
        return NoCallError(
            f"AWS does not take these credentials: {detail} ({code}); "
            "sign in again or name another --profile"
        )
    return AwsError(action, code, detail)


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options that say who asks AWS, and where."""
    parser.add_argument(
        "--region",
        metavar="REGION",
        help="the tracker's region (default: that of the profile or environment)",
    )
    parser.add_argument(
        "--profile",
        metavar="PROFILE",
        help="profile of the AWS configuration (default: the environment's)",
    )

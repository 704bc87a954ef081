"""What an API needs from a tracker, and what the tracker gets back from it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from aws_cdk import RemovalPolicy, Stack, Token
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from . import _places
from ._handler import replies

#: Marks, on the app, an API that a tracker has.
_TAKEN = "analytics-tracker:api"

#: The paths of those routes that a tenant may have for itself.
PATHS = (replies.TRACK, replies.PIXEL)
#: Methods and their paths. API Gateway counts what a limit allows for each by itself.
ROUTES = (
    ("POST", replies.TRACK),
    ("OPTIONS", replies.TRACK),
    ("GET", replies.PIXEL),
)
#: The same with the browser client's route, which is everybody's.
ALL_PATHS = (*PATHS, replies.SCRIPT)
ALL_ROUTES = (*ROUTES, ("GET", replies.SCRIPT))

#: Regions of partitions without CloudFront as other regions have it.
NO_EDGE = ("cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-")


class ApiSettings(NamedTuple):
    """What a tracker says of an API that it makes."""

    name: str
    rate_limit: float
    """Requests a second that each route takes."""
    burst_limit: float
    """Requests that each takes at once, before the rate counts."""
    log_retention: logs.RetentionDays
    removal_policy: RemovalPolicy
    encryption_key: kms.IKey | None


class ApiMetrics(NamedTuple):
    """The metrics of an API that serves nothing but the tracker."""

    requests: cloudwatch.Metric
    client_errors: cloudwatch.Metric
    server_errors: cloudwatch.Metric
    latency: cloudwatch.Metric

    @classmethod
    def of(cls, api: apigateway.RestApi | apigatewayv2.HttpApi) -> ApiMetrics:
        """Return those of an API."""
        return cls(
            api.metric_count(),
            api.metric_client_error(),
            api.metric_server_error(),
            api.metric_latency(),
        )


class Limit(NamedTuple):
    """What each route lets through."""

    rate: float
    """Requests a second."""
    burst: float
    """Requests at once, before the rate counts."""


class TenantRoutes(Protocol):
    """What makes routes of one tenant's own on an API of the tracker's."""

    def add(self, tenant: str, limit: Limit) -> None:
        """Define the tenant's routes with their limit."""
        ...


class BuiltApi(NamedTuple):
    """An API whose routes lead to the function."""

    api: apigateway.IRestApi | apigatewayv2.IHttpApi
    endpoint: str | None
    """Its address without a slash at the end; None where it is not known."""
    metrics: ApiMetrics | None = None
    """Its metrics, if it is the tracker's own."""
    access_log_group: logs.LogGroup | None = None
    limit: Limit | None = None
    """What each route lets through, if the API is the tracker's own."""
    tenant_routes: TenantRoutes | None = None
    """Makes routes for tenants, if the API is the tracker's own."""
    unknown: str = ""
    """Why the address is not known, and the way out."""


class ApiPlan(Protocol):
    """How the routes come to be."""

    @property
    def existing(self) -> bool:
        """Whether the API is somebody else's, and only gains routes."""
        ...

    def tells_country(self, stack: Stack) -> bool:
        """Whether the viewer's country comes from CloudFront and from nobody else."""
        ...

    def behind(self) -> ApiPlan:
        """Return the plan of the same API behind a distribution of the tracker's own.

        Raises:
            ValueError: If it cannot stand there.
        """
        ...

    @property
    def decodes_base64(self) -> bool:
        """Whether an answer may be bytes, whatever types its client accepts."""
        ...

    def build(
        self, scope: Construct, function: lambda_.IFunction, settings: ApiSettings
    ) -> BuiltApi:
        """Define the routes, and the API if it is the tracker's own."""
        ...


def not_behind(factory: str) -> ValueError:
    """Return the error about an API that exists, and a front door before it.

    Its own routes would be open to the distribution as well, it may be edge-optimised,
    and then tells the wrong viewer's place, and a new API costs nothing when idle.
    """
    return ValueError(
        "'front_door' is given and 'api' is an API that exists, which the tracker "
        f"cannot put behind a distribution; pass {factory} to have an API made, which "
        "costs nothing by itself, or leave 'front_door' out"
    )


def check_free(
    scope: Construct, api: apigateway.IRestApi | apigatewayv2.IHttpApi, api_id: str
) -> None:
    """Refuse an API elsewhere, and a second tracker on one: they would share routes.

    Raises:
        ValueError: If the API is known to be in another account or region than the
            tracker, or another tracker of this app has it.
    """
    apart = _places.difference(api.env, Stack.of(scope))
    if apart is not None:
        raise ValueError(
            f"'api' {api.node.path} is in {apart.what} {apart.theirs} and the tracker "
            f"in {apart.ours}; pass an API of the tracker's own {apart.what}, or "
            "nothing to have one made"
        )
    # Two imports of one API are two constructs; only its id tells that.
    key = api.node.path if Token.is_unresolved(api_id) else api_id
    app = scope.node.root.node
    for entry in app.metadata:
        if entry.type == _TAKEN and entry.data["api"] == key:
            raise ValueError(
                f"'api' {key!r} has the routes of the tracker {entry.data['by']!r} "
                "already, and an API takes one; add tenants to that one, or give this "
                "one another API"
            )
    app.add_metadata(_TAKEN, {"api": key, "by": scope.node.path})


#: Why an address is not told that API Gateway gave an API, and no longer answers at.
DISABLED = (
    "the API has 'disable_execute_api_endpoint' and answers at its own domain alone; "
    f"write that domain's address and '/{replies.TRACK}'"
)


def execute_api(scope: Construct, api_id: str, stage: str | None = None) -> str:
    """Return an API's address, without a slash at the end."""
    stack = Stack.of(scope)
    host = f"https://{api_id}.execute-api.{stack.region}.{stack.url_suffix}"
    return host if stage is None else f"{host}/{stage}"

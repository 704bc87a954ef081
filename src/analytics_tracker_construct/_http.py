"""The tracker's routes on an HTTP API, its own or one that exists."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from . import _acknowledgements as accepted
from ._access_logs import HTTP_FORMAT, make_log_group
from ._api_plan import (
    ALL_ROUTES,
    DISABLED,
    ApiMetrics,
    ApiSettings,
    BuiltApi,
    Limit,
    check_free,
    execute_api,
    not_behind,
)
from ._handler import replies
from ._tenant_routes import HttpTenantRoutes

#: The stage whose name is no part of an address.
DEFAULT_STAGE = "$default"


@dataclass(frozen=True)
class NewHttp:
    """An HTTP API of the tracker's own."""

    access_logs: bool
    existing: bool = False
    decodes_base64: bool = True

    def tells_country(self, stack: Stack) -> bool:  # noqa: ARG002 - the protocol's
        """It has no edge endpoint."""
        return False

    def behind(self) -> NewHttp:
        """As it is: it is regional."""
        return self

    def build(
        self, scope: Construct, function: lambda_.IFunction, settings: ApiSettings
    ) -> BuiltApi:
        """Define the API, its stage and its routes."""
        api = apigatewayv2.HttpApi(
            scope,
            # Not the REST API's id: CloudFormation cannot change what a logical id is,
            # so a tracker that changed its API could not be deployed.
            "HttpApi",
            api_name=settings.name,
            # Its own default stage could neither log nor throttle.
            create_default_stage=False,
            description="Takes analytics events",
        )
        log_group = None
        access_log = None
        if self.access_logs:
            log_group = make_log_group(scope, settings)
            access_log = apigatewayv2.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn, format=HTTP_FORMAT
            )
        stage = apigatewayv2.CfnStage(
            scope,
            "Stage",
            access_log_settings=access_log,
            api_id=api.api_id,
            auto_deploy=True,
            default_route_settings=apigatewayv2.CfnStage.RouteSettingsProperty(
                throttling_burst_limit=settings.burst_limit,
                throttling_rate_limit=settings.rate_limit,
            ),
            stage_name=DEFAULT_STAGE,
        )
        if not self.access_logs:
            accepted.acknowledge(stage, accepted.HTTP_LOGS)
        _add_routes(scope, api, function)
        return BuiltApi(
            api,
            execute_api(scope, api.api_id),
            ApiMetrics.of(api),
            log_group,
            Limit(settings.rate_limit, settings.burst_limit),
            HttpTenantRoutes(scope, api, stage, function),
        )


@dataclass(frozen=True)
class ExistingHttp:
    """Somebody else's HTTP API: it gains routes, and nothing else changes."""

    api: apigatewayv2.IHttpApi
    stage_name: str | None
    existing: bool = True
    decodes_base64: bool = True

    def tells_country(self, stack: Stack) -> bool:  # noqa: ARG002 - the protocol's
        """It has no edge endpoint."""
        return False

    def behind(self) -> ExistingHttp:
        """It cannot."""
        raise not_behind("TrackerApi.http()")

    def build(
        self,
        scope: Construct,
        function: lambda_.IFunction,
        settings: ApiSettings,  # noqa: ARG002 - the protocol's
    ) -> BuiltApi:
        """Define the routes."""
        check_free(scope, self.api, self.api.api_id)
        self._check_routes()
        _add_routes(scope, self.api, function)
        defined = self.api.node.default_child
        if isinstance(defined, apigatewayv2.CfnApi) and (
            defined.disable_execute_api_endpoint is True
        ):
            return BuiltApi(self.api, None, unknown=DISABLED)
        stage = None if self.stage_name == DEFAULT_STAGE else self.stage_name
        return BuiltApi(self.api, execute_api(scope, self.api.api_id, stage))

    def _check_routes(self) -> None:
        """Refuse an API that is known to have one of the routes."""
        ours = {f"{method} /{path}" for method, path in ALL_ROUTES}
        for child in self.api.node.find_all():
            if isinstance(child, apigatewayv2.CfnRoute) and child.route_key in ours:
                raise ValueError(
                    f"'api' has a route {child.route_key!r} already, and an API takes "
                    "one of a kind; take that route out, or give this tracker another "
                    "API"
                )


def _add_routes(
    scope: Construct, api: apigatewayv2.IHttpApi, function: lambda_.IFunction
) -> None:
    routes = Construct(scope, "HttpRoutes")
    integration = integrations.HttpLambdaIntegration(
        "Function",
        function,
        payload_format_version=apigatewayv2.PayloadFormatVersion.VERSION_2_0,
    )
    for construct_id, method, path, reason in (
        ("Post", apigatewayv2.HttpMethod.POST, replies.TRACK, accepted.EVENTS),
        ("Pixel", apigatewayv2.HttpMethod.GET, replies.PIXEL, accepted.IMAGES),
        ("Script", apigatewayv2.HttpMethod.GET, replies.SCRIPT, accepted.SCRIPT),
        (
            "Options",
            apigatewayv2.HttpMethod.OPTIONS,
            replies.TRACK,
            accepted.PREFLIGHTS,
        ),
    ):
        is_preflight = method == apigatewayv2.HttpMethod.OPTIONS
        route = apigatewayv2.HttpRoute(
            routes,
            construct_id,
            # A browser sends a preflight without credentials.
            authorizer=apigatewayv2.HttpNoneAuthorizer() if is_preflight else None,
            http_api=api,
            integration=integration,
            route_key=apigatewayv2.HttpRouteKey.with_(f"/{path}", method),
        )
        accepted.acknowledge_route(route, reason)

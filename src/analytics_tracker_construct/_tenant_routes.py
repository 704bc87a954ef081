"""Routes of one tenant's own, each with a limit that API Gateway keeps.

A limit in the function would be one for each of its instances. API Gateway counts for
all of them, and for each method or route by itself, so a tenant with a limit needs
routes that are its own.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
"""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ._acknowledgements import OF_METHOD, acknowledge_route
from ._api_plan import PATHS, ROUTES, Limit
from ._children import child_of, resource_of
from ._permissions import let_api_gateway_invoke


class RestTenantRoutes:
    """Routes of tenants on a REST API of the tracker's.

    Args:
        scope: The tracker.
        api: Its API.
        function: What the routes lead to.
        options: What the tracker's own methods have.
    """

    def __init__(
        self,
        scope: Construct,
        api: apigateway.RestApi,
        function: lambda_.IFunction,
        options: apigateway.MethodOptions,
    ) -> None:
        self._scope = scope
        self._api = api
        self._function = function
        self._options = options

    def add(self, tenant: str, limit: Limit) -> None:
        """Define the tenant's routes with their limit."""
        home = child_of(self._scope, "TenantRoutes")
        stage = self._api.deployment_stage
        for path in PATHS:
            # One right for all tenants: a function's policy has room for some fifty.
            let_api_gateway_invoke(
                child_of(home, "Callers"),
                self._function,
                self._api.arn_for_execute_api("*", f"/*/{path}", stage.stage_name),
            )
        of = Construct(home, tenant)
        folder = apigateway.Resource(
            of, "Folder", parent=self._api.root, path_part=tenant
        )
        resources = {
            path: apigateway.Resource(of, path, parent=folder, path_part=path)
            for path in PATHS
        }
        # `LambdaIntegration` would add a right for each method.
        integration = apigateway.AwsIntegration(
            path=f"2015-03-31/functions/{self._function.function_arn}/invocations",
            proxy=True,
            service="lambda",
        )
        for method, path in ROUTES:
            made = apigateway.Method(
                of,
                method,
                http_method=method,
                integration=integration,
                options=self._options,
                resource=resources[path],
            )
            acknowledge_route(made, OF_METHOD[method])
        settings = resource_of(stage, apigateway.CfnStage)
        found = settings.method_settings
        assert isinstance(found, list)  # noqa: S101 - for the type only
        settings.method_settings = [
            *found,
            *(
                apigateway.CfnStage.MethodSettingProperty(
                    data_trace_enabled=False,
                    http_method=method,
                    # A JSON pointer's way to write a slash inside a name.
                    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-apigateway-stage-methodsetting.html
                    resource_path=f"/~1{tenant}~1{path}",
                    throttling_burst_limit=limit.burst,
                    throttling_rate_limit=limit.rate,
                )
                for method, path in ROUTES
            ),
        ]


class HttpTenantRoutes:
    """Routes of tenants on an HTTP API of the tracker's.

    Args:
        scope: The tracker.
        api: Its API.
        stage: The API's stage.
        function: What the routes lead to.
    """

    def __init__(
        self,
        scope: Construct,
        api: apigatewayv2.HttpApi,
        stage: apigatewayv2.CfnStage,
        function: lambda_.IFunction,
    ) -> None:
        self._scope = scope
        self._api = api
        self._stage = stage
        self._function = function
        self._limits: dict[str, dict[str, float]] = {}

    def add(self, tenant: str, limit: Limit) -> None:
        """Define the tenant's routes with their limit."""
        # Not the id of those on a REST API: CloudFormation cannot change what a
        # logical id is, so a tracker that changed its API could not be deployed.
        home = child_of(self._scope, "HttpTenantRoutes")
        for path in PATHS:
            let_api_gateway_invoke(
                child_of(home, "Callers"),
                self._function,
                Stack.of(self._scope).format_arn(
                    arn_format=ArnFormat.SLASH_RESOURCE_NAME,
                    resource=self._api.api_id,
                    resource_name=f"*/*/*/{path}",
                    service="execute-api",
                ),
            )
        target = f"integrations/{self._integration(home).ref}"
        of = Construct(home, tenant)
        for method, path in ROUTES:
            key = f"{method} /{tenant}/{path}"
            route = apigatewayv2.CfnRoute(
                of,
                method,
                api_id=self._api.api_id,
                authorization_type="NONE",
                route_key=key,
                target=target,
            )
            acknowledge_route(route, OF_METHOD[method])
            # A stage refuses settings of a route that is not there yet.
            self._stage.node.add_dependency(route)
            self._limits[key] = {
                "ThrottlingBurstLimit": limit.burst,
                "ThrottlingRateLimit": limit.rate,
            }
        self._stage.route_settings = self._limits

    def _integration(self, home: Construct) -> apigatewayv2.CfnIntegration:
        """The one integration of all tenants' routes; an API may have 300."""
        found = home.node.try_find_child("Function")
        if isinstance(found, apigatewayv2.CfnIntegration):
            return found
        return apigatewayv2.CfnIntegration(
            home,
            "Function",
            api_id=self._api.api_id,
            integration_type="AWS_PROXY",
            integration_uri=self._function.function_arn,
            payload_format_version="2.0",
        )

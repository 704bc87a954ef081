"""The tracker's routes on a REST API, its own or one that exists."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aws_cdk import Annotations, Stack, Token
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from . import _acknowledgements as accepted
from . import _checks
from ._access_logs import REST_FORMAT, make_log_group
from ._api_plan import (
    ALL_PATHS,
    ALL_ROUTES,
    DISABLED,
    NO_EDGE,
    ApiMetrics,
    ApiSettings,
    BuiltApi,
    Limit,
    check_free,
    execute_api,
    not_behind,
)
from ._children import child_of
from ._handler import replies
from ._permissions import let_api_gateway_invoke
from ._places import is_defined_here
from ._tenant_routes import RestTenantRoutes

_NO_STAGE = (
    "the REST API was imported or has deploy=False, and does not tell its stage; pass "
    "TrackerApi.existing_rest(api, stage_name='prod')"
)


@dataclass(frozen=True)
class NewRest:
    """A REST API of the tracker's own."""

    endpoint_type: apigateway.EndpointType | None
    stage_name: str
    web_acl_arn: str | None
    access_logs: bool
    existing: bool = False
    decodes_base64: bool = True

    def tells_country(self, stack: Stack) -> bool:
        """Only an edge endpoint sets the header itself."""
        return self._endpoint_type(stack) == apigateway.EndpointType.EDGE

    def behind(self) -> NewRest:
        """A regional one: behind an edge endpoint the viewer would be our own edge."""
        if self.endpoint_type == apigateway.EndpointType.EDGE:
            raise ValueError(
                "'endpoint_type' is EDGE and 'front_door' is given: API Gateway's own "
                "distribution would stand behind the tracker's and tell its place as "
                "the viewer's; pass REGIONAL, or leave 'endpoint_type' out"
            )
        return replace(self, endpoint_type=apigateway.EndpointType.REGIONAL)

    def build(
        self, scope: Construct, function: lambda_.IFunction, settings: ApiSettings
    ) -> BuiltApi:
        """Define the API, its stage and its routes.

        Raises:
            ValueError: If the web ACL is known to be in another region.
        """
        if self.web_acl_arn is not None:
            _checks.web_acl_region(self.web_acl_arn, scope)
        log_group, destination, log_format = None, None, None
        if self.access_logs:
            log_group = make_log_group(scope, settings)
            destination = apigateway.LogGroupLogDestination(log_group)
            log_format = apigateway.AccessLogFormat.custom(REST_FORMAT)
        api = apigateway.RestApi(
            scope,
            "Api",
            # Bodies may be gzip. What is not listed here arrives as mangled text.
            binary_media_types=["*/*"],
            # The role would be the account's, for all of its APIs.
            cloud_watch_role=False,
            deploy_options=apigateway.StageOptions(
                access_log_destination=destination,
                access_log_format=log_format,
                data_trace_enabled=False,
                stage_name=self.stage_name,
                throttling_burst_limit=settings.burst_limit,
                throttling_rate_limit=settings.rate_limit,
            ),
            description="Takes analytics events",
            endpoint_types=[self._endpoint_type(Stack.of(scope))],
            rest_api_name=settings.name,
        )
        accepted.acknowledge(api.deployment_stage, accepted.EXECUTION_LOGS)
        if not self.access_logs:
            accepted.acknowledge(api.deployment_stage, accepted.REST_LOGS)
        # An output is the stack's to define, not a library's.
        api.node.try_remove_child("Endpoint")
        # It checks parameters. A body has no model here: the function's own words
        # about a wrong one are better.
        validator = api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        # Without the header a browser hides API Gateway's own errors, such as 429.
        for name, kind in (
            ("ClientErrors", apigateway.ResponseType.DEFAULT_4_XX),
            ("ServerErrors", apigateway.ResponseType.DEFAULT_5_XX),
        ):
            api.add_gateway_response(
                name,
                type=kind,
                response_headers={"Access-Control-Allow-Origin": "'*'"},
            )
        options = apigateway.MethodOptions(
            authorization_type=apigateway.AuthorizationType.NONE,
            request_validator=validator,
        )
        _add_routes(scope, api.root, function, options)
        if self.web_acl_arn is None:
            accepted.acknowledge(api.deployment_stage, accepted.FIREWALL)
        else:
            wafv2.CfnWebACLAssociation(
                scope,
                "WebAcl",
                resource_arn=api.deployment_stage.stage_arn,
                web_acl_arn=self.web_acl_arn,
            )
        return BuiltApi(
            api,
            execute_api(scope, api.rest_api_id, api.deployment_stage.stage_name),
            ApiMetrics.of(api),
            log_group,
            Limit(settings.rate_limit, settings.burst_limit),
            RestTenantRoutes(scope, api, function, options),
        )

    def _endpoint_type(self, stack: Stack) -> apigateway.EndpointType:
        if self.endpoint_type is not None:
            return self.endpoint_type
        region = stack.region
        if not Token.is_unresolved(region) and region.startswith(NO_EDGE):
            return apigateway.EndpointType.REGIONAL
        return apigateway.EndpointType.EDGE


@dataclass(frozen=True)
class ExistingRest:
    """Somebody else's REST API: it gains routes, and nothing else changes."""

    api: apigateway.IRestApi
    stage_name: str | None
    existing: bool = True
    # Its binary media types are its owner's, and an imported API does not tell them.
    decodes_base64: bool = False

    def tells_country(self, stack: Stack) -> bool:  # noqa: ARG002 - the protocol's
        """Its endpoint is not the tracker's to know."""
        return False

    def behind(self) -> ExistingRest:
        """It cannot."""
        raise not_behind("TrackerApi.rest()")

    def build(
        self,
        scope: Construct,
        function: lambda_.IFunction,
        settings: ApiSettings,  # noqa: ARG002 - the protocol's
    ) -> BuiltApi:
        """Define the routes."""
        check_free(scope, self.api, self.api.rest_api_id)
        root = self._root(scope)
        # The host's root would hand its CORS preflight down to the new resource,
        # beside the route that leads to the function.
        bare = apigateway.Resource.from_resource_attributes(
            scope, "Root", path="/", resource_id=root.resource_id, rest_api=self.api
        )
        _add_routes(scope, bare, function, root.default_method_options)
        if self.api.latest_deployment is None:
            Annotations.of(scope).add_warning_v2(
                "analytics-tracker:rest-api-not-deployed",
                "The REST API given to TrackerApi.existing_rest is not deployed by "
                f"this app, so /{replies.TRACK}, /{replies.PIXEL} and "
                f"/{replies.SCRIPT} answer 403 until its stage gets a new "
                "deployment: after each change of the tracker's routes run 'aws "
                "apigateway create-deployment --rest-api-id <id> --stage-name <stage>'",
            )
        stage = self._stage(scope, function)
        defined = self.api.node.default_child
        if isinstance(defined, apigateway.CfnRestApi) and (
            defined.disable_execute_api_endpoint is True
        ):
            return BuiltApi(self.api, None, unknown=DISABLED)
        if stage is None:
            return BuiltApi(self.api, None, unknown=_NO_STAGE)
        return BuiltApi(self.api, execute_api(scope, self.api.rest_api_id, stage))

    def _stage(self, scope: Construct, function: lambda_.IFunction) -> str | None:
        """Return the stage's name, and let it call the function; None: not known.

        Each method lets the API's own stage call, or all stages of an API without one.
        """
        try:
            own = self.api.deployment_stage
        except RuntimeError:
            # To Python it is always there, and an API without one raises.
            return self.stage_name
        defined = own.node.default_child
        is_own = self.stage_name is None or (
            isinstance(defined, apigateway.CfnStage)
            and defined.stage_name == self.stage_name
        )
        if is_own:
            return self.stage_name or own.stage_name
        for method, path in ALL_ROUTES:
            let_api_gateway_invoke(
                child_of(scope, "StageCallers"),
                function,
                self.api.arn_for_execute_api(method, f"/{path}", self.stage_name),
            )
        return self.stage_name

    def _root(self, scope: Construct) -> apigateway.IResource:
        if is_defined_here(self.api):
            stack = Stack.of(self.api)
            if stack.node.path != Stack.of(scope).node.path:
                raise ValueError(
                    f"'api' is a REST API of stack {stack.stack_name!r}: its "
                    "deployment would need the tracker's routes, and they need the "
                    "API, a cycle; import it into the tracker's stack with "
                    "RestApi.from_rest_api_attributes, or define the tracker in "
                    f"{stack.stack_name!r}"
                )
        try:
            root = self.api.root
        except RuntimeError as error:
            raise ValueError(
                "'api' was imported without its root resource; import it with "
                "RestApi.from_rest_api_attributes(rest_api_id=…, root_resource_id=…)"
            ) from error
        self._check_document()
        methods = getattr(self.api, "methods", ())
        for path in ALL_PATHS:
            if root.get_resource(path) is not None or any(
                method.resource.path == f"/{path}" for method in methods
            ):
                raise ValueError(
                    f"'api' has a resource /{path} already; a REST API takes one "
                    "tracker, so rename that resource or give this tracker another API"
                )
        return root

    def _check_document(self) -> None:
        """Refuse an API whose own document is known to have one of the paths."""
        defined = self.api.node.default_child
        body = defined.body if isinstance(defined, apigateway.CfnRestApi) else None
        paths = body.get("paths") if isinstance(body, dict) else None
        for path in ALL_PATHS:
            if isinstance(paths, dict) and f"/{path}" in paths:
                raise ValueError(
                    f"'api' has the path /{path} in its document already; let that "
                    "lead to the tracker's 'function', and pass the API's ARN to "
                    "grant_invoke_to_api_gateway of a tracker without this 'api'"
                )


def _add_routes(
    scope: Construct,
    root: apigateway.IResource,
    function: lambda_.IFunction,
    options: apigateway.MethodOptions | None,
) -> None:
    routes = Construct(scope, "Routes")
    resources = {
        path: apigateway.Resource(routes, construct_id, parent=root, path_part=path)
        for construct_id, path in (
            ("Track", replies.TRACK),
            ("Pixel", replies.PIXEL),
            ("Script", replies.SCRIPT),
        )
    }
    integration = apigateway.LambdaIntegration(function, allow_test_invoke=False)
    # A browser sends a preflight without credentials.
    preflight = apigateway.MethodOptions(
        authorization_type=apigateway.AuthorizationType.NONE
    )
    for construct_id, method, path, reason in (
        ("Post", "POST", replies.TRACK, accepted.EVENTS),
        ("Options", "OPTIONS", replies.TRACK, accepted.PREFLIGHTS),
        ("Get", "GET", replies.PIXEL, accepted.IMAGES),
        ("GetScript", "GET", replies.SCRIPT, accepted.SCRIPT),
    ):
        made = apigateway.Method(
            routes,
            construct_id,
            http_method=method,
            integration=integration,
            options=preflight if method == "OPTIONS" else options,
            resource=resources[path],
        )
        accepted.acknowledge_route(made, reason)

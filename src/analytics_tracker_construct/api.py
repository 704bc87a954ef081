"""The choice of an API for a tracker."""

from __future__ import annotations

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2

from . import _checks, _kinds
from ._api_plan import ApiPlan
from ._http import DEFAULT_STAGE, ExistingHttp, NewHttp
from ._rest import ExistingRest, NewRest


class TrackerApi:
    """Which API leads to the function; made by one of the static methods.

    Attributes:
        plan: How the routes come to be; the construct's own matter.
    """

    def __init__(self, plan: ApiPlan) -> None:
        self.plan = plan

    @staticmethod
    def rest(
        *,
        endpoint_type: apigateway.EndpointType | None = None,
        stage_name: str = "prod",
        web_acl_arn: str | None = None,
        access_logs: bool = False,
    ) -> TrackerApi:
        """A new REST API: WAF, and the viewer's country on an edge endpoint.

        Args:
            endpoint_type: `EDGE` or `REGIONAL`.
                Default: `EDGE` where the stack's partition has it, else `REGIONAL`; a
                stack whose region is not known at synthesis gets `EDGE`. Behind a
                front door it is `REGIONAL`.
            stage_name: The stage, which is the first part of the path.
                Default: `prod`.
            web_acl_arn: A WAFv2 web ACL with scope `REGIONAL` for the stage.
                Default: none.
            access_logs: Whether to log each request, without address and user agent.
                The account must have a role that lets API Gateway write logs; it is
                one for all APIs of the account and region, so it is not made here.
                Default: no access logs.

        Raises:
            ValueError: If an argument cannot work.
        """
        _checks.stage_name(stage_name)
        if web_acl_arn is not None:
            _checks.web_acl_arn(web_acl_arn)
        _kinds.member("endpoint_type", endpoint_type, apigateway.EndpointType, "EDGE")
        _kinds.flags(access_logs=access_logs)
        if endpoint_type == apigateway.EndpointType.PRIVATE:
            raise ValueError(
                "'endpoint_type' PRIVATE needs a policy and endpoints of your VPC; "
                "define such an API yourself and pass TrackerApi.existing_rest(api)"
            )
        return TrackerApi(NewRest(endpoint_type, stage_name, web_acl_arn, access_logs))

    @staticmethod
    def http(*, access_logs: bool = True) -> TrackerApi:
        """A new HTTP API: cheaper, without WAF and without the viewer's country.

        Args:
            access_logs: Whether to log each request, without address and user agent.
                Default: requests are logged.

        Raises:
            ValueError: If an argument cannot work.
        """
        _kinds.flags(access_logs=access_logs)
        return TrackerApi(NewHttp(access_logs))

    @staticmethod
    def existing_rest(
        api: apigateway.IRestApi, *, stage_name: str | None = None
    ) -> TrackerApi:
        """A REST API that exists, and only gains the tracker's routes.

        What it sets as defaults for its methods, such as an authorizer, holds for
        `POST /track`, `GET /pixel.gif` and `GET /tracker.js`. Preflights go to the
        function, whatever its CORS defaults. Gzip bodies and the pixel need `*/*` among
        its binary media types; the script is sent as plain text, whatever they are.

        Args:
            api: The API, defined in the tracker's stack or imported with
                `RestApi.from_rest_api_attributes`.
            stage_name: The stage that `api_endpoint` names, and that may call the
                function beside the API's own.
                Default: the stage that the API deploys to; an imported API has none,
                and then `api_endpoint` cannot be told.

        Raises:
            ValueError: If `api` is no REST API, or the stage's name cannot be.
        """
        _checks.rest_api(api)
        if stage_name is not None:
            _checks.stage_name(stage_name, "leave it out for that of the API itself")
        return TrackerApi(ExistingRest(api, stage_name))

    @staticmethod
    def existing_http(
        api: apigatewayv2.IHttpApi, *, stage_name: str | None = None
    ) -> TrackerApi:
        """An HTTP API that exists, and only gains the tracker's routes.

        Its default authorizer, if it has one, holds for `POST /track`,
        `GET /pixel.gif` and `GET /tracker.js`. If it has a CORS configuration, API
        Gateway answers preflights by that and replaces the function's CORS headers.

        Args:
            api: The API, of any stack or imported.
            stage_name: The stage that `api_endpoint` names.
                Default: `$default`.

        Raises:
            ValueError: If `api` is no HTTP API, or the stage's name cannot be.
        """
        _checks.http_api(api)
        if stage_name not in (None, DEFAULT_STAGE):
            _checks.stage_name(stage_name, f"the default is {DEFAULT_STAGE!r}")
        return TrackerApi(ExistingHttp(api, stage_name))


def plan_of(api: TrackerApi | None) -> ApiPlan:
    """Return the plan of the API that a tracker was given, or of a new one.

    Raises:
        ValueError: If it was not made by a static method of `TrackerApi`.
    """
    if api is None:
        return TrackerApi.rest().plan
    if not isinstance(api, TrackerApi):
        raise ValueError(
            f"'api' must be a TrackerApi, got {api!r}; for an API that exists pass "
            "TrackerApi.existing_rest(api) or TrackerApi.existing_http(api)"
        )
    return api.plan

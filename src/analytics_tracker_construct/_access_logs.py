"""An API's access log, and what it holds: never an address or a user agent."""

from __future__ import annotations

import json

from aws_cdk import aws_logs as logs
from constructs import Construct

from . import _function
from ._api_plan import ApiSettings

#: Members by name and the API's variable for them. The path is that of the route:
#: a query string can hold what a client sent.
_COMMON = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "httpMethod": "$context.httpMethod",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
}

REST_FORMAT = json.dumps(
    {
        **_COMMON,
        "resourcePath": "$context.resourcePath",
        "errorType": "$context.error.responseType",
    }
)
HTTP_FORMAT = json.dumps(
    {
        **_COMMON,
        "routeKey": "$context.routeKey",
        "errorType": "$context.integrationErrorMessage",
    }
)


def make_log_group(scope: Construct, settings: ApiSettings) -> logs.LogGroup:
    """Return the log group of the access log of an API that is the tracker's own."""
    return _function.make_log_group(
        scope,
        "AccessLogs",
        settings.log_retention,
        settings.removal_policy,
        settings.encryption_key,
    )

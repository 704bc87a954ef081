"""What an API's access log holds of a request: never an address or a user agent."""

from __future__ import annotations

import json

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

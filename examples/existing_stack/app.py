"""A tracker in a stack that has its own bucket, key and APIs already.

The stack's REST API gains `/track`, `/pixel.gif` and `/tracker.js`. A second API, which
an OpenAPI document defines, sends `POST /partners/track` to the same function.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from analytics_tracker_construct import AnalyticsTracker, TrackerApi


class Shop(cdk.Stack):
    """A shop's stack, to which a tracker was added."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)

        key = kms.Key(self, "Key", enable_key_rotation=True)
        lake = s3.Bucket(self, "Lake", encryption_key=key, enforce_ssl=True)
        api = apigateway.RestApi(self, "Api", cloud_watch_role=False)
        api.root.add_resource("status").add_method("GET", _answer_ok())

        tracker = AnalyticsTracker(self, "Tracker", api=TrackerApi.existing_rest(api))
        tracker.add_tenant("shop", bucket=lake)

        partners = apigateway.SpecRestApi(
            self,
            "PartnerApi",
            api_definition=apigateway.ApiDefinition.from_inline(
                _partner_document(self, tracker.function.function_arn)
            ),
            cloud_watch_role=False,
        )
        tracker.grant_invoke_to_api_gateway(
            partners.arn_for_execute_api("POST", "/partners/track", "prod")
        )


def _answer_ok() -> apigateway.MockIntegration:
    return apigateway.MockIntegration(
        integration_responses=[apigateway.IntegrationResponse(status_code="200")],
        request_templates={"application/json": '{"statusCode": 200}'},
    )


def _partner_document(stack: cdk.Stack, function_arn: str) -> dict[str, object]:
    """An OpenAPI document whose route ends in `/track`, as the function expects."""
    invocation = (
        f"arn:{stack.partition}:apigateway:{stack.region}:lambda:path/2015-03-31"
        f"/functions/{function_arn}/invocations"
    )
    return {
        "openapi": "3.0.1",
        "info": {"title": "Partners", "version": "1"},
        # Bodies may be gzip. What is not listed here arrives as mangled text.
        "x-amazon-apigateway-binary-media-types": ["*/*"],
        "paths": {
            "/partners/track": {
                "post": {
                    "responses": {"default": {"description": "The tracker's"}},
                    "x-amazon-apigateway-integration": {
                        "type": "aws_proxy",
                        "httpMethod": "POST",
                        "uri": invocation,
                    },
                }
            }
        },
    }


app = cdk.App()
Shop(app, "Shop")
app.synth()

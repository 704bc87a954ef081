"""A stack that holds one tracker, for an app that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import (
    CfnOutput,
    Environment,
    IStackSynthesizer,
    PermissionsBoundary,
    Stack,
)
from constructs import Construct
from typing_extensions import Unpack

from ._options import TrackerOptions
from .tracker import AnalyticsTracker


class AnalyticsTrackerStack(Stack):
    """A stack with an `AnalyticsTracker` and the output `ApiEndpoint`.

    Args:
        scope: The app or stage.
        construct_id: The stack's name there.
        env: The account and region.
            Default: those of the deployment.
        analytics_reporting: Whether the template tells AWS which constructs made it.
            Default: as the app says.
        cross_region_references: Whether the stack may refer to what is in stacks of
            other regions, such as a front door's certificate in us-east-1.
            Default: it may not.
        description: What the stack says of itself.
            Default: nothing.
        notification_arns: Topics that CloudFormation tells of the stack's events.
            Default: none.
        permissions_boundary: What bounds all its roles.
            Default: nothing.
        stack_name: The stack's name in CloudFormation.
            Default: made from the construct's path.
        suppress_template_indentation: Whether the template is written without
            indentation.
            Default: as the app says.
        synthesizer: How the stack and its assets are deployed.
            Default: as the app says.
        tags: Tags for all its resources.
            Default: none.
        termination_protection: Whether deleting the stack is refused.
            Default: it is not.
        tracker: The arguments of `AnalyticsTracker`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        env: Environment | None = None,
        analytics_reporting: bool | None = None,
        cross_region_references: bool | None = None,
        description: str | None = None,
        notification_arns: Sequence[str] | None = None,
        permissions_boundary: PermissionsBoundary | None = None,
        stack_name: str | None = None,
        suppress_template_indentation: bool | None = None,
        synthesizer: IStackSynthesizer | None = None,
        tags: Mapping[str, str] | None = None,
        termination_protection: bool | None = None,
        **tracker: Unpack[TrackerOptions],
    ) -> None:
        given: dict[str, Any] = {
            "analytics_reporting": analytics_reporting,
            "cross_region_references": cross_region_references,
            "description": description,
            "env": env,
            "notification_arns": notification_arns,
            "permissions_boundary": permissions_boundary,
            "stack_name": stack_name,
            "suppress_template_indentation": suppress_template_indentation,
            "synthesizer": synthesizer,
            "tags": tags,
            "termination_protection": termination_protection,
        }
        # An older CDK does not know all of them, and takes none that it does not know.
        super().__init__(
            scope,
            construct_id,
            **{name: value for name, value in given.items() if value is not None},
        )
        self._tracker = AnalyticsTracker(self, "Tracker", **tracker)
        CfnOutput(
            self,
            "ApiEndpoint",
            description="Send events with POST to this address and /track",
            value=self._tracker.api_endpoint,
        )

    @property
    def tracker(self) -> AnalyticsTracker:
        """The tracker."""
        return self._tracker

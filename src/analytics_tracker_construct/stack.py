"""A stack that holds one tracker, for an app that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnOutput, Environment, Stack
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
        description: What the stack says of itself.
            Default: nothing.
        stack_name: The stack's name in CloudFormation.
            Default: made from the construct's path.
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
        description: str | None = None,
        stack_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        termination_protection: bool | None = None,
        **tracker: Unpack[TrackerOptions],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=description,
            env=env,
            stack_name=stack_name,
            tags=tags,
            termination_protection=termination_protection,
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

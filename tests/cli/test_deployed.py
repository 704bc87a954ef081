"""What the command line finds in a stack, however many resources that has."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from analytics_tracker_construct.cli import _deployed

from .cloud import REGION

_NESTED = f"arn:aws:cloudformation:{REGION}:123456789012:stack/Website-Inner/1"


class _Stacks:
    """CloudFormation, answered for page by page, as `Aws` hands it out."""

    region = REGION

    def __init__(self) -> None:
        self._client = boto3.client(
            "cloudformation",
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        self.stub = Stubber(self._client)
        self.stub.activate()

    def client(self, _: str) -> Any:
        """Return the client."""
        return self._client

    def page(
        self,
        stack: str,
        *resources: tuple[str, str | None],
        after: str | None = None,
        more: str | None = None,
    ) -> None:
        """Expect a question for a page of a stack's resources and answer it."""
        listed = [
            {
                "LogicalResourceId": f"R{index}",
                "ResourceType": kind,
                "LastUpdatedTimestamp": "2026-03-04T00:00:00Z",
                "ResourceStatus": "CREATE_IN_PROGRESS",
                **({"PhysicalResourceId": name} if name else {}),
            }
            for index, (kind, name) in enumerate(resources)
        ]
        self.stub.add_response(
            "list_stack_resources",
            {
                "StackResourceSummaries": listed,
                **({"NextToken": more} if more else {}),
            },
            {"StackName": stack, **({"NextToken": after} if after else {})},
        )

    def names(self) -> list[str]:
        """Return the physical ids of all that is found in the stack Website."""
        found = list(_deployed.resources(self, "Website"))  # type: ignore[arg-type]
        self.stub.assert_no_pending_responses()
        return [each.name for each in found]


@pytest.fixture
def stacks() -> _Stacks:
    return _Stacks()


def test_a_stack_of_many_resources_is_read_to_its_last_page(stacks: _Stacks) -> None:
    stacks.page("Website", ("AWS::S3::Bucket", "shop-1"), more="two")
    stacks.page("Website", ("AWS::S3::Bucket", "shop-2"), after="two", more="three")
    stacks.page("Website", ("AWS::S3::Bucket", "shop-3"), after="three")

    assert stacks.names() == ["shop-1", "shop-2", "shop-3"]


def test_what_is_in_a_nested_stack_is_in_the_stack(stacks: _Stacks) -> None:
    nested = ("AWS::CloudFormation::Stack", _NESTED)
    stacks.page("Website", nested, ("AWS::S3::Bucket", "outer"))
    stacks.page(_NESTED, ("AWS::S3::Bucket", "inner"))

    assert stacks.names() == ["inner", "outer"]


def test_what_is_being_made_and_has_no_name_is_passed_over(stacks: _Stacks) -> None:
    stacks.page("Website", ("AWS::S3::Bucket", None), ("AWS::S3::Bucket", "shop"))

    assert stacks.names() == ["shop"]

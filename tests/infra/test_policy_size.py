"""What a role's policies hold beside bucket names has the room that is left for it."""

from __future__ import annotations

import json
import re

import pytest
from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import AnalyticsTracker, _permissions

from .templates import Json, build, flat

#: The most characters that a value of the deployment becomes, by what its name has. Of
#: a log group's name CloudFormation makes no more than the stack's and the logical id.
_WIDEST = {
    "AWS::Partition": len("aws-us-gov"),
    "AWS::AccountId": 12,
    "Salts": len("arn:aws-us-gov:s3:::") + 63,
    "AWS::Region": len("us-isob-east-1"),
    "Key": len("arn:aws-us-gov:kms:us-isob-east-1:111111111111:key/") + 36,
    "Queue": len("arn:aws-us-gov:sqs:us-isob-east-1:111111111111:") + 80,
    "": 190,
}


def _size(statements: list[Json]) -> int:
    text = json.dumps(
        [flat(statement) for statement in statements], separators=(",", ":")
    )
    return len(re.sub(r"<[^>]+>", lambda found: "x" * _widest(found[0]), text))


def _widest(token: str) -> int:
    return next(chars for part, chars in _WIDEST.items() if part in token)


@pytest.mark.parametrize("vpc", [False, True], ids=["no VPC", "in a VPC"])
@pytest.mark.parametrize("key", [False, True], ids=["no key", "with a key"])
@pytest.mark.parametrize("given", [False, True], ids=["own role each", "one role"])
def test_everything_but_names_fits_into_the_rest(
    stack: Stack, *, given: bool, key: bool, vpc: bool
) -> None:
    """Also where both functions run as one role, which then has all rights."""
    role = iam.Role(
        stack, "Given", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
    )
    master = kms.Key(stack, "Key") if key else None
    tracker = AnalyticsTracker(
        stack,
        "Tracker",
        allowed_buckets=["lake"],
        encryption_key=master,
        role=role if given else None,
        trusted_accounts=["222222222222"],
        vpc=ec2.Vpc(stack, "Vpc") if vpc else None,
    )
    if master is not None:
        bucket = s3.Bucket.from_bucket_attributes(
            stack, "Lake", bucket_name="lake-2", encryption_key=master
        )
        tracker.add_tenant("acme", bucket=bucket)

    statements = build(tracker).statements("Given" if given else "TrackerRole")

    names = _permissions.names_chars(key=key, vpc=vpc)
    assert len(statements) == (7 if given else 5) + key * (3 if given else 2) + 2 * vpc
    assert _size(statements) <= _permissions.ROLE_POLICY_CHARS - names

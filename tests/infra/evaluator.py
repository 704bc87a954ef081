"""What IAM answers to the policies of a template, as a real evaluator of them says.

It is a package of npm's, pinned in `tests/iam`; the first run fetches it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from aws_cdk import Stack
from aws_cdk.assertions import Template

from .node import installed
from .templates import Json, flat

FOLDER = Path(__file__).parents[1] / "iam"
ACCOUNT = "111111111111"
REGION = "eu-west-1"

_LAMBDA, _LOGS, _SQS = (
    f"arn:aws:{service}:{REGION}:{ACCOUNT}" for service in ("lambda", "logs", "sqs")
)

#: The end of a logical id.
_HASH_CHARS = 8


class Request(NamedTuple):
    """One action that somebody tries."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


class Policies(NamedTuple):
    """What decides what somebody may do."""

    identity: Json
    """The policy of who asks."""
    resources: dict[str, Json]
    """The policies of buckets, keys, queues and functions by their ARNs."""
    principal: str = f"arn:aws:iam::{ACCOUNT}:role/analyst"
    """Who asks: a role of the account, or a service."""

    def refused(self, requests: Iterable[Request]) -> set[Request]:
        """Return those of some requests that IAM does not allow."""
        requests = tuple(requests)
        answered = zip(requests, allowed((self, r) for r in requests), strict=True)
        return {request for request, is_allowed in answered if not is_allowed}


def allowed(asked: Iterable[tuple[Policies, Request]]) -> list[bool]:
    """Return whether IAM allows each of some requests, in their order."""
    questions = [
        {
            "account": ACCOUNT,
            "action": request.action,
            "context": {
                "aws:ResourceAccount": ACCOUNT,
                "aws:SecureTransport": "true",
                **dict(request.context),
            },
            "policy": policies.identity,
            "principal": policies.principal,
            "resource": request.resource,
            "resourcePolicy": policies.resources.get(_owner(request.resource)),
        }
        for policies, request in asked
    ]
    done = subprocess.run(
        ["node", "simulate.mjs"],
        capture_output=True,
        check=False,
        cwd=installed(FOLDER),
        input=json.dumps(questions),
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) <= {"Allowed", "ImplicitlyDenied", "ExplicitlyDenied"}
    return [answer == "Allowed" for answer in found]


def policies_of(stack: Stack, name: str) -> Policies:
    """Return what decides for a role of a stack, with values for what is yet unknown.

    Buckets, keys, queues, functions and log groups are called as their constructs are.

    Args:
        stack: It is synthesised, and must know its account and region.
        name: How the logical ids of the role's policies begin.
    """
    resources = Template.from_stack(stack).to_json()["Resources"]
    known = {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::URLSuffix": "amazonaws.com",
    }
    arns = {}
    for logical_id, resource in resources.items():
        construct = logical_id[:-_HASH_CHARS]
        arns[logical_id] = {
            "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{construct}",
            "AWS::Lambda::Function": f"{_LAMBDA}:function:{construct}",
            "AWS::Logs::LogGroup": f"{_LOGS}:log-group:{construct}:*",
            "AWS::S3::Bucket": f"arn:aws:s3:::{construct.lower()}",
            "AWS::SQS::Queue": f"{_SQS}:{construct}",
        }.get(resource["Type"], logical_id)
        known |= {logical_id: logical_id, f"{logical_id}.Arn": arns[logical_id]}

    def filled(document: object) -> Json:
        text = json.dumps(flat(document))
        for reference, value in known.items():
            text = text.replace(f"<{reference}>", value)
        assert "<" not in text, text
        return dict(json.loads(text))

    statements = []
    guards = {}
    for logical_id, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Policy" and logical_id.startswith(name):
            statements += properties["PolicyDocument"]["Statement"]
        elif resource["Type"] == "AWS::KMS::Key":
            guards[arns[logical_id]] = filled(properties["KeyPolicy"])
        elif resource["Type"] == "AWS::S3::BucketPolicy":
            bucket = arns[properties["Bucket"]["Ref"]]
            guards[bucket] = filled(properties["PolicyDocument"])
        elif resource["Type"] == "AWS::SQS::QueuePolicy":
            for queue in properties["Queues"]:
                guards[arns[queue["Ref"]]] = filled(properties["PolicyDocument"])
    guards |= {
        arn: {"Version": "2012-10-17", "Statement": [filled(each) for each in granted]}
        for arn, granted in _callers(resources, arns).items()
    }
    identity = filled({"Version": "2012-10-17", "Statement": statements})
    return Policies(identity, guards)


def _callers(resources: Json, arns: dict[str, str]) -> dict[str, list[Json]]:
    """Return the statements of functions' policies, which `AddPermission` makes so.

    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    """
    found: dict[str, list[Json]] = {}
    for resource in resources.values():
        if resource["Type"] != "AWS::Lambda::Permission":
            continue
        properties = resource["Properties"]
        function, _ = properties["FunctionName"]["Fn::GetAtt"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": properties["Principal"]},
            "Action": properties["Action"],
            "Resource": arns[function],
        }
        if "SourceArn" in properties:
            like = {"AWS:SourceArn": properties["SourceArn"]}
            statement["Condition"] = {"ArnLike": like}
        found.setdefault(arns[function], []).append(statement)
    return found


def _owner(resource: str) -> str:
    """Return the ARN of what has the policy: of an object that is its bucket."""
    return resource.partition("/")[0] if ":s3:" in resource else resource

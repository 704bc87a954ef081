"""The roles of LocalStack in radosgw, which enforces their policies."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from ..policies import Json, as_radosgw_takes, as_text

_ONE_AT_A_TIME = threading.Lock()
_REGION = "us-east-1"
_VARIABLE = "E2E_RADOSGW_"
#: Of an answer of STS's, and what the SDKs call it.
_CREDENTIALS = {
    "AccessKeyId": "ACCESS_KEY_ID",
    "SecretAccessKey": "SECRET_ACCESS_KEY",
    "SessionToken": "SESSION_TOKEN",
}


class Radosgw(NamedTuple):
    """Where radosgw is, and whose keys are used there, each as `KEY:SECRET`."""

    url: str
    admin: str
    """Of who administers it."""
    assumer: str
    """Of who may take on roles, and has no other rights."""

    @classmethod
    def from_environment(cls) -> Radosgw:
        """Return it as `variables` has put it into a process's environment."""
        return cls(*(os.environ[_VARIABLE + field] for field in cls._fields))

    def variables(self) -> dict[str, str]:
        """Return the variables for another process."""
        return {_VARIABLE + name: value for name, value in self._asdict().items()}

    def client(self, service: str, keys: str | None = None) -> Any:
        """Return boto3's client of one of its services: s3, iam or sts."""
        key, secret = (keys or self.admin).split(":")
        return self._client(service, key, secret)

    def _client(self, service: str, *keys: str) -> Any:
        names = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=_REGION,
            config=Config(s3={"addressing_style": "path"}),
            **dict(zip(names, keys, strict=False)),
        )

    def client_of(self, credentials: Mapping[str, str]) -> Any:
        """Return boto3's client of S3 for who has a role's credentials."""
        return self._client(
            "s3", *(credentials[f"AWS_{name}"] for name in _CREDENTIALS.values())
        )

    def credentials(self, role_arn: str, localstack: str) -> dict[str, str]:
        """Return the variables by which a function is its role here.

        Args:
            role_arn: A role of LocalStack's; its policies are copied as they now are.
            localstack: LocalStack's URL.
        """
        # Instances of a function start at the same time.
        with _ONE_AT_A_TIME:
            name = role_arn.rpartition("/")[2]
            self._copy(name, localstack)
            return self._assume(name)

    def put_policy(self, role: str, name: str, document: Json) -> None:
        """Give a role that is here a policy, or change it."""
        self.client("iam").put_role_policy(
            RoleName=role,
            PolicyName=name,
            PolicyDocument=as_text(as_radosgw_takes(document)),
        )

    def _copy(self, name: str, localstack: str) -> None:
        iam = self.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {
                        "AWS": [f"arn:aws:iam:::user/{self.assumer.split(':')[0]}"]
                    },
                    "Action": ["sts:AssumeRole"],
                }
            ],
        }
        try:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=as_text(trust))
        except ClientError as error:
            # It is not where S3 has it, and boto3's own error names it `Unknown`.
            if error.response.get("Code") != "EntityAlreadyExists":
                raise
        for policy, document in _policies(name, localstack).items():
            self.put_policy(name, policy, document)

    def _assume(self, name: str) -> dict[str, str]:
        assumed = self.client("sts", self.assumer).assume_role(
            RoleArn=f"arn:aws:iam:::role/{name}", RoleSessionName="function"
        )["Credentials"]
        return {f"AWS_{name}": assumed[key] for key, name in _CREDENTIALS.items()}


def _policies(role: str, localstack: str) -> dict[str, Json]:
    """Return the documents of a role's own policies by name.

    Raises:
        RuntimeError: If it has a managed one, which is not looked at here.
    """
    iam = boto3.client(
        "iam",
        endpoint_url=localstack,
        region_name=_REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    if attached:
        raise RuntimeError(f"{role} has managed policies: {attached}")
    found = {}
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        # It is sent as a URL's part, and boto3 does not always read it back.
        found[name] = (
            json.loads(unquote(document)) if isinstance(document, str) else document
        )
    return found

"""An AWS on this machine: LocalStack, and Ceph's S3 under the roles' own policies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3

from ..athena.processes import Processes, free_port
from .cloud.rights import Radosgw
from .parts import Parts
from .s3_with_roles import S3WithRoles

REGION = "us-east-1"
#: The one account that LocalStack has.
ACCOUNT = "000000000000"

_ROOT = Path(__file__).parents[2]


class Aws:
    """Where the parts of it are, once they run.

    Args:
        url: LocalStack's.
        server: The S3 server.
        log: What LocalStack prints.
    """

    def __init__(self, url: str, server: S3WithRoles, log: Path) -> None:
        self.url = url
        self.server = server
        self.log = log

    def client(self, service: str) -> Any:
        """Return boto3's client of one of LocalStack's services."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def s3(self) -> Any:
        """Return boto3's client of Ceph's S3, for who owns the buckets."""
        return self.server.client()

    def resources(self, stack: str) -> dict[str, tuple[str, str]]:
        """Return a stack's resources: logical id → type and physical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            each["LogicalResourceId"]: (
                each["ResourceType"],
                each.get("PhysicalResourceId", ""),
            )
            for page in pages.paginate(StackName=stack)
            for each in page["StackResourceSummaries"]
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which the CDK's command line finds LocalStack."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "none",
            "AWS_SHARED_CREDENTIALS_FILE": "none",
        }


@contextmanager
def running(folder: Path, parts: Parts) -> Iterator[Aws]:
    """Start everything, and end it at last.

    Args:
        folder: Where the servers' files go.
        parts: What runs.
    """
    processes = Processes(folder)
    server = S3WithRoles(folder / "s3", processes)
    radosgw = server.radosgw
    url = f"http://127.0.0.1:{free_port()}"
    for name in ("home", "files", "tmp"):
        (folder / name).mkdir()
    try:
        processes.start(
            "localstack",
            ["env", *_without_aws(), parts.localstack, "-m", "tests.e2e.cloud.start"],
            cwd=folder,
            environment=_settings(folder, url, radosgw, parts.runtime),
        )
        server.start()
        processes.wait_for("LocalStack", lambda: _is_ready(url))
        yield Aws(url, server, folder / "localstack.out")
    finally:
        processes.stop()


def _settings(folder: Path, url: str, radosgw: Radosgw, python: str) -> dict[str, str]:
    host = url.removeprefix("http://")
    return {
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder / "home"),
        "XDG_CACHE_HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "FILESYSTEM_ROOT": str(folder / "files"),
        "GATEWAY_LISTEN": host,
        "LOCALSTACK_HOST": host,
        "OVERRIDE_IN_DOCKER": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "LS_LOG": "info",
        # The function's own answers to browsers are to be seen.
        "DISABLE_CORS_HEADERS": "1",
        "DISABLE_CORS_CHECKS": "1",
        "DISABLE_PREFLIGHT_PROCESSING": "1",
        # Glue, Athena and dashboards: it says of each that nothing was made.
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1",
        "E2E_FUNCTION_PYTHON": python,
        **radosgw.variables(),
    }


def _without_aws() -> Iterator[str]:
    """Yield `env`'s options that take away what leads to a real AWS."""
    for name in os.environ:
        if name.startswith("AWS_"):
            yield f"--unset={name}"


def _is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/_localstack/init/ready", timeout=5) as reply:
            return bool(json.load(reply)["completed"])
    except (URLError, OSError):
        return False


def inherited() -> dict[str, str]:
    """Return the variables of these tests, without those that lead to a real AWS."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    }

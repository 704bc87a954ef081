"""LocalStack, with functions run by `executor` and its buckets made in radosgw too.

`python -m tests.e2e.cloud.start` runs it, in LocalStack's own environment.
"""

from __future__ import annotations

import functools
import json
import runpy
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

# mypy sees the project's environment; LocalStack has one of its own.
from localstack.aws.api import CommonServiceException  # type: ignore[import-not-found]
from localstack.services.apigateway.next_gen.execute_api.integrations import (  # type: ignore[import-not-found]
    aws as integrations,
)
from localstack.services.iam.provider import (  # type: ignore[import-not-found]
    IamProvider,
)
from localstack.services.lambda_.invocation import (  # type: ignore[import-not-found]
    runtime_executor,
)
from localstack.services.s3.provider import (  # type: ignore[import-not-found]
    S3Provider,
)
from twisted.internet import endpoints  # type: ignore[import-not-found]

from .executor import ProcessExecutor
from .rights import Radosgw


def _also(
    provider: type[Any], method: str, there: Callable[[dict[str, Any]], object]
) -> None:
    """Have a change happen in radosgw before it happens in LocalStack.

    Args:
        provider: One of LocalStack's services.
        method: A method of it.
        there: Does the same in radosgw; it is given the request's parameters.
    """
    here = getattr(provider, method)

    # It keeps what LocalStack has noted on the method.
    @functools.wraps(here)
    def both(self: Any, context: Any, *arguments: Any, **options: Any) -> Any:
        try:
            there(context.service_request)
        except ClientError as error:
            answer = error.response
            raise CommonServiceException(
                answer["Error"]["Code"],
                f"radosgw: {error}",
                status_code=answer["ResponseMetadata"]["HTTPStatusCode"],
            ) from error
        return here(self, context, *arguments, **options)

    setattr(provider, method, both)


def _take_any_type_for_binary() -> None:
    """Have `*/*` among an API's binary types match whatever a client accepts.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html
    """
    original = integrations.mime_type_matches_binary_media_types

    def matches(mime_type: str | None, binary_media_types: list[str]) -> bool:
        return "*/*" in binary_media_types or original(mime_type, binary_media_types)

    integrations.mime_type_matches_binary_media_types = matches


def _listen_here_alone() -> None:
    """Bind to this machine: the server listens on every address whatever it is told."""
    original = endpoints.TCP4ServerEndpoint

    def bound(reactor: Any, port: int, *_: Any, **__: Any) -> Any:
        return original(reactor, port, interface="127.0.0.1")

    endpoints.TCP4ServerEndpoint = bound


def _follow(radosgw: Radosgw) -> None:
    s3 = radosgw.client("s3")
    _also(
        S3Provider,
        "create_bucket",
        lambda asked: s3.create_bucket(Bucket=asked["Bucket"]),
    )
    _also(
        S3Provider,
        "delete_bucket",
        lambda asked: s3.delete_bucket(Bucket=asked["Bucket"]),
    )
    _also(
        S3Provider,
        "put_bucket_policy",
        lambda asked: s3.put_bucket_policy(
            Bucket=asked["Bucket"], Policy=asked["Policy"]
        ),
    )

    def put_policy(asked: dict[str, Any]) -> None:
        # That of a function that has not run yet is copied when it does.
        role, name = asked["RoleName"], asked["PolicyName"]
        if role in ProcessExecutor.roles:
            radosgw.put_policy(role, name, json.loads(asked["PolicyDocument"]))

    _also(IamProvider, "put_role_policy", put_policy)


def _run() -> None:
    _follow(Radosgw.from_environment())
    runtime_executor.get_runtime_executor = lambda: ProcessExecutor
    _take_any_type_for_binary()
    _listen_here_alone()
    runpy.run_module("localstack.runtime.main", run_name="__main__")


if __name__ == "__main__":
    _run()

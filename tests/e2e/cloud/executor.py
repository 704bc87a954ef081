"""How LocalStack runs functions here: as processes of Lambda's runtime client."""

from __future__ import annotations

import os
from typing import Any, ClassVar

# mypy sees the project's environment; LocalStack has one of its own.
from localstack import config  # type: ignore[import-not-found]
from localstack.services.lambda_.invocation import (  # type: ignore[import-not-found]
    lambda_models,
    runtime_executor,
)

from .rights import Radosgw
from .runtime_api import Function, Instance, Invocation

#: An interpreter that has `awslambdaric`.
PYTHON = "E2E_FUNCTION_PYTHON"

_HOST = "127.0.0.1"
# Of what LocalStack sets, these lead to it and not to AWS, or into its container.
_OWN = ("LOCALSTACK_", "LAMBDA_", "AWS_ENDPOINT_URL", "EDGE_PORT")


class ProcessExecutor(runtime_executor.RuntimeExecutor):  # type: ignore[misc]  # untyped
    """One execution environment of a function."""

    roles: ClassVar[set[str]] = set()
    """The names of the roles that functions have taken on."""

    _instance: Instance | None = None

    def start(self, env_vars: dict[str, Any]) -> None:
        """Start it with its role's rights in S3."""
        function = self.function_version.config
        url = f"http://{_HOST}:{config.GATEWAY_LISTEN[0].port}"
        radosgw = Radosgw.from_environment()
        # From here on a change of its policies is to reach it.
        self.roles.add(function.role.rpartition("/")[2])
        variables = {
            name: str(value)
            for name, value in env_vars.items()
            if value is not None and not name.startswith(_OWN)
        }
        self._instance = Instance(
            Function(
                os.environ[PYTHON],
                function.code.get_unzipped_code_location(),
                function.handler,
                self.function_version.qualified_arn,
                function.timeout,
                {
                    **variables,
                    **radosgw.credentials(function.role, url),
                    "AWS_ENDPOINT_URL": url,
                    "AWS_ENDPOINT_URL_S3": radosgw.url,
                },
            )
        )
        self._instance.start()

    def stop(self) -> None:
        """End it."""
        if self._instance is not None:
            self._instance.stop()

    def invoke(self, payload: dict[str, str]) -> Any:
        """Run the function once."""
        assert self._instance is not None
        request_id = payload["invoke-id"]
        outcome = self._instance.invoke(
            Invocation(request_id, payload["payload"].encode(), payload["trace-id"])
        )
        return lambda_models.InvocationResult(
            request_id, outcome.body, is_error=outcome.failed, logs=outcome.log
        )

    def get_address(self) -> str:
        """Return where it can be reached."""
        return _HOST

    def get_endpoint_from_executor(self) -> str:
        """Return where it reaches LocalStack."""
        return _HOST

    def get_runtime_endpoint(self) -> str:
        """Return where LocalStack's own runtime would report; nothing does."""
        return f"http://{_HOST}:{config.GATEWAY_LISTEN[0].port}/none/{self.id}"

    def get_logs(self) -> str:
        """Return what was printed before the first invocation: nothing is kept."""
        return ""

    @classmethod
    def prepare_version(cls, function_version: Any) -> None:
        """Unpack a function's code."""
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: Any) -> None:
        """Leave the code: it goes with LocalStack's folder."""

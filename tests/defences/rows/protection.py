"""Threats to a tracker that was given a key or a VPC of its owner's."""

from __future__ import annotations

from ..threats import Removal, Threat

_KEY_RIGHTS = "src/analytics_tracker_construct/_key_rights.py"
_ENCRYPTION = "tests/infra/test_encryption.py"

THREATS = (
    Threat(
        "Code that got into the function changes the network of its VPC",
        (
            Removal(
                "the condition on who changes a network",
                "src/analytics_tracker_construct/_network.py",
                "conditions=NOT_THE_CODE, resources=resources",
                "resources=resources",
                (
                    "tests/infra/test_network.py::test_lambda_may_attach_the_function_"
                    "and_the_functions_code_may_not",
                ),
            ),
        ),
    ),
    Threat(
        "Somebody with the rights of CloudWatch Logs or an analyst uses the tracker's "
        "key for more",
        (
            Removal(
                "the log groups that Logs may encrypt",
                _KEY_RIGHTS,
                'f":log-group:{groups}"',
                '":log-group:*"',
                (
                    f"{_ENCRYPTION}::test_the_logs_service_of_the_region_may_use_it_"
                    "for_the_stacks_log_groups",
                ),
            ),
            Removal(
                "the one thing that the writer does with the key",
                _KEY_RIGHTS,
                "    key.grant(role, DECRYPT)\n",
                '    key.grant(role, DECRYPT, "kms:PutKeyPolicy")\n',
                (f"{_ENCRYPTION}::test_each_role_may_do_with_the_key_what_it_does",),
            ),
        ),
    ),
)

"""What cdk-nag and cfn-lint find in the examples, and why it stays.

A finding that is in no row fails a test, and so does a row that nothing finds any more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .example_apps import NAMES, Finding


class Row(NamedTuple):
    """One acknowledgement."""

    rule: str
    where: str
    """The place below the stack; `*` stands for one part of the path."""
    reason: str
    examples: Sequence[str] = NAMES
    """The examples in which it is found."""
    detail: str = ""
    """How the detail in brackets ends, for rules that have one."""

    def covers(self, example: str, finding: Finding) -> bool:
        """Whether this row is about a finding in an example."""
        return (
            example in self.examples
            and finding.rule == self.rule
            and self._place().fullmatch(finding.where) is not None
            and finding.detail.endswith(self.detail)
            and bool(finding.detail) == bool(self.detail)
        )

    def _place(self) -> re.Pattern[str]:
        return re.compile("[^/]+/" + re.escape(self.where).replace(r"\*", "[^/]+"))


_OWN_API = ("minimal", "multi_tenant", "standalone")
_OWN_BUCKETS = ("multi_tenant", "standalone")
_HOST = ("existing_stack",)

_OPEN = "browsers of strangers send events; the allow-list of buckets is the check"
_IMAGE = "a mail or a page asks for an image without credentials; checks as above"
_HOSTS_OWN = "the host's own API, as it was before the tracker came"

NAG = (
    Row(
        "AwsSolutions-APIG1",
        "Tracker/Api/DeploymentStage.prod/Resource",
        "access logs of a REST API need a role that is the whole account's, which is "
        "not a library's to set; TrackerApi.rest(access_logs=True) turns them on",
        _OWN_API,
    ),
    Row(
        "AwsSolutions-APIG3",
        "Tracker/Api/DeploymentStage.prod/Resource",
        "a web ACL costs by the month; TrackerApi.rest(web_acl_arn=…) adds one",
        _OWN_API,
    ),
    Row(
        "AwsSolutions-APIG6",
        "Tracker/Api/DeploymentStage.prod/Resource",
        "execution logs would hold addresses and bodies, which are never logged",
        _OWN_API,
    ),
    Row("AwsSolutions-APIG4", "Tracker/Routes/Post/Resource", _OPEN),
    Row(
        "AwsSolutions-APIG4",
        "Tracker/Routes/Options/Resource",
        "a browser sends a preflight without credentials",
    ),
    Row("AwsSolutions-COG4", "Tracker/Routes/Post/Resource", _OPEN),
    Row("AwsSolutions-APIG4", "Tracker/Routes/Get/Resource", _IMAGE),
    Row("AwsSolutions-COG4", "Tracker/Routes/Get/Resource", _IMAGE),
    *(
        Row(
            "AwsSolutions-IAM5",
            f"Tracker/{role}/DefaultPolicy/Resource",
            "an event's key is not known before it comes; accounts are a condition",
            detail="/analytics/*",
        )
        for role in ("Role", "WriterRole")
    ),
    Row(
        "AwsSolutions-IAM5",
        "Tracker/Role/DefaultPolicy/Resource",
        "each day has a salt of its own, under a prefix that holds nothing else",
        detail="/salts/*",
    ),
    Row(
        "AwsSolutions-IAM5",
        "Analyst/DefaultPolicy/Resource",
        "an analyst reads every event of the tenant",
        ("multi_tenant",),
        detail="/analytics/*",
    ),
    Row(
        "AwsSolutions-IAM5",
        "Analyst/DefaultPolicy/Resource",
        "Athena names each result itself, below a folder that is the tenant's alone",
        ("multi_tenant",),
        detail="/results/analytics_tracker_catalog/shop/*",
    ),
    Row(
        "AwsSolutions-S1",
        "Tracker/Salts/Resource",
        "one reader, few requests; server access logs would outlive the salts",
    ),
    Row(
        "AwsSolutions-S1",
        "Tracker/Catalog/Results/Resource",
        "copies of what a query found, for a month; Athena keeps a history of its own",
    ),
    Row(
        "AwsSolutions-S1",
        "Tracker/Tenants/*/Resource",
        "a log line for each event would cost as much as the event; an owner who needs "
        "them passes a bucket that has them",
        _OWN_BUCKETS,
    ),
    Row(
        "AwsSolutions-S1",
        "Lake/Resource",
        "the host's own bucket, as it was before the tracker came",
        _HOST,
    ),
    *(
        Row(f"AwsSolutions-APIG{number}", f"{api}/{place}", _HOSTS_OWN, _HOST)
        for api in ("Api", "PartnerApi")
        for number, place in (
            (1, "DeploymentStage.prod/Resource"),
            (2, "Resource"),
            (3, "DeploymentStage.prod/Resource"),
            (6, "DeploymentStage.prod/Resource"),
        )
    ),
    Row("AwsSolutions-APIG4", "Api/Default/status/GET/Resource", _HOSTS_OWN, _HOST),
    Row("AwsSolutions-COG4", "Api/Default/status/GET/Resource", _HOSTS_OWN, _HOST),
)

_BEHIND = ("minimal",)

#: What is found besides where the minimal example has a front door.
FRONT_DOOR = (
    Row(
        "AwsSolutions-CFR1",
        "Tracker/FrontDoor/Distribution/Resource",
        "which countries may send events is the operator's to decide",
        _BEHIND,
    ),
    Row(
        "AwsSolutions-CFR2",
        "Tracker/FrontDoor/Distribution/Resource",
        "a web ACL costs by the month; FrontDoor(web_acl_arn=…) adds one",
        _BEHIND,
    ),
    Row(
        "AwsSolutions-CFR3",
        "Tracker/FrontDoor/Distribution/Resource",
        "CloudFront's access logs hold addresses, which are never logged; "
        "FrontDoor(access_log_bucket=…) turns them on",
        _BEHIND,
    ),
    Row(
        "AwsSolutions-CFR4",
        "Tracker/FrontDoor/Distribution/Resource",
        "CloudFront's own certificate comes with its own policy; "
        "FrontDoor(domain_names=…, certificate=…) needs TLS 1.2",
        _BEHIND,
    ),
    Row(
        "AwsSolutions-SMG4",
        "Tracker/FrontDoor/Secret1/Resource",
        "the distribution and the function must change with it: "
        "FrontDoor(secret_generation=…) does that without loss",
        _BEHIND,
    ),
)

LINT = (
    Row(
        "W3005",
        "*/DependsOn/1",
        "the CDK itself makes a function depend on its role",
    ),
)


def judge(
    example: str, findings: Sequence[Finding], rows: Sequence[Row]
) -> tuple[list[str], list[str]]:
    """Compare what was found in an example with the rows that are about it.

    Returns:
        The findings that no row covers, and the rows that cover no finding.
    """
    new = [
        str(finding)
        for finding in findings
        if not any(row.covers(example, finding) for row in rows)
    ]
    gone = [
        f"{row.rule} at {row.where} {row.detail}".rstrip()
        for row in rows
        if example in row.examples
        and not any(row.covers(example, finding) for finding in findings)
    ]
    return new, gone


def reason_for(example: str, finding: Finding, rows: Sequence[Row]) -> str:
    """Return why a finding that one row covers stays."""
    (reason,) = (row.reason for row in rows if row.covers(example, finding))
    return reason

"""What the tracker's roles may do, as IAM's own simulator says."""

from __future__ import annotations

from collections.abc import Iterator

from ..._actions import USE_KEY
from .._aws import Answer, call
from .findings import UNCHANGED, Finding, failure, ok, warning
from .subject import Role, Subject

#: How the tracker's own key is granted to its roles.
OWN_KEY = f"pass the key to the tracker as encryption_key and deploy; {UNCHANGED}"
_BUCKETS_KEY = "pass the bucket with its encryption_key to add_tenant and deploy"
_SIMULATE = "iam:SimulatePrincipalPolicy"


def may(
    subject: Subject,
    role: Role,
    actions: tuple[str, ...],
    resource: str,
    context: dict[str, str],
    *,
    check: str,
    grant: str = _BUCKETS_KEY,
) -> Iterator[Finding]:
    """Yield whether a role may do something.

    The simulator takes the role's own policies and those of the organisation; it does
    not take policies of buckets or keys for a role.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html

    Args:
        subject: The tracker.
        role: Who.
        actions: What.
        resource: The ARN of what it is done to.
        context: Values of condition keys.
        check: The finding's name.
        grant: How a key would be granted to the role, if `actions` are on one.

    Raises:
        AwsError: If the simulator cannot be asked.
    """
    answer = call(
        _SIMULATE,
        subject.client("iam").simulate_principal_policy,
        PolicySourceArn=role.arn,
        ActionNames=list(actions),
        ResourceArns=[resource],
        ContextEntries=[
            {
                "ContextKeyName": name,
                "ContextKeyValues": [value],
                "ContextKeyType": "string",
            }
            for name, value in context.items()
        ],
    )
    refused = [
        result
        for result in answer.get("EvaluationResults", [])
        if result["EvalDecision"] != "allowed"
    ]
    for result in refused:
        yield _refused(check, role, result, resource, grant)
    if not refused:
        yield ok(check, f"the {role.what}'s role may {' and '.join(actions)}")


def _refused(
    check: str, role: Role, result: Answer, resource: str, grant: str
) -> Finding:
    action = result["EvalActionName"]
    found = f"the {role.what}'s role may not {action} on {resource}"
    organisation = result.get("OrganizationsDecisionDetail", {})
    if organisation.get("AllowedByOrganizations") is False:
        return failure(
            check,
            f"{found}: the organisation denies it",
            "ask who keeps the organisation's service control policies",
        )
    if result["EvalDecision"] == "explicitDeny":
        return failure(
            check,
            f"{found}: a policy denies it",
            f"remove the Deny from the policies or the boundary of {role.arn}",
        )
    if action in USE_KEY:
        return warning(
            check,
            f"{found} by its own policy; the key's policy was not looked at",
            f"unless the key's policy allows it to {role.arn}, {grant}",
        )
    return failure(
        check,
        found,
        f"allow {action} to {role.arn}; where the template does, the role's policy was "
        f"changed by hand, and {UNCHANGED}; a bucket's own policy that allows it is "
        "not seen here",
    )

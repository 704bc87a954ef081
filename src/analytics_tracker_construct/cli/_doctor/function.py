"""Checks of who asks and of the ingest function itself."""

from __future__ import annotations

from collections.abc import Iterator

from ..._handler import settings
from .. import _deployed
from .._aws import Answer, Aws, call
from .findings import UNCHANGED, Finding, failure, ok, warning


def credentials(aws: Aws) -> Iterator[Finding]:
    """Yield who asks, and where."""
    caller = call("sts:GetCallerIdentity", aws.client("sts").get_caller_identity)
    yield ok("credentials", f"{caller['Arn']} in {aws.region}")


def state(configuration: Answer) -> Iterator[Finding]:
    """Yield whether the function can run."""
    check = f"function {configuration['FunctionName']}"
    now = configuration.get("State", "Active")
    update = configuration.get("LastUpdateStatus", "Successful")
    reason = configuration.get("StateReason") or ""
    if now == "Failed":
        yield failure(check, f"its state is {now}: {reason}", _retry(configuration))
    elif now != "Active":
        # Lambda puts a function to sleep that was not called for weeks.
        yield warning(
            check, f"its state is {now}: {reason}", "send an event and look again"
        )
    elif update == "Failed":
        reason = configuration.get("LastUpdateStatusReason") or ""
        yield failure(check, f"its last update failed: {reason}", _retry(configuration))
    else:
        runtime = configuration.get("Runtime", "an unknown runtime")
        yield ok(check, f"{now} on {runtime}, update {update}")


def parsed(
    configuration: Answer,
) -> tuple[settings.Settings | None, Finding]:
    """Return the settings that the function reads, if it can, and what they are."""
    check = "settings"
    trouble = _deployed.lock(configuration)
    if trouble is not None:
        return None, failure(
            check,
            f"Lambda cannot read the environment: {trouble.get('ErrorCode')}",
            "allow kms:Decrypt on the environment's key to the function's role and "
            "to you",
        )
    variables = _deployed.environment(configuration)
    if settings.SALT_BUCKET not in variables and not any(
        name in variables for name in (settings.TENANTS, settings.ALLOWED_BUCKETS)
    ):
        return None, failure(
            check,
            "the environment holds none of the tracker's settings",
            "name the tracker's function with --function; the writer is another",
        )
    try:
        found = settings.read(variables)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return None, failure(
            check,
            f"the function cannot read them: {type(error).__name__}",
            "set the variables as the stack's template has them, which aws "
            f"cloudformation detect-stack-drift compares; {UNCHANGED}",
        )
    patterns = found.patterns
    if not (found.tenants or patterns.names or patterns.wildcards):
        return found, failure(
            check,
            "no tenant and no bucket is allowed",
            "call add_tenant, or pass allowed_buckets, and deploy",
        )
    delivery = "BUFFERED" if found.buffered else "DIRECT"
    return found, ok(
        check,
        f"tenants: {len(found.tenants)}, buckets by name: {len(patterns.names)}, "
        f"patterns: {len(patterns.wildcards)}, delivery: {delivery}",
    )


def _retry(configuration: Answer) -> str:
    return (
        "mend what the reason names, then let Lambda try again: aws lambda "
        f"update-function-configuration --function-name {configuration['FunctionName']}"
        f"; {UNCHANGED}"
    )

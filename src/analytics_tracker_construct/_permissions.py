"""What the tracker's roles and its readers may do: on what, and on which conditions.

Nothing here has the resource `*`, and no policy of AWS's is used. Where a role's own
policy grows too long, the CDK goes on in a customer-managed one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from aws_cdk import (
    Annotations,
    Aws,
    CfnResource,
    Names,
    Reference,
    Stack,
    Token,
    Tokenization,
)
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from . import _places
from ._acknowledgements import EVENT_KEYS, SALT_KEYS
from ._actions import (
    ENCRYPT,
    HAND_OVER,
    KEEP_SALTS,
    LIST,
    LOCATE,
    READ,
    RECEIVE,
    SEND,
    STORE,
    WRITE_LOGS,
)
from ._children import child_of
from ._handler import columns, settings
from ._wildcards import acknowledge_wildcards

#: The canned ACL that gives an event to the owner of a bucket in another account.
OBJECT_ACL = "bucket-owner-full-control"

#: Characters that IAM allows in all inline policies of a role together, and those of
#: them that bucket names may take: the rest is for other statements.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
ROLE_POLICY_CHARS = 10_240
NAMES_CHARS = ROLE_POLICY_CHARS - 1_740
#: What more the other statements take with a KMS key, and in a VPC.
KEY_CHARS = 640
NETWORK_CHARS = 520
#: Characters of a policy's name.
POLICY_NAME_CHARS = 128

#: Where `iam.Role.customize_roles` notes that roles are not made here.
_CUSTOMIZE_ROLES = "@aws-cdk/iam:customizeRoles"

_EVENTS = f"{columns.PREFIX}*"
#: `"arn:aws-us-gov:s3:::` and `/analytics/*",` around a bucket's name.
_ARN_CHARS = len('"arn:aws-us-gov:s3:::/",') + len(_EVENTS)


class EventWrites:
    """A role's right to store events, which grows with each bucket.

    Bucket names are global: a pattern such as `*-analytics` also matches strangers'
    buckets. So each statement holds only in the stack's account and the trusted ones.
    Objects of these are handed over, by an ACL.

    One statement has all buckets as long as that can be: its conditions are longer than
    a bucket's ARN, and a role's policies have little room.
    """

    def __init__(
        self,
        scope: Construct,
        role: iam.IRole,
        trusted: Sequence[str],
        names: Iterable[str] = (),
    ) -> None:
        self._scope = scope
        self._role = role
        self._trusted = bool(trusted)
        self._accounts = [Stack.of(scope).account, *trusted]
        self._statements: tuple[iam.PolicyStatement, ...] = ()
        self.allow(*names)

    def allow(self, *names: str) -> None:
        """Allow buckets by name or pattern."""
        self._allow([f"arn:{Aws.PARTITION}:s3:::{name}/{_EVENTS}" for name in names])

    def allow_bucket(self, bucket: s3.IBucket) -> None:
        """Allow one bucket, and its key if it has one."""
        self._allow([bucket.arn_for_objects(_EVENTS)])
        if bucket.encryption_key is not None:
            bucket.encryption_key.grant(self._role, ENCRYPT)

    def _allow(self, arns: Sequence[str]) -> None:
        # A statement without a resource is no valid policy, so it waits for one.
        if not arns:
            return
        acknowledge_wildcards(self._scope, self._role, EVENT_KEYS, arns)
        if self._statements and not self._is_written():
            for statement in self._statements:
                statement.add_resources(*arns)
            return
        self._statements = self._new(arns)
        for statement in self._statements:
            self._role.add_to_principal_policy(statement)

    def _is_written(self) -> bool:
        """Whether the statements stand somewhere as they were, and can no more grow.

        A template has them, or the report on roles that somebody else makes.
        """
        reported = self._role.node.try_get_context(_CUSTOMIZE_ROLES) is not None
        return reported or any(each.frozen for each in self._statements)

    def _new(self, arns: Sequence[str]) -> tuple[iam.PolicyStatement, ...]:
        owned = {"aws:ResourceAccount": self._accounts}
        store = iam.PolicyStatement(
            actions=[STORE],
            conditions={"StringEquals": owned},
            resources=[*arns],
        )
        # What is the own account's needs nobody to hand it over.
        if not self._trusted:
            return (store,)
        hand_over = iam.PolicyStatement(
            actions=[HAND_OVER],
            conditions={"StringEquals": {**owned, "s3:x-amz-acl": OBJECT_ACL}},
            resources=[*arns],
        )
        return store, hand_over


def names_chars(*, key: bool, vpc: bool) -> int:
    """Return how many characters of a role's policies bucket names may take."""
    return NAMES_CHARS - KEY_CHARS * key - NETWORK_CHARS * vpc


def check_names(lengths: Iterable[int], left: int, *, trusted: bool) -> None:
    """Check that the statements for buckets with names so long fit into a role.

    Args:
        lengths: How long each name is.
        left: How many characters there are for them.
        trusted: Whether other accounts are; each name then stands in two statements.

    Raises:
        ValueError: If they do not.
    """
    total = (1 + trusted) * sum(_ARN_CHARS + length for length in lengths)
    if total > left:
        raise ValueError(
            f"'allowed_buckets' and tenants' buckets take {total} characters of the "
            f"role's policies, and {left} are left for them of the "
            f"{ROLE_POLICY_CHARS} that IAM allows; use patterns such as '*-analytics' "
            "in place of names, or several trackers"
        )


def let_ingest(
    scope: Construct,
    role: iam.IRole,
    salts: s3.IBucket,
    queue: sqs.IQueue,
    log_group: logs.ILogGroup,
) -> None:
    """Let the function make, read and destroy salts, queue events and write logs."""
    kept = salts.arn_for_objects(f"{settings.SALT_PREFIX}*")
    acknowledge_wildcards(scope, role, SALT_KEYS, [kept])
    _allow(role, KEEP_SALTS, kept)
    _allow(role, (SEND,), queue.queue_arn)
    # A log group's ARN ends with `:*`, which is its streams.
    _allow(role, WRITE_LOGS, log_group.log_group_arn)


def let_write(role: iam.IRole, queue: sqs.IQueue, log_group: logs.ILogGroup) -> None:
    """Let the writer be called with what waits in the queue, and write logs."""
    _allow(role, RECEIVE, queue.queue_arn)
    _allow(role, WRITE_LOGS, log_group.log_group_arn)


def _allow(role: iam.IRole, actions: Sequence[str], resource: str) -> None:
    role.add_to_principal_policy(
        iam.PolicyStatement(actions=list(actions), resources=[resource])
    )


def role_of(scope: Construct, role: iam.IRole) -> iam.IRole:
    """Return a given role, or a reference to one that another stack defines.

    Rights in that stack's own policy would refer to what is made here, and the function
    here refers to the role: each stack would need the other.

    Raises:
        ValueError: If it is known to be in another account than the stack, or it is
            another stack's, and no policy here could name it.
    """
    _check_account(role, Stack.of(scope).account)
    if not _places.is_defined_here(role) or _is_of(Stack.of(scope), role):
        return role
    defined = role.node.default_child
    # The CDK takes the name from the ARN, where a path may be before it.
    if isinstance(defined, iam.CfnRole) and defined.path not in (None, "/"):
        raise ValueError(
            f"'role' {role.node.path} is of another stack and has the path "
            f"{defined.path!r}, so its name cannot be told from its ARN; leave the "
            "path out, or define the role in the tracker's stack"
        )
    return iam.Role.from_role_arn(
        scope,
        "RoleRef",
        role.role_arn,
        # Of a name that a stack gives alone: one role has one policy of a name, and the
        # CDK would give the same one to trackers with the same path in two stacks.
        default_policy_name=Names.unique_resource_name(
            scope, max_length=POLICY_NAME_CHARS
        ),
    )


def _check_account(role: iam.IRole, account: str) -> None:
    owner = role.env.account
    if not _places.differ(owner, account):
        return
    arn = role.role_arn
    name = f"{role.node.path} of {owner}" if Token.is_unresolved(arn) else arn
    raise ValueError(
        f"'role' {name} is not in the stack's account {account}, and a function cannot "
        "run under another account's role; make the role in the tracker's account and "
        "name it in the other account's bucket policies"
    )


def _is_of(stack: Stack, role: iam.IRole) -> bool:
    return Stack.of(role).node.path == stack.node.path


def check_role(scope: Construct, role: iam.IRole) -> None:
    """Warn of a given role that got no rights.

    Raises:
        ValueError: If its policy is in another stack.
    """
    if any(isinstance(child, iam.Policy) for child in role.node.find_all()):
        if not _is_of(Stack.of(scope), role):
            raise ValueError(
                f"'role' {role.node.path} was imported into another stack, whose "
                "policy for it would need the tracker's stack, and that the role; "
                "import it into the tracker's own stack"
            )
    else:
        Annotations.of(scope).add_warning_v2(
            "analytics-tracker:role-not-changed",
            f"The role {role.node.path} was imported so that it cannot be changed, and "
            "its rights are yours to see to: the README's section 'IAM permissions' "
            "lists what the function and the writer do. Without them no event is "
            "stored. Import it without mutable=False to have them added",
        )


def let_api_gateway_invoke(
    scope: Construct, function: lambda_.IFunction, source_arn: str
) -> None:
    """Let what has `source_arn` in API Gateway call the function; once each.

    Args:
        scope: Where the right is defined, unless the ARN is that of another stack's.
        function: What may be called.
        source_arn: What may call it.
    """
    # The same ARN must give the same id in every synthesis. A token's own text does
    # not: it counts the tokens made before it. What it resolves to leaves out the stack
    # that a reference is to, and two stacks may have an API of the same name.
    targets = [
        token.target
        for token in Tokenization.reverse_string(source_arn).tokens
        if isinstance(token, Reference)
    ]
    owners = [target.node.path for target in targets]
    resolved = json.dumps([Stack.of(scope).resolve(source_arn), owners], sort_keys=True)
    name = hashlib.sha256(resolved.encode()).hexdigest()[:12]
    # Another stack's API refers to the function, so that stack must have the right too:
    # here each would need the other.
    for stack in map(Stack.of, filter(CfnResource.is_cfn_resource, targets)):
        if stack.node.path != Stack.of(scope).node.path:
            scope = child_of(stack, Names.unique_id(scope))
            break
    if scope.node.try_find_child(name) is None:
        function.add_permission(
            name,
            principal=iam.ServicePrincipal("apigateway.amazonaws.com"),
            scope=scope,
            source_arn=source_arn,
        )


def read_events(
    scope: Construct,
    grantee: iam.IGrantable,
    bucket: s3.IBucket,
    asked: str = "grant_read",
) -> iam.Grant:
    """Let `grantee` list and read a bucket's events, also from another account.

    Args:
        scope: What a warning is put at.
        grantee: Who may.
        bucket: Where the events are.
        asked: The method that was called, for a warning's words.

    Raises:
        ValueError: If `grantee` can be granted nothing.
    """
    if not hasattr(grantee, "grant_principal"):
        raise ValueError(
            f"'grantee' is {grantee!r}, which can be granted nothing; pass a role"
        )
    objects = _on_bucket(grantee, bucket, READ, bucket.arn_for_objects(_EVENTS))
    if objects.resource_statement is None:
        check_changeable(grantee)
    location = _on_bucket(grantee, bucket, LOCATE, bucket.bucket_arn)
    within = {"StringLike": {"s3:prefix": [_EVENTS]}}
    listing = iam.Grant.add_to_principal(
        grantee=grantee,
        actions=[LIST],
        resource_arns=[bucket.bucket_arn],
        conditions=within,
    )
    grant = objects.combine(location).combine(listing)
    if objects.resource_statement is not None:
        # The CDK drops conditions from a bucket's policy, so this one is written here.
        added = bucket.add_to_resource_policy(
            iam.PolicyStatement(
                actions=[LIST],
                resources=[bucket.bucket_arn],
                principals=[grantee.grant_principal],
                conditions=within,
            )
        )
        if not added.statement_added:
            Annotations.of(scope).add_warning_v2(
                "analytics-tracker:grant-read-imported-bucket",
                f"{asked} to {bucket.node.path} crosses accounts, and the policy "
                "of an imported bucket cannot be changed here: allow "
                f"{READ}, {LIST} and {LOCATE} to the reader in that bucket's policy",
            )
    if bucket.encryption_key is not None:
        grant = grant.combine(bucket.encryption_key.grant_decrypt(grantee))
    return grant


def check_changeable(grantee: iam.IGrantable) -> None:
    """Refuse an imported role to which the CDK adds nothing, and yet calls it done.

    Args:
        grantee: Who was granted something; a role that can be changed now has a policy.

    Raises:
        ValueError: If it is such a role.
    """
    principal = grantee.grant_principal
    # What is defined here may get its policy later, or have it from elsewhere.
    if isinstance(principal, (iam.Role, iam.LazyRole)):
        return
    if not hasattr(principal, "role_arn") or not hasattr(principal, "node"):
        return
    if not any(isinstance(each, iam.Policy) for each in principal.node.find_all()):
        raise ValueError(
            f"'grantee' {principal.node.path} was imported so that it cannot be "
            "changed, and would get no rights; import it without mutable=False"
        )


def _on_bucket(
    grantee: iam.IGrantable, bucket: s3.IBucket, action: str, arn: str
) -> iam.Grant:
    return iam.Grant.add_to_principal_or_resource(
        grantee=grantee, actions=[action], resource_arns=[arn], resource=bucket
    )

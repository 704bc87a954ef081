"""What protects a tracker beyond the default: a KMS key, access logs, a VPC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from . import _checks, _key_rights, _network, _permissions


class Protection(NamedTuple):
    """The arguments of it, checked."""

    key: kms.IKey | None
    access_logs: s3.IBucket | None
    network: _network.Network | None

    def names_chars(self) -> int:
        """Return how many characters of a role's policies are left for names."""
        return _permissions.names_chars(
            key=self.key is not None, vpc=self.network is not None
        )

    def prepare(
        self, scope: Construct, role: iam.IRole, writer_role: iam.IRole
    ) -> Protection:
        """Return it with a security group, and the functions' rights granted.

        Args:
            scope: The tracker.
            role: The function's role.
            writer_role: The writer's, which may be the same; it then has each right
                once, for the CDK leaves out what is there.
        """
        if self.key is not None:
            _key_rights.let_keep_logs(scope, self.key)
            _key_rights.let_ingest(role, self.key)
            _key_rights.let_write(writer_role, self.key)
        if self.network is None:
            return self
        for each in (role, writer_role):
            _network.let_attach(each, scope)
        return self._replace(network=_network.with_group(scope, self.network))


def checked(
    scope: Construct,
    *,
    encryption_key: kms.IKey | None,
    server_access_logs_bucket: s3.IBucket | None,
    vpc: ec2.IVpc | None,
    vpc_subnets: ec2.SubnetSelection | None,
    security_groups: Sequence[ec2.ISecurityGroup] | None,
) -> Protection:
    """Return the protection of a tracker in a scope.

    Raises:
        ValueError: If an argument cannot work.
    """
    _key_rights.check_key(scope, encryption_key)
    _checks.logs_bucket(server_access_logs_bucket, scope)
    network = _network.checked(vpc, vpc_subnets, security_groups)
    return Protection(encryption_key, server_access_logs_bucket, network)

"""Where Athena runs and what it leaves: workgroups and the bucket of results."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import Duration, Size, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from . import _buckets, _places
from ._sql import tables

ENGINE = "Athena engine version 3"
FOLDER = "results/"
#: The results of those who query every tenant; no tenant may be called so.
ALL = "all"


class Results(NamedTuple):
    """Where results are stored."""

    bucket: s3.IBucket
    key: kms.IKey | None
    """The KMS key that they are encrypted with; None for S3's own keys."""


def folder(database: str, tenant: str | None) -> str:
    """Return the folder of a tenant's results, or of results over all tenants.

    It has the database's name, since several catalogs may share a bucket.
    """
    return f"{FOLDER}{database}/{tenant or ALL}/"


def make_bucket(
    scope: Construct,
    construct_id: str,
    *,
    keeping: _buckets.Keeping,
    retention: Duration,
) -> s3.Bucket:
    """Return a private bucket in which results are kept for a while."""
    return _buckets.make_bucket(
        scope,
        construct_id,
        keeping=keeping,
        logs_prefix="results/",
        lifecycle_rules=[
            s3.LifecycleRule(
                id="ResultsExpire",
                # A query that was cut off leaves parts that no listing shows.
                abort_incomplete_multipart_upload_after=Duration.days(1),
                expiration=retention,
            )
        ],
    )


def make_workgroup(
    scope: Construct,
    construct_id: str,
    *,
    cutoff: Size,
    database: str,
    description: str,
    results: Results,
    tenant: str | None = None,
) -> athena.CfnWorkGroup:
    """Return a workgroup whose settings no client can change for its queries."""
    group = athena.CfnWorkGroup
    return group(
        scope,
        construct_id,
        name=tables.workgroup_of(database, tenant),
        description=description,
        # Else a workgroup that was ever used could not be deleted with its stack.
        recursive_delete_option=True,
        work_group_configuration=group.WorkGroupConfigurationProperty(
            bytes_scanned_cutoff_per_query=cutoff.to_bytes(),
            enforce_work_group_configuration=True,
            engine_version=group.EngineVersionProperty(selected_engine_version=ENGINE),
            publish_cloud_watch_metrics_enabled=True,
            requester_pays_enabled=False,
            result_configuration=group.ResultConfigurationProperty(
                encryption_configuration=_encryption(results.key),
                # A deleted bucket's name is anyone's to take.
                expected_bucket_owner=_places.known_owner(
                    results.bucket, Stack.of(results.bucket).account
                ),
                output_location=(
                    f"s3://{results.bucket.bucket_name}/{folder(database, tenant)}"
                ),
            ),
        ),
    )


def _encryption(
    key: kms.IKey | None,
) -> athena.CfnWorkGroup.EncryptionConfigurationProperty:
    return athena.CfnWorkGroup.EncryptionConfigurationProperty(
        encryption_option="SSE_KMS" if key else "SSE_S3",
        kms_key=key.key_arn if key else None,
    )

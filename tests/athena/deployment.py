"""The construct's template, its Glue and Athena parts carried out against servers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_s3 as s3

from analytics_tracker_construct import EventCatalog

DATABASE = "analytics"
RESULTS = "query-results"
ACCOUNT, REGION = "123456789012", "eu-central-1"

#: What Glue answers for what a table was made without; moto answers nothing, and
#: Trino's client of Glue breaks on a null.
_GLUE_DEFAULTS: Mapping[str, Any] = {
    "Columns": [],
    "NumberOfBuckets": 0,
    "SortColumns": [],
    "Compressed": False,
    "StoredAsSubDirectories": False,
}


class Workgroup(NamedTuple):
    """A workgroup of the template."""

    location: str
    """Where its results go."""
    cutoff: int
    """How many bytes a query may read."""


class NamedQuery(NamedTuple):
    """A query that Athena's console offers."""

    name: str
    description: str
    sql: str
    workgroup: str


class Deployment(NamedTuple):
    """What the template says."""

    tables: tuple[Mapping[str, Any], ...]
    """Glue's `TableInput` of each table and view."""
    workgroups: Mapping[str, Workgroup]
    named_queries: tuple[NamedQuery, ...]


def synthesized(tenants: Mapping[str, str]) -> Deployment:
    """Return what the construct's template says for tenants and their buckets."""
    app = App(analytics_reporting=False)
    environment = Environment(account=ACCOUNT, region=REGION)
    stack = Stack(app, "Stack", env=environment)
    catalog = EventCatalog(
        stack,
        "Catalog",
        database_name=DATABASE,
        results_bucket=s3.Bucket.from_bucket_name(stack, "Results", RESULTS),
    )
    for tenant, bucket in tenants.items():
        imported = s3.Bucket.from_bucket_name(stack, f"Bucket-{tenant}", bucket)
        catalog.add_tenant(tenant, bucket=imported)
    template = app.synth().get_stack_by_name("Stack").template
    resources = template["Resources"]

    def of_type(kind: str) -> Iterator[Any]:
        for resource in resources.values():
            if resource["Type"] == kind:
                yield _resolved(resource["Properties"], resources)

    return Deployment(
        tuple(each["TableInput"] for each in of_type("AWS::Glue::Table")),
        {each["Name"]: _workgroup(each) for each in of_type("AWS::Athena::WorkGroup")},
        tuple(
            NamedQuery(
                each["Name"],
                each["Description"],
                each["QueryString"],
                each["WorkGroup"],
            )
            for each in of_type("AWS::Athena::NamedQuery")
        ),
    )


def make_tables(glue: Any, tables: tuple[Mapping[str, Any], ...]) -> None:
    """Make the database, and each table as CloudFormation would, through boto3."""
    glue.create_database(DatabaseInput={"Name": DATABASE})
    for table in tables:
        make_table(glue, table)


def make_table(glue: Any, table: Mapping[str, Any]) -> None:
    """Make one table or view."""
    kept = {**_GLUE_DEFAULTS, **table["StorageDescriptor"]}
    given = {**table, "StorageDescriptor": kept}
    glue.create_table(DatabaseName=DATABASE, TableInput=given)


def _workgroup(properties: Mapping[str, Any]) -> Workgroup:
    configuration = properties["WorkGroupConfiguration"]
    return Workgroup(
        configuration["ResultConfiguration"]["OutputLocation"],
        int(configuration["BytesScannedCutoffPerQuery"]),
    )


def _resolved(value: Any, resources: Mapping[str, Any]) -> Any:
    """Put what CloudFormation would put for references and joins."""
    if isinstance(value, list):
        return [_resolved(each, resources) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"}:
        return _referred(value["Ref"], resources)
    if value.keys() == {"Fn::Join"}:
        separator, parts = value["Fn::Join"]
        return separator.join(_resolved(parts, resources))
    unknown = [key for key in value if key.startswith("Fn::")]
    assert not unknown, f"the template has {json.dumps(value)}, which is not known here"
    return {key: _resolved(each, resources) for key, each in value.items()}


def _referred(name: str, resources: Mapping[str, Any]) -> Any:
    known = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}
    if name in known:
        return known[name]
    resource = resources[name]
    properties = _resolved(resource["Properties"], resources)
    if resource["Type"] == "AWS::Glue::Database":
        return properties["DatabaseInput"]["Name"]
    return properties["Name"]

"""What the construct acknowledges of cdk-nag's AwsSolutions pack, and why.

An acknowledgement is put at a resource of the tracker's own alone, by the CDK's own
core, so that cdk-nag is not needed and no template changes. A CDK that knows no
acknowledgements, before 2.257, gets none.
https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.Validations.html
"""

from __future__ import annotations

from typing import NamedTuple

import aws_cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from constructs import IConstruct

PACK = "AwsSolutions"
#: The rule that fires for each wildcard, and tells it in brackets.
WILDCARD = "IAM5"


class Accepted(NamedTuple):
    """Findings that are accepted for one reason."""

    rules: tuple[str, ...]
    """Their rules, without the pack's name."""
    where: str
    """At what, as COMPLIANCE.md has it."""
    reason: str


EVENTS = Accepted(
    ("APIG4", "COG4"),
    "`POST /track`",
    "browsers of strangers send events; the allow-list of buckets and a tenant's "
    "origins are the check",
)
IMAGES = Accepted(
    ("APIG4", "COG4"),
    "`GET /pixel.gif`",
    "a mail or a page asks for an image without credentials; checks as for events",
)
SCRIPT = Accepted(
    ("APIG4", "COG4"),
    "`GET /tracker.js`",
    "any page may load the script, which holds nothing of a tenant's",
)
PREFLIGHTS = Accepted(
    ("APIG4",),
    "`OPTIONS /track`",
    "a browser sends a preflight without credentials",
)
REST_LOGS = Accepted(
    ("APIG1",),
    "stage of a new REST API without `access_logs`",
    "access logs of a REST API need a role that is the whole account's, which is "
    "not a library's to set; `TrackerApi.rest(access_logs=True)` turns them on",
)
HTTP_LOGS = Accepted(
    ("APIG1",),
    "stage of a new HTTP API with `access_logs=False`",
    "they were turned off; `TrackerApi.http()` has them",
)
FIREWALL = Accepted(
    ("APIG3",),
    "stage of a new REST API without `web_acl_arn`",
    "a web ACL costs by the month; `TrackerApi.rest(web_acl_arn=…)` adds one",
)
EXECUTION_LOGS = Accepted(
    ("APIG6",),
    "stage of a new REST API",
    "execution logs would hold addresses and bodies, which are never logged",
)
EVENT_KEYS = Accepted(
    (WILDCARD,),
    "the functions' roles: `<bucket>/analytics/*`",
    "an event's key is not known before it comes; accounts are a condition",
)
SALT_KEYS = Accepted(
    (WILDCARD,),
    "the function's role: `<salt bucket>/salts/*`",
    "each day has a salt of its own, under a prefix that holds nothing else",
)
INTERFACES = Accepted(
    (WILDCARD,),
    "the functions' roles with `vpc`: interfaces, security groups and subnets",
    "a network interface's id is not known before Lambda makes it; a condition "
    "keeps the right from the function's code",
)
INTERFACE_LISTS = Accepted(
    (WILDCARD,),
    "the functions' roles with `vpc`: `*`, unless a statement of yours has it too",
    "IAM knows no resource for the actions that list interfaces and subnets, which "
    "Lambda needs in a VPC; a condition keeps them from the function's code",
)
BUCKET_LOGS = Accepted(
    ("S1",),
    "salts, results and tenants' buckets made here, without "
    "`server_access_logs_bucket`",
    "a log line for each request would cost about as much as the event; "
    "`server_access_logs_bucket` has them written",
)
COUNTRIES = Accepted(
    ("CFR1",),
    "distribution",
    "which countries may send events is the operator's to decide",
)
EDGE_FIREWALL = Accepted(
    ("CFR2",),
    "distribution without `web_acl_arn`",
    "a web ACL costs by the month; `FrontDoor(web_acl_arn=…)` adds one",
)
EDGE_LOGS = Accepted(
    ("CFR3",),
    "distribution without `access_log_bucket`",
    "CloudFront's access logs hold addresses, which are never logged; "
    "`FrontDoor(access_log_bucket=…)` turns them on",
)
EDGE_CERTIFICATE = Accepted(
    ("CFR4",),
    "distribution without `certificate`",
    "CloudFront's own certificate comes with its own policy; "
    "`FrontDoor(domain_names=…, certificate=…)` needs TLS 1.2",
)
SECRET = Accepted(
    ("SMG4",),
    "the front door's secrets",
    "the distribution and the function must change with it: "
    "`FrontDoor(secret_generation=…)` does that without loss",
)

#: Of a tenant's own routes, by method.
OF_METHOD = {"POST": EVENTS, "GET": IMAGES, "OPTIONS": PREFLIGHTS}

#: All of it, as COMPLIANCE.md has it.
TABLE = (
    EVENTS,
    IMAGES,
    SCRIPT,
    PREFLIGHTS,
    REST_LOGS,
    HTTP_LOGS,
    FIREWALL,
    EXECUTION_LOGS,
    EVENT_KEYS,
    SALT_KEYS,
    INTERFACES,
    INTERFACE_LISTS,
    BUCKET_LOGS,
    COUNTRIES,
    EDGE_FIREWALL,
    EDGE_LOGS,
    EDGE_CERTIFICATE,
    SECRET,
)


def acknowledge(resource: IConstruct, *accepted: Accepted) -> None:
    """Acknowledge findings about a resource that the tracker makes."""
    for each in accepted:
        for rule in each.rules:
            record(resource.node.default_child or resource, rule, each.reason)


def acknowledge_route(resource: IConstruct, accepted: Accepted) -> None:
    """Acknowledge that a route asks for no credentials, if it asks for none.

    An API that exists may have an authorizer for all of its routes, and what is found
    about that is its owner's to judge.
    """
    route = resource.node.default_child or resource
    assert isinstance(  # noqa: S101 - for the type only
        route, (apigateway.CfnMethod, apigatewayv2.CfnRoute)
    )
    if route.authorization_type not in (None, "NONE"):
        return
    if isinstance(route, apigatewayv2.CfnRoute):
        # The other rule knows REST APIs only.
        accepted = accepted._replace(rules=("APIG4",))
    acknowledge(route, accepted)


def record(place: IConstruct, rule: str, reason: str) -> None:
    """Have the CDK keep an acknowledgement, if it knows of any."""
    if not is_known():
        return
    try:
        aws_cdk.Validations.of(place).acknowledge(
            aws_cdk.Acknowledgment(id=f"{PACK}-{rule}", reason=reason)
        )
    except RuntimeError:
        # A detail's brackets may not match, where a bucket's name is made by functions
        # of CloudFormation's. Then the finding stays, and the app is made all the same.
        return


def is_known() -> bool:
    """Whether the CDK knows acknowledgements."""
    return hasattr(aws_cdk, "Validations")

"""Looking things up in a synthesised template."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from aws_cdk import Stack
from aws_cdk.assertions import Annotations, Match, Template

from analytics_tracker_construct import AnalyticsTracker

Json = dict[str, Any]

#: What a bucket has that is open to nobody, whatever a policy or an ACL says.
WALLED = dict.fromkeys(
    (
        "BlockPublicAcls",
        "BlockPublicPolicy",
        "IgnorePublicAcls",
        "RestrictPublicBuckets",
    ),
    True,
)


class Built(NamedTuple):
    """A tracker and the template of its stack."""

    tracker: AnalyticsTracker
    template: Template

    def all(self, kind: str) -> dict[str, Json]:
        """Return resources of a type, by logical id."""
        found: dict[str, Json] = self.template.to_json()["Resources"]
        return {name: item for name, item in found.items() if item["Type"] == kind}

    def only(self, kind: str) -> Json:
        """Return the properties of the one resource of a type."""
        (resource,) = self.all(kind).values()
        return dict(resource["Properties"])

    def function(self) -> Json:
        """Return the properties of the function that takes requests."""
        return self._entered_by("handler.app.handler")

    def writer(self) -> Json:
        """Return the properties of the function that empties the queue."""
        return self._entered_by("handler.writer.handler")

    def queue(self, name: str) -> Json:
        """Return one of the two queues, with its policies."""
        return dict(self.all("AWS::SQS::Queue")[self.id_of("AWS::SQS::Queue", name)])

    def id_of(self, kind: str, name: str) -> str:
        """Return the logical id of the tracker's resource of a type and a name."""
        (found,) = [
            logical_id
            for logical_id in self.all(kind)
            if logical_id[:-8] == f"Tracker{name}"
        ]
        return found

    def _entered_by(self, handler: str) -> Json:
        (found,) = [
            resource["Properties"]
            for resource in self.all("AWS::Lambda::Function").values()
            if resource["Properties"]["Handler"] == handler
        ]
        return dict(found)

    def environment(self) -> Json:
        """Return the function's variables, each as flat text."""
        variables = self.function()["Environment"]["Variables"]
        return {name: flat(value) for name, value in variables.items()}

    def statements(self, policy: str = "TrackerRole") -> list[Json]:
        """Return the statements of the policies whose logical id begins so."""
        return [
            {**statement, "Resource": flat(statement["Resource"])}
            for logical_id, resource in self.all("AWS::IAM::Policy").items()
            if logical_id.startswith(policy)
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        ]


def build(tracker: AnalyticsTracker) -> Built:
    """Synthesise the stack of a tracker that is complete."""
    return Built(tracker, Template.from_stack(Stack.of(tracker)))


def flat(value: Any) -> Any:
    """Return a value of a template with its functions written as `<Id.Attribute>`."""
    if isinstance(value, list):
        return [flat(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return f"<{value['Ref']}>"
    if "Fn::GetAtt" in value:
        return f"<{'.'.join(value['Fn::GetAtt'])}>"
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return separator.join(flat(part) for part in parts)
    if "Fn::ImportValue" in value:
        return f"<{value['Fn::ImportValue']}>"
    if "Fn::Select" in value:
        index, parts = value["Fn::Select"]
        return f"<part {index} of {flat(parts)}>"
    return {name: flat(item) for name, item in value.items()}


def warnings(stack: Stack) -> list[str]:
    """Return what a stack's constructs warn of."""
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return [str(message.entry.data) for message in found]


def tenants(built: Built) -> Json:
    """Return the tenants as the function reads them."""
    text = built.environment().get("TRACKER_TENANTS", "{}")
    return dict(json.loads(text))

"""What of a policy radosgw is given: all that it knows, and one condition less."""

from __future__ import annotations

from typing import Any

import pytest

from .policies import as_radosgw_takes, as_text, of_s3, without_resource_account

_OWN = {"StringEquals": {"aws:ResourceAccount": ["111111111111"]}}
_ACL = {"s3:x-amz-acl": "bucket-owner-full-control"}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (None, None),
        (_OWN, None),
        ({"StringEquals": {**_OWN["StringEquals"], **_ACL}}, {"StringEquals": _ACL}),
        ({**_OWN, "Null": _ACL}, {"Null": _ACL}),
        (
            {"StringLike": {"s3:prefix": ["a/*"]}},
            {"StringLike": {"s3:prefix": ["a/*"]}},
        ),
    ],
)
def test_takes_the_condition_on_the_owner_out_and_no_other(
    given: dict[str, Any] | None, left: dict[str, Any] | None
) -> None:
    statement = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "a"}
    asked = statement if given is None else {**statement, "Condition": given}
    wanted = statement if left is None else {**statement, "Condition": left}

    assert without_resource_account(asked) == wanted


def test_keeps_the_actions_of_s3_alone() -> None:
    mixed = {"Effect": "Allow", "Action": ["s3:GetObject", "sqs:SendMessage"]}

    assert of_s3(mixed) == {"Effect": "Allow", "Action": ["s3:GetObject"]}
    assert of_s3({"Effect": "Allow", "Action": "kms:GenerateDataKey"}) is None


def test_keeps_every_statement_of_s3_in_a_text_without_spaces() -> None:
    put = {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": "a"}
    other = {"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "b"}
    document = {"Version": "2012-10-17", "Statement": [other, put, put]}

    found = as_radosgw_takes(document)

    assert found == {"Version": "2012-10-17", "Statement": [put, put]}
    assert " " not in as_text(found)


def test_refuses_a_policy_of_which_nothing_is_left() -> None:
    """A role without rights would pass for one whose rights were copied."""
    other = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "b"}

    with pytest.raises(ValueError, match="nothing about S3"):
        as_radosgw_takes({"Version": "2012-10-17", "Statement": other})

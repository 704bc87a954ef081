"""`analytics-tracker doctor` against an account as moto plays it.

moto has no `iam:SimulatePrincipalPolicy`, so what is told of rights is in
`test_doctor_rights.py`, where botocore's Stubber answers in place of that one client.
Here those checks end as unknown.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from analytics_tracker_construct._handler import settings
from analytics_tracker_construct.cli._doctor.findings import RECREATE

from .cloud import Cloud, letter, started
from .deployed import Deployed, event
from .running import run


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


@pytest.fixture
def well(cloud: Cloud) -> Deployed:
    return Deployed(cloud)


def _doctor(tracker: Deployed, *options: str) -> subprocess.CompletedProcess[str]:
    return tracker.cloud.inside("doctor", "--function", tracker.function, *options)


def _findings(tracker: Deployed, *options: str) -> dict[str, list[dict[str, Any]]]:
    """Return what was found, by check."""
    done = _doctor(tracker, "--format", "json", *options)
    assert done.stderr == ""
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(done.stdout)["checks"]:
        found.setdefault(finding["check"], []).append(finding)
    return found


def _outcomes(tracker: Deployed, check: str, *options: str) -> list[str]:
    return [each["outcome"] for each in _findings(tracker, *options)[check]]


def _only(tracker: Deployed, check: str, *options: str) -> dict[str, Any]:
    (finding,) = _findings(tracker, *options)[check]
    return finding


def test_all_is_well(well: Deployed) -> None:
    well.store(well.shop, "1700000000-0a1b2c3d.json", event())
    well.store(well.shop, "abcdefgh.json.gz", event(), event())

    done = run("doctor", "--function", well.function, **well.cloud.environment)

    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("18 ok, 0 warning, 0 failure")
    assert f"ok       bucket {well.shop}: it is in eu-west-1, owned by" in done.stdout
    assert "2 objects read, 3 lines as meant" in done.stdout
    assert (
        f"ok       pattern *-{well.tag}-analytics: it fits 1 of this account's "
        f"buckets: {well.fits}"
    ) in done.stdout
    assert (
        "tenants: 2, buckets by name: 1, patterns: 1, delivery: DIRECT" in done.stdout
    )
    assert "unknown  rights on" in done.stdout


def test_the_keys_of_queue_and_salts_are_asked_about(well: Deployed) -> None:
    """The simulator refuses, as moto has none, which shows that it was asked."""
    key = "0a1b2c3d-0000-4000-8000-000000000000"
    well.cloud.sqs.set_queue_attributes(
        QueueUrl=well.queues.main, Attributes={"KmsMasterKeyId": key}
    )
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    well.s3.put_bucket_encryption(
        Bucket=well.salts,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )

    for check in ("key of the queue", "key of the salts"):
        found = _only(well, check)
        assert found["outcome"] == "unknown"
        assert "iam:SimulatePrincipalPolicy" in found["found"]


def test_shows_no_content(well: Deployed) -> None:
    well.store(well.shop, "1700000000-0a1b2c3d.json", event(eventType=7, secret=1))
    well.queues.bury(letter(well.shop, "shop"))

    done = _doctor(well)

    assert done.returncode == 1
    assert "secret" not in done.stdout + done.stderr


def test_who_may_not_look_is_told_what_is_needed(well: Deployed) -> None:
    with well.cloud.forbidden("sqs:*", "s3:*") as keys:
        done = well.cloud.inside(
            "doctor", "--function", well.function, "--format", "json", **keys
        )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    found = {
        each["check"]: each
        for each in json.loads(done.stdout)["checks"]
        if each["outcome"] == "unknown"
    }
    assert found["queue"]["found"] == "could not look: needs sqs:GetQueueAttributes"
    assert found["salts"]["found"] == "could not look: needs s3:ListBucket"
    assert "allow s3:ListBucket to your user or role" in found["salts"]["advice"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({settings.TENANTS: "{"}, "cannot read them"),
        ({settings.TENANTS: '{"shop": {}}'}, "cannot read them"),
        ({settings.TENANTS: "[]"}, "cannot read them"),
        ({settings.TENANTS: "{}", settings.ALLOWED_BUCKETS: ""}, "no tenant and no"),
    ],
)
def test_settings_that_the_function_cannot_use_fail(
    cloud: Cloud, variables: dict[str, str], words: str
) -> None:
    tracker = Deployed(cloud, **variables)

    finding = _only(tracker, "settings")

    assert finding["outcome"] == "failure"
    assert words in finding["found"]
    assert finding["advice"]


def test_a_missing_bucket_fails(well: Deployed) -> None:
    well.s3.delete_bucket(Bucket=well.blog)

    finding = _only(well, f"bucket {well.blog}")

    assert (finding["outcome"], finding["found"]) == ("failure", "it does not exist")


def test_a_pattern_that_nothing_fits_is_a_warning(cloud: Cloud) -> None:
    tracker = Deployed(cloud, **{settings.ALLOWED_BUCKETS: "nothing-*"})

    assert _outcomes(tracker, "pattern nothing-*") == ["warning"]


def test_a_pattern_that_fits_the_salts_is_a_warning(cloud: Cloud) -> None:
    tracker = Deployed(cloud, **{settings.ALLOWED_BUCKETS: "salts-*"})

    assert "warning" in _outcomes(tracker, "pattern salts-*")


@pytest.mark.parametrize(
    ("days_back", "outcome"), [(0, "ok"), (1, "ok"), (2, "failure"), (9, "failure")]
)
def test_a_salt_that_outlived_its_time_fails(
    well: Deployed, days_back: int, outcome: str
) -> None:
    well.salt(days_back)

    assert _outcomes(well, "salts") == [outcome]


def test_an_old_salt_is_a_warning_where_no_event_came_today(well: Deployed) -> None:
    """The first event of a day sweeps, else the lifecycle rule does, a day later."""
    today = well.now.date().isoformat()
    well.s3.delete_object(Bucket=well.salts, Key=f"{settings.SALT_PREFIX}{today}")
    well.salt(2)

    assert _outcomes(well, "salts") == ["warning"]


@pytest.mark.parametrize(("days_ahead", "outcome"), [(1, "ok"), (2, "warning")])
def test_a_salt_of_a_day_to_come_is_a_warning_unless_clocks_may_differ(
    well: Deployed, days_ahead: int, outcome: str
) -> None:
    well.salt(-days_ahead)

    assert _outcomes(well, "salts") == [outcome]


def test_versions_of_salts_fail(well: Deployed) -> None:
    well.s3.put_bucket_versioning(
        Bucket=well.salts, VersioningConfiguration={"Status": "Enabled"}
    )

    finding = _only(well, "salts, versions")

    assert finding["outcome"] == "failure"
    assert (
        f"--bucket {well.salts} --versioning-configuration Status=Suspended"
        in (finding["advice"])
    )


def test_versions_from_before_versioning_was_suspended_fail_until_they_are_gone(
    well: Deployed,
) -> None:
    for status in ("Enabled", "Suspended"):
        well.s3.put_bucket_versioning(
            Bucket=well.salts, VersioningConfiguration={"Status": status}
        )
        if status == "Enabled":
            well.salt(0)
    (kept,) = [
        each
        for each in well.s3.list_object_versions(Bucket=well.salts)["Versions"]
        if each["VersionId"] != "null"
    ]

    finding = _only(well, "salts, versions")

    assert (finding["outcome"], finding["found"][:7]) == ("failure", "1 of th")
    well.s3.delete_object(
        Bucket=well.salts, Key=kept["Key"], VersionId=kept["VersionId"]
    )
    assert _outcomes(well, "salts, versions") == ["ok"]


def test_dead_letters_are_a_warning_with_their_days_left(well: Deployed) -> None:
    well.queues.bury(*(letter(well.shop, "shop") for _ in range(3)), days=4)
    well.queues.bury(letter(well.open), days=1)

    finding = _only(well, "dead letters")

    assert finding["outcome"] == "warning"
    assert finding["found"].startswith(
        f"about 4 (tenant shop: 3, bucket {well.open}: 1); the oldest is of 20"
    )
    assert finding["found"].endswith("lost in 10.0 days")
    assert f"replay --function {well.function} --dry-run" in finding["advice"]
    assert len(well.queues.dead_letters()) == 4
    assert well.queues.hidden() == 0


def test_dead_letters_that_are_lost_soon_fail(well: Deployed) -> None:
    well.queues.bury(letter(well.shop, "shop"), days=12)

    assert _outcomes(well, "dead letters") == ["failure"]


def test_dead_letters_of_others_are_told(well: Deployed) -> None:
    well.queues.bury("foreign")

    first, second = _findings(well)["dead letters"]

    assert "how old they are is not known" in first["found"]
    assert second["found"].startswith("1 are no messages of the tracker's")


def test_a_missing_queue_fails(well: Deployed) -> None:
    well.cloud.sqs.delete_queue(QueueUrl=well.queues.main)

    finding = _only(well, "queue")

    assert (finding["outcome"], finding["advice"]) == ("failure", RECREATE)


def test_a_missing_queue_of_dead_letters_fails(well: Deployed) -> None:
    well.cloud.sqs.delete_queue(QueueUrl=well.queues.dead)

    finding = _only(well, "dead letters")

    assert (finding["outcome"], finding["advice"]) == ("failure", RECREATE)


def test_no_queue_is_a_warning(cloud: Cloud) -> None:
    tracker = Deployed(cloud, **{settings.QUEUE_URL: ""})

    assert _outcomes(tracker, "queue") == ["warning"]


def test_a_writer_that_is_switched_off_fails(well: Deployed) -> None:
    client = well.cloud.client("lambda")
    client.update_event_source_mapping(UUID=well.mapping, Enabled=False)

    finding = _only(well, f"writer {well.writer}")

    assert finding["outcome"] == "failure"
    assert f"--enabled --uuid {well.mapping}" in finding["advice"]


def test_a_queue_that_nobody_reads_fails(well: Deployed) -> None:
    well.cloud.client("lambda").delete_event_source_mapping(UUID=well.mapping)

    finding = _only(well, "writer")

    assert finding["outcome"] == "failure"
    assert RECREATE in finding["advice"]


def test_a_queue_that_shows_messages_too_soon_is_a_warning(well: Deployed) -> None:
    well.cloud.sqs.set_queue_attributes(
        QueueUrl=well.queues.main, Attributes={"VisibilityTimeout": "30"}
    )

    _, finding = _findings(well)[f"writer {well.writer}"]

    assert finding["outcome"] == "warning"
    assert (
        f"--queue-url {well.queues.main} --attributes VisibilityTimeout=420"
        in (finding["advice"])
    )

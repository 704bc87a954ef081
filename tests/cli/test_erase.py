"""`analytics-tracker erase`: what is asked for is gone, and nothing else."""

from __future__ import annotations

import gzip
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from analytics_tracker_construct import cli
from analytics_tracker_construct.cli import erase
from analytics_tracker_construct.cli._selection import Selection

from ..query.fakes import FakeAthena, FakeSession, refusal
from .cloud import REGION, Cloud, started
from .deployed import event
from .running import inside

_DAY = "analytics/year=2026/month=01/day=31"
_ALONE = event(eventId="alone", metadata='{"user_id": 42}').encode() + b"\n"
_OTHER = event(eventId="other", metadata='{"user_id": 43}').encode() + b"\n"
_BATCH = (
    event(eventId="first", sessionId="s-1", metadata='{"user_id":"42"}').encode()
    + b"\nno JSON\n"
    + _OTHER
)
_USER = ("--metadata", "user_id=42")


def _without_first(body: bytes) -> bytes:
    return body.partition(b"\n")[2]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "shop" / _DAY
    folder.mkdir(parents=True)
    (folder / "alone.json").write_bytes(_ALONE)
    (folder / "other.json").write_bytes(_OTHER)
    (folder / "batch.json.gz").write_bytes(gzip.compress(_BATCH))
    return tmp_path


def _stored(data: Path) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in (data / "shop" / _DAY).iterdir()}
    return {
        name: gzip.decompress(body) if name.endswith(".gz") else body
        for name, body in found.items()
    }


def _here(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return inside("erase", "--local", "--data", str(data), "--tenant", *arguments)


def test_nothing_is_erased_unless_it_is_confirmed(data: Path) -> None:
    before = _stored(data)

    done = _here(data, "shop", *_USER)

    assert done.stdout == "found 2 events in 2 objects; --yes erases them\n"
    assert done.returncode == 0
    assert _stored(data) == before


def test_what_is_asked_for_is_gone_and_all_else_is_as_it_was(data: Path) -> None:
    done = _here(data, "shop", *_USER, "--yes")

    assert done.stdout == "erased 2 events in 2 objects\n"
    assert _stored(data) == {
        "other.json": _OTHER,
        "batch.json.gz": _without_first(_BATCH),
    }
    assert _here(data, "shop", *_USER).stdout == "shop has no such events\n"


@pytest.mark.parametrize(
    ("arguments", "events"),
    [
        (("--event-id", "alone"), 1),
        (("--session-id", "s-1"), 1),
        (("--session-id", "s-1", *_USER), 1),
        (("--session-id", "s-1", "--event-id", "alone"), 0),
        (("--metadata", "user_id=42", "--metadata", "plan=pro"), 0),
        ((*_USER, "--from", "2026-02-01"), 0),
        ((*_USER, "--to", "2026-01-30"), 0),
        ((*_USER, "--from", "2026-01-31", "--to", "2026-01-31"), 2),
    ],
)
def test_all_that_is_given_must_hold(
    data: Path, arguments: tuple[str, ...], events: int
) -> None:
    done = _here(data, "shop", *arguments, "--format", "json")

    assert json.loads(done.stdout)["found"]["events"] == events


@pytest.mark.parametrize(
    ("metadata", "value"),
    [
        ('{"a": "42"}', "42"),
        ('{"a": 42}', "42"),
        ('{"a": 4.20}', "4.20"),
        ('{"a": true}', "true"),
        ('{"a": "é\\"\\\\"}', 'é"\\'),
    ],
)
def test_a_value_is_compared_as_text(metadata: str, value: str) -> None:
    line = event(metadata=metadata).encode()

    assert Selection(metadata=(("a", value),)).holds(line)
    assert not Selection(metadata=(("a", value + "0"),)).holds(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b"{}",
        event(metadata=None).encode(),
        event(metadata="[1]").encode(),
        event(metadata='{"a": null}').encode(),
        event(metadata='{"a": {"b": "42"}}').encode(),
    ],
)
def test_a_line_without_the_value_stays(line: bytes) -> None:
    assert not Selection(metadata=(("a", "42"),)).holds(line)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("shop",), "say which events: --metadata NAME=VALUE"),
        (("shop", "--metadata", "user_id"), "'user_id' is not NAME=VALUE"),
        (("shop", "--metadata", "user_id="), "'user_id=' has no value"),
        (("shop", "--session-id", ""), "'' is not a name"),
        (("shp", *_USER), "there is no tenant 'shp'"),
        (("shop", *_USER, "--from", "May"), "must be a day such as 2026-01-31"),
        (("shop", *_USER, "--from", ""), "must be a day such as 2026-01-31, got ''"),
        (("shop", *_USER, "--to", ""), "must be a day such as 2026-01-31, got ''"),
    ],
)
def test_wrong_arguments_are_told(
    data: Path, arguments: tuple[str, ...], problem: str
) -> None:
    done = _here(data, *arguments)

    assert problem in done.stderr
    assert done.returncode == 2


def test_a_damaged_object_is_named_and_the_rest_is_done(data: Path) -> None:
    path = data / "shop" / _DAY / "batch.json.gz"
    path.write_bytes(path.read_bytes()[:-9])

    done = _here(data, "shop", *_USER, "--yes")

    assert f"{path}: it is damaged" in done.stderr
    assert done.stdout == "erased 1 event in 1 object\n"
    assert done.returncode == 1


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


class _Bucket:
    """A tenant's bucket, and Athena that found the objects with the events."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self.cloud = cloud
        self.s3 = cloud.client("s3")
        self.name = name
        self.s3.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self.glue = cloud.client("glue")
        self.glue.create_database(DatabaseInput={"Name": name})
        self.glue.create_table(
            DatabaseName=name,
            TableInput={
                "Name": "shop_events",
                "StorageDescriptor": {"Location": f"s3://{name}/analytics/"},
            },
        )
        self.athena = FakeAthena()

    def keep_versions(self, status: str = "Enabled") -> None:
        self.s3.put_bucket_versioning(
            Bucket=self.name, VersioningConfiguration={"Status": status}
        )

    def put(self, name: str, body: bytes, **more: Any) -> None:
        self.s3.put_object(
            Bucket=self.name,
            Key=f"{_DAY}/{name}",
            Body=body,
            ContentType="application/x-ndjson",
            **more,
        )

    def get(self, name: str) -> dict[str, Any]:
        answer = self.s3.get_object(Bucket=self.name, Key=f"{_DAY}/{name}")
        return {**answer, "Body": answer["Body"].read()}

    def versions(self) -> list[tuple[str, bytes]]:
        answer = self.s3.list_object_versions(Bucket=self.name)
        return [
            (
                each["Key"].rpartition("/")[2],
                self.s3.get_object(
                    Bucket=self.name, Key=each["Key"], VersionId=each["VersionId"]
                )["Body"].read(),
            )
            for each in answer.get("Versions", ())
        ]

    def erase(
        self,
        *found: str,
        given: Sequence[str] = ("--yes",),
        keys: Mapping[str, str] | None = None,
    ) -> Any:
        """Run the command; Athena has found these objects."""
        head: list[str | None] = ["_col0", "_col1"]
        rows: list[list[str | None]] = [
            [f"s3://{self.name}/{_DAY}/{name}", "1"] for name in found
        ]
        self.athena = FakeAthena(
            looks=[{**_ANSWERED}],
            columns=[("_col0", "varchar"), ("_col1", "bigint")],
            pages=[[head, *rows]],
        )
        session: Any = FakeSession(self.athena)
        session.region_name = REGION
        session.clients["s3"] = self.s3
        session.clients["glue"] = self.glue
        for service in ("s3", "glue") if keys else ():
            session.clients[service] = boto3.client(
                service,
                endpoint_url=self.cloud.environment["AWS_ENDPOINT_URL"],
                region_name=REGION,
                **{name.lower(): key for name, key in (keys or {}).items()},
            )
        with patch("boto3.Session", lambda **_: session):
            return inside(
                *("erase", "--database", self.name, "--workgroup", "shop"),
                *("--tenant", "shop", *_USER, *given),
            )


_ANSWERED = {
    "QueryExecutionId": "1",
    "StatementType": "DML",
    "Status": {"State": "SUCCEEDED"},
    # Not to be read as a file.
    "ResultConfiguration": {},
}


def test_athena_is_asked_for_the_objects(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "asked-analytics")

    done = bucket.erase()

    (request,) = bucket.athena.started
    assert request["QueryString"].startswith('SELECT "$path", count(*) FROM "shop_')
    assert request["ExecutionParameters"][-2:] == ["'$[\"user_id\"]'", "'42'"]
    assert request["ExecutionParameters"][0] == "'2020'"
    assert done.stdout == "shop has no such events\n"


def test_an_object_is_written_anew_as_it_was_stored(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "anew-analytics")
    bucket.put(
        "batch.json.gz",
        gzip.compress(_BATCH),
        ContentEncoding="gzip",
        Metadata={"a": "b"},
        StorageClass="STANDARD_IA",
    )
    bucket.put("alone.json", _ALONE)
    bucket.put("other.json", _OTHER)

    done = bucket.erase("batch.json.gz", "alone.json")

    assert done.stdout == "erased 2 events in 2 objects\n"
    batch = bucket.get("batch.json.gz")
    assert gzip.decompress(batch["Body"]) == _without_first(_BATCH)
    assert batch["ContentType"] == "application/x-ndjson"
    assert batch["ContentEncoding"] == "gzip"
    assert batch["Metadata"] == {"a": "b"}
    assert batch["StorageClass"] == "STANDARD_IA"
    assert {name for name, _ in bucket.versions()} == {"batch.json.gz", "other.json"}


def test_no_earlier_version_is_left(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "versioned-analytics")
    bucket.keep_versions()
    for name, body in (
        ("alone.json", _ALONE),
        # Its key begins as the other's does.
        ("alone.json.gz", gzip.compress(_OTHER)),
        ("batch.json", _BATCH),
    ):
        bucket.put(name, body)
        bucket.put(name, body)

    bucket.erase("alone.json", "batch.json")

    left = bucket.versions()
    assert [name for name, _ in left] == ["alone.json.gz"] * 2 + ["batch.json"]
    assert left[-1] == ("batch.json", _without_first(_BATCH))


def test_a_deleted_object_leaves_no_mark_that_it_was(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "unmarked-analytics")
    bucket.put("alone.json", _ALONE)
    bucket.keep_versions("Suspended")
    bucket.put("alone.json", _ALONE)

    done = bucket.erase("alone.json")

    assert done.stdout == "erased 1 event in 1 object\n"
    left = bucket.s3.list_object_versions(Bucket=bucket.name)
    assert "Versions" not in left
    assert "DeleteMarkers" not in left


def test_versions_that_could_not_be_removed_are_found_again(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "again-analytics")
    bucket.keep_versions()
    bucket.put("alone.json", _ALONE)
    bucket.put("batch.json", _BATCH)

    with cloud.forbidden("s3:DeleteObjectVersion") as keys:
        done = bucket.erase("alone.json", "batch.json", keys=keys)

    assert "alone.json: AWS refuses s3:DeleteObjectVersion" in done.stderr
    assert "batch.json: AWS refuses s3:DeleteObjectVersion" in done.stderr
    # Athena does not see earlier versions; what is alone is as it was.
    assert bucket.get("alone.json")["Body"] == _ALONE
    counted = bucket.erase("alone.json", given=())
    assert counted.stdout == "found 2 events in 2 objects; --yes erases them\n"

    done = bucket.erase("alone.json")

    assert done.stdout == "erased 2 events in 2 objects\n"
    assert done.returncode == 0
    assert bucket.versions() == [("batch.json", _without_first(_BATCH))]


def test_versions_of_other_days_and_people_are_left_alone(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "left-analytics")
    bucket.keep_versions()
    for body in (_ALONE, _OTHER):
        bucket.put("of-the-day.json", body)
    for body in (_OTHER, _OTHER):
        bucket.put("of-another.json", body)
    key = f"{_DAY.replace('day=31', 'day=30')}/of-another-day.json"
    for body in (_ALONE, _OTHER):
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=body)

    done = bucket.erase(given=("--yes", "--from", "2026-01-31", "--to", "9999-12-31"))

    assert done.stdout == "erased 1 event in 1 object\n"
    assert [name for name, _ in bucket.versions()] == [
        *["of-another-day.json"] * 2,
        *["of-another.json"] * 2,
        "of-the-day.json",
    ]


def test_deleted_objects_that_are_kept_are_told(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "deleted-analytics")
    bucket.keep_versions()
    bucket.put("alone.json", _ALONE)
    bucket.s3.delete_object(Bucket=bucket.name, Key=f"{_DAY}/alone.json")

    done = bucket.erase()

    assert "not looked at: the earlier versions of 1 deleted object\n" in done.stderr
    assert bucket.versions() == [("alone.json", _ALONE)]


def test_an_earlier_version_that_cannot_be_read_is_told(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "archived-analytics")
    bucket.keep_versions()
    bucket.put("batch.json", _BATCH, StorageClass="GLACIER")
    bucket.put("batch.json", _OTHER)
    bucket.put("alone.json", _ALONE)

    done = bucket.erase("alone.json")

    assert "batch.json: s3:GetObjectVersion failed" in done.stderr
    assert done.stdout == "erased 1 event in 1 object\n"
    assert done.returncode == 1


def test_a_tenant_without_a_table_is_told(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "tenantless-analytics")
    bucket.glue.delete_table(DatabaseName=bucket.name, Name="shop_events")

    done = bucket.erase()

    assert f"there is no tenant 'shop' in {bucket.name}" in done.stderr
    assert done.returncode == 2


def test_where_no_call_can_succeed_no_other_object_is_begun(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "expired-analytics")
    calls = []

    def expired(**request: Any) -> Any:
        calls.append(request)
        raise refusal("GetObject", "ExpiredToken")

    with patch.object(bucket.s3, "get_object", expired):
        done = bucket.erase(*(f"{number}.json" for number in range(1000)))

    assert "AWS does not take these credentials" in done.stderr
    assert f"{1000 - len(calls)} objects were not begun" in done.stderr
    assert len(calls) < 100
    assert done.returncode == 1


def test_what_changed_meanwhile_is_read_again(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "changed-analytics")
    bucket.put("batch.json", _BATCH)
    write = bucket.s3.put_object
    changes = iter([_BATCH + _OTHER])

    def put_object(**request: Any) -> Any:
        if change := next(changes, None):
            write(Bucket=bucket.name, Key=request["Key"], Body=change)
        return write(**request)

    with patch.object(bucket.s3, "put_object", put_object):
        done = bucket.erase("batch.json")

    assert done.stdout == "erased 1 event in 1 object\n"
    assert bucket.get("batch.json")["Body"] == _without_first(_BATCH) + _OTHER


def test_what_cannot_be_erased_is_told_and_the_rest_is_done(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "refused-analytics")
    bucket.put("alone.json", _ALONE)
    bucket.put("batch.json", _BATCH)

    with cloud.forbidden("s3:DeleteObject") as keys:
        done = bucket.erase("alone.json", "gone.json", "batch.json", keys=keys)

    assert "alone.json: AWS refuses s3:DeleteObject; allow it" in done.stderr
    assert "gone.json: s3:GetObject failed" in done.stderr
    assert done.stdout == "erased 1 event in 1 object\n"
    assert done.returncode == 1
    assert bucket.get("alone.json")["Body"] == _ALONE
    assert bucket.get("batch.json")["Body"] == _without_first(_BATCH)


def test_what_the_query_found_and_the_object_has_not_is_told(cloud: Cloud) -> None:
    bucket = _Bucket(cloud, "missing-analytics")
    bucket.put("other.json", _OTHER)

    done = bucket.erase("other.json")

    assert "other.json: 1 of its events are not found in it" in done.stderr
    assert done.stdout == "erased 0 events in 0 objects\n"
    assert done.returncode == 1
    assert bucket.get("other.json")["Body"] == _OTHER


def test_after_an_interrupt_no_other_object_is_begun(data: Path) -> None:
    given = ["erase", "--local", "--data", str(data), "--tenant", "shop", *_USER]
    options = cli._parser().parse_args([*given, "--yes"])
    ended = threading.Event()
    ended.set()

    erase._erase(Selection(metadata=(("user_id", "42"),)), options, [], ended)

    assert _stored(data)["alone.json"] == _ALONE

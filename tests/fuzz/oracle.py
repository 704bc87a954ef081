"""What must be true of every request, whoever sends it and whatever it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from handler import limits, write_keys
from handler.columns import COLUMNS
from handler.refusals import Refusal
from handler.settings import Tenant
from tests.handler.conftest import SETTINGS, Tracker
from tests.handler.fakes import ADDRESS, lines_of

from .script import Script

#: The keys of the tenant `vault`; `lane` has routes of its own.
PUBLIC, SECRET = write_keys.PUBLIC + "1f" * 16, write_keys.SECRET + "2e" * 16
TENANTS = {
    **SETTINGS.tenants,
    "vault": Tenant(
        "vault",
        "vault-private",
        keys=(write_keys.digest(PUBLIC), write_keys.digest(SECRET)),
    ),
    "lane": Tenant("lane", "lane-private", own_route=True),
}
#: What the function may answer: nothing else, and nothing from 500 up.
STATUSES = frozenset({200, 202, 204, 304, *(row.status for row in Refusal)}) - {
    500,
    503,
}
#: Buckets that the settings open, by name, by pattern and by tenant.
BUCKETS = re.compile(
    r"website-analytics|[a-z0-9-]+-lake|(shop|blog|vault|lane)-private"
)
KEY = re.compile(
    r"analytics/year=\d{4}/month=(0[1-9]|1[0-2])/day=(0[1-9]|[12]\d|3[01])/"
    r"[A-Za-z0-9-]{8,64}\.json(\.gz)?"
)
# A line grows where a character becomes an escape twice, in metadata and in the line.
_GROWTH = 20
_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "boolean": (bool,),
}


def check(script: Script) -> int:
    """Send a script to its tracker and return the status, once all is as it must be."""
    return check_event(script.event, script.words, script)


def check_event(
    event: Any, words: frozenset[str] = frozenset(), script: Script | None = None
) -> int:
    """Send what may not even be an event of API Gateway's."""
    tracker = Tracker(
        SETTINGS._replace(
            buffered="buffered" in words,
            honor_privacy_signals="private" not in words,
            tenants=TENANTS,
            viewer_country="v1" in words,
        ),
        queued="lone" not in words,
    )
    reply = tracker.send(event)
    assert reply["statusCode"] in STATUSES, reply
    _check_reply(reply)
    assert tracker.write() == []
    stored = 0
    for (bucket, key), body in tracker.store.objects.items():
        if bucket == "salts":
            assert re.fullmatch(r"salts/\d{4}-\d\d-\d\d", key)
            continue
        assert BUCKETS.fullmatch(bucket), bucket
        assert KEY.fullmatch(key), key
        for line in lines_of(key, body):
            _check_line(line)
            stored += 1
    _check_count(reply, stored)
    _check_apart({bucket for bucket, _ in tracker.store.objects}, script)
    for told in (*tracker.lines, str(reply)):
        assert PUBLIC not in told
        assert SECRET not in told
    sent = json.dumps(event, default=str)
    for told in tracker.lines:
        json.loads(told)
        # The client may have sent it as its own text.
        assert ADDRESS not in told or sent.count(ADDRESS) > 1
    return int(reply["statusCode"])


def _check_reply(reply: Mapping[str, Any]) -> None:
    assert set(reply) <= {"statusCode", "headers", "body", "isBase64Encoded"}
    assert isinstance(reply["body"], str)
    # Lambda's own limit for an answer.
    assert len(json.dumps(reply).encode()) < 6 * 1024 * 1024
    for name, value in reply["headers"].items():
        assert value.isascii(), name
        assert value.isprintable(), name
    assert reply["headers"].get("Access-Control-Allow-Origin") == "*"


def _check_apart(buckets: set[str], script: Script | None) -> None:
    """Check that a tenant got what may come to it, and by the way it has to."""
    buckets = buckets - {"salts"}
    if script is None:
        assert not buckets & {"vault-private", "lane-private"}
        return
    if script.path.split("/")[-2:-1] == ["lane"]:
        assert buckets <= {"lane-private"}
    else:
        assert "lane-private" not in buckets
    if "vault-private" in buckets:
        bearer = "\n".join(script.headers.values())
        sent = f"{script.plain}\n{bearer}"
        browser = {"origin", "sec-fetch-site"} & {n.lower() for n in script.headers}
        in_query = script.method == "GET" and SECRET not in bearer
        assert PUBLIC in sent or (SECRET in sent and not browser and not in_query)


def _check_line(line: bytes) -> None:
    """Check that a line is one that every table reads."""
    text = line.decode("utf-8")
    event = json.loads(text, object_pairs_hook=_no_doubles, parse_constant=_refuse)
    assert list(event) == [column.name for column in COLUMNS]
    assert len(line) <= limits.EVENT_BYTES * _GROWTH
    for column in COLUMNS:
        _check_value(event[column.name], column.type)
    for name in ("page", "referrer", "userAgent"):
        assert len(event[name] or "") <= limits.TEXT_CHARS
    if event["metadata"] is not None:
        metadata = json.loads(event["metadata"], parse_constant=_refuse)
        assert isinstance(metadata, dict)


def _check_value(value: Any, type_: str) -> None:
    if type_.startswith("struct<"):
        members = dict(
            member.split(":")
            for member in type_.removeprefix("struct<").removesuffix(">").split(",")
        )
        assert list(value) == list(members)
        for name, each in members.items():
            _check_value(value[name], each)
        return
    assert value is None or type(value) in _SCALARS[type_], (value, type_)
    if type_ == "int" and value is not None:
        assert -(2**31) <= value < 2**31


def _check_count(reply: Mapping[str, Any], stored: int) -> None:
    """Check that what the client was told is what became of its events."""
    if reply["headers"].get("Content-Type") != "application/json":
        rejected = "X-Tracker-Rejected" in reply["headers"]
        image = reply["headers"].get("Content-Type") == "image/gif"
        assert stored == (image and not rejected)
        return
    answer = json.loads(reply["body"])
    if "eventIds" in answer:
        # An event that stands twice in a batch is stored once and named twice.
        assert len(answer["eventIds"]) == answer["accepted"]
        assert stored == len(set(answer["eventIds"]))
    else:
        assert stored == (answer.get("status") in ("ok", "queued"))


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name.lower() for name, _ in pairs]
    assert len(set(names)) == len(names), "names that differ in nothing but case"
    return dict(pairs)


def _refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")

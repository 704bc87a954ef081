"""`analytics-tracker dev`, as its user meets it."""

from __future__ import annotations

import argparse
import gzip
import json
import shlex
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from analytics_tracker_construct import WriteKey
from analytics_tracker_construct._environment import Environment, TenantEntry
from analytics_tracker_construct._handler import settings
from analytics_tracker_construct.cli import dev as command

from .running import dev, run

EVENT = {
    "bucket": "demo-analytics",
    "eventType": "page_view",
    "timestamp": "2026-01-31T12:00:00Z",
}


PUBLIC, SECRET = "atp_" + "1" * 32, "ats_" + "2" * 32


def post(url: str, event: Any, **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(
        url + "/track", json.dumps(event).encode(), headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def rows(path: Path) -> list[str]:
    """Return the ids of an object's events, sorted."""
    body = path.read_bytes()
    text = gzip.decompress(body) if path.suffix == ".gz" else body
    return sorted(json.loads(line)["eventId"] for line in text.splitlines())


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    assert true()


def objects(data: Path) -> list[Path]:
    return sorted(data.glob("*/analytics/*/*/*/*"))


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--payload", "2.0"),
        ("--allow", "my-site-analytics"),
        ("--tenant", "shop=https://shop.example"),
        ("--tenant", "shop", "--write-key", f"shop={PUBLIC}"),
        ("--tenant", "shop", "--write-key", f"shop={SECRET}"),
    ],
)
def test_the_printed_curl_line_works_when_pasted(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with dev(tmp_path, *options) as running:
        printed, _ = running.process.stdout, running.process.stderr
        assert printed is not None
        line = next(text for text in printed if text.startswith("  curl "))
        words = shlex.split(line)
        headers = dict([words[words.index("-H") + 1].split(": ")])
        body = json.loads(words[words.index("-d") + 1])
        status, answer = post(words[3].removesuffix("/track"), body, **headers)

    assert words[:3] == ["curl", "-X", "POST"]
    assert (status, answer["status"]) == (200, "ok")
    assert len(objects(tmp_path)) == 1


def test_a_tenants_events_lie_in_the_folder_with_its_name(tmp_path: Path) -> None:
    event = {"tenant": "shop", "eventType": "x", "timestamp": "2026-01-31"}
    with dev(tmp_path, "--tenant", "shop=https://shop.example") as running:
        status, answer = post(running.url, event, Origin="https://shop.example")
        refused, why = post(running.url, event, Origin="https://copy.example")

    assert status == 200
    assert (tmp_path / "shop" / answer["key"]).is_file()
    assert refused == 403
    assert why["message"].startswith("This origin")


def test_allows_what_it_is_told_to_and_nothing_else(tmp_path: Path) -> None:
    with dev(tmp_path, "--allow", "a-*", "--allow", "bbb") as running:
        statuses = [
            post(running.url, {**EVENT, "bucket": bucket})[0]
            for bucket in ("a-1", "bbb", "demo-analytics", "tracker-salts")
        ]

    assert statuses == [200, 200, 403, 403]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    with dev(tmp_path) as running:
        _, err = running.stop(how)

    assert running.process.returncode == 0
    assert err == ""


def test_prints_what_became_of_each_event(tmp_path: Path) -> None:
    """Control characters of a stranger's page do not reach the terminal."""
    with dev(tmp_path) as running:
        post(running.url, {**EVENT, "eventId": "abcdefgh", "page": "/\x1b[2J"})
        post(running.url, {**EVENT, "eventId": "abcdefgh"})
        post(running.url, {**EVENT, "bucket": "elsewhere"})
        out, err = running.stop()

    lines = [line[9:].split(maxsplit=1) for line in out.splitlines()[-3:]]
    assert [line[0] for line in lines] == ["stored", "duplicate", "refused"]
    assert lines[0][1] == r"demo-analytics page_view /\x1b[2J abcdefgh"
    assert lines[2][1].startswith("403 Forbidden: ")
    assert json.loads(err)["reason"] == "bucket_forbidden"


def test_serves_on_when_nobody_reads_its_output(tmp_path: Path) -> None:
    """As with `| head -1`."""
    with dev(tmp_path) as running:
        for stream in (running.process.stdout, running.process.stderr):
            assert stream is not None
            stream.close()
        statuses = [post(running.url, EVENT)[0] for _ in range(3)]
        refused = post(running.url, {**EVENT, "bucket": "elsewhere"})[0]
        running.process.terminate()
        running.process.wait(20)

    assert (statuses, refused) == ([200] * 3, 403)


def test_prints_the_functions_metrics_when_asked(tmp_path: Path) -> None:
    with dev(tmp_path, "--metrics", "--quiet") as running:
        post(running.url, EVENT)
        out, err = running.stop()

    assert "page_view " not in out
    assert any("_aws" in json.loads(line) for line in err.splitlines())


def test_a_busy_port_is_a_clear_error(tmp_path: Path) -> None:
    with dev(tmp_path) as running:
        port = running.url.rpartition(":")[2]
        second = run("dev", "--port", port, "--data", str(tmp_path))

    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in second.stderr
    assert "--port 0" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize("host", ["999.1.1.1", "192.0.2.1"])
def test_an_address_of_no_network_card_is_told_from_a_busy_port(
    tmp_path: Path, host: str
) -> None:
    done = run("dev", "--host", host, "--port", "0", "--data", str(tmp_path))

    assert done.returncode == 1
    assert f"cannot listen on {host}:0" in done.stderr
    assert "with --host" in done.stderr
    assert "--port" not in done.stderr


def test_warns_of_the_network_where_it_can_be_reached_from_there(
    tmp_path: Path,
) -> None:
    with dev(tmp_path, "--host", "0.0.0.0") as running:
        _, err = running.stop()

    assert len(err.splitlines()) == 1
    assert err.startswith("warning: everybody on the network may send events")


def test_a_folder_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = run("dev", "--port", "0", "--data", str(tmp_path / "file"))

    assert done.returncode == 1
    assert "cannot keep objects in" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--allow", "*", "is all wildcard"),
        ("--allow", "has.dots", "has a dot"),
        ("--tenant", "Shop", "not a tenant's name"),
        ("--tenant", "all", "the view over every tenant"),
        ("--tenant", "shop=shop.example", "not an origin"),
        ("--tenant", "shop=https://a.example/", "without a path or a slash at the end"),
        ("--cors-origin", "https://a.example/x", "without a path or a slash at"),
        ("--cors-origin", "a.example/", "such as 'https://www.example.com'"),
        ("--cors-origin", "https://Shop.example", "in lower case"),
        ("--tenant", "shop=*", "leave the origins out to allow all"),
        ("--tenant", "shop=https://a.example:443", "own port: 'https://a.example'"),
        ("--allow", "aaa,bbb", "; repeat --allow for more"),
        ("--port", "70000", "not a port"),
        ("--port", "http", "not a port"),
        ("--payload", "3.0", "invalid choice"),
        ("--delivery", "later", "invalid choice"),
        ("--buffering-interval", "301", "seconds from 0 to 300"),
        ("--buffering-interval", "-1", "seconds from 0 to 300"),
        ("--write-key", "shop", "analytics-tracker key"),
        ("--write-key", "Shop=atp_" + "1" * 32, "not a tenant's name"),
    ],
)
def test_refuses_an_option_that_cannot_be(
    option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers())

    with pytest.raises(SystemExit) as caught:
        parser.parse_args(["dev", option, value])

    assert caught.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_tenant_that_is_there_twice_is_an_error(tmp_path: Path) -> None:
    """One would take the other's place, with other origins."""
    shops = ("--tenant", "shop", "--tenant", "blog", "--tenant", "shop=https://a.test")

    done = run("dev", "--port", "0", "--data", str(tmp_path), *shops)

    assert (done.returncode, done.stdout) == (2, "")
    assert "--tenant shop is there 2 times" in done.stderr


def test_a_key_that_cannot_be_is_not_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It may be a secret, and what a terminal shows is often kept."""
    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers())

    with pytest.raises(SystemExit):
        parser.parse_args(["dev", "--write-key", f"shop={SECRET}0"])

    assert SECRET not in capsys.readouterr().err


def test_a_key_of_a_tenant_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    keys = ("--tenant", "blog", "--write-key", f"shop={PUBLIC}")

    done = run("dev", "--port", "0", "--data", str(tmp_path), *keys)

    assert (done.returncode, done.stdout) == (2, "")
    assert "add --tenant shop" in done.stderr


def test_a_tenants_keys_are_asked_for_as_deployed(tmp_path: Path) -> None:
    """None of them is printed but the public one, which the example needs."""
    event = {**EVENT, "bucket": None, "tenant": "shop"}
    keys = [each for key in (PUBLIC, SECRET) for each in ("--write-key", f"shop={key}")]
    with dev(tmp_path, "--tenant", "shop", *keys) as running:
        assert running.process.stdout is not None
        greeting = "".join(iter(running.process.stdout.readline, "\n"))
        answers = [
            post(running.url, event)[0],
            post(running.url, {**event, "writeKey": PUBLIC})[0],
            post(running.url, event, Authorization=f"Bearer {SECRET}")[0],
            post(running.url, {**event, "writeKey": SECRET}, Origin="https://a.b")[0],
        ]
        with urllib.request.urlopen(running.url + "/openapi.json") as response:
            described = json.load(response)
        out, err = running.stop()

    assert answers == [401, 200, 200, 403]
    assert "tenant: shop (any origin; write keys: 2)" in greeting
    assert SECRET not in greeting + out + err + json.dumps(described)
    body = described["paths"]["/track"]["post"]["requestBody"]["content"]
    examples = body["application/json"]["examples"].values()
    assert {each["value"]["writeKey"] for each in examples} == {PUBLIC}
    assert len(objects(tmp_path)) == 2


def test_a_killed_server_leaves_whole_objects_and_all_that_it_confirmed(
    tmp_path: Path,
) -> None:
    """Four clients send while the process is killed."""
    confirmed: list[str] = []
    enough = threading.Event()

    def send(client: int) -> None:
        for number in range(100_000):
            event_id = f"client-{client}-{number:06}"
            try:
                status, _ = post(running.url, {**EVENT, "eventId": event_id})
            except OSError:
                return
            assert status == 200
            confirmed.append(event_id)
            if len(confirmed) > 100:
                enough.set()

    with dev(tmp_path, "--quiet") as running:
        threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        assert enough.wait(20)
        running.stop(signal.SIGKILL)
        for thread in threads:
            thread.join()

    stored = {json.loads(path.read_bytes())["eventId"] for path in objects(tmp_path)}
    assert set(confirmed) <= stored
    assert all(path.suffix == ".json" for path in objects(tmp_path))


def test_buffered_events_are_stored_before_it_ends(tmp_path: Path) -> None:
    """Those that still wait when it is asked to stop, too."""
    options = ("--delivery", "buffered", "--buffering-interval", "300", "--quiet")
    with dev(tmp_path, "--allow", "demo-analytics", *options) as running:
        assert running.process.stdout is not None
        answers = [
            post(running.url, {**EVENT, "eventId": f"event-{number:03}"})
            for number in range(30)
        ]
        early = objects(tmp_path)
        greeting = "".join(iter(running.process.stdout.readline, "try:\n"))
        _, err = running.stop()

    assert "events wait on a queue and are stored every 300 s" in greeting
    assert err == ""
    assert {(status, body["status"]) for status, body in answers} == {(202, "queued")}
    assert early == []
    (path,) = objects(tmp_path)
    assert rows(path) == [f"event-{number:03}" for number in range(30)]


def test_what_a_killed_server_had_queued_is_stored_after_the_next_start(
    tmp_path: Path,
) -> None:
    """Killed under load, twice; nothing that was confirmed is missing in the end."""
    confirmed: list[str] = []
    buffered = ("--delivery", "buffered", "--allow", "demo-analytics", "--quiet")

    def send(url: str, run_: int, client: int) -> None:
        for number in range(100_000):
            event_id = f"run-{run_}-{client}-{number:06}"
            try:
                status, _ = post(url, {**EVENT, "eventId": event_id})
            except OSError:
                return
            assert status == 202
            confirmed.append(event_id)

    def enough(count: int) -> bool:
        return len(confirmed) > count

    for number, interval in enumerate(("0", "300")):
        options = (*buffered, "--buffering-interval", interval)
        with dev(tmp_path, *options) as running:
            threads = [
                threading.Thread(target=send, args=(running.url, number, client))
                for client in range(4)
            ]
            for thread in threads:
                thread.start()
            wait_until(partial(enough, (number + 1) * 100))
            running.stop(signal.SIGKILL)
            for thread in threads:
                thread.join()

    with dev(tmp_path, "--quiet") as running:
        wait_until(lambda: not list((tmp_path / ".queue/messages").iterdir()))
        running.stop()

    stored = {event_id for path in objects(tmp_path) for event_id in rows(path)}
    assert set(confirmed) <= stored


def test_an_event_that_the_disk_refuses_waits_until_it_does_not(
    tmp_path: Path,
) -> None:
    """As deployed, also where events go to the store directly."""
    with dev(tmp_path, "--allow", "demo-analytics") as running:
        (tmp_path / "demo-analytics").touch()
        status, answer = post(running.url, EVENT)
        (tmp_path / "demo-analytics").unlink()
        wait_until(lambda: bool(objects(tmp_path)))

    assert (status, answer["status"]) == (202, "queued")
    (path,) = objects(tmp_path)
    assert rows(path) == [answer["eventId"]]


def test_says_that_there_are_dead_letters_and_what_to_do(tmp_path: Path) -> None:
    with dev(tmp_path) as running:
        running.stop()
    (tmp_path / ".queue/dead/00000000000000000001-0123456789abcdef.0").touch()

    with dev(tmp_path) as running:
        _, err = running.stop()

    assert "messages that could not be stored: 1" in err
    assert f"move them to {tmp_path / '.queue/messages'}" in err


def test_describes_its_routes_with_a_destination_that_it_takes(tmp_path: Path) -> None:
    with dev(tmp_path, "--tenant", "shop") as running:
        with urllib.request.urlopen(f"{running.url}/openapi.json", timeout=10) as got:
            described = json.load(got)
        body = described["paths"]["/track"]["post"]["requestBody"]["content"]
        example = body["application/json"]["examples"]["event"]["value"]
        status, answer = post(running.url, example)

    assert (status, answer["tenant"]) == (200, "shop")


def _deployed(*cors_origins: str) -> Environment:
    """Return what the construct gives a function with the options' settings."""
    return Environment(
        allowed_buckets=("my-site-analytics", "*-lake"),
        cors_origins=cors_origins,
        salt_bucket=command.SALT_BUCKET,
        queue_url="",
        account="",
        trusted=True,
        honor_privacy_signals=True,
        viewer_country=False,
        metrics=True,
        buffered=True,
        tenants={
            "shop": TenantEntry(
                bucket="shop",
                owner=None,
                origins=("https://shop.example",),
                keys=(
                    WriteKey.public(PUBLIC).digest,
                    WriteKey.secret(sha256=sha256(SECRET.encode()).hexdigest()).digest,
                ),
            ),
            "blog": TenantEntry(bucket="blog", owner=None, origins=()),
        },
    )


@pytest.mark.parametrize("origin", ["*", "https://www.example.com"])
def test_the_settings_are_those_that_the_function_reads_where_it_is_deployed(
    origin: str,
) -> None:
    """What works here works there; a tenant's pages may send, whatever others may."""
    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers())
    options = parser.parse_args(
        [
            *("dev", "--metrics", "--delivery", "buffered", "--cors-origin", origin),
            *("--allow", "my-site-analytics", "--allow", "*-lake"),
            *("--tenant", "shop=https://shop.example", "--tenant", "blog"),
            *("--write-key", f"shop={PUBLIC}", "--write-key", f"shop={SECRET}"),
        ]
    )

    local = command.settings_of(options)
    deployed = settings.read(_deployed(origin).variables(json.dumps))

    assert vars(local.patterns) == vars(deployed.patterns)
    alike = deployed._replace(patterns=local.patterns, object_acl=None)
    assert local == alike

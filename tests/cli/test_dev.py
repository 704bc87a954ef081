"""`analytics-tracker dev`, as its user meets it."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from analytics_tracker_construct._handler import settings
from analytics_tracker_construct.cli import dev as command
from analytics_tracker_construct.cli._options import TenantOption

from .running import dev, run

EVENT = {
    "bucket": "demo-analytics",
    "eventType": "page_view",
    "timestamp": "2026-01-31T12:00:00Z",
}


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


def objects(data: Path) -> list[Path]:
    return sorted(data.glob("*/analytics/*/*/*/*"))


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--payload", "2.0"),
        ("--allow", "my-site-analytics"),
        ("--tenant", "shop=https://shop.example"),
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
        ("--cors-origin", "a.example/", "such as https://shop.example"),
        ("--allow", "aaa,bbb", "; repeat --allow for more"),
        ("--port", "70000", "not a port"),
        ("--port", "http", "not a port"),
        ("--payload", "3.0", "invalid choice"),
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


def test_the_environment_is_one_that_the_function_reads() -> None:
    """The local server hands over what the construct would."""
    environment = command.environment(
        ["*-analytics"],
        [TenantOption("shop", ("https://shop.example",))],
        cors_origins=["https://shop.example"],
        metrics=True,
    )

    config = settings.read(environment)
    assert set(environment) <= set(settings.NAMES)
    assert config.tenants["shop"].bucket == "shop"
    assert config.tenants["shop"].origins == {"https://shop.example"}
    assert config.patterns.allow("demo-analytics")
    assert (config.metrics, config.salt_bucket) == (True, command.SALT_BUCKET)

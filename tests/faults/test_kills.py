"""Processes die at any moment, and nothing that was acknowledged is lost or doubled."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from analytics_tracker_construct._local import polling
from analytics_tracker_construct._local.queue import FolderQueue
from analytics_tracker_construct._query import duck
from handler.message import decode

from ..handler.fakes import rest
from .processes import Client, Instance, Killed, serving

#: Where a run begins that is to be like an earlier one.
SEED = int(os.environ.get("FAULTS_SEED", "0")) or random.SystemRandom().getrandbits(32)
#: How often the function is killed in each test; the others follow it.
KILLS = int(os.environ.get("FAULTS_KILLS", "16"))
INSTANCES = 2

DEV = [sys.executable, "-m", "analytics_tracker_construct.cli", "dev", "--quiet"]


@pytest.fixture
def chance() -> random.Random:
    print(f"FAULTS_SEED={SEED}")  # noqa: T201  it is shown with a failure
    return random.Random(SEED)


@pytest.mark.parametrize("buffered", [False, True], ids=["direct", "buffered"])
def test_a_killed_function_and_a_killed_writer_lose_nothing(
    tmp_path: Path, chance: random.Random, buffered: bool
) -> None:
    """Two instances under load, then a writer that is killed in its batches."""
    clients = [Client(f"client-{n}", chance.getrandbits(32)) for n in range(INSTANCES)]
    with serving(tmp_path, chance.getrandbits(32)) as port:

        def load(client: Client, seed: int) -> None:
            own = random.Random(seed)
            for _ in range(KILLS // INSTANCES):
                instance = Instance("handler.app", port, buffered=buffered)
                timer = instance.kill_in(own.uniform(0, 0.25))
                with suppress(Killed):
                    while True:
                        invoke(instance, client)
                timer.join()
                instance.close()
            instance = Instance("handler.app", port, buffered=buffered)
            invoke(instance, client)
            while not client.is_done:
                invoke(instance, client)
            instance.close()

        together([(load, client, chance.getrandbits(32)) for client in clients])
        sent = {each for client in clients for each in client.acknowledged}
        found = set(stored(tmp_path)) | set(queued(tmp_path))
        assert len(sent) > KILLS
        assert sent <= found, "an acknowledged event is neither stored nor queued"

        deliver(tmp_path, port, chance)

    assert Counter(rows(tmp_path)) == dict.fromkeys(sent, 1)


@pytest.mark.parametrize("delivery", ["direct", "buffered"])
def test_the_local_server_is_killed_and_loses_nothing(
    tmp_path: Path, chance: random.Random, delivery: str
) -> None:
    clients = [Client(f"client-{n}", chance.getrandbits(32)) for n in range(3)]
    options = ["--port", "0", "--data", str(tmp_path), "--delivery", delivery]
    options += ["--allow", "website-analytics", "--allow", "data-lake"]
    options += ["--buffering-interval", "1"]

    def load(client: Client, port: int) -> None:
        server = HTTPConnection("127.0.0.1", port, timeout=20)
        with suppress(OSError, HTTPException):
            while True:
                post(server, client)
        server.close()

    def finish(client: Client, port: int) -> None:
        server = HTTPConnection("127.0.0.1", port, timeout=20)
        while not client.is_done:
            post(server, client)
        server.close()

    for _ in range(max(3, KILLS // 4)):
        process, port = start(options)
        timer = threading.Timer(chance.uniform(0.1, 1.5), process.kill)
        timer.start()
        together([(load, client, port) for client in clients])
        timer.join()
        process.communicate()
    process, port = start(options)
    together([(finish, client, port) for client in clients])
    sent = {each for client in clients for each in client.acknowledged}
    until = time.monotonic() + 20
    while list(queued(tmp_path, ".queue")) and time.monotonic() < until:
        # Those that five killed processes held; the next start told of them.
        replay(tmp_path / ".queue")
        time.sleep(0.1)
    process.terminate()
    process.communicate(timeout=20)

    assert not list(queued(tmp_path, ".queue"))
    assert Counter(rows(tmp_path)) == dict.fromkeys(sent, 1)


def deliver(folder: Path, port: int, chance: random.Random) -> None:
    """Pass what is queued to writers, most of which are killed, until nothing is."""
    queue = FolderQueue(folder / "queue", visibility=0)
    for _ in range(KILLS):
        batch = queue.receive(chance.randint(1, 60), 6 * 1024 * 1024)
        chance.shuffle(batch)
        writer = Instance("handler.writer", port)
        timer = writer.kill_in(chance.uniform(0, 0.06))
        with suppress(Killed):
            answer = writer.ask(polling.event(batch))
            # Now and then SQS does not hear of it, and delivers all again.
            if chance.random() < 0.7:
                keep = polling.failures(answer, {each.id for each in batch})
                for message in batch:
                    if message.id not in keep:
                        queue.delete(message)
        timer.join()
        writer.close()
        replay(folder / "queue")
    writer = Instance("handler.writer", port)
    until = time.monotonic() + 60
    while (batch := queue.receive(10_000, 6 * 1024 * 1024)) or any(
        queue.dead.iterdir()
    ):
        assert time.monotonic() < until
        if batch:
            answer = writer.ask(polling.event(batch))
            keep = polling.failures(answer, {each.id for each in batch})
            for message in batch:
                if message.id not in keep:
                    queue.delete(message)
        replay(folder / "queue")
    writer.close()


def replay(queue: Path) -> None:
    """Move the dead letters back."""
    for path in (queue / "dead").iterdir():
        path.replace(queue / "messages" / path.name)


def invoke(instance: Instance, client: Client) -> None:
    reply = instance.ask(rest(client.next(now())))
    client.heard(reply["statusCode"], json.loads(reply["body"]))


def post(server: HTTPConnection, client: Client) -> None:
    server.request("POST", "/track", json.dumps(client.next(now())).encode())
    answer = server.getresponse()
    client.heard(answer.status, json.loads(answer.read()))


def start(options: list[str]) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [*DEV, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    return process, int(process.stdout.readline().rpartition(":")[2])


def together(tasks: list[Any]) -> None:
    """Run functions with their arguments at once; raise what one raised."""
    failed: list[BaseException] = []

    def run(function: Any, *arguments: Any) -> None:
        try:
            function(*arguments)
        except BaseException as error:  # noqa: BLE001  raised again below
            failed.append(error)

    threads = [threading.Thread(target=run, args=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def stored(folder: Path) -> Iterator[str]:
    """The ids of the stored lines."""
    for path in folder.glob("*/analytics/*/*/*/*"):
        body = path.read_bytes()
        lines = gzip.decompress(body) if path.suffix == ".gz" else body
        yield from (json.loads(line)["eventId"] for line in lines.splitlines())


def queued(folder: Path, name: str = "queue") -> Iterator[str]:
    """The ids of the lines that wait, dead letters among them."""
    for part in ("messages", "dead"):
        for path in (folder / name / part).iterdir():
            with suppress(FileNotFoundError):
                lines = decode(path.read_text()).plain().splitlines()
                yield from (json.loads(line)["eventId"] for line in lines)


def rows(folder: Path) -> list[str]:
    """The ids that a query sees."""
    connection, _ = duck.connect(folder)
    with connection:
        found = connection.execute(f'SELECT "eventId" FROM {duck.ALL}').fetchall()
    return [str(id_) for (id_,) in found]


def now() -> str:
    return datetime.now(timezone.utc).isoformat()

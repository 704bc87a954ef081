"""A real S3 server, Ceph's, on this machine, with its log of requests."""

from __future__ import annotations

import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import urlopen

import boto3
from botocore.config import Config

from .processes import Processes, free_port

REGION = "eu-central-1"
ACCESS_KEY, SECRET_KEY = "tracker", "tracker-secret"

#: One monitor, one store in memory, one gateway; nothing outlives the processes.
_CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = [v1:127.0.0.1:{monitor_port}]
public addr = 127.0.0.1
ms bind msgr2 = false
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail warn = 1
mon max pg per osd = 1000
mon data = {folder}/monitor
run dir = {folder}
admin socket =
pid file =
log file = {folder}/$name.log
[osd]
osd data = {folder}/store
osd objectstore = memstore
memstore device bytes = {bytes}
osd class load list = *
osd class default list = *
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw enable apis = s3
rgw enable usage log = false
rgw dns name =
keyring = /dev/null
"""
# On a busy machine the store may ask its monitor before it knows whom it asks, is told
# `wrong fsid`, and ends; the next one does not.
_UNTIL_IT_RUNS = (
    'for try in 1 2 3 4 5; do setpriv --pdeathsig KILL "$@" && exit; sleep 1; done'
)
_LOGGED = re.compile(r'"([A-Z]+) (\S+) HTTP/1\.[01]" (\d{3})')


class Request(NamedTuple):
    """One request that the server has answered."""

    method: str
    bucket: str
    key: str
    """The object's key, or the prefix that was listed."""
    listed: bool
    """Whether it listed the bucket."""


class S3Server:
    """The server, once :meth:`start` has returned.

    Args:
        folder: Where its files go; nothing is in it yet.
        processes: What runs it.
        memory: How many bytes it may keep.
    """

    def __init__(
        self, folder: Path, processes: Processes, memory: int = 1 << 30
    ) -> None:
        self._folder = folder
        self._processes = processes
        self._memory = memory
        self._settings = folder / "ceph.conf"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._monitor_port = free_port()
        self._port = port

    def start(self) -> None:
        """Start it and make the one user that it knows."""
        folder = self._folder
        for each in ("monitor", "store"):
            (folder / each).mkdir(parents=True)
        self._settings.write_text(
            _CONFIGURATION.format(
                fsid=uuid.uuid4(),
                folder=folder,
                port=self._port,
                monitor_port=self._monitor_port,
                bytes=self._memory,
            )
        )
        monitor = f"[v1:127.0.0.1:{self._monitor_port}]"
        monmap = str(folder / "monmap")
        self._run("monmaptool", "--create", "--clobber", "--addv", "a", monitor, monmap)
        self._run("ceph-mon", "-i", "a", "--mkfs", "--monmap", monmap)
        self._serve("monitor", "ceph-mon", "-i", "a", "-f")
        store = str(uuid.uuid4())
        # A monitor that has only just begun turns some commands away.
        self._processes.wait_for(
            "Ceph's monitor", lambda: self._told("osd", "new", store) is not None
        )
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store)
        self._serve("store", "ceph-osd", "-i", "0", "-f")
        self._processes.wait_for(
            "Ceph's store", lambda: b"1 up" in (self._told("osd", "stat") or b"")
        )
        self._serve("gateway", "radosgw", "-n", "client.rgw", "-f")
        self._processes.wait_for("Ceph's S3 gateway", self._answers)
        names = "--uid=tracker", "--display-name=tracker"
        keys = f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}"
        self._run("radosgw-admin", "user", "create", *names, *keys)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the AWS SDKs and the function find it."""
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "none",
            "AWS_SHARED_CREDENTIALS_FILE": "none",
        }

    def client(self) -> Any:
        """Return boto3's client of it."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}),
        )

    def mark(self) -> int:
        """Return the place in the log that :meth:`requests` reads from."""
        return self._log.stat().st_size

    def requests(self, since: int) -> list[Request]:
        """Return what was asked for since a mark, in order."""
        # The log is written behind: when it has this, it has all that came before.
        last = uuid.uuid4().hex
        with suppress(HTTPError):
            urlopen(f"{self.url}/{last}", timeout=30).close()
        deadline = time.monotonic() + 30
        while True:
            with self._log.open("rb") as log:
                log.seek(since)
                text = log.read().decode(errors="replace")
            if last in text:
                break
            assert time.monotonic() < deadline, "the S3 server logs nothing"
            time.sleep(0.05)
        return [each for each in _parsed(text) if each.bucket != last]

    @property
    def _log(self) -> Path:
        return self._folder / "client.rgw.log"

    def _serve(self, name: str, command: str, *arguments: str) -> None:
        server: list[str | Path] = [command, "-c", self._settings, *arguments]
        if command == "ceph-osd":
            server = ["sh", "-c", _UNTIL_IT_RUNS, name, *server]
        self._processes.start(name, server)

    def _told(self, *arguments: str) -> bytes | None:
        """What the monitor answers; None where it refuses."""
        try:
            return self._run("ceph", "--connect-timeout", "30", *arguments)
        except RuntimeError:
            return None

    def _run(self, command: str, *arguments: str) -> bytes:
        where = () if command == "monmaptool" else ("-c", str(self._settings))
        done = subprocess.run(
            [command, *where, *arguments], capture_output=True, timeout=60, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{command} failed: {done.stderr.decode()[-1500:]}")
        return done.stdout

    def _answers(self) -> bool:
        try:
            with urlopen(self.url, timeout=5):
                return True
        except (URLError, OSError):
            return False


def _parsed(log: str) -> Iterator[Request]:
    for method, target, _ in _LOGGED.findall(log):
        parts = urlsplit(target)
        bucket, _, key = unquote(parts.path)[1:].partition("/")
        query = parse_qs(parts.query)
        listed = not key and ("list-type" in query or "prefix" in query)
        prefix = query.get("prefix", [""])[0]
        yield Request(method, bucket, prefix if listed else key, listed)

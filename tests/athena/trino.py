"""A real Trino server, the engine that Athena's version 3 is, and its client."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from .processes import Processes, free_port
from .s3_server import ACCESS_KEY, REGION, SECRET_KEY

_SERVER = Path(__file__).parent / "server"
_POM = _SERVER / "pom.xml"
_VERSION = "435"
#: Athena's own name of the Glue catalog; views carry it.
CATALOG = "awsdatacatalog"

_CONFIGURATION = """\
node.id=tests
node.environment=tests
plugin.dir={plugins}
catalog.config-dir={catalogs}
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
discovery.uri=http://127.0.0.1:{port}
"""
#: Hadoop's file systems are not needed, and not published. moto has no statistics of
#: partitions, and Trino would ask for them again and again.
_HIVE = f"""\
connector.name=hive
hive.metastore=glue
hive.metastore.glue.region={REGION}
hive.metastore.glue.endpoint-url={{glue}}
hive.metastore.glue.aws-access-key={ACCESS_KEY}
hive.metastore.glue.aws-secret-key={SECRET_KEY}
hive.partition-projection-enabled=true
hive.table-statistics-enabled=false
fs.hadoop.enabled=false
fs.native-s3.enabled=true
s3.endpoint={{s3}}
s3.region={REGION}
s3.path-style-access=true
s3.aws-access-key={ACCESS_KEY}
s3.aws-secret-key={SECRET_KEY}
"""


class QueryFailed(Exception):
    """Trino's refusal of a statement, such as `SYNTAX_ERROR: line 1:8: …`."""


class Answer(NamedTuple):
    """What a statement returned."""

    columns: tuple[tuple[str, str], ...]
    """Names and types."""
    rows: list[list[Any]]
    stats: Mapping[str, Any]
    """Trino's own figures, such as `physicalInputBytes`."""


class Trino:
    """The server, once :meth:`start` has returned.

    Args:
        folder: Where its files go; nothing is in it yet.
        processes: What runs it.
        heap: The JVM's heap, such as `1500m`.
    """

    def __init__(self, folder: Path, processes: Processes, heap: str = "1500m") -> None:
        self._folder = folder
        self._processes = processes
        self._heap = heap
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self, *, glue: str, s3: str) -> None:
        """Start it and return at once; see :meth:`wait`."""
        fetched = fetched_folder()
        catalogs = self._folder / "catalogs"
        catalogs.mkdir(parents=True)
        (catalogs / f"{CATALOG}.properties").write_text(_HIVE.format(glue=glue, s3=s3))
        settings = self._folder / "config.properties"
        settings.write_text(
            _CONFIGURATION.format(
                plugins=fetched / "plugin", catalogs=catalogs, port=self._port
            )
        )
        java = shutil.which("java")
        if java is None:
            raise RuntimeError("there is no Java; .ci/trino says what is needed")
        self._processes.start(
            "trino",
            [
                java,
                f"-Xmx{self._heap}",
                "-XX:+UseSerialGC",
                # Each query brings code of its own, which runs too briefly for more.
                "-XX:TieredStopAtLevel=1",
                "-Djdk.attach.allowAttachSelf=true",
                f"-Dconfig={settings}",
                "-cp",
                f"{fetched}/lib/*",
                _SERVER / "Start.java",
                _VERSION,
            ],
            cwd=self._folder,
        )

    def wait(self) -> None:
        """Wait until it takes statements."""
        self._processes.wait_for("Trino", self._is_ready)

    def run(self, sql: str, *, schema: str) -> Answer:
        """Run a statement and wait for all of its answer.

        Raises:
            QueryFailed: If Trino refuses it, or fails.
        """
        columns: tuple[tuple[str, str], ...] = ()
        rows: list[list[Any]] = []
        stats: Mapping[str, Any] = {}
        for page in self.pages(sql, schema=schema):
            if "columns" in page:
                columns = tuple((c["name"], c["type"]) for c in page["columns"])
            rows += page.get("data", ())
            stats = page["stats"]
            if "error" in page:
                error = page["error"]
                raise QueryFailed(f"{error['errorName']}: {error['message']}")
        return Answer(columns, rows, stats)

    def pages(self, sql: str, *, schema: str) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of an answer as Trino's protocol has them.

        https://trino.io/docs/435/develop/client-protocol.html
        """
        headers = {
            "X-Trino-User": "tests",
            "X-Trino-Catalog": CATALOG,
            "X-Trino-Schema": schema,
        }
        page = _fetched(
            Request(f"{self.url}/v1/statement", sql.encode(), headers, method="POST")
        )
        yield page
        while "nextUri" in page:
            page = _fetched(Request(page["nextUri"], headers=headers))
            yield page

    def cancel(self, query: str) -> None:
        """Stop a query by Trino's id of it."""
        headers = {"X-Trino-User": "tests"}
        url = f"{self.url}/v1/query/{query}"
        with urlopen(Request(url, headers=headers, method="DELETE"), timeout=30):
            pass

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/v1/info", timeout=5) as reply:
                return not json.load(reply)["starting"]
        except (URLError, OSError):
            return False


def cache_folder() -> Path:
    """Return where `.ci/trino` puts what it fetches."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "analytics-tracker-construct"


def fetched_folder() -> Path:
    """Return where `.ci/trino` has put the server.

    Raises:
        RuntimeError: If it has not.
    """
    wanted = hashlib.sha256(_POM.read_bytes()).hexdigest()[:16]
    folder = cache_folder() / f"trino-{wanted}"
    if not folder.is_dir():
        raise RuntimeError(
            f"Trino is not in {folder}; `make test-athena` (or .ci/trino) fetches it"
        )
    return folder


def _fetched(request: Request) -> dict[str, Any]:
    with urlopen(request, timeout=120) as reply:
        page: dict[str, Any] = json.load(reply)
        return page

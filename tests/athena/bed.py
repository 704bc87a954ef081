"""The test bed: Trino, an S3 server and Glue, with the world of `tests/sql` in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from moto.server import ThreadedMotoServer

from handler.s3 import S3Store
from handler.storage import ObjectStore

from .deployment import DATABASE, RESULTS, Deployment, make_tables, synthesized
from .processes import Processes
from .s3_server import ACCESS_KEY, REGION, SECRET_KEY, S3Server
from .service import AthenaService
from .trino import Answer, Trino


class Bed(NamedTuple):
    """Servers that run, with tables over what is stored."""

    trino: Trino
    server: S3Server
    s3: Any
    """boto3's client of the S3 server."""
    glue: Any
    """boto3's client of Glue."""
    glue_url: str
    deployment: Deployment
    athena: AthenaService

    def query(self, sql: str) -> Answer:
        """Run a statement in Trino."""
        return self.trino.run(sql, schema=DATABASE)

    def rows(self, sql: str) -> list[list[Any]]:
        """Return a statement's rows."""
        return self.query(sql).rows

    def put_raw(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object as it is."""
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which the AWS SDKs find every server."""
        return {
            **self.server.environment,
            "AWS_ENDPOINT_URL_ATHENA": self.athena.url,
            "AWS_ENDPOINT_URL_GLUE": self.glue_url,
        }


@contextmanager
def running(
    folder: Path,
    tenants: Mapping[str, str],
    fill: Callable[[Callable[[], ObjectStore]], None],
) -> Iterator[Bed]:
    """Start everything, store events, make the tables, and end everything at last.

    Args:
        folder: Where the servers' files go.
        tenants: The tenants and their buckets.
        fill: Stores events; it is given what makes the function's own store.
    """
    processes = Processes(folder)
    glue_server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    athena = None
    try:
        glue_server.start()
        host, port = glue_server.get_host_and_port()
        glue_url = f"http://{host}:{port}"
        server = S3Server(folder / "s3", processes)
        trino = Trino(folder / "trino", processes)
        # Its JVM starts while the S3 server does.
        trino.start(glue=glue_url, s3=server.url)
        deployment = synthesized(tenants)
        server.start()
        s3 = server.client()
        for bucket in (*tenants.values(), "tracker-salts", RESULTS):
            s3.create_bucket(Bucket=bucket)
        store = S3Store.from_environment(server.environment)
        fill(lambda: store)
        store.pool.close()
        glue = boto3.client(
            "glue",
            endpoint_url=glue_url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        make_tables(glue, deployment.tables)
        athena = AthenaService(trino, s3, deployment.workgroups)
        trino.wait()
        yield Bed(trino, server, s3, glue, glue_url, deployment, athena)
    finally:
        if athena is not None:
            athena.stop()
        processes.stop()
        glue_server.stop()

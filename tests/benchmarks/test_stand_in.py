"""The stand-in keeps what it gets, and a key that is taken stays as it is."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator

import pytest

from benchmarks.measure import Bench
from benchmarks.stand_in import Write


@pytest.fixture
def connection(bench: Bench) -> Iterator[http.client.HTTPSConnection]:
    bench.stand_in.take()
    context = ssl.create_default_context(cafile=str(bench.certificates.authority))
    made = http.client.HTTPSConnection(
        "127.0.0.1", bench.stand_in.port, context=context
    )
    yield made
    made.close()


def send(
    connection: http.client.HTTPSConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    **headers: str,
) -> tuple[int, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_a_taken_key_is_refused_and_keeps_its_object(
    bench: Bench, connection: http.client.HTTPSConnection
) -> None:
    assert send(connection, "PUT", "/b/k", b"first")[0] == 200
    assert send(connection, "PUT", "/b/k", b"second")[0] == 412

    taken = bench.stand_in.take()
    assert taken.objects == [Write("/b/k", b"first")]
    assert taken.requests == {"S3 PUT": 2}


def test_forgets_all_but_the_salts_once_it_has_told(
    bench: Bench, connection: http.client.HTTPSConnection
) -> None:
    send(connection, "PUT", "/b/k", b"event")
    send(connection, "PUT", "/own/salts/2026-01-31", b"salt")

    assert b"salt" in bench.stand_in.take().salts
    assert bench.stand_in.take().objects == []
    assert send(connection, "GET", "/own/salts/2026-01-31") == (200, b"salt")
    assert send(connection, "DELETE", "/own/salts/2026-01-31")[0] == 204
    assert send(connection, "GET", "/own/salts/2026-01-31")[0] == 404


def test_keeps_messages(bench: Bench, connection: http.client.HTTPSConnection) -> None:
    body = b'{"QueueUrl":"https://sqs.example/q","MessageBody":"hello"}'
    status, answer = send(
        connection, "POST", "/", body, X_Amz_Target="AmazonSQS.SendMessage"
    )

    assert status == 200
    assert b"5d41402abc4b2a76b9719d911017c592" in answer
    assert bench.stand_in.take().messages == ["hello"]


def test_reads_uploads_in_signed_chunks_as_s3_does(
    bench: Bench, connection: http.client.HTTPSConnection
) -> None:
    chunks = b"5\r\nhello\r\n6;s=1\r\n world\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n"
    send(connection, "PUT", "/b/k", chunks, Content_Encoding="aws-chunked")

    assert bench.stand_in.take().objects == [Write("/b/k", b"hello world")]


def test_knows_a_bucket_by_its_host_name(
    bench: Bench, connection: http.client.HTTPSConnection
) -> None:
    host = "shop-analytics.s3.us-east-1.amazonaws.com"
    send(connection, "PUT", "/a/k%3D1", b"x", Host=host)

    assert bench.stand_in.take().objects == [Write("/shop-analytics/a/k=1", b"x")]

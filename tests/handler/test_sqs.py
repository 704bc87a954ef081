"""What the SQS queue asks for, and what it makes of the answers."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.s3 import S3Store
from handler.sqs import SqsQueue
from handler.storage import Fault, StorageError

from .s3_rig import fails, region_of
from .scripted_s3 import Step, refuse_at_once
from .scripted_sqs import (
    ScriptedSqs,
    acknowledge,
    answer,
    error,
    take,
)
from .sqs_rig import BODY, QUEUE_URL, Rig, running, sent_by_botocore


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running() as it:
        yield it


def test_puts_a_message_on_the_queue(rig: Rig) -> None:
    rig.send()

    assert rig.server.messages == [BODY]


@pytest.mark.parametrize(
    "body",
    [
        "x",
        "x" * 240 * 1024,
        '{"a":"\\u00e9\\ud83d\\ude00 \\"quoted\\" \\\\"}',
        "\t\r\n</Message>&amp;'%00+",
        "".join(map(chr, range(128))),
    ],
)
def test_every_byte_arrives(rig: Rig, body: str) -> None:
    rig.send(body)

    assert rig.server.messages == [body]


def test_sends_the_headers_of_the_protocol(rig: Rig) -> None:
    rig.send()

    (request,) = rig.server.requests
    headers = dict(request.headers)
    del headers["authorization"], headers["x-amz-date"]
    assert (request.method, request.path) == ("POST", "/")
    assert headers == {
        "host": f"127.0.0.1:{rig.server.port}",
        "content-type": "application/x-amz-json-1.0",
        "content-length": str(len(request.body)),
        "x-amz-target": "AmazonSQS.SendMessage",
        "x-amz-security-token": "the-token",
    }


@settings(max_examples=150, deadline=None)
@given(
    bodies=st.lists(st.text(st.characters(codec="ascii"), min_size=1), max_size=3),
    name=st.text(st.characters(codec="ascii", exclude_characters="\r\n\t"), max_size=9),
    region=st.sampled_from(["eu-west-1", "us-gov-west-1", "ap-southeast-3"]),
    token=st.none() | st.just("the-token"),
)
def test_sends_and_signs_what_botocore_does(
    bodies: list[str], name: str, region: str, token: str | None
) -> None:
    queue_url = f"https://sqs.{region}.amazonaws.com/123456789012/{name}"
    with running(queue_url=queue_url, credentials=("the-id", "the-secret", token)) as r:
        for body in bodies:
            r.send(body)
            ours = r.server.requests[-1]
            message = {"QueueUrl": queue_url, "MessageBody": body}
            theirs = sent_by_botocore(ours, region=region, message=message, token=token)
            theirs_by_name = {
                name.lower(): value if isinstance(value, str) else value.decode()
                for name, value in theirs.headers.items()
            }
            assert ours.body == theirs.body
            assert ours.method == theirs.method
            assert theirs.url.endswith(ours.path)
            same = set(ours.headers) - {"host"}
            assert {n: ours.headers[n] for n in same} == {
                n: theirs_by_name[n] for n in same
            }
        assert r.server.messages == bodies


def test_keeps_one_connection(rig: Rig) -> None:
    for _ in range(5):
        rig.send()

    assert rig.server.connections == 1


@pytest.mark.parametrize(
    ("refuse", "fault", "detail"),
    [
        (error(400, "QueueDoesNotExist"), Fault.MISSING, "400 QueueDoesNotExist"),
        (
            error(400, "AWS.SimpleQueueService.NonExistentQueue", namespace=""),
            Fault.MISSING,
            "400 AWS.SimpleQueueService.NonExistentQueue",
        ),
        (answer(404, {}), Fault.MISSING, "404"),
        (error(403, "AccessDenied"), Fault.REFUSED, "403 AccessDenied"),
        (
            error(400, "AccessDeniedException", namespace="com.amazon.coral.service#"),
            Fault.REFUSED,
            "400 AccessDeniedException",
        ),
        (error(403, "ExpiredToken"), Fault.REFUSED, "403 ExpiredToken"),
        (error(400, "KmsAccessDenied"), Fault.REFUSED, "400 KmsAccessDenied"),
        (
            error(400, "InvalidMessageContents"),
            Fault.REFUSED,
            "400 InvalidMessageContents",
        ),
        (answer(413, {}), Fault.REFUSED, "413"),
        (answer(400, {"__type": 7}), Fault.REFUSED, "400 7"),
        (answer(400, {"__type": None}), Fault.REFUSED, "400"),
        (answer(400, {"__type": "two words"}), Fault.REFUSED, "400"),
        (answer(400, {"__type": "#."}), Fault.REFUSED, "400"),
        (answer(400, {"__type": "\u00e9"}), Fault.REFUSED, "400"),
        (answer(400, {"__type": "x" * 99}), Fault.REFUSED, f"400 {'x' * 64}"),
        (answer(400, ["__type"]), Fault.REFUSED, "400"),
        (answer(301, {}), Fault.UNAVAILABLE, "301"),
        (answer(204, {}), Fault.UNAVAILABLE, "204"),
    ],
)
def test_does_not_repeat_what_will_not_change(
    rig: Rig, refuse: Step, fault: Fault, detail: str
) -> None:
    rig.script(refuse)

    assert fails(rig.send) == (fault, detail)
    assert len(rig.server.requests) == 1
    assert rig.server.messages == []


def test_an_error_holds_nothing_but_status_and_code(rig: Rig) -> None:
    rig.script(error(403, "AccessDenied"))

    with pytest.raises(StorageError) as caught:
        rig.send()

    assert str(caught.value) == "refused: 403 AccessDenied"


def test_knows_the_answer_of_a_server_that_hangs_up_on_a_large_body(rig: Rig) -> None:
    rig.script(refuse_at_once)

    assert fails(lambda: rig.send("x" * (32 << 20))) == (Fault.REFUSED, "403")


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(st.none() | st.text(), st.lists)
    | st.dictionaries(
        st.sampled_from(["MD5OfMessageBody", "__type", "MessageId"]),
        st.text() | st.none(),
    )
)
def test_no_answer_passes_for_an_acknowledgement(members: object) -> None:
    with running() as rig:
        rig.script(*[answer(200, members)] * 3)

        assert fails(rig.send) == (Fault.UNAVAILABLE, "200 MD5Mismatch")


def environment(**more: str) -> dict[str, str]:
    return {
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        **more,
    }


@pytest.mark.parametrize(
    ("queue_url", "region"),
    [("http://localhost:9324/000/queue", "eu-central-1"), (QUEUE_URL, "eu-west-1")],
)
def test_is_built_from_lambdas_environment(
    rig: Rig, queue_url: str, region: str
) -> None:
    environ = environment(AWS_ENDPOINT_URL=rig.server.url)
    queue = SqsQueue.from_environment(environ, queue_url)

    queue.send(BODY, deadline=time.monotonic() + 5)
    queue.pool.close()

    (request,) = rig.server.requests
    assert region_of(request) == region
    assert request.headers["x-amz-security-token"] == "token"
    assert json.loads(request.body)["QueueUrl"] == queue_url


@pytest.mark.parametrize(
    ("missing", "message"),
    [("AWS_REGION", "'region' must be"), ("AWS_ACCESS_KEY_ID", "no AWS credentials")],
)
def test_needs_a_region_and_credentials(missing: str, message: str) -> None:
    environ = environment()
    del environ[missing]

    with pytest.raises(ValueError, match=message):
        SqsQueue.from_environment(environ, "http://localhost/q")


S3_URL = {"AWS_ENDPOINT_URL_S3": "http://s3.test"}
SQS_URL = {"AWS_ENDPOINT_URL_SQS": "http://sqs.test"}


@pytest.mark.parametrize(
    ("urls", "shared"),
    [({}, True), (S3_URL | SQS_URL, True), (S3_URL, False), (SQS_URL, False)],
)
def test_shares_the_stores_connections_where_it_trusts_the_same_servers(
    urls: dict[str, str], *, shared: bool
) -> None:
    environ = environment(**urls)
    store = S3Store.from_environment(environ)

    queue = SqsQueue.from_environment(environ, QUEUE_URL, pool=store.pool)

    assert (queue.pool is store.pool) == shared
    assert queue.pool.amazon == ("AWS_ENDPOINT_URL_SQS" not in urls)
    assert store.pool.amazon == ("AWS_ENDPOINT_URL_S3" not in urls)


def test_a_given_server_is_believed_by_the_systems_authorities_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Else the first handshake of each cold start fails, and is made again."""
    authority = trustme.CA()
    pem = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(pem))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedSqs(tls=context) as server:
        environ = environment(AWS_ENDPOINT_URL_SQS=server.url)
        store = S3Store.from_environment(environ)
        queue = SqsQueue.from_environment(environ, QUEUE_URL, pool=store.pool)
        queue.send(BODY, deadline=time.monotonic() + 5)
        queue.pool.close()

        assert server.messages == [BODY]
        assert server.connections == 1


def test_one_pool_carries_objects_and_messages(rig: Rig) -> None:
    environ = environment(AWS_ENDPOINT_URL=rig.server.url)
    store = S3Store.from_environment(environ)
    queue = SqsQueue.from_environment(environ, QUEUE_URL, pool=store.pool)
    rig.script(answer(200, {}), take)

    store.put(
        "b-1", "k", b"x", deadline=time.monotonic() + 5, content_type="text/plain"
    )
    queue.send(BODY, deadline=time.monotonic() + 5)
    store.pool.close()

    assert [r.method for r in rig.server.requests] == ["PUT", "POST"]
    assert rig.server.connections == 1


def test_an_acknowledgement_of_another_message_is_none(rig: Rig) -> None:
    rig.script(*[acknowledge("another")] * 3)

    assert fails(rig.send) == (Fault.UNAVAILABLE, "200 MD5Mismatch")

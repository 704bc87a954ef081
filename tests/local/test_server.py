"""The local server over real sockets: the tracker's routes, clients of all kinds."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from analytics_tracker_construct._handler import replies
from analytics_tracker_construct._local import gateway, live, server
from analytics_tracker_construct._openapi import document

from .serving import EVENT, Answer, Served, serving

BODY = json.dumps(EVENT).encode()
HEAD = b"POST /track HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.mark.parametrize("target", ["/track", "/prod/track"])
@pytest.mark.parametrize("payload", gateway.PAYLOADS)
def test_stores_an_event_and_says_where(
    tmp_path: Path, target: str, payload: str
) -> None:
    with serving(tmp_path, payload=payload) as served:
        answer = served.send("POST", target, {**EVENT, "eventId": "abcdefgh"})

    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json["bucket"] == "demo-analytics"
    stored = tmp_path / "demo-analytics" / answer.json["key"]
    assert json.loads(stored.read_bytes())["eventId"] == "abcdefgh"


def test_of_twenty_clients_with_one_id_one_stores(served: Served) -> None:
    together = threading.Barrier(20)
    answers: list[Answer] = []

    def send() -> None:
        together.wait()
        answers.append(served.track(eventId="abcdefgh"))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status for answer in answers] == [200] * 20
    assert Counter("duplicate" in answer.json for answer in answers) == {
        True: 19,
        False: 1,
    }
    assert [row["eventId"] for row in served.rows()] == ["abcdefgh"]


def test_answers_a_preflight(served: Served) -> None:
    answer = served.send("OPTIONS", "/track", headers={"Origin": "https://a.example"})

    assert (answer.status, answer.body) == (204, b"")
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [("GET", "/track", 405), ("PUT", "/track", 405), ("POST", "/nowhere", 404)],
)
def test_passes_other_routes_and_methods_to_the_function(
    served: Served, method: str, target: str, status: int
) -> None:
    answer = served.send(method, target, b"x" if method != "GET" else None)

    assert answer.status == status
    assert set(answer.json) == {"error", "message"}


def test_a_connection_serves_one_request_after_the_other(served: Served) -> None:
    connection = served.connect()
    for status, body in ((200, BODY), (400, b"{"), (200, BODY)):
        connection.request("POST", "/track", body)
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


def test_understands_gzip_and_chunks(served: Served) -> None:
    packed = gzip.compress(BODY)
    connection = served.connect()
    connection.request(
        "POST",
        "/track",
        iter([packed[:10], packed[10:]]),
        {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"},
        encode_chunked=True,
    )
    response = connection.getresponse()
    response.read()
    connection.close()

    assert response.status == 200
    assert len(served.rows()) == 1


def test_believes_no_header_about_the_address(served: Served) -> None:
    """The hash is that of the socket's address, whatever the client claims."""
    served.track()
    forged = {"X-Forwarded-For": "203.0.113.9", "CloudFront-Viewer-Address": "::1"}
    served.send("POST", "/track", dict(EVENT), forged)

    rows = served.rows()
    assert len(rows) == 2
    assert rows[0]["ip"]
    assert rows[0]["ip"] == rows[1]["ip"]


def test_keeps_the_salt_apart_from_events(served: Served) -> None:
    served.track()

    salts = [path for path in served.data.glob("tracker-salts/*/*") if path.is_file()]
    assert len(salts) == 1
    assert served.server.live.state()["buckets"] == {"demo-analytics": 1}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (HEAD + b"Content-Length: 99999999\r\n\r\n" + b"x" * 100_000, b"413"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: " + b"9" * 6000 + b"\r\n\r\n", b"413"),
        (HEAD.replace(b"/track", b"http://[/track"), b"400"),
        (HEAD + b"Content-Length: one\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0", b"400"),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"413"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", b"413"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", b"400"),
        (b"NONSENSE\r\n\r\n", b"400"),
    ],
)
def test_answers_what_is_not_a_whole_request_and_goes_on(
    served: Served, request_: bytes, status: bytes
) -> None:
    assert status in served.raw(request_, shut=True).partition(b"\r\n")[0]
    assert served.track().status == 200


def test_stores_on_where_somebody_has_removed_the_data(served: Served) -> None:
    assert served.track().status == 200
    shutil.rmtree(served.data)

    assert served.track().status == 200
    assert len(served.rows()) == 1


def test_a_page_may_read_what_was_wrong_with_its_request(served: Served) -> None:
    answer = served.raw(HEAD + b"Content-Length: x\r\n\r\n", shut=True)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nAccess-Control-Allow-Origin: *\r\n" in answer


def test_a_client_reads_why_its_large_body_was_refused(served: Served) -> None:
    """The body is 12 MB, and the client sends all of it before it reads."""
    answer = served.send("POST", "/track", b"x" * 12_000_000)

    assert (answer.status, answer.json) == (413, {"message": "Request Too Long"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "part", [b"", b"\x16\x03\x01", HEAD, HEAD + b"Content-Length: 50\r\n\r\nhalf"]
)
def test_a_client_that_leaves_takes_nothing_with_it(
    served: Served, part: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as wire:
        wire.sendall(part)

    assert served.track().status == 200
    assert len(served.rows()) == 1
    assert capfd.readouterr().err == ""


def test_a_silent_client_is_cut_off(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server._Connection, "timeout", 0.1)

    began = time.monotonic()
    assert served.raw(HEAD + b"Content-Length: 5\r\n\r\n") == b""
    assert time.monotonic() - began < 5
    assert served.track().status == 200


def test_a_fault_of_the_handler_is_a_502(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its trace is for whoever runs the server, never for the client."""

    def fail(*_: object) -> dict[str, object]:
        raise RuntimeError("secret")

    with serving(tmp_path, make=lambda: fail) as served:
        answer = served.send("POST", "/track", b"{}")

    assert (answer.status, answer.json) == (502, {"message": "Internal server error"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "secret" in capsys.readouterr().err


def test_ends_with_the_requests_under_way_answered(tmp_path: Path) -> None:
    inside = threading.Event()

    def slow(*_: object) -> dict[str, object]:
        inside.set()
        time.sleep(0.3)
        return {"statusCode": 200, "body": "{}"}

    answers: list[Answer] = []
    with serving(tmp_path, make=lambda: slow) as served:
        thread = threading.Thread(
            target=lambda: answers.append(served.send("POST", "/track", b"{}"))
        )
        thread.start()
        inside.wait(5)
    thread.join()

    assert [answer.status for answer in answers] == [200]


@pytest.mark.parametrize(
    ("page", "links"), [("/", {"/docs"}), ("/docs", {"/", "/openapi.json"})]
)
def test_a_page_needs_nothing_from_elsewhere(
    served: Served, page: str, links: set[str]
) -> None:
    answer = served.send("GET", page)

    text = answer.body.decode()
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "src=" not in text
    assert "@import" not in text
    assert set(re.findall('href="([^"]*)"', text)) == {"data:,", *links}


def test_the_live_page_claims_nothing_before_it_has_asked(served: Served) -> None:
    """No zeros, and no hint that no event has arrived."""
    page = served.send("GET", "/").body.decode()

    for outcome in live.OUTCOMES:
        assert f'<p id="{outcome}" class="{outcome}">\u2013</p>' in page
    assert re.search(r'<section [^>]*id="start"[^>]* hidden>', page)


@pytest.mark.parametrize("page", ["/", "/docs"])
def test_a_page_lets_only_its_own_script_run(served: Served, page: str) -> None:
    first, second = (served.send("GET", page) for _ in range(2))

    policy = first.headers["Content-Security-Policy"]
    nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
    assert f'<script nonce="{nonce}">' in first.body.decode()
    assert policy != second.headers["Content-Security-Policy"]
    assert "innerHTML" not in first.body.decode()
    assert re.findall(r"\{\w+\}", first.body.decode().partition("<script")[0]) == []


def test_serves_the_description_of_its_routes(served: Served) -> None:
    """For any name that the server has, and with a destination that it takes."""
    described = served.send("GET", "/openapi.json").json

    assert described == document.describe()
    assert described["servers"] == [{"url": "/"}]
    assert "/pixel.gif" in described["paths"]


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json"])
def test_only_a_reader_gets_a_page(served: Served, path: str) -> None:
    head, post = (served.send(method, path) for method in ("HEAD", "POST"))

    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) > 1000
    assert (post.status, set(post.json)) == (404, {"error", "message"})


def test_the_live_page_shows_the_example_as_text(tmp_path: Path) -> None:
    with serving(tmp_path, example="curl '<b>&'") as served:
        text = served.send("GET", "/").body.decode()

    assert "curl &#x27;&lt;b&gt;&amp;&#x27;" in text


def test_the_live_page_is_told_what_came(served: Served) -> None:
    served.track(eventId="abcdefgh", page="/a", userAgent="Mozilla/5.0 (X11; Linux)")
    served.track(eventId="abcdefgh")
    served.track(bucket="elsewhere")
    served.send("GET", "/apple-touch-icon.png")

    state = served.send("GET", "/_dev/state").json
    assert state["counts"] == {
        "stored": 1,
        "queued": 0,
        "duplicate": 1,
        "refused": 1,
    }
    assert state["buckets"] == {"demo-analytics": 1}
    assert [(r["status"], r["error"], r["count"]) for r in state["refusals"]] == [
        (403, "Forbidden", 1)
    ]
    assert [entry["outcome"] for entry in state["recent"]] == [
        "refused",
        "duplicate",
        "stored",
    ]
    assert state["recent"][2]["page"] == "/a"
    last = state["minutes"][-2:]
    assert sum(m.get("stored", 0) + m.get("refused", 0) for m in last) == 2


@pytest.mark.parametrize("payload", gateway.PAYLOADS)
def test_stores_what_a_pixel_says(tmp_path: Path, payload: str) -> None:
    target = "/pixel.gif?bucket=demo-analytics&eventType=open&page=%2Fmail&viewport=3x4"
    with serving(tmp_path, payload=payload) as served:
        answer = served.send("GET", target)
        rows = served.rows()
        counts = served.server.live.state()["counts"]

    assert (answer.status, answer.body[:6]) == (200, b"GIF89a")
    assert answer.headers["Content-Type"] == "image/gif"
    assert answer.headers["Cache-Control"] == "no-store"
    assert [(row["page"], row["viewport"]) for row in rows] == [
        ("/mail", {"width": 3, "height": 4})
    ]
    assert counts["stored"] == 1


def test_counts_a_pixel_that_was_refused(served: Served) -> None:
    answer = served.send("GET", "/pixel.gif?bucket=demo-analytics")

    assert answer.status == 200
    assert replies.REJECTED_HEADER in answer.headers
    (why,) = served.server.live.state()["refusals"]
    assert (why["status"], why["error"]) == (400, "Missing required field: eventType")
    words = f"{why['error']}: {why['message']}"
    assert answer.headers[replies.REJECTED_HEADER] == words


def test_counts_what_became_of_each_event_of_a_batch(served: Served) -> None:
    events = [{"eventId": "aaaaaaaa"}, {"eventId": "bbbbbbbb"}, {"timestamp": "never"}]
    batch = {**EVENT, "events": events}
    first, again = (served.send("POST", "/track", batch) for _ in range(2))

    assert [first.status, again.status] == [200, 200]
    state = served.server.live.state()
    assert state["counts"] == {
        "stored": 2,
        "queued": 0,
        "duplicate": 2,
        "refused": 2,
    }
    assert state["buckets"] == {"demo-analytics": 2}
    assert [why["error"] for why in state["refusals"]] == ["Invalid field: timestamp"]


def test_counts_what_the_folder_held_before(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.track()
        served.track()
    day = tmp_path / "shop/analytics/year=2026/month=01/day=31"
    day.mkdir(parents=True)
    (day / "batch.json.gz").write_bytes(gzip.compress(b"{}\n{}\n{}\n"))

    with serving(tmp_path) as served:
        state = served.send("GET", "/_dev/state").json

    assert state["buckets"] == {"demo-analytics": 2, "shop": 3}
    assert state["counts"]["stored"] == 0


def test_two_servers_do_not_share_a_port(served: Served) -> None:
    with pytest.raises(OSError, match="in use"):
        server.TrackerServer(
            ("127.0.0.1", served.port), served.server.function, served.server.live
        )


def test_listens_on_ipv6(served: Served) -> None:
    try:
        other = server.TrackerServer(
            ("::1", 0), served.server.function, served.server.live
        )
    except OSError:
        pytest.skip("this machine has no IPv6")
    other.server_close()

    assert other.url.startswith("http://[::1]:")

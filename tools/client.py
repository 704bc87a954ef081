"""POSTs to a tracker over several kept-alive connections at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import urlsplit

#: Seconds to wait for an answer.
_PATIENCE = 30
#: Connections that are open at once.
_CONNECTIONS = 4
#: Requests that wait for a connection; more are not read from their source.
_WAITING = 256


class Post(NamedTuple):
    """One request."""

    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def send_all(
    url: str,
    posts: Iterable[Post],
    heard: Callable[[int, bytes], None],
) -> None:
    """Send every request and tell of every answer.

    Args:
        url: The tracker's address; requests go to its `/track`.
        posts: The requests, read as connections get free.
        heard: Called with the status and the body of each answer, from one thread at a
            time.

    Raises:
        OSError: If the server did not answer.
    """
    waiting: queue.Queue[Post | None] = queue.Queue(_WAITING)
    lock = threading.Lock()
    failed: list[Exception] = []

    def work() -> None:
        parts = urlsplit(url)
        server = HTTPConnection(str(parts.hostname), parts.port, timeout=_PATIENCE)
        path = parts.path.rstrip("/") + "/track"
        while (post := waiting.get()) is not None:
            if failed:
                continue
            try:
                server.request("POST", path, post.body, dict(post.headers))
                answer = server.getresponse()
                body = answer.read()
                with lock:
                    heard(answer.status, body)
            except Exception as error:  # noqa: BLE001  told to the caller below
                failed.append(error)
        server.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for post in posts:
        if failed:
            break
        waiting.put(post)
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()
    if failed and isinstance(failed[0], HTTPException):
        raise ConnectionError(f"the server broke off: {failed[0]!r}") from failed[0]
    if failed:
        raise failed[0]

"""A stand-in for S3 and SQS on the loopback, behind TLS: fast, and it forgets nothing.

Conditional writes are honoured as S3 does it: a taken key is a 412. Signatures are not
checked; the tests of the signer do that.

    python stub.py CERTIFICATE KEY

Prints its port once it listens. `GET /_taken` answers with every write since the last
such request, one line of JSON each; what lies below `salts/` stays, the rest is gone.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import ssl
import sys
import threading

_S3_HEADERS = (
    b"x-amz-id-2: Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7/C1NPcfTWAtRPfTaOFg==\r\n"
    b"x-amz-request-id: 656C76696E672717\r\n"
    b"Date: Sat, 31 Jan 2026 12:00:00 GMT\r\n"
    b"x-amz-server-side-encryption: AES256\r\n"
    b'ETag: "9b2cf535f27731c974343645a3985328"\r\n'
    b"Server: AmazonS3\r\n"
)
_DONE = b"HTTP/1.1 200 OK\r\n" + _S3_HEADERS + b"Content-Length: 0\r\n\r\n"
_GONE = b"HTTP/1.1 204 No Content\r\n" + _S3_HEADERS + b"\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_TAKEN = b"<Error><Code>PreconditionFailed</Code></Error>"
_MISSING = b"<Error><Code>NoSuchKey</Code></Error>"


def _answer(status: bytes, body: bytes, kind: bytes = b"application/xml") -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n"
    return head % (status, kind, len(body)) + _S3_HEADERS + b"\r\n" + body


class Memory:
    """What was written, shared by all connections."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.objects: dict[bytes, tuple[bytes, bytes]] = {}
        self.messages: list[bytes] = []
        self.requests: dict[str, int] = {}

    def count(self, kind: str) -> None:
        """Note a request, by service and method."""
        self.requests[kind] = self.requests.get(kind, 0) + 1

    def take(self) -> bytes:
        """Return what was written, as lines of JSON, and forget it but for salts."""
        with self.lock:
            lines: list[object] = [{"requests": self.requests}]
            for path, (head, body) in self.objects.items():
                text, packed = head.decode("latin-1"), base64.b64encode(body).decode()
                lines.append({"path": path.decode(), "head": text, "body": packed})
            lines += [{"message": message.decode()} for message in self.messages]
            salts = {p: o for p, o in self.objects.items() if b"/salts/" in p}
            self.objects, self.messages, self.requests = salts, [], {}
        return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


class Connection(threading.Thread):
    """One kept-alive connection, and all its requests."""

    def __init__(self, sock: socket.socket, memory: Memory) -> None:
        super().__init__(daemon=True)
        self._sock = sock
        self._memory = memory
        self._buffer = b""

    def run(self) -> None:
        """Answer until the client hangs up."""
        with self._sock, contextlib.suppress(OSError):
            while True:
                head = self._until(b"\r\n\r\n")
                lower = head.lower()
                if b"\r\nexpect: 100-continue" in lower:
                    self._sock.sendall(_CONTINUE)
                body = self._body(lower)
                method, path, _ = head.split(b" ", 2)
                self._sock.sendall(self._answer(method, path, head, body))

    def _answer(self, method: bytes, path: bytes, head: bytes, body: bytes) -> bytes:
        memory = self._memory
        if path == b"/_taken":
            return _answer(b"200 OK", memory.take(), b"application/x-ndjson")
        path = path.partition(b"?")[0]
        with memory.lock:
            if b"\r\nx-amz-target:" in head.lower():
                return self._queue(body)
            memory.count(f"S3 {method.decode()}")
            if method == b"PUT":
                return self._put(path, head, body)
            if method == b"DELETE":
                memory.objects.pop(path, None)
                return _GONE
            if path in memory.objects:
                return _answer(b"200 OK", memory.objects[path][1], b"binary/any")
            return _answer(b"404 Not Found", _MISSING)

    def _put(self, path: bytes, head: bytes, body: bytes) -> bytes:
        if path in self._memory.objects:
            return _answer(b"412 Precondition Failed", _TAKEN)
        self._memory.objects[path] = head, body
        return _DONE

    def _queue(self, body: bytes) -> bytes:
        self._memory.count("SQS SendMessage")
        text = json.loads(body)["MessageBody"].encode()
        self._memory.messages.append(text)
        digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
        answer = {
            "MessageId": "5fea7756-0ea4-451a-a703-a558b933e274",
            "MD5OfMessageBody": digest,
        }
        packed = json.dumps(answer).encode()
        return _answer(b"200 OK", packed, b"application/x-amz-json-1.0")

    def _body(self, head: bytes) -> bytes:
        if b"\r\ntransfer-encoding: chunked" in head:
            parts = []
            while size := int(self._until(b"\r\n").partition(b";")[0], 16):
                parts.append(self._take(size + 2)[:size])
            while self._until(b"\r\n"):
                pass
            return b"".join(parts)
        _, found, rest = head.partition(b"\r\ncontent-length:")
        return self._take(int(rest.partition(b"\r\n")[0])) if found else b""

    def _until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._more()
        found, _, self._buffer = self._buffer.partition(end)
        return found

    def _take(self, size: int) -> bytes:
        if len(self._buffer) >= size:
            taken, self._buffer = self._buffer[:size], self._buffer[size:]
            return taken
        parts, left = [self._buffer], size - len(self._buffer)
        self._buffer = b""
        while left:
            part = self._sock.recv(min(left, 262_144))
            if not part:
                raise ConnectionError
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _more(self) -> None:
        received = self._sock.recv(262_144)
        if not received:
            raise ConnectionError
        self._buffer += received


def main() -> None:
    certificate, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    memory = Memory()
    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(server.getsockname()[1], flush=True)
    while True:
        plain, _ = server.accept()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):
            Connection(context.wrap_socket(plain, server_side=True), memory).start()


if __name__ == "__main__":
    main()

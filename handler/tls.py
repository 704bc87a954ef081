"""TLS: which servers are believed, and a stream to one of them."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Mapping

from .amazon_roots import AMAZON_ROOTS

# Bytes that are asked for at a time: a record and what is around it.
_RECEIVED_BYTES = 17 * 1024
# What Linux has for a time: seconds and microseconds.
_TIMEVAL = struct.Struct("ll")
_NOTHING = memoryview(b"")


class Trust:
    """The certificate authorities that a connection is verified against.

    Reading the system's whole bundle costs more than the rest of a cold start's own
    work, and S3 needs five authorities of it. So those come first, and the bundle is
    read only where a certificate does not verify without it.

    Args:
        bundle: The file of the only authorities to believe.
            Default: Amazon's, then the system's.
        system: Whether to read the system's at once.
            Default: when needed.
    """

    def __init__(self, *, bundle: str | None = None, system: bool = False) -> None:
        # Not create_default_context: that reads the system's bundle. This protocol
        # alone requires a certificate and checks the host name.
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._may_widen = False
        if bundle is not None:
            self._context.load_verify_locations(bundle)
        elif system:
            self._context.load_default_certs()
        else:
            self._context.load_verify_locations(cadata=AMAZON_ROOTS)
            self._may_widen = True

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, amazon: bool) -> Trust:
        """Read ``AWS_CA_BUNDLE``, or else OpenSSL's own variables.

        Args:
            environ: The environment.
            amazon: Whether the servers are AWS's own.
        """
        own = environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR")
        return cls(
            bundle=environ.get("AWS_CA_BUNDLE") or None, system=bool(own) or not amazon
        )

    def wrap(self, sock: socket.socket, host: str, seconds: float) -> TlsStream:
        """Begin TLS over a connected socket.

        Args:
            sock: The socket.
            host: The server's name.
            seconds: How long it may take.

        Raises:
            ssl.SSLCertVerificationError: If the server is not who it should be.
            OSError: If it does not speak TLS, or not in time.
        """
        stream = TlsStream(sock, self._context, host)
        stream.shake_hands(seconds)
        return stream

    def widen(self) -> bool:
        """Believe the system's authorities too; False if that changes nothing."""
        if not self._may_widen:
            return False
        self._may_widen = False
        self._context.load_default_certs()
        return True


class TlsStream:
    """A TLS connection that makes as few system calls as there can be.

    An `SSLSocket` with a timeout asks whether it may write before it does, tries to
    read before there is anything, waits, and reads a record's head and its rest one
    after the other. Here one call sends and one waits and reads: the socket blocks, for
    as long as its own options say.

    Args:
        sock: The connected socket; the stream closes it.
        context: Who is believed.
        host: The server's name.
    """

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            # As bytes, or Python loads its tables of international names.
            server_hostname=host.encode("ascii"),
        )
        self._unsent = _NOTHING
        self.fileno = sock.fileno
        self.close = sock.close

    def shake_hands(self, seconds: float) -> None:
        """Make sure who the server is, and agree on keys, before anything is sent.

        Args:
            seconds: How long it may take.

        Raises:
            ssl.SSLCertVerificationError: If the server is not who it should be.
            OSError: If it does not speak TLS, or not in time.
        """
        deadline = time.monotonic() + seconds
        while not self._have_shaken_hands():
            self._send_own(deadline)
            self._receive()
        self._send_own(deadline)
        self._sock.settimeout(None)

    def settimeout(self, seconds: float) -> None:
        """Let sending and receiving wait for so many seconds at most, but not 0."""
        micros = max(1, int(seconds * 1_000_000))
        limit = _TIMEVAL.pack(*divmod(micros, 1_000_000))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._sock.setsockopt(socket.SOL_SOCKET, option, limit)

    def send(self, data: bytes | memoryview) -> int:
        """Send all of `data` and return its length.

        Raises:
            TimeoutError: If not all of it could be sent in time. To be called again
                with the same data, of which the rest is then sent.
        """
        if self._unsent:
            encrypted: bytes | memoryview = self._unsent
        else:
            self._tls.write(data)
            encrypted = self._outgoing.read()
        try:
            sent = self._sock.send(encrypted)
        except BlockingIOError:
            sent = 0
        if sent == len(encrypted):
            self._unsent = _NOTHING
            return len(data)
        self._unsent = memoryview(encrypted)[sent:]
        raise TimeoutError

    def recv(self, size: int) -> bytes:
        """Return all that has come, and wait for something; nothing is the end.

        Records that came together are returned together, so that what nobody asked for
        is not left behind where `poll` cannot see it.

        Args:
            size: Bytes, no fewer than a record may have: 16,384.

        Raises:
            TimeoutError: If no whole record has come, whether or not there is time
                left: it waits once. To be called again while there is.
            OSError: If the connection ended without TLS's own goodbye, which must not
                pass for the end of a body.
        """
        self._receive()
        received = b""
        try:
            # After its goodbye there is nothing to read, whatever else has come.
            while part := self._tls.read(size):
                received += part
                if not self._incoming.pending:
                    break
        except ssl.SSLWantReadError:
            # What is left is half of a record, or what TLS had to say for itself.
            if not received:
                raise TimeoutError from None
        return received

    def _receive(self) -> None:
        try:
            encrypted = self._sock.recv(_RECEIVED_BYTES)
        except BlockingIOError:
            raise TimeoutError from None
        if encrypted:
            self._incoming.write(encrypted)
        else:
            self._incoming.write_eof()

    def _have_shaken_hands(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def _send_own(self, deadline: float) -> None:
        """Send what TLS has to say for itself."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        self._sock.sendall(self._outgoing.read())

"""Which TLS servers are believed."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping

from .amazon_roots import AMAZON_ROOTS


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

    def wrap(self, sock: socket.socket, host: str) -> ssl.SSLSocket:
        """Make a connected socket a TLS one, within the socket's own timeout.

        Raises:
            ssl.SSLCertVerificationError: If the server is not who it should be.
        """
        return self._context.wrap_socket(
            sock,
            # As bytes, or Python loads its tables of international names.
            server_hostname=host.encode("ascii"),
            # An end without TLS's own goodbye must not pass for the end of a body.
            suppress_ragged_eofs=False,
        )

    def widen(self) -> bool:
        """Believe the system's authorities too; False if that changes nothing."""
        if not self._may_widen:
            return False
        self._may_widen = False
        self._context.load_default_certs()
        return True

"""Amazon's authorities are believed at once, the system's when they are needed."""

from __future__ import annotations

import hashlib
import re
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from handler.amazon_roots import AMAZON_ROOTS
from handler.http1 import ExchangeError
from handler.pool import Origin, Pool
from handler.tls import Trust

from .scripted_s3 import ScriptedS3

#: As https://www.amazontrust.com/repository/ gives them: Amazon Root CA 1, 2, 3, 4 and
#: Starfield Services Root Certificate Authority - G2.
FINGERPRINTS = [
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[ScriptedS3]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedS3(tls=context) as running:
        yield running


@pytest.fixture
def pem(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def is_believed(server: ScriptedS3, trust: Trust) -> bool:
    pool = Pool(trust)
    origin = Origin(tls=True, host="127.0.0.1", port=server.port)
    try:
        pool.exchange(
            origin,
            b"GET / HTTP/1.1\r\n\r\n",
            method="GET",
            deadline=time.monotonic() + 5,
        )
    except ExchangeError as error:
        assert error.detail == "certificate not trusted"
        return False
    finally:
        pool.close()
    return True


def test_holds_amazons_five_roots_and_no_other() -> None:
    certificates = re.findall(
        r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", AMAZON_ROOTS, re.S
    )

    digests = [
        hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
        for certificate in certificates
    ]

    assert digests == FINGERPRINTS


@pytest.mark.parametrize("system", [True, False])
def test_needs_a_certificate_its_name_and_a_current_tls(*, system: bool) -> None:
    context = Trust(system=system)._context

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("amazon", [True, False])
def test_the_bundle_of_the_aws_variable_is_the_only_one(
    server: ScriptedS3, pem: str, tmp_path: Path, *, amazon: bool
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))

    def trusting(path: object) -> Trust:
        return Trust.from_environment({"AWS_CA_BUNDLE": str(path)}, amazon=amazon)

    assert is_believed(server, trusting(pem))
    assert not is_believed(server, trusting(other))


def test_a_bundle_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Trust(bundle=str(tmp_path / "none.pem"))


@pytest.mark.parametrize("amazon", [True, False])
def test_the_bundle_of_openssls_variable_counts(
    server: ScriptedS3, pem: str, monkeypatch: pytest.MonkeyPatch, *, amazon: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", pem)

    assert is_believed(
        server, Trust.from_environment({"SSL_CERT_FILE": pem}, amazon=amazon)
    )


def test_the_system_is_asked_where_amazons_roots_do_not_do(
    server: ScriptedS3, pem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's bundle is stood in for by OpenSSL's own variable."""
    monkeypatch.setenv("SSL_CERT_FILE", pem)

    assert is_believed(server, Trust.from_environment({}, amazon=True))
    assert server.connections == 2


def test_the_system_is_not_asked_at_first(
    pem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what it costs a cold start."""
    monkeypatch.setenv("SSL_CERT_FILE", pem)

    def load(_: ssl.SSLContext) -> None:
        pytest.fail("read the system's bundle")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", load)
    Trust.from_environment({}, amazon=True)


def test_the_system_is_asked_once() -> None:
    trust = Trust()

    assert [trust.widen(), trust.widen()] == [True, False]


@pytest.mark.parametrize("alone", [{"bundle": True}, {"system": True}])
def test_a_chosen_bundle_is_never_widened(pem: str, alone: dict[str, bool]) -> None:
    trust = Trust(bundle=pem if "bundle" in alone else None, system="system" in alone)

    assert not trust.widen()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_where_the_environment_names_authorities_amazons_are_not_put_before_them(
    name: str,
) -> None:
    named = Trust.from_environment({name: "/etc/authorities"}, amazon=True)
    unnamed = Trust.from_environment({name: ""}, amazon=True)

    assert [named.widen(), unnamed.widen()] == [False, True]


@pytest.mark.parametrize("amazon", [True, False])
def test_connections_to_aws_alone_begin_without_the_systems_authorities(
    *, amazon: bool
) -> None:
    assert Pool.from_environment({}, amazon=amazon)._trust.widen() is amazon

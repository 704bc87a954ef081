"""The stub's certificate: a leaf as S3's, RSA of 2,048 bits, under an authority."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import trustme

#: Whom the leaf is for: the loopback, and any bucket by S3's own host names.
NAMES = ("127.0.0.1", "localhost", "*.s3.us-east-1.amazonaws.com")


class Certificates(NamedTuple):
    """Files in PEM."""

    authority: Path
    leaf: Path
    key: Path


def make(folder: Path) -> Certificates:
    """Make an authority and a leaf in `folder`."""
    made = Certificates(
        folder / "authority.pem", folder / "leaf.pem", folder / "leaf.key"
    )
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    leaf = authority.issue_cert(*NAMES, key_type=trustme.KeyType.RSA)
    authority.cert_pem.write_to_path(str(made.authority))
    leaf.cert_chain_pems[0].write_to_path(str(made.leaf))
    leaf.private_key_pem.write_to_path(str(made.key))
    return made

"""The functions' code as a CDK asset: an allow-list of its files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aws_cdk import AssetHashType, IgnoreMode
from aws_cdk import aws_lambda as lambda_

from ._handler import FOLDER

#: The functions that Lambda calls: for a request, and for a batch of the queue's.
ENTRY = "handler.app.handler"
WRITER_ENTRY = "handler.writer.handler"

#: The modules, and the browser client that they serve.
FILES = ("*.py", "tracker.js")


def handler_code() -> lambda_.Code:
    """Return an asset that holds the folder `handler` with its files.

    Its hash is made from these alone. So it is the same from a source tree,
    a wheel and an editable install, whatever bytecode or other files lie beside
    them, and a new interpreter does not redeploy the function.
    """
    name = FOLDER.name
    return lambda_.Code.from_asset(
        str(FOLDER.parent),
        asset_hash=digest(FOLDER),
        asset_hash_type=AssetHashType.CUSTOM,
        exclude=[
            "*",
            f"!/{name}",
            f"/{name}/*",
            *(f"!/{name}/{pattern}" for pattern in FILES),
        ],
        ignore_mode=IgnoreMode.GIT,
    )


def digest(folder: Path) -> str:
    """Return the SHA-256 of `folder`'s files: their names and their bytes."""
    total = hashlib.sha256()
    for file in sorted(path for pattern in FILES for path in folder.glob(pattern)):
        content = file.read_bytes()
        total.update(f"{file.name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()

"""What is measured: the tracker's function as it is deployed, and its peers."""

from __future__ import annotations

import compileall
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from analytics_tracker_construct._asset import FILES
from analytics_tracker_construct._handler import FOLDER, settings
from traffic import days

from . import load

HERE = Path(__file__).parent
PEERS = HERE / ".peers"
PYTHON_PEERS = PEERS / "python"
NODE_PEERS = PEERS / "node"

ACCOUNT = "123456789012"
REGION = "us-east-1"
SALT_BUCKET = "tracker-salts"
PEER_SALT = "0123456789abcdef0123456789abcdef"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/tracker"

#: Names of the contenders that the targets speak of.
EMPTY = "empty"
BOTO3 = "boto3"
GZIP = "boto3-gzip"
BARE = "bare"
POWERTOOLS = "powertools"
NODE = "node"
OURS = "ours"
BUFFERED = "ours-buffered"
WRITER = "ours-writer"
ROOTS = "ours-roots"
BOTO3_ROOTS = "boto3-roots"
SOURCES = "ours-sources"
BOTO3_SOURCES = "boto3-sources"


@dataclass(frozen=True)
class Contender:
    """One handler, in one setting."""

    name: str
    label: str
    """What tables call it."""
    target: str
    """`module:function`, or the path of a JavaScript module."""
    folders: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    node: bool = False
    ours: bool = False
    stores: bool = True
    """Whether it stores or queues what it is sent."""
    real_names: bool = False
    """Whether it speaks to S3's own host names, led to the stub by the worker."""
    own_bundle: Path | None = None
    """The authorities that it believes beside the stub's."""
    compiled: bool = True
    """Whether a start finds the bytecode of its own modules."""


def copy_function(folder: Path, source: Path = FOLDER) -> Path:
    """Copy what the asset holds into a new folder, compile it, and return that.

    Args:
        folder: A folder that does not exist.
        source: The function's modules.
    """
    (folder / "handler").mkdir(parents=True)
    for pattern in FILES:
        for file in source.glob(pattern):
            shutil.copy(file, folder / "handler")
    compileall.compile_dir(folder, quiet=1)
    return folder


def trust_authority(function: Path, authority: Path) -> None:
    """Add an authority to Amazon's in a copy of the function."""
    with (function / "handler" / "amazon_roots.py").open("a") as module:
        module.write(f'\nAMAZON_ROOTS += """{authority.read_text()}"""\n')
    compileall.compile_dir(function, quiet=1)


def ours(function: Path) -> list[Contender]:
    """Return the tracker's own contenders.

    Args:
        function: A copy of the function, as `copy_function` makes it.
    """
    direct = {
        settings.ALLOWED_BUCKETS: ",".join(map(load.bucket_of, days.TENANTS)),
        settings.BUCKET_OWNER: ACCOUNT,
        settings.CORS_ORIGINS: "*",
        settings.SALT_BUCKET: SALT_BUCKET,
        settings.SALT_BUCKET_OWNER: ACCOUNT,
        settings.HONOR_PRIVACY_SIGNALS: "1",
        settings.VIEWER_COUNTRY: "1",
        settings.QUEUE_URL: QUEUE,
    }
    buffered = {**direct, settings.BUFFERED: "1"}
    folders = (function,)

    def one(
        name: str, label: str, environment: Mapping[str, str], entry: str = "app"
    ) -> Contender:
        target = f"handler.{entry}:handler"
        return Contender(name, label, target, folders, environment, ours=True)

    return [
        one(OURS, "this tracker", direct),
        one(BUFFERED, "this tracker, BUFFERED", buffered),
        one(WRITER, "this tracker's writer", {}, "writer"),
    ]


def with_amazon_roots(function: Path) -> Contender:
    """Return the function at S3's own host names, under the roots that it carries."""
    label = "this tracker, Amazon's roots and S3's host names"
    return replace(ours(function)[0], name=ROOTS, label=label, real_names=True)


def as_sources(contender: Contender, name: str, folder: Path) -> Contender:
    """Return a contender as the CDK packs it: no bytecode that its zip leaves valid.

    Args:
        contender: The contender.
        name: What it is then called.
        folder: A folder that does not exist, for copies of its folders.
    """
    folders = []
    for number, original in enumerate(contender.folders):
        copy = folder / str(number)
        ignored = shutil.ignore_patterns("__pycache__", "*.dist-info")
        shutil.copytree(original, copy, ignore=ignored)
        folders.append(copy)
    label = f"{contender.label}, compiled at each start"
    return replace(
        contender, name=name, label=label, folders=tuple(folders), compiled=False
    )


def peers(packages: Path = PYTHON_PEERS) -> list[Contender]:
    """Return the peers; those that are not installed are left out.

    Args:
        packages: The folder that holds the Python peers' packages.
    """
    environment = {
        "PEER_BUCKETS": ",".join(map(load.bucket_of, days.TENANTS)),
        "PEER_SALT": PEER_SALT,
    }
    source = HERE / "peers"
    found = [
        Contender(EMPTY, "empty handler", "empty:handler", (source,), stores=False),
        Contender(
            BARE,
            "the same work in one function, nothing checked",
            "bare:handler",
            (source,),
            environment,
        ),
    ]

    def python(name: str, label: str, module: str, needs: str) -> None:
        if (packages / needs).is_dir():
            target, folders = f"{module}:handler", (source, packages)
            found.append(Contender(name, label, target, folders, environment))

    python(BOTO3, "boto3 alone", "boto3_alone", "boto3")
    python(GZIP, "boto3, one gzipped object a request", "boto3_gzip", "boto3")
    python(
        POWERTOOLS,
        "Powertools, pydantic, boto3",
        "powertools",
        "aws_lambda_powertools",
    )
    bundled = NODE_PEERS / "node_sdk.mjs"
    if bundled.exists():
        label, target = "Node.js, AWS SDK v3", str(bundled)
        found.append(Contender(NODE, label, target, (), environment, node=True))
    return found


def with_own_bundle(boto3: Contender) -> Contender:
    """Return boto3 with the authorities that it believes where nobody says which."""
    bundle = boto3.folders[-1] / "botocore" / "cacert.pem"
    label = f"{boto3.label}, its own CA bundle"
    return replace(boto3, name=BOTO3_ROOTS, label=label, own_bundle=bundle)
